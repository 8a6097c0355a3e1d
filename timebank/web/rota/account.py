"""A member's time account as My turns shows it: the latest entries, and the mugs on the shelf."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from flask_babel import gettext as _

from timebank.domain.ledger import Entry
from timebank.web.filters import day as day_of
from timebank.web.filters import hours
from timebank.web.filters import month as month_of

MUGS_HOURS = (5, 10, 25, 50, 100, 250)
MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a row of the statement."""

    title: str
    detail: str
    minutes: int
    account_id: int


@dataclass(frozen=True, slots=True)
class Month:
    """The entries of one month under its name."""

    name: str
    entries: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Mug:
    """A milestone of hours given."""

    hours: int
    is_done: bool
    words: str


def by_month(entries: list[Entry]) -> list[Month]:
    """Group entries, newest first, under the months they happened in."""
    grouped = groupby(entries, key=lambda entry: month_of(entry.on))
    return [Month(name, tuple(_line(entry) for entry in of_month)) for name, of_month in grouped]


def _line(entry: Entry) -> Line:
    detail = " · ".join(part for part in (entry.detail, day_of(entry.on)) if part)
    return Line(entry.what, detail, entry.minutes, entry.id)


def mugs(given_minutes: int) -> list[Mug]:
    """Lay out the mugs earned by hours given, and the next one."""
    given_hours = given_minutes // MINUTES_PER_HOUR
    done = [
        Mug(hours=n, is_done=True, words=_("%(n)s hours given", n=n))
        for n in MUGS_HOURS
        if n <= given_hours
    ]
    following = [n for n in MUGS_HOURS if n > given_hours][:1]
    return done + [
        Mug(hours=n, is_done=False, words=_("%(n)s hours: not yet", n=n)) for n in following
    ]


def to_next_mug(given_minutes: int) -> str:
    """Say how much is missing to the next mug: "6 more hours"; nothing when all are there."""
    following = [n for n in MUGS_HOURS if n * MINUTES_PER_HOUR > given_minutes][:1]
    if not following:
        return ""
    return hours(following[0] * MINUTES_PER_HOUR - given_minutes)
