"""The dates of a spreadsheet: every heading settled, and what of it is a guess said."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from collections.abc import Sequence

from timebank.core.typed_days import Written
from timebank.domain.rota.spreadsheets.layout import Layout
from timebank.domain.rota.spreadsheets.people import is_formula
from timebank.domain.rota.spreadsheets.people import says_cancelled
from timebank.domain.rota.spreadsheets.records import SheetDate
from timebank.domain.rota.spreadsheets.remarks import Kind
from timebank.domain.rota.spreadsheets.remarks import Remarks
from timebank.domain.rota.spreadsheets.settling import Guess
from timebank.domain.rota.spreadsheets.settling import settle

FAR_AWAY = dt.timedelta(days=731)
GUESSED = {
    Guess.YEAR: Kind.YEAR_GUESSED,
    Guess.ORDER: Kind.ORDER_GUESSED,
    Guess.SERIAL: Kind.SERIAL_DAY,
}


def read_dates(
    layout: Layout, remarks: Remarks, *, today: dt.date, weekday: int | None
) -> tuple[SheetDate, ...]:
    """Read all headings, in their order; one that is no day stays among them without one."""
    places = [(heading.row, column) for heading in layout.headings for column in heading.days]
    written = [reading for heading in layout.headings for reading in heading.days.values()]
    settled = settle(written, today=today, weekday=weekday)
    dates = []
    for (row, column), reading, found in zip(places, written, settled, strict=True):
        note = reading.note if reading else ""
        date = SheetDate(
            at=layout.at(row, column),
            text=layout.rows[row][column],
            day=found.day,
            guesses=found.guesses,
            note="" if says_cancelled(note) else note,
            is_cancelled=_is_called_off(note),
        )
        for kind in _doubts(date, reading, today):
            remarks.say(kind, date.at, date.text, day=date.day)
        dates.append(date)
    _look_at_order(dates, remarks)
    return tuple(dates)


def with_cancelled(dates: Sequence[SheetDate], cancelled: set[int]) -> tuple[SheetDate, ...]:
    """Mark the dates that are off, by their numbers; all others take place."""
    return tuple(
        dataclasses.replace(date, is_cancelled=number in cancelled)
        for number, date in enumerate(dates)
    )


def _is_called_off(note: str) -> bool:
    """Whether a heading says it: "Sat 26 Dec (cancelled, flooding)"."""
    return any(says_cancelled(word) for word in (note, note.partition(" ")[0].strip(" ,;:")))


def _doubts(date: SheetDate, written: Written | None, today: dt.date) -> Iterator[Kind]:
    if date.day is None:
        yield _why_no_day(date, written)
        return
    yield from (GUESSED[guess] for guess in date.guesses)
    if written and written.has_more:
        yield Kind.DAY_PARTLY_READ
    if written and written.weekdays and date.day.weekday() not in written.weekdays:
        yield Kind.OTHER_WEEKDAY
    if abs(date.day - today) > FAR_AWAY:
        yield Kind.DAY_FAR_AWAY


def _why_no_day(date: SheetDate, written: Written | None) -> Kind:
    if is_formula(date.text):
        return Kind.FORMULA
    return Kind.DAY_IMPOSSIBLE if written else Kind.DAY_UNREADABLE


def _look_at_order(dates: Sequence[SheetDate], remarks: Remarks) -> None:
    """Say which days stand there twice, or after a later one."""
    seen: set[dt.date] = set()
    latest = dt.date.min
    for date in dates:
        if date.day is None:
            continue
        if date.day in seen:
            remarks.say(Kind.DAY_TWICE, date.at, date.text, day=date.day)
        elif date.day < latest:
            remarks.say(Kind.DAY_OUT_OF_ORDER, date.at, date.text, day=date.day)
        seen.add(date.day)
        latest = max(latest, date.day)
