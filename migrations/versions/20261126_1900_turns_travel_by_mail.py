"""Turns travel by mail: into somebody's calendar, out of it, and their calendar's no comes back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261126_1900"
down_revision = "20261126_1890"
branch_labels = None
depends_on = None

EARLIER = (
    "sign_in confirm_claim you_are_in reminder_two_days reminder_eve dropped_out event_moved"
    " event_cancelled hours_credited asked put_down ask_declined place_offered place_free"
    " turn_offered cover_wanted turn_taken turn_yielded call_for_help what_to_expect"
    " time_to_decide below_floor books_wrong acting_for neighbour_wrote post_lapsing post_lapsed"
    " thanked exchange_agreed exchange_cancelled exchange_due exchange_undone exchange_disputed"
    " statement_wanted exchange_settled hours_moved invited application_in reference_wanted"
    " application_accepted application_declined left"
)
NEW = "given_back said_no"


def upgrade() -> None:
    op.add_column(
        "membership",
        sa.Column("turns_by_mail", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    _make_mailed_turns()
    _make_replies()
    _allow(f"{EARLIER} {NEW}")


def downgrade() -> None:
    """Possible while nobody is owed one of the new kinds."""
    _allow(EARLIER)
    op.drop_table("calendar_reply")
    op.drop_table("mailed_turn")
    op.drop_column("membership", "turns_by_mail")


def _make_mailed_turns() -> None:
    op.create_table(
        "mailed_turn",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("slot_id", sa.BigInteger(), nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("method IN ('request', 'cancel')", name="mailed_turn_method"),
        sa.CheckConstraint("sequence >= 0", name="mailed_turn_sequence"),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name="mailed_turn_slot_id_fkey"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="mailed_turn_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["claim_id", "community_id"],
            ["claim.id", "claim.community_id"],
            name="mailed_turn_of_a_claim",
        ),
        sa.PrimaryKeyConstraint("id", name="mailed_turn_pkey"),
        sa.UniqueConstraint("membership_id", "slot_id", name="one_mailed_turn_per_slot"),
    )
    op.create_index("mailed_turn_slot_id_idx", "mailed_turn", ["slot_id"])


def _make_replies() -> None:
    op.create_table(
        "calendar_reply",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("read_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('asked', 'no_change', 'wrong', 'old', 'unreadable')",
            name="calendar_reply_outcome",
        ),
        sa.CheckConstraint("octet_length(digest) = 32", name="calendar_reply_digest"),
        sa.PrimaryKeyConstraint("id", name="calendar_reply_pkey"),
        sa.UniqueConstraint("digest", name="same_reply_once"),
    )
    op.create_index("calendar_reply_read_at_idx", "calendar_reply", ["read_at"])


def _allow(kinds: str) -> None:
    op.drop_constraint("notice_kind", "notice")
    op.create_check_constraint("notice_kind", "notice", f"kind IN ({_quoted(kinds)})")


def _quoted(kinds: str) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds.split())
