"""A rota as a table for a spreadsheet: jobs down, dates across, one line a place."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from timebank.core.text import BYTE_ORDER_MARK
from timebank.core.text import harmless
from timebank.core.when import MONTHS
from timebank.core.when import WEEKDAYS

OVER_JOBS = "Job"
CANCELLED = "CANCELLED"
LEGEND = "* = can't start without"
NEEDED = "*"
PENCILLED = "?"
SHORT = 3  # letters of a weekday or a month

_BRACKETS = re.compile(r"[()\[\]]")


@dataclass(frozen=True, slots=True)
class DateToWrite:
    """A column. `note`: what the day is besides a date, or why it is off."""

    day: dt.date
    note: str = ""
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class PersonToWrite:
    """Somebody in a cell."""

    name: str
    is_pencilled: bool = False


@dataclass(frozen=True, slots=True)
class JobToWrite:
    """A job with as many lines as it has places; `people`: who does it, one tuple a date."""

    name: str
    needed: int
    places: int
    people: tuple[tuple[PersonToWrite, ...], ...]


def write_table(dates: Sequence[DateToWrite], jobs: Sequence[JobToWrite]) -> str:
    """Write a rota as CSV that a spreadsheet opens as it is, and that reads back as the same.

    It begins with a byte order mark: encode it as UTF-8. What people typed can be no formula.
    """
    table = io.StringIO()
    table.write(BYTE_ORDER_MARK)
    writer = csv.writer(table)
    writer.writerow([OVER_JOBS, *map(_heading, dates)])
    for job in jobs:
        for place in range(job.places):
            star = NEEDED if place < job.needed else ""
            cells = [
                _cell(date, people, place) for date, people in zip(dates, job.people, strict=True)
            ]
            writer.writerow([harmless(job.name + star), *cells])
    if any(job.needed for job in jobs):
        writer.writerow([""] * (len(dates) + 1))
        writer.writerow([LEGEND, *[""] * len(dates)])
    return table.getvalue()


def _heading(date: DateToWrite) -> str:
    """Write a day so that no spreadsheet takes it for its own way of dates: "Sat 5 Dec 2026"."""
    day = date.day
    weekday, month = WEEKDAYS[day.weekday()][:SHORT], MONTHS[day.month - 1][:SHORT]
    note = " ".join(_BRACKETS.sub(" ", date.note).split())
    return f"{weekday} {day.day} {month} {day.year:04d}" + (f" ({note})" if note else "")


def _cell(date: DateToWrite, people: Sequence[PersonToWrite], place: int) -> str:
    if date.is_cancelled:
        return CANCELLED
    if place >= len(people):
        return ""
    person = people[place]
    return harmless(person.name + (PENCILLED if person.is_pencilled else ""))
