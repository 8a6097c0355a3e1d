"""What a calendar shows of an event stands in other tables too: raise its sequence with them.

A calendar that holds an event already takes a new title, place or job only with a higher SEQUENCE,
and our own feeds are kept by (event, sequence). The database does it, so that no rule can forget.
"""

from __future__ import annotations

from alembic import op

revision = "20261123_2015"
down_revision = "20261123_1910"
branch_labels = None
depends_on = None

FUNCTION = "LANGUAGE plpgsql SET search_path = public, pg_temp AS"

# table: the columns that calendars show, and which events show them.
SHOWN = {
    "series": (("title", "description", "bring", "slug"), "series_id = NEW.id"),
    "community_group": (
        ("name",),
        "series_id IN (SELECT id FROM series WHERE group_id = NEW.id)",
    ),
    "venue": (("name", "address", "latitude", "longitude"), "venue_id = NEW.id"),
    "role": (("name", "about"), "id IN (SELECT event_id FROM slot WHERE role_id = NEW.id)"),
}


def upgrade() -> None:
    for table, (columns, events) in SHOWN.items():
        new = ", ".join(f"NEW.{column}" for column in columns)
        old = ", ".join(f"OLD.{column}" for column in columns)
        op.execute(
            f"""CREATE FUNCTION {table}_raises_sequence() RETURNS trigger {FUNCTION} $$
BEGIN
  UPDATE event SET sequence = sequence + 1, updated_at = now() WHERE {events};
  RETURN NULL;
END $$"""
        )
        op.execute(
            f"""CREATE TRIGGER {table}_raises_sequence AFTER UPDATE ON {table}
  FOR EACH ROW WHEN (({new}) IS DISTINCT FROM ({old}))
  EXECUTE FUNCTION {table}_raises_sequence()"""
        )


def downgrade() -> None:
    for table in SHOWN:
        op.execute(f"DROP FUNCTION {table}_raises_sequence() CASCADE")
