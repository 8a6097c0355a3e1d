"""An event says when its people are reminded; organisers' mails are answered by mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261127_1540"
down_revision = "20261127_1530"
branch_labels = None
depends_on = None

EARLIER = (
    "sign_in confirm_claim you_are_in reminder_two_days reminder_eve dropped_out event_moved"
    " event_cancelled hours_credited asked put_down ask_declined place_offered place_free"
    " turn_offered cover_wanted turn_taken turn_yielded call_for_help what_to_expect"
    " time_to_decide below_floor books_wrong acting_for neighbour_wrote post_lapsing post_lapsed"
    " thanked exchange_agreed exchange_cancelled exchange_due exchange_undone exchange_disputed"
    " statement_wanted exchange_settled hours_moved invited application_in reference_wanted"
    " application_accepted application_declined left given_back said_no reminder_week reminder_morning"
    " reminders weekly organiser_wrote organiser_news message_answered come_again"
    " phone_tried letters_due text_code"
)
NEW = "answer_returned"
OUTCOMES = "passed_on returned automatic gone wrong unreadable"


def upgrade() -> None:
    for table in ("series", "event"):
        op.add_column(table, sa.Column("leads", postgresql.ARRAY(sa.Text()), nullable=True))
        op.create_check_constraint(
            f"{table}_leads", table, "leads <@ ARRAY['week', 'two_days', 'eve', 'morning']"
        )
    op.add_column(
        "message_answer",
        sa.Column("had_files", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    _make_mailed_answers()
    _allow(f"{EARLIER} {NEW}")


def downgrade() -> None:
    """Possible while nobody is owed one of the new kind."""
    _allow(EARLIER)
    op.drop_table("mailed_answer")
    op.drop_column("message_answer", "had_files")
    for table in ("event", "series"):
        op.drop_constraint(f"{table}_leads", table)
        op.drop_column(table, "leads")


def _make_mailed_answers() -> None:
    op.create_table(
        "mailed_answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("read_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(f"outcome IN ({_quoted(OUTCOMES)})", name="mailed_answer_outcome"),
        sa.CheckConstraint("octet_length(digest) = 32", name="mailed_answer_digest"),
        sa.PrimaryKeyConstraint("id", name="mailed_answer_pkey"),
        sa.UniqueConstraint("digest", name="same_mailed_answer_once"),
    )
    op.create_index("mailed_answer_read_at_idx", "mailed_answer", ["read_at"])
    # The role that the app takes, where there is one already.
    op.execute("""DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'timebank_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON mailed_answer TO timebank_app;
  END IF;
END $$""")


def _allow(kinds: str) -> None:
    op.drop_constraint("notice_kind", "notice")
    op.create_check_constraint("notice_kind", "notice", f"kind IN ({_quoted(kinds)})")


def _quoted(kinds: str) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds.split())
