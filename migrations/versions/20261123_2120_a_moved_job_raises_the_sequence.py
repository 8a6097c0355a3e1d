"""A job at another time raises its date's sequence: calendars show a turn at the job's own time."""

from __future__ import annotations

from alembic import op

revision = "20261123_2120"
down_revision = "20261123_2110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A date that moves with its jobs is raised twice, which calendars don't mind.
    op.execute("""CREATE FUNCTION slot_raises_sequence() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE event SET sequence = sequence + 1, updated_at = greatest(updated_at, now())
   WHERE id IN (SELECT now_at.event_id FROM now_at JOIN was_at USING (id)
                 WHERE (now_at.starts_at, now_at.ends_at) <> (was_at.starts_at, was_at.ends_at));
  RETURN NULL;
END $$""")
    op.execute("""CREATE TRIGGER slot_raises_sequence AFTER UPDATE ON slot
  REFERENCING OLD TABLE AS was_at NEW TABLE AS now_at
  FOR EACH STATEMENT EXECUTE FUNCTION slot_raises_sequence()""")


def downgrade() -> None:
    op.execute("DROP FUNCTION slot_raises_sequence() CASCADE")
