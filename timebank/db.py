"""The database: one engine, one session a request, and the base of every record.

Records are plain SQLAlchemy on our own `Base`, so that strict typing stays clean; Flask-SQLAlchemy
brings the engine and the session of a request.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Hashable
from collections.abc import Mapping
from typing import Any
from typing import LiteralString

import psycopg
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import ExecStatus
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(constraint_name)s",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
}

# A request that waits longer for a lock, or computes longer, is worth more dead than alive. The
# role cannot rewrite the books (migration 20261126_1805): only migrations and repairs go without.
CONNECTION_LIMITS = (
    "-c role=timebank_app -c lock_timeout=15s -c statement_timeout=30s -c timezone=UTC"
)
# The reader asks few statements, each by keys, very often: planning one anew costs PostgreSQL five
# times what running it does, and left alone it does so for every visitor who is signed out.
PLAN_ONCE = " -c plan_cache_mode=force_generic_plan"
_NAMED = re.compile(r"%\((\w+)\)s")
Texts = tuple[str | None, ...]


class Base(DeclarativeBase):
    """The base of every record."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own hook
        dt.datetime: sa.TIMESTAMP(timezone=True),
        int: sa.BigInteger,
        str: sa.Text,
    }


db = SQLAlchemy(metadata=Base.metadata)


class Reader:
    """Single statements outside any transaction, on a connection of each thread's own.

    The pages that are asked for most need one statement and no records; here it costs a third of
    what a session does (docs/measurements.md). `statements` counts them, for the tests.

    Attributes:
        seen: What was read before, for rules that can tell whether it still holds; it is forgotten
            with the database.
    """

    def __init__(self) -> None:
        self._address = ""
        self._here = threading.local()
        self.statements = 0
        self.seen: OrderedDict[Hashable, tuple[Any, ...]] = OrderedDict()

    def bind(self, database_url: str) -> None:
        """Say which database to read; this thread's connection to an earlier one is closed.

        What was seen is forgotten, even of the same address: another database may be there now.
        """
        self.seen = OrderedDict()
        address = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        if address == self._address:
            return
        earlier = getattr(self._here, "cursor", None)
        if earlier is not None:
            earlier.connection.close()
        self._address = address
        self._here = threading.local()

    def one(self, sql: LiteralString, values: Mapping[str, object]) -> tuple[Any, ...] | None:
        """Run a statement -> its first row, or None."""
        return self._run(sql, values).fetchone()

    def all(
        self, sql: LiteralString, values: Mapping[str, object], *, is_binary: bool = False
    ) -> list[tuple[Any, ...]]:
        """Run a statement -> its rows.

        Args:
            is_binary: Whether they come as the database keeps them: long bytes take half the room.
        """
        return self._run(sql, values, is_binary=is_binary).fetchall()

    def look(self, sql: LiteralString, values: Mapping[str, object]) -> Texts | None:
        """Run a statement -> its first row in text, for whoever only compares it; or None.

        It is asked of libpq itself: what the driver does around it takes three times as long.

        Args:
            values: Of which those that the statement names are text.
        """
        connection = self._cursor().connection
        name, wanted = self._here.prepared.get(sql) or self._prepare(connection, sql)
        asked = [str(values[one]).encode() for one in wanted]
        answer = connection.pgconn.exec_prepared(name, asked)
        if answer.status != ExecStatus.TUPLES_OK:  # the driver knows best what to do about it
            self._here.prepared.pop(sql, None)
            return texts_of(self.one(sql, values))
        self.statements += 1
        if not answer.ntuples:
            return None
        row = [answer.get_value(0, column) for column in range(answer.nfields)]
        return tuple(None if one is None else one.decode() for one in row)

    def _prepare(
        self, connection: psycopg.Connection, sql: LiteralString
    ) -> tuple[bytes, list[str]]:
        """Let the database keep a statement that is looked at -> its name, what it wants to know.

        The name is the statement's own, so that what is kept under it is never another one.
        """
        wanted = list(dict.fromkeys(_NAMED.findall(sql)))
        numbered = _NAMED.sub(lambda one: f"${wanted.index(one[1]) + 1}::text", sql).encode()
        name = hashlib.sha256(numbered).hexdigest()[:32].encode()
        connection.pgconn.prepare(name, numbered)
        self._here.prepared[sql] = name, wanted
        return name, wanted

    def _run(
        self, sql: LiteralString, values: Mapping[str, object], *, is_binary: bool = False
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        self.statements += 1
        cursor = self._cursor()
        try:
            return cursor.execute(sql, values, binary=is_binary)
        except psycopg.OperationalError:
            if not cursor.connection.broken:
                raise
            self._here.cursor = None
            return self._cursor().execute(sql, values, binary=is_binary)

    def _cursor(self) -> psycopg.Cursor[tuple[Any, ...]]:
        """Give this thread's cursor: one for all its statements, for a new one costs as much."""
        cursor: psycopg.Cursor[tuple[Any, ...]] | None = getattr(self._here, "cursor", None)
        if cursor is None or cursor.connection.closed:
            connection = psycopg.connect(
                self._address,
                autocommit=True,
                prepare_threshold=1,
                client_encoding="utf-8",
                options=CONNECTION_LIMITS + PLAN_ONCE,
            )
            cursor = self._here.cursor = connection.cursor()
            self._here.prepared = {}
        return cursor


def texts_of(row: tuple[Any, ...] | None) -> Texts | None:
    """Write a row of numbers and texts as `Reader.look` gives it."""
    return row and tuple(None if one is None else str(one) for one in row)


reader = Reader()
