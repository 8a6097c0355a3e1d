"""Which days the headings of a rota mean, when they leave out the year or the order.

All headings are settled together: of the ways to read them, the one whose dates follow each other
closest. That takes a rota over New Year, tells 2 January from 1 February by its neighbours, and
still reads one whose newest date comes first.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from timebank.domain.rota.spreadsheets.days import Written
from timebank.domain.rota.spreadsheets.days import day_in

YEARS_AROUND = range(-2, 3)  # five years, one of which has a 29th of February

# What it costs, in days, to read headings so.
CONTRARY_ORDER = 100_000  # one heading can only be read in the other order
WRONG_WEEKDAY = 1_000  # another weekday than the one written
UNUSUAL_WEEKDAY = 100  # another weekday than the series has
MONTH_FIRST = 100  # few neighbours write the month first
SAME_DAY = 50
BACKWARDS = 200
EACH_DAY_BACKWARDS = 3
# Between equals, the dates near today, and rather to come than gone.
EACH_DAY_AHEAD = 0.0001
EACH_DAY_PAST = 0.0002


class Guess(enum.StrEnum):
    """How a day was read, where it doesn't stand there in full."""

    YEAR = "year"
    ORDER = "order"
    SERIAL = "serial"


@dataclass(frozen=True, slots=True)
class Settled:
    """The day that a heading means (None: there is no such day), and what of it is a guess."""

    day: dt.date | None
    guesses: tuple[Guess, ...] = ()


@dataclass(frozen=True, slots=True)
class _Option:
    day: dt.date
    cost: float


@dataclass(frozen=True, slots=True)
class _Path:
    """Headings read up to here, at the lowest cost that ends with this day."""

    cost: float
    day: dt.date
    earlier: _Path | None


def settle(
    headings: Sequence[Written | None], *, today: dt.date, weekday: int | None = None
) -> tuple[Settled, ...]:
    """Settle the days of a rota's headings, in their order.

    Args:
        headings: None for one without a date in it.
        today: the year is guessed near it.
        weekday: the one that the series usually has, Monday 0.
    """
    usual = _usual_weekday(headings) if weekday is None else weekday
    ways = [
        [
            _options(heading, month_first=month_first, usual=usual, today=today)
            for heading in headings
        ]
        for month_first in (False, True)
    ]
    paths = [_closest(options, today) for options in ways]
    costs = [path.cost if path else 0.0 for path in paths]
    month_first = costs[1] + MONTH_FIRST < costs[0]
    days = _days_of(paths[month_first])
    return tuple(
        Settled(days.pop(0), _guesses(heading)) if heading and options else Settled(None)
        for heading, options in zip(headings, ways[month_first], strict=True)
    )


def _guesses(heading: Written) -> tuple[Guess, ...]:
    found = {
        Guess.YEAR: heading.year is None,
        Guess.ORDER: heading.is_ambiguous,
        Guess.SERIAL: heading.is_serial,
    }
    return tuple(guess for guess, is_one in found.items() if is_one)


def _usual_weekday(headings: Sequence[Written | None]) -> int | None:
    """Take the weekday that is written most often."""
    written = Counter(
        weekday
        for heading in headings
        if heading and len(heading.weekdays) == 1
        for weekday in heading.weekdays
    )
    return written.most_common(1)[0][0] if written else None


def _options(
    heading: Written | None, *, month_first: bool, usual: int | None, today: dt.date
) -> list[_Option]:
    """List the days that a heading may mean in one order, each with its cost."""
    if heading is None:
        return []
    likely, other = heading.day_first, heading.month_first
    if month_first:
        likely, other = other, likely
    reading = likely or other
    if reading is None:
        return []
    years = [today.year + step for step in YEARS_AROUND]
    if heading.year is not None:
        years = [heading.year]
    days = [day_in(year, reading) for year in years]
    cost = 0 if likely else CONTRARY_ORDER
    return [_Option(day, cost + _weekday_cost(heading, day, usual)) for day in days if day]


def _weekday_cost(heading: Written, day: dt.date, usual: int | None) -> int:
    if heading.weekdays:
        return 0 if day.weekday() in heading.weekdays else WRONG_WEEKDAY
    return 0 if usual in {None, day.weekday()} else UNUSUAL_WEEKDAY


def _closest(columns: list[list[_Option]], today: dt.date) -> _Path | None:
    """Choose one day a heading so that the whole costs least; None without a single day."""
    paths: list[_Path] = []
    for options in filter(None, columns):
        paths = [_onwards(paths, option, today) for option in options]
    return min(paths, key=lambda path: path.cost + _past(path.day, today), default=None)


def _onwards(paths: list[_Path], option: _Option, today: dt.date) -> _Path:
    """Reach a day by the cheapest of the paths so far."""
    if not paths:
        return _Path(_ahead(option.day, today) + option.cost, option.day, None)
    cost, earlier = min(
        ((path.cost + _step(path.day, option.day), path) for path in paths),
        key=lambda reached: reached[0],
    )
    return _Path(cost + option.cost, option.day, earlier)


def _ahead(first: dt.date, today: dt.date) -> float:
    return max((first - today).days, 0) * EACH_DAY_AHEAD


def _past(last: dt.date, today: dt.date) -> float:
    return max((today - last).days, 0) * EACH_DAY_PAST


def _step(earlier: dt.date, later: dt.date) -> int:
    days = (later - earlier).days
    if days > 0:
        return days
    return BACKWARDS - EACH_DAY_BACKWARDS * days if days else SAME_DAY


def _days_of(path: _Path | None) -> list[dt.date]:
    days: list[dt.date] = []
    while path:
        days.append(path.day)
        path = path.earlier
    return days[::-1]
