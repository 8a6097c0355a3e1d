"""People without e-mail are told on paper or by voice; text messages have numbers and a price."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261127_1530"
down_revision = "20261127_1520"
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
    " reminders weekly organiser_wrote organiser_news message_answered come_again phone_tried"
)
NEW = "letters_due text_code"
EARLIER_STATES = "pending leased handover sent failed expired cancelled uncertain"
EARLIER_WAYS = "mail phone text letter"
TABLES = ("text_number", "text_code", "text_month", "text_sent")


def upgrade() -> None:
    op.add_column("notice", sa.Column("told_by", sa.BigInteger()))
    op.create_foreign_key(
        "told_by_a_member",
        "notice",
        "membership",
        ["told_by", "community_id"],
        ["id", "community_id"],
    )
    _allow("kind", f"{EARLIER} {NEW}")
    _allow("state", f"{EARLIER_STATES} on_paper")
    _allow("way", f"{EARLIER_WAYS} voice")
    op.create_check_constraint(
        "told_on_paper",
        "notice",
        "CASE WHEN way IN ('letter', 'voice')"
        " THEN state IN ('on_paper', 'sent', 'cancelled', 'expired')"
        " ELSE state <> 'on_paper' END",
    )
    op.create_check_constraint(
        "told_by_voice",
        "notice",
        "CASE WHEN way = 'voice' THEN state = 'sent' AND told_by IS NOT NULL"
        " ELSE told_by IS NULL END",
    )
    op.create_index(
        "notice_on_paper",
        "notice",
        ["community_id", "person_id"],
        postgresql_where=sa.text("state = 'on_paper'"),
    )
    op.create_index(
        "notice_letters_due",
        "notice",
        ["community_id", "not_before"],
        postgresql_where=sa.text("kind = 'letters_due'"),
    )
    _make_numbers()
    _make_codes()
    _make_months()
    # The role that the app takes, where there is one already.
    for table in TABLES:
        op.execute(f"""DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'timebank_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO timebank_app;
  END IF;
END $$""")


def downgrade() -> None:
    """What waits for a letter or was told on the telephone is called off: nothing else knows it."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute(
        "UPDATE notice SET state = CASE WHEN state = 'on_paper' THEN 'cancelled' ELSE state END,"
        " way = 'letter', told_by = NULL WHERE state = 'on_paper' OR way = 'voice'"
    )
    op.drop_index("notice_letters_due", "notice")
    op.drop_index("notice_on_paper", "notice")
    op.drop_constraint("told_by_voice", "notice")
    op.drop_constraint("told_on_paper", "notice")
    _allow("way", EARLIER_WAYS)
    _allow("state", EARLIER_STATES)
    _allow("kind", EARLIER)
    op.drop_constraint("told_by_a_member", "notice")
    op.drop_column("notice", "told_by")


def _make_numbers() -> None:
    op.create_table(
        "text_number",
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("proven_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("agreed_with", sa.BigInteger()),
        sa.Column("agreed_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint(r"number ~ '^\+[1-9][0-9]{6,14}$'", name="text_number_e164"),
        sa.CheckConstraint(
            "num_nulls(agreed_with, agreed_at) IN (0, 2)"
            " AND num_nonnulls(proven_at, agreed_at) >= 1",
            name="text_number_is_theirs",
        ),
        _of("membership_id", "text_number_of_a_member"),
        _of("agreed_with", "texts_agreed_with_a_member"),
        sa.PrimaryKeyConstraint("membership_id", name="text_number_pkey"),
    )


def _make_codes() -> None:
    op.create_table(
        "text_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column(
            "nonce", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
        sa.Column("wrong_codes", sa.SmallInteger(), server_default="0", nullable=False),
        _created_at(),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("used_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint(r"number ~ '^\+[1-9][0-9]{6,14}$'", name="text_code_e164"),
        sa.CheckConstraint("wrong_codes BETWEEN 0 AND 5", name="text_code_wrong_codes"),
        _of("membership_id", "text_code_of_a_member"),
        sa.PrimaryKeyConstraint("id", name="text_code_pkey"),
    )
    op.create_index("text_code_membership_id_idx", "text_code", ["membership_id"])
    op.create_index("text_code_by_number", "text_code", ["number", "created_at"])


def _make_months() -> None:
    op.create_table(
        "text_month",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("most_pence", sa.Numeric(12, 3), nullable=False),
        sa.Column("spent_pence", sa.Numeric(12, 3), server_default="0", nullable=False),
        sa.CheckConstraint("extract(day FROM month) = 1", name="text_month_first"),
        sa.CheckConstraint(
            "spent_pence >= 0 AND spent_pence <= most_pence", name="text_month_within_limit"
        ),
        sa.PrimaryKeyConstraint("month", name="text_month_pkey"),
    )
    op.create_table(
        "text_sent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("notice_id", sa.BigInteger()),
        sa.Column("parts", sa.SmallInteger(), nullable=False),
        sa.Column("pence", sa.Numeric(12, 3), nullable=False),
        _created_at(),
        sa.Column("handed_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("returned_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint("parts BETWEEN 1 AND 2 AND pence > 0", name="text_sent_price"),
        sa.ForeignKeyConstraint(["month"], ["text_month.month"], name="text_of_a_month"),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name="text_of_a_notice", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="text_sent_pkey"),
    )
    op.create_index(
        "text_sent_put_aside",
        "text_sent",
        ["created_at"],
        postgresql_where=sa.text("handed_at IS NULL AND returned_at IS NULL"),
    )
    op.create_index("text_sent_month_idx", "text_sent", ["month"])
    op.create_index("text_sent_notice_id_idx", "text_sent", ["notice_id"])


def _created_at() -> sa.Column[object]:
    return sa.Column(
        "created_at",
        sa.TIMESTAMP(timezone=True),
        server_default=sa.text("now()"),
        nullable=False,
    )


def _of(column: str, name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column, "community_id"], ["membership.id", "membership.community_id"], name=name
    )


def _allow(column: str, words: str) -> None:
    op.drop_constraint(f"notice_{column}", "notice")
    listed = ", ".join(f"'{word}'" for word in words.split())
    op.create_check_constraint(f"notice_{column}", "notice", f"{column} IN ({listed})")
