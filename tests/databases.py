"""The tests' database: empty before each test, and kept from one to the next where that can be.

Making a database anew costs a tenth of a second, and as much again goes until new connections and
engines know their way about. So the rows go and the database stays, in every way that a test could
notice: numbers begin anew, and rows lie in the order in which they are written. A database whose
schema was changed, that outgrew its first pages, or on which somebody is still at work, is dropped
and made anew.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask

from timebank.db import reader

PATTERN = "pattern"
NAME = "test"
MOST_CONNECTIONS = 4  # that an engine keeps from one test to the next

# What the pattern holds, so that it can be had back. A table within one page is as good as new
# when its rows are gone: what is written next lies behind them, in order.
REMEMBER = """
CREATE TEMP TABLE kept_size AS
  SELECT oid AS relation, greatest(pg_relation_size(oid), 8192) AS bytes
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace;
CREATE TEMP TABLE kept_number AS
  SELECT seqrelid AS sequence, seqstart AS start, pg_sequence_last_value(seqrelid) AS last
    FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
   WHERE relnamespace = 'public'::regnamespace;
"""

# Every change of the schema adds a row here, takes one away, or writes one anew.
CATALOGUES = ("pg_class", "pg_attribute", "pg_constraint", "pg_trigger", "pg_proc")

END_STRANGERS = """
SELECT bool_and(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend'
   AND pid <> pg_backend_pid() AND pid <> ALL (%s)"""

IS_QUIET = """
SELECT NOT EXISTS (
  SELECT FROM pg_stat_activity
   WHERE datname = current_database() AND backend_type = 'client backend'
     AND pid <> pg_backend_pid() AND state <> 'idle')"""

IS_SMALL = "SELECT NOT EXISTS (SELECT FROM kept_size WHERE pg_relation_size(relation) > bytes)"

COUNT_ANEW = """
SELECT setval(sequence, coalesce(last, start), last IS NOT NULL) FROM kept_number
 WHERE pg_sequence_last_value(sequence) IS DISTINCT FROM last"""


class Engines:
    """Engines are kept for the whole run: what they have learnt to write, they know.

    Within a test everybody who asks gets an engine of their own, as if it were new.
    """

    def __init__(self) -> None:
        self._kept: dict[str, list[sa.Engine]] = defaultdict(list)
        self._given: dict[str, int] = defaultdict(int)
        self._create = sa.create_engine
        self._processes: dict[int, int] = {}

    def create(self, url: str | sa.URL, **options: Any) -> sa.Engine:
        """Give an engine as `sa.create_engine` does."""
        address = sa.make_url(url)
        if address.database != NAME:
            return self._create(url, **options)
        key = f"{address} {sorted(options.items())}"
        taken = self._given[key]
        self._given[key] += 1
        if taken == len(self._kept[key]):
            self._kept[key].append(self._watched(self._create(url, **options)))
        return self._kept[key][taken]

    def create_for_app(self, _key: str | None, options: dict[str, Any], _app: Flask) -> sa.Engine:
        """Give the engine of an app; clocks are turned in tests, which ages no connection."""
        return self.create(**{**options, "pool_recycle": -1})

    def begin(self) -> None:
        """Between two tests: all engines may be given again."""
        self._given.clear()

    def rest(self) -> list[int]:
        """Close more connections than a test needs -> the processes behind those that stay."""
        for engine in self._all():
            if (
                isinstance(engine.pool, sa.QueuePool)
                and engine.pool.checkedin() > MOST_CONNECTIONS
            ):
                engine.dispose()
        return list(self._processes.values())

    def close(self) -> None:
        """Close every connection."""
        for engine in self._all():
            engine.dispose()
        self._processes.clear()

    def _all(self) -> list[sa.Engine]:
        return [engine for engines in self._kept.values() for engine in engines]

    def _watched(self, engine: sa.Engine) -> sa.Engine:
        """Know the processes behind an engine's connections."""

        def note(connection: psycopg.Connection, _record: object) -> None:
            self._processes[id(connection)] = connection.info.backend_pid

        def forget(connection: psycopg.Connection, _record: object) -> None:
            self._processes.pop(id(connection), None)

        sa.event.listen(engine, "connect", note)
        sa.event.listen(engine, "close", forget)
        return engine


class Database:
    """The database of one test after another, on a server that has the pattern."""

    def __init__(self, server_url: str) -> None:
        self._server = connect(server_url)
        self._url = sa.make_url(server_url).set(database=NAME)
        self.url = self._url.render_as_string(hide_password=False)
        self.engines = Engines()
        self._make()

    def begin(self) -> None:
        """Between two tests: everybody else's connections end, and the database is empty."""
        self.engines.begin()
        if not self._emptied():
            self.engines.close()
            reader.bind("")
            self._cleaner.close()
            self._make()

    def close(self) -> None:
        """End every connection of ours."""
        self.engines.close()
        reader.bind("")
        self._cleaner.close()
        self._server.close()

    def _make(self) -> None:
        self._server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        make_like(self._server, NAME, PATTERN)
        self._cleaner = connect(self.url, prepare_threshold=0)
        self._cleaner.execute("SET session_replication_role = replica")  # no rule asks why
        self._cleaner.execute(REMEMBER, prepare=False)
        self._look_at_the_pattern()
        self._shape = self._ask(self._ask_shape)

    def _look_at_the_pattern(self) -> None:
        """Tables that the pattern has rows in must be as they were; all others are emptied."""
        sql = "SELECT relation::regclass::text FROM kept_size ORDER BY relation"
        names = [name for (name,) in self._cleaner.execute(sql)]
        filled = [name for name in names if self._ask(f"SELECT EXISTS (SELECT FROM {name})")]  # noqa: S608
        empty = [name for name in names if name not in filled]
        deletes = [f"x{number} AS (DELETE FROM {name})" for number, name in enumerate(empty)]  # noqa: S608
        self._empty = f"WITH {', '.join(deletes)} SELECT 1"
        looks = [
            f"(SELECT count(*) || ' ' || max(xmin::text::bigint) FROM {name})"  # noqa: S608
            for name in (*CATALOGUES, *filled)
        ]
        self._ask_shape = f"SELECT {' || chr(10) || '.join(looks)}"

    def _emptied(self) -> bool:
        """Try to have the pattern back without making the database anew -> whether it is."""
        try:
            staying = [*self.engines.rest(), *reader_process()]
            self._cleaner.execute(END_STRANGERS, [staying])
            is_usable = (
                self._ask(IS_QUIET)
                and self._ask(IS_SMALL)
                and self._ask(self._ask_shape) == self._shape
            )
            if is_usable:
                with self._cleaner.transaction():
                    self._cleaner.execute("SET LOCAL lock_timeout = '2s'")
                    self._cleaner.execute(self._empty)
                    self._cleaner.execute(COUNT_ANEW)
        except psycopg.OperationalError:
            return False
        return is_usable

    def _ask(self, sql: str) -> object:
        return self._cleaner.execute(sql).fetchone()[0]


def connect(url: str | sa.URL, **options: Any) -> psycopg.Connection:
    """Connect to a database, or to the server that has it, outside any transaction."""
    plain = sa.make_url(url).set(drivername="postgresql")
    address = plain.render_as_string(hide_password=False)
    return psycopg.connect(address, autocommit=True, **options)


def make_like(server: psycopg.Connection, name: str, pattern: str) -> None:
    """Make a database like another; its files are copied, which writes no log."""
    server.execute(f"CREATE DATABASE {name} TEMPLATE {pattern} STRATEGY FILE_COPY")


def reader_process() -> list[int]:
    """Find the process behind the reader's connection of this thread, if it has one."""
    cursor = getattr(reader._here, "cursor", None)
    return (
        [] if cursor is None or cursor.connection.closed else [cursor.connection.info.backend_pid]
    )
