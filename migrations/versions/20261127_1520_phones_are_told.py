"""People are told on their phones; a notice says by which way it went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261127_1520"
down_revision = "20261127_1500"
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
)
NEW = "phone_tried"
EARLIER_HOWS = "mail weekly none"
HOWS = "mail phone text weekly none"
FAMILIES = ("turns", "asking", "neighbours", "hours")


def upgrade() -> None:
    _make_phones()
    op.add_column("notice", sa.Column("way", sa.String(20)))
    op.create_check_constraint(
        "notice_way", "notice", f"way IN ({_quoted('mail phone text letter')})"
    )
    _allow(f"{EARLIER} {NEW}")
    _offer(HOWS)


def downgrade() -> None:
    """Possible while nobody is owed one of the new kinds, or has chosen one of the new ways."""
    _offer(EARLIER_HOWS)
    _allow(EARLIER)
    op.drop_constraint("notice_way", "notice")
    op.drop_column("notice", "way")
    op.drop_table("push_subscription")


def _make_phones() -> None:
    op.create_table(
        "push_subscription",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.LargeBinary(), nullable=False),
        sa.Column("auth", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("last_ok_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_as", sa.Text()),
        sa.CheckConstraint("place BETWEEN 1 AND 10", name="phone_place"),
        sa.CheckConstraint(
            "endpoint ~ '^https://[!-~]+$' AND octet_length(endpoint) <= 1500",
            name="phone_endpoint",
        ),
        sa.CheckConstraint(
            r"octet_length(p256dh) = 65 AND substr(p256dh, 1, 1) = '\x04'::bytea",
            name="phone_public_key",
        ),
        sa.CheckConstraint("octet_length(auth) = 16", name="phone_secret"),
        sa.CheckConstraint("char_length(label) BETWEEN 1 AND 60", name="phone_label"),
        sa.CheckConstraint("failures >= 0", name="phone_failures"),
        sa.CheckConstraint("failed_as ~ '^[A-Za-z0-9 ]{1,40}$'", name="phone_failed_as"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="phone_of_a_member",
        ),
        sa.PrimaryKeyConstraint("id", name="push_subscription_pkey"),
        sa.UniqueConstraint("endpoint", name="one_phone_per_endpoint"),
        sa.UniqueConstraint("membership_id", "place", name="one_phone_per_place"),
    )
    # The role that the app takes, where there is one already.
    op.execute("""DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'timebank_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON push_subscription TO timebank_app;
  END IF;
END $$""")


def _offer(hows: str) -> None:
    for family in FAMILIES:
        op.drop_constraint(f"mail_choice_{family}", "mail_choice")
        op.create_check_constraint(
            f"mail_choice_{family}", "mail_choice", f"{family} IN ({_quoted(hows)})"
        )


def _allow(kinds: str) -> None:
    op.drop_constraint("notice_kind", "notice")
    op.create_check_constraint("notice_kind", "notice", f"kind IN ({_quoted(kinds)})")


def _quoted(words: str) -> str:
    return ", ".join(f"'{word}'" for word in words.split())
