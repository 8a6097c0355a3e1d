"""No turn at a cancelled date, also when somebody claims while it is being cancelled."""

from __future__ import annotations

from alembic import op

revision = "20261123_2025"
down_revision = "20261123_2024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The lock is the one that touch_events takes at the end of the statement anyhow.
    op.execute("""CREATE FUNCTION event_is_planned() RETURNS trigger LANGUAGE plpgsql
  SET search_path = public, pg_temp AS $$
DECLARE
  event_state text;
BEGIN
  SELECT state INTO event_state FROM event WHERE id = NEW.event_id FOR NO KEY UPDATE;
  IF event_state = 'cancelled' THEN
    PERFORM refuse_as(TG_NAME, 'this date has been cancelled');
  END IF;
  RETURN NEW;
END $$""")
    op.execute("""CREATE TRIGGER claim_at_a_planned_event BEFORE INSERT ON claim
  FOR EACH ROW WHEN (NEW.state IN ('held', 'confirmed', 'attended'))
  EXECUTE FUNCTION event_is_planned()""")


def downgrade() -> None:
    op.execute("DROP FUNCTION event_is_planned() CASCADE")
