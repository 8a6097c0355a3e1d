"""Guarantees of a claim that can be taken away, to see what each costs (`--without checks`)."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

# Names -> how they are taken away from an empty or a full database.
GUARANTEES = {
    "rules": "ALTER TABLE claim DISABLE TRIGGER claim_rules",
    "version": "ALTER TABLE claim DISABLE TRIGGER claim_insert_touches_event",
    "triggers": """
ALTER TABLE claim DISABLE TRIGGER USER;
ALTER TABLE notice DISABLE TRIGGER USER;
ALTER TABLE event DISABLE TRIGGER USER""",
    "checks": """DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT conrelid::regclass AS its_table, conname AS name FROM pg_constraint
              WHERE contype = 'c'
                AND conrelid IN ('claim'::regclass, 'notice'::regclass, 'event'::regclass) LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', one.its_table, one.name);
  END LOOP;
END $$""",
}


def take_away(engine: sa.Engine, names: Collection[str]) -> None:
    """Take some of them away, for good."""
    with engine.begin() as connection:
        for name in names:
            connection.execute(sa.text(GUARANTEES[name]))
