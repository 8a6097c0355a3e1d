"""Whether lines belong to this sheet, date and event; what doesn't fit is asked about, once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from timebank.core.text import unaccented
from timebank.core.typed_days import day_in
from timebank.core.typed_days import read_day
from timebank.domain.rota.occasions import Occasion
from timebank.domain.rota.sheets import paper
from timebank.domain.rota.sheets.questions import LEAVE
from timebank.domain.rota.sheets.questions import THEIRS
from timebank.domain.rota.sheets.questions import THIS
from timebank.domain.rota.sheets.questions import Asking
from timebank.domain.rota.sheets.questions import Asks
from timebank.domain.rota.sheets.questions import Choice
from timebank.domain.rota.sheets.rows import Row
from timebank.models import PaperSheet


@dataclass(frozen=True, slots=True)
class Belongings:
    """Where lines belong: by what they say of their sheet, day and event.

    Attributes:
        numbers: The number of the sheet that counts, by what was typed for it.
        left_out: What was typed, of any of the three, whose lines are left out.
    """

    numbers: dict[str, str]
    left_out: frozenset[tuple[Asks, str]]

    def is_left_out(self, row: Row) -> bool:
        """Whether a line is of another date, event or sheet."""
        said = {(Asks.SHEET, row.sheet), (Asks.DAY, row.day), (Asks.EVENT, row.event)}
        return bool(said & self.left_out)

    def number(self, row: Row) -> str:
        """Under which number a line counts."""
        return self.numbers[row.sheet]


def belongings(
    session: Session,
    *,
    rows: Iterable[Row],
    sheet: PaperSheet,
    occasion: Occasion,
    asking: Asking,
) -> Belongings:
    """Compare what lines say with the sheet they are typed up for, and ask where it differs."""
    rows = list(rows)
    numbers: dict[str, str] = {}
    left_out: set[tuple[Asks, str]] = set()
    for row in rows:
        if row.sheet not in numbers:
            number = _number(session, row, sheet, asking)
            numbers[row.sheet] = number or sheet.number
            left_out |= set() if number else {(Asks.SHEET, row.sheet)}
        for asks, text, fits in (
            (Asks.DAY, row.day, is_the_day(row.day, occasion.occurs_on)),
            (Asks.EVENT, row.event, _words(row.event) == _words(occasion.title)),
        ):
            if text and not fits and not _asked(asking, asks, text):
                left_out |= {(asks, text)} if _leaves(asking, asks, row, text) else set()
    return Belongings(numbers, frozenset(left_out))


def is_the_day(text: str, day: dt.date) -> bool:
    """Whether a typed day is this one, days written before months; a year may be missing."""
    written = read_day(text)
    if written is None:
        return False
    reading = written.day_first or written.month_first
    is_plain = reading is not None and day_in(written.year or day.year, reading) == day
    return is_plain and (not written.weekdays or day.weekday() in written.weekdays)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", unaccented(text))


def _asked(asking: Asking, asks: Asks, text: str) -> bool:
    return any((one.asks, one.text) == (asks, text) for one in asking.made.values())


def _leaves(asking: Asking, asks: Asks, row: Row, text: str) -> bool:
    answer = asking.choose(
        asks,
        str(row.number),
        choices=(Choice(THIS), Choice(LEAVE)),
        line=str(row.number),
        text=text,
    )
    return answer == LEAVE


def _number(session: Session, row: Row, sheet: PaperSheet, asking: Asking) -> str | None:
    """Tell which sheet a line is of; None: it is left out. Unanswered, it goes with the others."""
    typed = paper.read_number(row.sheet)
    if not row.sheet or typed == sheet.number:
        return sheet.number
    whose = (
        paper.whose_number(session, community_id=sheet.community_id, number=typed)
        if typed
        else None
    )
    if whose and whose.event_id == sheet.event_id:
        return whose.number
    theirs = (Choice(THEIRS, typed),) if typed and not whose else ()
    answer = asking.choose(
        Asks.SHEET,
        str(row.number),
        choices=(*theirs, Choice(THIS), Choice(LEAVE)),
        line=str(row.number),
        text=row.sheet,
        number=sheet.number,
        is_of_another_date=whose is not None,
    )
    if answer == LEAVE:
        return None
    return typed if answer == THEIRS else sheet.number
