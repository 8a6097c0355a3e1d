"""All that a page shows raises a version: also a job taken away, a new role, a group's name."""

from __future__ import annotations

from alembic import op

revision = "20261123_2026"
down_revision = "20261123_2025"
branch_labels = None
depends_on = None

FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"

# The triggers that touch a series -> when they do, and which series.
TOUCHES = {
    "role_touches_series": (
        "INSERT OR UPDATE OR DELETE ON role",
        "id IN (OLD.series_id, NEW.series_id)",
    ),
    "venue_touches_series": ("UPDATE ON venue", "venue_id = NEW.id"),
    "group_touches_series": ("UPDATE OF name ON community_group", "group_id = NEW.id"),
}


def upgrade() -> None:
    op.execute("""CREATE TRIGGER slot_delete_touches_event AFTER DELETE ON slot
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION touch_events()""")
    op.execute("DROP FUNCTION touch_series() CASCADE")
    for trigger, (verbs, which) in TOUCHES.items():
        op.execute(f"""CREATE FUNCTION {trigger}() RETURNS trigger {FUNCTION} $$
BEGIN
  UPDATE series SET version = version WHERE {which};
  RETURN NULL;
END $$""")
        op.execute(f"""CREATE TRIGGER {trigger} AFTER {verbs}
  FOR EACH ROW EXECUTE FUNCTION {trigger}()""")


def downgrade() -> None:
    for function in TOUCHES:
        op.execute(f"DROP FUNCTION {function}() CASCADE")
    op.execute(f"""CREATE FUNCTION touch_series() RETURNS trigger {FUNCTION} $$
BEGIN
  UPDATE series SET version = version WHERE id = NEW.series_id;
  RETURN NULL;
END $$""")
    op.execute("""CREATE TRIGGER role_touches_series AFTER UPDATE ON role
  FOR EACH ROW EXECUTE FUNCTION touch_series()""")
    op.execute("DROP TRIGGER slot_delete_touches_event ON slot")
