"""A line of a member list as somebody with hours: what is plain, and what has to be asked."""

from __future__ import annotations

import datetime as dt
import enum
import functools
import re
from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from timebank.core.emails import email_typed
from timebank.core.hours import MINUTES_PER_HOUR
from timebank.core.hours import TooManyHours
from timebank.core.hours import UnreadableHours
from timebank.core.hours import exact_minutes
from timebank.core.hours import whole_minutes
from timebank.core.text import BEGINS_A_FORMULA
from timebank.core.text import first_name
from timebank.core.text import unaccented
from timebank.core.typed_days import day_in
from timebank.core.typed_days import read_day
from timebank.domain.ledger.member_lists.reading import Row

Value = TypeVar("Value")

LONGEST_NAME = 80
LONGEST_PHONE = 30
LEAST_FIGURES, MOST_FIGURES = 5, 15  # of a phone number, ITU-T E.164
UNUSUALLY_MANY_MINUTES = 500 * MINUTES_PER_HOUR  # somebody may have typed minutes
FIRST_YEAR = 1900

# What people write where there is nothing, in small letters.
_NOTHING = frozenset(
    {"-", "--", "–", "—", "n/a", "na", "no", "nil", "none", "x", "?", "unknown"}
    | {"no email", "no e-mail", "no mail", "no phone", "not known"}
)
_TOTALS = frozenset({"total", "totals", "sum", "grand total", "total hours", "hours total"})
_PHONE = re.compile(r"\+?[0-9(][0-9 ()./-]*(?: ?(?:ext|x)\.? ?[0-9]{1,6})?", re.IGNORECASE)


class Doubt(enum.StrEnum):
    """Why a line has to be asked about."""

    NAME_MISSING = "name_missing"
    NAME_FORMULA = "name_formula"
    NAME_UNREADABLE = "name_unreadable"
    NAME_TOTAL = "name_total"
    EMAIL_UNREADABLE = "email_unreadable"
    PHONE_UNREADABLE = "phone_unreadable"
    JOINED_UNREADABLE = "joined_unreadable"
    JOINED_TO_COME = "joined_to_come"
    HOURS_UNREADABLE = "hours_unreadable"
    HOURS_NEGATIVE = "hours_negative"
    HOURS_MANY = "hours_many"
    SAME_EMAIL = "same_email"  # as a line above
    SAME_NAME = "same_name"
    KNOWN_NAME = "known_name"  # a member is called that
    OTHER_NAME = "other_name"  # a member with that e-mail is called otherwise


# Which cell a doubt is about; the rest is about the whole line.
CELL_OF: Mapping[Doubt, str] = {
    Doubt.NAME_MISSING: "name",
    Doubt.NAME_FORMULA: "name",
    Doubt.NAME_UNREADABLE: "name",
    Doubt.NAME_TOTAL: "name",
    Doubt.EMAIL_UNREADABLE: "email",
    Doubt.PHONE_UNREADABLE: "phone",
    Doubt.JOINED_UNREADABLE: "joined",
    Doubt.JOINED_TO_COME: "joined",
    Doubt.HOURS_UNREADABLE: "hours",
    Doubt.HOURS_NEGATIVE: "hours",
    Doubt.HOURS_MANY: "hours",
}
# These are only asked: what was read may stand. A line with any other can't be taken in as it is.
MAY_STAND = frozenset({Doubt.HOURS_NEGATIVE, Doubt.HOURS_MANY, Doubt.NAME_TOTAL})


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody on the list.

    Attributes:
        row: what was typed.
        email: in small letters; None: they have none, or it can't be read.
        joined: None: not said, or it can't be read.
        minutes: brought forward; below zero they owe them.
        doubts: about its cells.
        is_rounded: the hours held part of a minute.
    """

    row: Row
    name: str
    email: str | None
    phone: str | None
    joined: dt.date | None
    minutes: int
    doubts: tuple[Doubt, ...]
    is_rounded: bool = False

    @property
    def unreadable(self) -> tuple[Doubt, ...]:
        """The doubts that must be settled before this line can be taken in."""
        return tuple(doubt for doubt in self.doubts if doubt not in MAY_STAND)


class _Unreadable(Exception):
    """A cell says something that can't be read."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt)
        self.doubt = doubt


def understand(row: Row, *, today: dt.date) -> Line:
    """Read every cell of a line; nothing that is in doubt is guessed.

    Days are read day first; hours to the minute.
    """
    doubts = _doubts_of_name(row.name)
    email = _take(doubts, _email, row.email)
    phone = _take(doubts, _phone, row.phone)
    joined = _take(doubts, _day, row.joined)
    if joined is not None and joined > today:
        doubts.append(Doubt.JOINED_TO_COME)
    exact = _take(doubts, _minutes, row.hours) or Fraction(0)
    minutes = whole_minutes(exact)
    if minutes < 0:
        doubts.append(Doubt.HOURS_NEGATIVE)
    elif minutes > UNUSUALLY_MANY_MINUTES:
        doubts.append(Doubt.HOURS_MANY)
    return Line(
        row=row,
        name=row.name,
        email=email,
        phone=phone,
        joined=joined,
        minutes=minutes,
        doubts=tuple(doubts),
        is_rounded=exact != minutes,
    )


def _take(doubts: list[Doubt], read: Callable[[str], Value | None], text: str) -> Value | None:
    """Read a cell, or note why not; where people write that there is nothing, there is nothing."""
    if not text or (text.casefold() in _NOTHING and read is not _minutes):
        return None
    try:
        return read(text)
    except _Unreadable as unreadable:
        doubts.append(unreadable.doubt)
        return None


def _doubts_of_name(name: str) -> list[Doubt]:
    if not name:
        return [Doubt.NAME_MISSING]
    if name.startswith(BEGINS_A_FORMULA):
        return [Doubt.NAME_FORMULA]
    if not first_name(name) or len(name) > LONGEST_NAME or "@" in name:
        return [Doubt.NAME_UNREADABLE]
    return [Doubt.NAME_TOTAL] if unaccented(name).rstrip(":") in _TOTALS else []


def _email(text: str) -> str:
    address = email_typed(text.removeprefix("mailto:"))
    if address is None:
        raise _Unreadable(Doubt.EMAIL_UNREADABLE)
    return address


def _phone(text: str) -> str:
    figures = sum(letter.isdigit() for letter in text)
    is_phone = _PHONE.fullmatch(text) and LEAST_FIGURES <= figures <= MOST_FIGURES
    if not is_phone or len(text) > LONGEST_PHONE:
        raise _Unreadable(Doubt.PHONE_UNREADABLE)
    return text


@functools.lru_cache(maxsize=1024)
def _day(text: str) -> dt.date:
    written = read_day(text)
    if written is None or written.note or written.has_more:
        raise _Unreadable(Doubt.JOINED_UNREADABLE)
    if written.year is None or written.year < FIRST_YEAR or written.day_first is None:
        raise _Unreadable(Doubt.JOINED_UNREADABLE)
    day = day_in(written.year, written.day_first)
    if day is None or (written.weekdays and day.weekday() not in written.weekdays):
        raise _Unreadable(Doubt.JOINED_UNREADABLE)
    return day


@functools.lru_cache(maxsize=1024)
def _minutes(text: str) -> Fraction:
    try:
        return exact_minutes(text)
    except (UnreadableHours, TooManyHours) as refusal:
        raise _Unreadable(Doubt.HOURS_UNREADABLE) from refusal
