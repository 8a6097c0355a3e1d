"""A clock that stands until a test steps it, for this process and its database alike.

Delivery goes by the database's own `now()`, planning by `clock.now()`. Here both read what the
test set: `now()` is found in a schema of the test's own first, defaults of columns and the
functions of the schema are pointed there, too. Not one statement of ours is written otherwise for
it. Waiting (timeouts, time limits of a job) goes by the monotonic clock, as ever.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from timebank.core import clock

PATH = "stepped, public, pg_catalog, pg_temp"
CLOCK = (
    "CREATE SCHEMA stepped",
    "CREATE TABLE stepped.clock (at timestamptz NOT NULL)",
    "INSERT INTO stepped.clock VALUES (pg_catalog.now())",
    """
CREATE FUNCTION stepped.now() RETURNS timestamptz LANGUAGE sql STABLE AS
  'SELECT at FROM stepped.clock'
""",
    "GRANT USAGE ON SCHEMA stepped TO PUBLIC",
    "GRANT SELECT ON stepped.clock TO PUBLIC",
)
DEFAULTS = """
SELECT format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT stepped.now()',
              d.adrelid::regclass, a.attname)
  FROM pg_attrdef d
  JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  JOIN pg_class c ON c.oid = d.adrelid
 WHERE c.relnamespace = 'public'::regnamespace AND pg_get_expr(d.adbin, d.adrelid) = 'now()'
"""
FUNCTIONS = """
SELECT format('ALTER FUNCTION %s SET search_path = stepped, public, pg_catalog, pg_temp',
              p.oid::regprocedure)
  FROM pg_proc p
 WHERE p.pronamespace = 'public'::regnamespace AND p.prosrc ~ '\\mnow\\('
"""


def install(owner: sa.Engine) -> None:
    """Let a database go by a clock that stands; before anything else connects to it."""
    with owner.begin() as connection:
        for statement in CLOCK:
            connection.exec_driver_sql(statement)
        found = [*connection.scalars(sa.text(DEFAULTS)), *connection.scalars(sa.text(FUNCTIONS))]
        for statement in found:
            connection.exec_driver_sql(statement)


def look_first(connection: sa.Connection, database: str) -> None:
    """Have every new connection to a database find that clock first."""
    connection.exec_driver_sql(f"ALTER DATABASE {database} SET search_path = {PATH}")


class Stepped:
    """What time it is: `at`, everywhere.

    Attributes:
        owner: Of the database that goes along; None: none does.
    """

    def __init__(self, at: dt.datetime) -> None:
        self.at = at
        self.owner: sa.Engine | None = None

    def now(self) -> dt.datetime:
        """Tell the time, in place of `clock.now`."""
        return self.at

    def set(self, at: dt.datetime) -> None:
        """Set it, forward or back."""
        self.at = at
        if self.owner is not None:
            with self.owner.begin() as connection:
                connection.execute(sa.text("UPDATE stepped.clock SET at = :at"), {"at": at})


def take_over(monkeypatch, at: dt.datetime) -> Stepped:
    """Stop this process's clock at a moment, for as long as the test lasts."""
    stepped = Stepped(at)
    monkeypatch.setattr(clock, "now", stepped.now)
    return stepped
