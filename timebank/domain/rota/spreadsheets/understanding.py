"""A spreadsheet as a rota, and an account of every cell that is not plain.

Nothing is dropped without a word: what has no place in the rota has a remark. What looks like a
guess is one, and a remark says so; a wrong guess that is shown costs a look, a silent one a turn.
"""

from __future__ import annotations

import datetime as dt

from timebank.core.csv_tables import Table
from timebank.core.csv_tables import read_bytes
from timebank.core.csv_tables import read_text
from timebank.domain.rota.spreadsheets.body import Body
from timebank.domain.rota.spreadsheets.dating import read_dates
from timebank.domain.rota.spreadsheets.dating import with_cancelled
from timebank.domain.rota.spreadsheets.layout import NoJobs
from timebank.domain.rota.spreadsheets.layout import find_layout
from timebank.domain.rota.spreadsheets.records import Understood
from timebank.domain.rota.spreadsheets.remarks import Kind
from timebank.domain.rota.spreadsheets.remarks import Remarks


def understand_file(data: bytes, *, today: dt.date, weekday: int | None = None) -> Understood:
    """Read a file; arguments and refusals as `understand`, and those of `read_bytes`."""
    return understand(read_bytes(data), today=today, weekday=weekday)


def understand_pasted(text: str, *, today: dt.date, weekday: int | None = None) -> Understood:
    """Read pasted cells; arguments and refusals as `understand`, and those of `read_text`."""
    return understand(read_text(text), today=today, weekday=weekday)


def understand(table: Table, *, today: dt.date, weekday: int | None = None) -> Understood:
    """Read a table as a rota.

    Args:
        table: its cells.
        today: years are guessed near it.
        weekday: the one that the series usually has, Monday 0.

    Raises:
        NoDates, NoJobs, TooManyPeople, TooManyTurns, TooPuzzling: As they say.
    """
    remarks = Remarks()
    _look_at_file(table, remarks)
    layout = find_layout(table.rows)
    dates = read_dates(layout, remarks, today=today, weekday=weekday)
    body = Body(layout, dates, remarks)
    body.read()
    jobs = body.finished_jobs()
    if not jobs:
        raise NoJobs
    return Understood(
        dates=with_cancelled(dates, body.cancelled),
        jobs=jobs,
        entries=tuple(body.entries),
        remarks=remarks.in_order(),
        encoding=table.encoding,
        separator=table.separator,
        is_turned=layout.is_turned,
    )


def _look_at_file(table: Table, remarks: Remarks) -> None:
    if table.is_encoding_guessed:
        remarks.say(Kind.ENCODING_GUESSED, None, encoding=table.encoding)
    if table.has_open_quote:
        remarks.say(Kind.OPEN_QUOTE, None)
    for cell in table.shortened:
        remarks.say(Kind.SHORTENED, cell, table.rows[cell.row - 1][cell.column - 1])
