"""Organisers write to people and hear from them; newcomers are asked to come again, once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261127_1400"
down_revision = "20261127_1300"
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
    " reminders weekly"
)
NEW = "organiser_wrote organiser_news message_answered come_again"

# What was written to whom, when and to how many stays as it was. Its words may go, with whoever
# wrote them, and nothing else about it.
KEPT = (
    """CREATE TRIGGER group_message_stays BEFORE UPDATE ON group_message
  FOR EACH ROW WHEN (NEW.erased_at IS NULL
    OR (NEW.id, NEW.community_id, NEW.group_id, NEW.series_id, NEW.event_id, NEW.whom,
        NEW.called_off, NEW.written_by, NEW.intent, NEW.people, NEW.not_by_mail, NEW.created_at)
       <> (OLD.id, OLD.community_id, OLD.group_id, OLD.series_id, OLD.event_id, OLD.whom,
           OLD.called_off, OLD.written_by, OLD.intent, OLD.people, OLD.not_by_mail,
           OLD.created_at)
    OR NEW.role_id IS DISTINCT FROM OLD.role_id)
  EXECUTE FUNCTION refuse('what was written to people stays as it was')""",
    """CREATE TRIGGER group_message_no_delete BEFORE DELETE ON group_message
  FOR EACH ROW EXECUTE FUNCTION refuse('what was written to people is kept')""",
)
TABLES = ("follower", "group_message", "message_answer")


def upgrade() -> None:
    op.add_column("community_group", sa.Column("trusted_at", sa.TIMESTAMP(timezone=True)))
    op.add_column("community_group", sa.Column("trusted_by", sa.BigInteger()))
    op.create_check_constraint(
        "group_trusted_by_somebody",
        "community_group",
        "num_nulls(trusted_at, trusted_by) IN (0, 2)",
    )
    op.create_foreign_key(
        "group_trusted_by_a_member",
        "community_group",
        "membership",
        ["trusted_by", "community_id"],
        ["id", "community_id"],
    )
    _make_followers()
    _make_messages()
    _make_answers()
    for trigger in KEPT:
        op.execute(trigger)
    # The role that the app takes, where there is one already.
    for table in TABLES:
        op.execute(f"""DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'timebank_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO timebank_app;
  END IF;
END $$""")
    _allow(f"{EARLIER} {NEW}")


def downgrade() -> None:
    """Possible while nobody is owed one of the new kinds."""
    _allow(EARLIER)
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_constraint("group_trusted_by_a_member", "community_group")
    op.drop_constraint("group_trusted_by_somebody", "community_group")
    op.drop_column("community_group", "trusted_by")
    op.drop_column("community_group", "trusted_at")


def _make_followers() -> None:
    op.create_table(
        "follower",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        _created_at(),
        _of("series", "series_id", "follower_of_a_series"),
        _of("membership", "membership_id", "follower_is_a_member"),
        sa.PrimaryKeyConstraint("id", name="follower_pkey"),
        sa.UniqueConstraint("series_id", "membership_id", name="follows_once"),
    )
    op.create_index("follower_by_membership", "follower", ["membership_id"])


def _make_messages() -> None:
    op.create_table(
        "group_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("role_id", sa.BigInteger()),
        sa.Column("whom", sa.String(20), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("called_off", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("written_by", sa.BigInteger(), nullable=False),
        sa.Column("intent", sa.Uuid(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("not_by_mail", sa.Integer(), nullable=False),
        _created_at(),
        sa.Column("erased_at", sa.TIMESTAMP(timezone=True)),
        sa.CheckConstraint("whom IN ('date', 'hearing', 'job')", name="group_message_whom"),
        sa.CheckConstraint("(whom = 'job') = (role_id IS NOT NULL)", name="group_message_job"),
        sa.CheckConstraint(
            "char_length(subject) <= 120 AND char_length(words) <= 4000",
            name="group_message_length",
        ),
        sa.CheckConstraint(
            "CASE WHEN erased_at IS NULL THEN subject <> '' AND words <> ''"
            " ELSE subject = '' AND words = '' END",
            name="group_message_says_something",
        ),
        sa.CheckConstraint("people >= 1 AND not_by_mail >= 0", name="group_message_to_somebody"),
        _of("community_group", "group_id", "group_message_of_a_group"),
        sa.ForeignKeyConstraint(
            ["event_id", "community_id", "series_id"],
            ["event.id", "event.community_id", "event.series_id"],
            name="group_message_about_a_date",
        ),
        sa.ForeignKeyConstraint(
            ["role_id", "series_id"],
            ["role.id", "role.series_id"],
            name="group_message_about_a_job",
        ),
        _of("membership", "written_by", "group_message_by_a_member"),
        sa.PrimaryKeyConstraint("id", name="group_message_pkey"),
        sa.UniqueConstraint("written_by", "intent", name="same_group_message_once"),
        sa.UniqueConstraint("id", "community_id", name="group_message_in_community"),
    )
    op.create_index("group_message_by_group", "group_message", ["group_id", "created_at"])
    op.create_index("group_message_event_id_idx", "group_message", ["event_id"])


def _make_answers() -> None:
    op.create_table(
        "message_answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("group_message_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("by_organiser", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("written_by", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("intent", sa.Uuid(), nullable=False),
        _created_at(),
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 1000", name="message_answer_words"),
        sa.CheckConstraint(
            "by_organiser OR written_by = membership_id", name="answered_by_themselves"
        ),
        _of("group_message", "group_message_id", "answer_to_a_group_message"),
        _of("membership", "membership_id", "answer_of_a_member"),
        _of("membership", "written_by", "answer_by_a_member"),
        sa.PrimaryKeyConstraint("id", name="message_answer_pkey"),
        sa.UniqueConstraint("written_by", "intent", name="same_answer_once"),
    )
    op.create_index("answer_by_message", "message_answer", ["group_message_id", "id"])
    op.create_index("answer_by_writer", "message_answer", ["written_by", "created_at"])


def _created_at() -> sa.Column[object]:
    return sa.Column(
        "created_at",
        sa.TIMESTAMP(timezone=True),
        server_default=sa.text("now()"),
        nullable=False,
    )


def _of(table: str, column: str, name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column, "community_id"], [f"{table}.id", f"{table}.community_id"], name=name
    )


def _allow(kinds: str) -> None:
    op.drop_constraint("notice_kind", "notice")
    op.create_check_constraint("notice_kind", "notice", f"kind IN ({_quoted(kinds)})")


def _quoted(kinds: str) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds.split())
