"""Which days the headings of a rota mean, when they leave out the year or the order.

All headings are settled together: of the years they may mean, those whose dates follow each other
closest, which takes a rota over New Year and still reads one whose newest date comes first. Which
of two numbers is the month is one answer for all of them: the day comes first unless the other
order fits better with the neighbours, with weeks and with weekdays.
"""

from __future__ import annotations

import datetime as dt
import enum
import itertools
from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

from timebank.core.typed_days import Written
from timebank.core.typed_days import day_in
from timebank.core.when import DAYS_IN_WEEK

YEARS_AROUND = range(-2, 3)  # five years, one of which has a 29th of February

# What it costs, in days, to read headings so.
CONTRARY_ORDER = 100_000  # one heading can only be read in the other order
WRONG_WEEKDAY = 250  # another weekday than the one written: less than a year, it may be a slip
UNUSUAL_WEEKDAY = 100  # another weekday than the series has
SAME_DAY = 50
BACKWARDS = 200
EACH_DAY_BACKWARDS = 3
MOST_FOR_A_STEP = 366  # so that a slip in one year doesn't draw the other dates towards it
# Between equals, the dates near today, and rather to come than gone: less than a day for them all.
EACH_DAY_AHEAD = 1e-7
EACH_DAY_PAST = 4e-7

# What an order costs on top of that, instead of days.
MONTH_FIRST = 30  # few neighbours write the month first
UNEVEN = 20  # not whole weeks after the date before


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
    option: _Option
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
    readings = [
        _in_order(headings, month_first=month_first, usual=usual, today=today)
        for month_first in (False, True)
    ]
    days_first, months_first = (_cost_of_order(reading) for reading in readings)
    chosen = readings[months_first + MONTH_FIRST < days_first]
    return tuple(
        Settled(option.day, _guesses(heading)) if heading and option else Settled(None)
        for heading, option in zip(headings, chosen, strict=True)
    )


def _in_order(
    headings: Sequence[Written | None], *, month_first: bool, usual: int | None, today: dt.date
) -> list[_Option | None]:
    """Read all headings in one order of day and month; None: no such day."""
    years = _years(headings, today)
    columns = [
        _options(heading, month_first=month_first, usual=usual, years=years)
        for heading in headings
    ]
    chosen = iter(_closest([options for options in columns if options], today))
    return [next(chosen) if options else None for options in columns]


def _cost_of_order(reading: Sequence[_Option | None]) -> float:
    options = [option for option in reading if option]
    gaps = [(later.day - earlier.day).days for earlier, later in itertools.pairwise(options)]
    return (
        sum(option.cost for option in options)
        + sum(UNEVEN for gap in gaps if gap % DAYS_IN_WEEK)
        + sum(BACKWARDS for gap in gaps if gap < 0)
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


def _years(headings: Sequence[Written | None], today: dt.date) -> list[int]:
    """List the years that may be meant: those around today, and around the one written most."""
    around = [today.year + step for step in YEARS_AROUND]
    written = Counter(
        heading.year for heading in headings if heading and heading.year in range(1, around[-1])
    )
    return sorted(
        {
            *around,
            *(year + step for year, _ in written.most_common(1) if year for step in (-1, 0, 1)),
        }
    )


def _options(
    heading: Written | None, *, month_first: bool, usual: int | None, years: Iterable[int]
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
    days = [day_in(year, reading) for year in (years if heading.year is None else [heading.year])]
    cost = 0 if likely else CONTRARY_ORDER
    return [_Option(day, cost + _weekday_cost(heading, day, usual)) for day in days if day]


def _weekday_cost(heading: Written, day: dt.date, usual: int | None) -> int:
    if heading.weekdays:
        return 0 if day.weekday() in heading.weekdays else WRONG_WEEKDAY
    return 0 if usual in {None, day.weekday()} else UNUSUAL_WEEKDAY


def _closest(columns: Iterable[list[_Option]], today: dt.date) -> list[_Option]:
    """Choose one day a heading so that the whole costs least."""
    paths: list[_Path] = []
    for options in columns:
        paths = [_onwards(paths, option, today) for option in options]
    best = min(paths, key=lambda path: path.cost, default=None)
    chosen: list[_Option] = []
    while best:
        chosen.append(best.option)
        best = best.earlier
    return chosen[::-1]


def _onwards(paths: list[_Path], option: _Option, today: dt.date) -> _Path:
    """Reach a day by the cheapest of the paths so far."""
    ahead = (option.day - today).days
    own = option.cost + (ahead * EACH_DAY_AHEAD if ahead > 0 else -ahead * EACH_DAY_PAST)
    if not paths:
        return _Path(own, option, None)
    cost, earlier = min(
        ((path.cost + _step(path.option.day, option.day), path) for path in paths),
        key=lambda reached: reached[0],
    )
    return _Path(cost + own, option, earlier)


def _step(earlier: dt.date, later: dt.date) -> int:
    days = (later - earlier).days
    if days > 0:
        return min(days, MOST_FOR_A_STEP)
    return min(BACKWARDS - EACH_DAY_BACKWARDS * days, MOST_FOR_A_STEP * 2) if days else SAME_DAY
