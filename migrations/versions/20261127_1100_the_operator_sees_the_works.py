"""Runs of jobs are written down; an operator decides about notices that did not go their way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261127_1100"
down_revision = "20261127_1000"
branch_labels = None
depends_on = None

NOW = sa.text("now()")
AT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    _runs()
    _people()
    # What the operator's page and its figures ask of a table with a million rows.
    op.create_index(
        "notice_troubled",
        "notice",
        ["not_before"],
        postgresql_where=sa.text("state IN ('failed', 'expired', 'uncertain')"),
    )


def _runs() -> None:
    op.create_table(
        "job_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("function", sa.Text(), nullable=False),
        sa.Column("queue", sa.String(length=20), nullable=False),
        sa.Column("started_at", AT, server_default=NOW, nullable=False),
        sa.Column("lasts_until", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("handled", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "queue IN ('urgent', 'mail', 'books', 'calendars')", name="job_run_queue"
        ),
        sa.CheckConstraint(
            "outcome IN ('done', 'failed', 'stopped', 'died')", name="job_run_outcome"
        ),
        sa.CheckConstraint("function ~ '^[a-z_]+[.][a-z_]+$'", name="job_run_function"),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="job_run_ends_somehow"),
        sa.CheckConstraint(
            "ended_at >= started_at AND lasts_until > started_at", name="job_run_ends_afterwards"
        ),
        sa.CheckConstraint(
            "(error IS NOT NULL) = (coalesce(outcome, '') IN ('failed', 'died'))",
            name="job_run_says_what_broke",
        ),
        sa.CheckConstraint("error ~ '^[^\\n]{1,200}$'", name="job_run_error"),
        sa.CheckConstraint("handled >= 0", name="job_run_handled"),
        sa.PrimaryKeyConstraint("id", name="job_run_pkey"),
    )
    op.create_index("job_run_log", "job_run", ["function", sa.text("id DESC")])
    op.create_index("job_run_day", "job_run", ["started_at"])
    op.create_index(
        "job_run_idle",
        "job_run",
        ["function"],
        postgresql_where=sa.text("outcome = 'done' AND coalesce(handled, 0) = 0"),
    )
    op.create_index(
        "job_run_broken",
        "job_run",
        [sa.text("id DESC")],
        postgresql_where=sa.text("outcome IN ('failed', 'died')"),
    )
    op.create_index(
        "job_run_open", "job_run", ["lasts_until"], postgresql_where=sa.text("ended_at IS NULL")
    )


def _people() -> None:
    op.create_table(
        "operator",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("named_at", AT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["profile.person_id"],
            name="operator_person_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("person_id", name="operator_pkey"),
    )
    op.create_table(
        "notice_decision",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("notice_id", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=False),
        sa.Column("was", sa.String(length=20), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", AT, server_default=NOW, nullable=False),
        sa.CheckConstraint(
            "decision IN ('send_again', 'put_away')", name="notice_decision_kind"
        ),
        sa.CheckConstraint(
            "was = 'uncertain' OR was = 'failed' AND decision = 'put_away'",
            name="only_uncertain_is_sent_again",
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"],
            ["notice.id"],
            name="notice_decision_notice_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["person.id"], name="notice_decision_decided_by_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="notice_decision_pkey"),
    )
    op.create_index("notice_decision_notice_id_idx", "notice_decision", ["notice_id"])
    op.execute("""CREATE TRIGGER notice_decision_stays BEFORE UPDATE ON notice_decision
  FOR EACH ROW EXECUTE FUNCTION refuse('what was decided stays as it was written down')""")
    op.execute("REVOKE UPDATE ON notice_decision FROM timebank_app")
    # Who may look after the installation is said at the machine itself, never by a page.
    op.execute("REVOKE INSERT, UPDATE, DELETE ON operator FROM timebank_app")


def downgrade() -> None:
    op.drop_index("notice_troubled", table_name="notice")
    op.drop_table("notice_decision")
    op.drop_table("operator")
    op.drop_table("job_run")
