"""What a spreadsheet was understood to say."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from timebank.core.csv_tables import Cell
from timebank.domain.rota.spreadsheets.remarks import Remark
from timebank.domain.rota.spreadsheets.settling import Guess


@dataclass(frozen=True, slots=True)
class SheetDate:
    """A date over a column (or beside a row) of names.

    Attributes:
        at: where its heading stands.
        text: the heading as typed.
        day: None when it has to be asked for.
        guesses: how it was read; none when it stands there in full.
        note: what else the heading says: "Boxing Day".
        is_cancelled: the whole column says so, or the heading does.
    """

    at: Cell
    text: str
    day: dt.date | None
    guesses: tuple[Guess, ...]
    note: str
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class SheetJob:
    """A job, from all the lines that bear its name.

    Attributes:
        name: as its first line has it, without the star.
        needed: how many of its lines bear a star.
        places: how many lines it has, or how many people stand on one date if they are more.
        lines: where its name stands (or would stand, where it was carried down).
    """

    name: str
    needed: int
    places: int
    lines: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """Somebody doing a job on a date.

    Attributes:
        at: the cell.
        job: the name of one of the jobs.
        date: the number of its date among the dates, from 0.
        day: the day of that date.
        name: as typed.
        is_pencilled: a question mark, "maybe" or brackets.
    """

    at: Cell
    job: str
    date: int
    day: dt.date | None
    name: str
    is_pencilled: bool


@dataclass(frozen=True, slots=True)
class Understood:
    """A whole rota: its dates, jobs and people, and a remark on all that is not plain.

    Every cell with something in it is a date's heading, the name of a job, an entry, a word in a
    cancelled column, or has a remark.

    `encoding` and `separator` are how the file was written (`Table`); `is_turned`: dates run down
    the side and jobs across.
    """

    dates: tuple[SheetDate, ...]
    jobs: tuple[SheetJob, ...]
    entries: tuple[SheetEntry, ...]
    remarks: tuple[Remark, ...]
    encoding: str
    separator: str
    is_turned: bool
