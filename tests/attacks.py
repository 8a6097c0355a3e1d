"""The database under attack: SQL it must refuse, and the name of the rule that must answer.

Values in rows are SQL expressions; `:names` in them are numbers of the town (tests/town.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

Row = Mapping[str, str]
ALLOWED = "allowed"


@dataclass(frozen=True)
class Attack:
    """SQL that the rule of this name must refuse, whoever sends it, and what goes before it."""

    rule: str
    what: str
    sql: str
    first: str = "SELECT 1"

    def __str__(self):
        return f"{self.rule}: {self.what}"


@dataclass(frozen=True)
class Effect:
    """SQL after which the trigger of this name must have changed what `watched` selects."""

    rule: str
    what: str
    sql: str
    watched: str
    first: str = "SELECT 1"

    def __str__(self):
        return f"{self.rule}: {self.what}"


def insert(table: str, row: Row, **changes: str) -> str:
    """Write the INSERT of a row, some of its columns changed."""
    row = {**row, **changes}
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(row.values())})"  # noqa: S608


def update(table: str, change: str, name: str) -> str:
    """Write the UPDATE of the row of this name."""
    return f"UPDATE {table} SET {change} WHERE id = :{name}"  # noqa: S608


def delete(table: str, name: str) -> str:
    """Write the DELETE of the row of this name."""
    return f"DELETE FROM {table} WHERE id = :{name}"  # noqa: S608


def legal(what: str, sql: str, first: str = "SELECT 1") -> Attack:
    """SQL that stands close to an attack and must go through."""
    return Attack(ALLOWED, what, sql, first)


def of_slot(name: str) -> Row:
    """What a claim copies from the slot of this name."""
    copied = ("event_id", "starts_at", "ends_at", "places")
    facts = {column: f"(SELECT {column} FROM slot WHERE id = :{name})" for column in copied}  # noqa: S608
    return {"slot_id": f":{name}", **facts}


@dataclass(frozen=True)
class Town:
    """A database with a town in it, for many tests: what one of them does is rolled back."""

    engine: sa.Engine
    numbers: Mapping[str, int]

    def answer(self, attack: Attack, *, without: str = "SELECT 1") -> str:
        """Attack, perhaps after weakening the schema -> the rule that refused, or "allowed"."""
        with self.engine.connect() as connection:
            connection.execute(sa.text(without))
            self.run(connection, attack.first)
            try:
                self.run(connection, attack.sql)
                connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
            except sa.exc.DBAPIError as error:
                return answer_of(error)
            return ALLOWED

    def changed(self, effect: Effect, *, without: str = "SELECT 1") -> bool:
        """Do something, perhaps after weakening the schema -> whether what is watched changed."""
        with self.engine.connect() as connection:
            connection.execute(sa.text(without))
            self.run(connection, effect.first)
            before = self.ask(connection, effect.watched)
            self.run(connection, effect.sql)
            return self.ask(connection, effect.watched) != before

    def run(self, connection: sa.Connection, sql: str) -> None:
        """Run one statement, its names replaced by numbers."""
        connection.execute(sa.text(sql), self.numbers)

    def ask(self, connection: sa.Connection, sql: str):
        """Run one query -> its first value."""
        return connection.scalar(sa.text(sql), self.numbers)


def answer_of(error: sa.exc.DBAPIError) -> str:
    """Name the rule that refused; the SQLSTATE when it was no rule."""
    return error.orig.diag.constraint_name or error.orig.sqlstate
