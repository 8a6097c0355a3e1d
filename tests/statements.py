"""Count the SQL statements that a piece of work asks of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field

import sqlalchemy as sa

from timebank.db import reader


@dataclass
class Count:
    statements: list[str] = field(default_factory=list)
    read: int = 0

    @property
    def total(self) -> int:
        return len(self.statements) + self.read


@contextmanager
def count_statements() -> Iterator[Count]:
    """Count what runs inside, through any engine and through the reader."""
    count = Count()
    before = reader.statements

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        count.statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield count
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
        count.read = reader.statements - before
