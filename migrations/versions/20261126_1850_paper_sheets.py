"""Paper sign-in sheets have numbers, and each turn typed up from one knows its line."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261126_1850"
down_revision = "20261126_1840"
branch_labels = None
depends_on = None

# The hours of a turn that was done were posted with these minutes: only taking them back,
# which leaves the turn as missed, opens them again.
FIXED = """CREATE TRIGGER done_minutes_are_fixed BEFORE UPDATE ON claim
  FOR EACH ROW WHEN (OLD.state = 'attended' AND NEW.state = 'attended'
                     AND NEW.minutes_done IS DISTINCT FROM OLD.minutes_done)
  EXECUTE FUNCTION refuse('the hours of this turn are in: take them back first')"""
# What hangs on paper in a folder must stay findable: which date a number is of, and which line of
# it a turn came from. What somebody wrote may go, when they do.
TRACES = (
    """CREATE TRIGGER paper_sheet_identity BEFORE UPDATE ON paper_sheet
  FOR EACH ROW WHEN ((NEW.number, NEW.event_id) <> (OLD.number, OLD.event_id))
  EXECUTE FUNCTION refuse('a sheet keeps its number and its date')""",
    """CREATE TRIGGER counted_line_stays BEFORE UPDATE ON paper_sheet_line
  FOR EACH ROW WHEN (OLD.outcome = 'counted'
                     AND (NEW.sheet_id, NEW.number, NEW.part, NEW.claim_id, NEW.outcome)
                         <> (OLD.sheet_id, OLD.number, OLD.part, OLD.claim_id, OLD.outcome))
  EXECUTE FUNCTION refuse('a turn keeps the line that it came from')""",
    """CREATE TRIGGER counted_line_no_delete BEFORE DELETE ON paper_sheet_line
  FOR EACH ROW WHEN (OLD.outcome = 'counted')
  EXECUTE FUNCTION refuse('a turn keeps the line that it came from')""",
)
TABLES = ("paper_sheet", "paper_sheet_line", "paper_sheet_draft")


def upgrade() -> None:
    op.add_column('claim', sa.Column('minutes_done', sa.SmallInteger(), nullable=True))
    op.add_column('claim', sa.Column('minutes_by', sa.BigInteger(), nullable=True))
    op.create_check_constraint('claim_minutes_done', 'claim', 'minutes_done BETWEEN 1 AND 1440')
    op.create_check_constraint('minutes_said_by_another', 'claim', 'num_nulls(minutes_done, minutes_by) IN (0, 2) AND minutes_by <> membership_id')
    op.create_foreign_key('minutes_said_by_a_member', 'claim', 'membership', ['minutes_by', 'community_id'], ['id', 'community_id'])
    op.execute(FIXED)
    op.create_table('paper_sheet',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('series_id', sa.BigInteger(), nullable=False),
    sa.Column('event_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('lines', postgresql.JSONB(), nullable=False),
    sa.Column('printed_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column('printed_by', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.TIMESTAMP(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("number ~ '^[A-Z]{1,4}-[0-9]{4,8}$'", name=op.f('paper_sheet_number')),
    sa.ForeignKeyConstraint(['event_id', 'community_id', 'series_id'], ['event.id', 'event.community_id', 'event.series_id'], name='paper_sheet_of_an_event'),
    sa.ForeignKeyConstraint(['printed_by', 'community_id'], ['membership.id', 'membership.community_id'], name='paper_sheet_printed_by_a_member'),
    sa.PrimaryKeyConstraint('id', name=op.f('paper_sheet_pkey')),
    sa.UniqueConstraint('community_id', 'number', name='one_paper_sheet_per_number'),
    sa.UniqueConstraint('id', 'community_id', name='paper_sheet_in_community')
    )
    op.create_index('paper_sheet_by_event', 'paper_sheet', ['event_id'], unique=False)
    op.create_table('paper_sheet_draft',
    sa.Column('sheet_id', sa.BigInteger(), nullable=False),
    sa.Column('typed_by', sa.BigInteger(), nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('rows', postgresql.JSONB(), nullable=False),
    sa.Column('facts', postgresql.JSONB(), nullable=False),
    sa.Column('typed_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['sheet_id', 'community_id'], ['paper_sheet.id', 'paper_sheet.community_id'], name='draft_of_a_paper_sheet'),
    sa.ForeignKeyConstraint(['typed_by', 'community_id'], ['membership.id', 'membership.community_id'], name='paper_sheet_typed_by_a_member'),
    sa.PrimaryKeyConstraint('sheet_id', 'typed_by', name=op.f('paper_sheet_draft_pkey'))
    )
    op.create_table('paper_sheet_line',
    sa.Column('sheet_id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.SmallInteger(), nullable=False),
    sa.Column('part', sa.SmallInteger(), server_default='1', nullable=False),
    sa.Column('community_id', sa.BigInteger(), nullable=False),
    sa.Column('written', sa.Text(), nullable=True),
    sa.Column('membership_id', sa.BigInteger(), nullable=True),
    sa.Column('claim_id', sa.BigInteger(), nullable=True),
    sa.Column('outcome', sa.String(20), nullable=False),
    sa.Column('because', sa.Text(), nullable=True),
    sa.Column('entered_by', sa.BigInteger(), nullable=False),
    sa.Column('entered_at', sa.TIMESTAMP(timezone=True), nullable=False),
    sa.CheckConstraint("outcome IN ('counted', 'there', 'double', 'not_here', 'left_out', 'refused')", name=op.f('paper_sheet_line_outcome')),
    sa.CheckConstraint('number BETWEEN 1 AND 32000 AND part BETWEEN 1 AND 20', name=op.f('paper_sheet_line_number')),
    sa.CheckConstraint('char_length(written) BETWEEN 1 AND 300', name=op.f('paper_sheet_line_written')),
    sa.CheckConstraint("outcome NOT IN ('counted', 'there') OR claim_id IS NOT NULL", name=op.f('counted_line_names_its_turn')),
    sa.CheckConstraint("(outcome = 'refused') = (because IS NOT NULL) AND char_length(because) BETWEEN 1 AND 300", name=op.f('refused_line_says_why')),
    sa.ForeignKeyConstraint(['sheet_id', 'community_id'], ['paper_sheet.id', 'paper_sheet.community_id'], name='line_of_a_paper_sheet'),
    sa.ForeignKeyConstraint(['claim_id', 'community_id'], ['claim.id', 'claim.community_id'], name='paper_sheet_line_counts_a_turn'),
    sa.ForeignKeyConstraint(['membership_id', 'community_id'], ['membership.id', 'membership.community_id'], name='paper_sheet_line_of_a_member'),
    sa.ForeignKeyConstraint(['entered_by', 'community_id'], ['membership.id', 'membership.community_id'], name='paper_sheet_line_entered_by_a_member'),
    sa.PrimaryKeyConstraint('sheet_id', 'number', 'part', name=op.f('paper_sheet_line_pkey'))
    )
    op.create_index('one_sheet_line_per_turn', 'paper_sheet_line', ['claim_id'], unique=True, postgresql_where=sa.text("outcome = 'counted'"))
    op.create_index('paper_sheet_line_by_claim', 'paper_sheet_line', ['claim_id'], unique=False)
    op.create_index('paper_sheet_line_by_member', 'paper_sheet_line', ['membership_id'], unique=False)
    for trigger in TRACES:
        op.execute(trigger)
    # The role that the app takes, where there is one already.
    for table in TABLES:
        op.execute(f"""DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'timebank_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO timebank_app;
  END IF;
END $$""")


def downgrade() -> None:
    for table in ("paper_sheet_line", "paper_sheet_draft", "paper_sheet"):
        op.drop_table(table)
    op.execute("DROP TRIGGER done_minutes_are_fixed ON claim")
    op.drop_column('claim', 'minutes_by')
    op.drop_column('claim', 'minutes_done')
