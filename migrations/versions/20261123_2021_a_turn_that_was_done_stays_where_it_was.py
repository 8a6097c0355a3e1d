"""A turn that was done stays where it was, also when it is ticked while the job is being moved.

The rule asked the slot, which does not see a tick that another transaction has not committed yet.
The claim itself is asked now: the move reaches it by the cascade, behind that transaction.
"""

from __future__ import annotations

from alembic import op

revision = "20261123_2021"
down_revision = "20261123_2015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP FUNCTION slot_is_unattended() CASCADE")
    op.execute("""CREATE TRIGGER attended_slot_is_fixed BEFORE UPDATE ON claim
  FOR EACH ROW WHEN (OLD.state = 'attended'
                     AND (NEW.starts_at, NEW.ends_at) <> (OLD.starts_at, OLD.ends_at))
  EXECUTE FUNCTION refuse('this job has turns that were done: it can no longer be moved')""")


def downgrade() -> None:
    op.execute("DROP TRIGGER attended_slot_is_fixed ON claim")
    op.execute("""CREATE FUNCTION slot_is_unattended() RETURNS trigger LANGUAGE plpgsql
  SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM claim WHERE slot_id = OLD.id AND state = 'attended') THEN
    PERFORM refuse_as(TG_NAME, 'this job has turns that were done: it can no longer be moved');
  END IF;
  RETURN NEW;
END $$""")
    op.execute("""CREATE TRIGGER attended_slot_is_fixed BEFORE UPDATE ON slot
  FOR EACH ROW WHEN ((NEW.starts_at, NEW.ends_at) <> (OLD.starts_at, OLD.ends_at))
  EXECUTE FUNCTION slot_is_unattended()""")
