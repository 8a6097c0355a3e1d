"""People choose which mails they get and when; several go as one, and some once a week."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261127_1300"
down_revision = "20261127_1200"
branch_labels = None
depends_on = None

EARLIER = (
    "sign_in confirm_claim you_are_in reminder_two_days reminder_eve dropped_out event_moved"
    " event_cancelled hours_credited asked put_down ask_declined place_offered place_free"
    " turn_offered cover_wanted turn_taken turn_yielded call_for_help what_to_expect"
    " time_to_decide below_floor books_wrong acting_for neighbour_wrote post_lapsing post_lapsed"
    " thanked exchange_agreed exchange_cancelled exchange_due exchange_undone exchange_disputed"
    " statement_wanted exchange_settled hours_moved invited application_in reference_wanted"
    " application_accepted application_declined left given_back said_no"
)
NEW = "reminder_week reminder_morning reminders weekly"
FAMILIES = ("turns", "asking", "neighbours", "hours")


def upgrade() -> None:
    _make_choices()
    _index_open("not_before", "id")
    _allow(f"{EARLIER} {NEW}")
    op.add_column("notice", sa.Column("told_in_id", sa.BigInteger(), nullable=True))
    op.create_unique_constraint(
        "notice_of_a_person", "notice", ["id", "community_id", "person_id"]
    )
    op.create_foreign_key(
        "told_with_their_own",
        "notice",
        "notice",
        ["told_in_id", "community_id", "person_id"],
        ["id", "community_id", "person_id"],
    )
    op.create_check_constraint(
        "told_along_is_not_sent",
        "notice",
        "told_in_id IS NULL OR state = 'cancelled' AND told_in_id <> id",
    )
    op.create_index(
        "notice_weekly", "notice", ["person_id"], postgresql_where=sa.text("kind = 'weekly'")
    )
    op.create_index(
        "notice_told_in",
        "notice",
        ["told_in_id"],
        postgresql_where=sa.text("told_in_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Possible while nobody is owed one of the new kinds."""
    op.drop_index("notice_told_in", "notice")
    op.drop_index("notice_weekly", "notice")
    op.drop_constraint("told_along_is_not_sent", "notice")
    op.drop_constraint("told_with_their_own", "notice")
    op.drop_constraint("notice_of_a_person", "notice")
    op.drop_column("notice", "told_in_id")
    _allow(EARLIER)
    _index_open("not_before")
    op.drop_table("mail_choice")


def _make_choices() -> None:
    op.create_table(
        "mail_choice",
        sa.Column("membership_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        *(
            sa.Column(family, sa.String(20), server_default="mail", nullable=False)
            for family in FAMILIES
        ),
        sa.Column("leads", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("paused_until", sa.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("weekly", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("weekly_on", sa.SmallInteger(), server_default="4", nullable=False),
        sa.Column("weekly_hour", sa.SmallInteger(), server_default="17", nullable=False),
        sa.Column("near", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column(
            "changed_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        *(
            sa.CheckConstraint(
                f"{family} IN ('mail', 'weekly', 'none')", name=f"mail_choice_{family}"
            )
            for family in FAMILIES
        ),
        sa.CheckConstraint(
            "leads <@ ARRAY['week', 'two_days', 'eve', 'morning']", name="mail_choice_leads"
        ),
        sa.CheckConstraint(
            "num_nulls(quiet_from, quiet_until) IN (0, 2) AND quiet_from <> quiet_until",
            name="mail_choice_quiet",
        ),
        sa.CheckConstraint(
            "weekly_on BETWEEN 1 AND 7 AND weekly_hour BETWEEN 0 AND 23",
            name="mail_choice_weekly",
        ),
        sa.CheckConstraint("char_length(near) BETWEEN 1 AND 40", name="mail_choice_near"),
        sa.CheckConstraint("language ~ '^[a-z]{2}(-[A-Z]{2})?$'", name="mail_choice_language"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="mails_of_a_member",
        ),
        sa.PrimaryKeyConstraint("membership_id", name="mail_choice_pkey"),
    )


def _index_open(*columns: str) -> None:
    """Find what is due in the order of delivery: thousands of reminders are due at one moment."""
    op.drop_index("notice_open", "notice")
    op.create_index(
        "notice_open",
        "notice",
        list(columns),
        postgresql_where=sa.text("state IN ('pending', 'leased', 'handover')"),
    )


def _allow(kinds: str) -> None:
    op.drop_constraint("notice_kind", "notice")
    op.create_check_constraint("notice_kind", "notice", f"kind IN ({_quoted(kinds)})")


def _quoted(kinds: str) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds.split())
