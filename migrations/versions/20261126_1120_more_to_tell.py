"""More to tell: asked, offered, handed over, called for help, what to expect."""

from __future__ import annotations

from alembic import op

revision = "20261126_1120"
down_revision = "20261126_1115"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint('notice_kind', 'notice')
    op.create_check_constraint('notice_kind', 'notice', "kind IN ('sign_in', 'confirm_claim', 'you_are_in', 'reminder_two_days', 'reminder_eve', 'dropped_out', 'event_moved', 'event_cancelled', 'hours_credited', 'asked', 'put_down', 'ask_declined', 'place_offered', 'place_free', 'turn_offered', 'cover_wanted', 'turn_taken', 'turn_yielded', 'call_for_help', 'what_to_expect', 'time_to_decide', 'below_floor', 'books_wrong')")


def downgrade() -> None:
    op.drop_constraint('notice_kind', 'notice')
    op.create_check_constraint('notice_kind', 'notice', "kind IN ('sign_in', 'confirm_claim', 'you_are_in', 'reminder_two_days', 'reminder_eve', 'dropped_out', 'event_moved', 'event_cancelled', 'hours_credited', 'below_floor', 'books_wrong')")
