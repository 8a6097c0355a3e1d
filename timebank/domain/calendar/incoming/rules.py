"""The days that a rule of repetition falls on, found in a time that depends on nothing but days.

The usual library looks for a day that never comes until the year 9999, and nobody can stop it.
Here every period is looked at once, from the one that matters to the one that doesn't any more.

Source: RFC 5545 3.3.10, without what is within a day, and without weeks of the year.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_RULE = 300
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
USUAL = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
A_DAY = dt.timedelta(days=1)
A_WEEK = 7
MONTHS_A_YEAR = 12
_NUMBER = re.compile(r"[1-9][0-9]{0,4}")
_LISTS = {
    "BYMONTH": (re.compile(r"[1-9]|0[1-9]|1[0-2]"), 12),
    "BYMONTHDAY": (re.compile(r"[+-]?(?:0?[1-9]|[12][0-9]|3[01])"), 62),
    "BYYEARDAY": (re.compile(r"[+-]?[1-9][0-9]{0,2}"), 50),
    "BYSETPOS": (re.compile(r"[+-]?[1-9][0-9]{0,2}"), 50),
}
_WEEKDAY = re.compile(r"([+-]?[1-9][0-9]?)?(MO|TU|WE|TH|FR|SA|SU)")


@dataclass(frozen=True, slots=True)
class Days:
    """On which days something is; `weekdays`: (which of its month or year, weekday), 0: each."""

    frequency: str
    interval: int
    week_starts: int
    months: frozenset[int]
    month_days: frozenset[int]
    year_days: frozenset[int]
    weekdays: frozenset[tuple[int, int]]
    positions: tuple[int, ...]


def read_days(parts: dict[str, str], *, starts: dt.date) -> Days:
    """Read the parts of a rule but for its end, filled in from its first day.

    Raises:
        ValueError: They make no rule that we follow.
    """
    frequency, interval = parts.get("FREQ", ""), parts.get("INTERVAL", "1")
    known = {"FREQ", "INTERVAL", "WKST", "BYDAY", *_LISTS}
    if frequency not in USUAL or not _NUMBER.fullmatch(interval) or not set(parts) <= known:
        raise ValueError(frequency)
    lists = {name: _numbers(name, parts.get(name, "")) for name in _LISTS}
    weekdays = frozenset(_weekday(one) for one in _split(parts.get("BYDAY", ""), 60))
    months, month_days = lists["BYMONTH"], lists["BYMONTHDAY"]
    if not (month_days or lists["BYYEARDAY"] or weekdays):
        if frequency == "YEARLY":
            months = months or (starts.month,)
        if frequency in {"YEARLY", "MONTHLY"}:
            month_days = (starts.day,)
        if frequency == "WEEKLY":
            weekdays = frozenset({(0, starts.weekday())})
    return Days(
        frequency=frequency,
        interval=int(interval),
        week_starts=WEEKDAYS.index(parts.get("WKST", "MO")),
        months=frozenset(months),
        month_days=frozenset(month_days),
        year_days=frozenset(lists["BYYEARDAY"]),
        weekdays=weekdays if frequency in {"MONTHLY", "YEARLY"} else _plain(weekdays),
        positions=tuple(lists["BYSETPOS"]),
    )


def _split(text: str, most: int) -> list[str]:
    found = text.split(",") if text else []
    if len(found) > most:
        raise ValueError(text)
    return found


def _numbers(name: str, text: str) -> tuple[int, ...]:
    pattern, most = _LISTS[name]
    found = _split(text, most)
    if not all(map(pattern.fullmatch, found)):
        raise ValueError(text)
    return tuple(map(int, found))


def _weekday(text: str) -> tuple[int, int]:
    found = _WEEKDAY.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return int(found[1] or 0), WEEKDAYS.index(found[2])


def _plain(weekdays: frozenset[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """Leave off which one it is, where nothing but the weekday can be meant."""
    return frozenset((0, weekday) for _which, weekday in weekdays)


def days_between(
    days: Days, *, starts: dt.date, first: dt.date, last: dt.date
) -> Iterator[dt.date]:
    """Go through the days of a rule that begins on a day, from the first to the last wanted."""
    for period in _periods(days, starts, first, last):
        found = [day for day in period if _fits(days, day)]
        if days.positions:
            found = [
                found[place]
                for place in sorted({_place(one, len(found)) for one in days.positions})
                if 0 <= place < len(found)
            ]
        yield from (day for day in found if max(starts, first) <= day <= last)


def _place(position: int, length: int) -> int:
    return position - 1 if position > 0 else length + position


def _periods(
    days: Days, starts: dt.date, first: dt.date, last: dt.date
) -> Iterator[list[dt.date]]:
    """Go through the days, weeks, months or years that are wanted, each a list of its days."""
    first = max(first, starts)
    if days.frequency in {"DAILY", "WEEKLY"}:
        length = A_WEEK if days.frequency == "WEEKLY" else 1
        back = (starts.weekday() - days.week_starts) % A_WEEK if length == A_WEEK else 0
        begins = starts.toordinal() - back
        step = length * days.interval
        begins += max(0, first.toordinal() - begins) // step * step
        while begins <= last.toordinal():
            yield [dt.date.fromordinal(begins + day) for day in range(length) if begins + day > 0]
            begins += step
        return
    step = days.interval * (MONTHS_A_YEAR if days.frequency == "YEARLY" else 1)
    number = starts.year * MONTHS_A_YEAR + (starts.month - 1 if step == days.interval else 0)
    if days.frequency == "YEARLY":
        number = starts.year * MONTHS_A_YEAR
    number += max(0, first.year * MONTHS_A_YEAR + first.month - 1 - number) // step * step
    while number // MONTHS_A_YEAR <= last.year:
        months = range(number, number + (MONTHS_A_YEAR if days.frequency == "YEARLY" else 1))
        yield [day for month in months for day in _month(days, month)]
        number += step


def _month(days: Days, number: int) -> list[dt.date]:
    """List the days of a month, by its number since the year 0; none if the rule spares it."""
    year, month = number // MONTHS_A_YEAR, number % MONTHS_A_YEAR + 1
    if days.months and month not in days.months:
        return []
    return [dt.date(year, month, day) for day in range(1, _length(year, month) + 1)]


def _fits(days: Days, day: dt.date) -> bool:
    if days.months and day.month not in days.months:
        return False
    if days.month_days:
        from_end = day.day - _length(day.year, day.month) - 1
        if day.day not in days.month_days and from_end not in days.month_days:
            return False
    if days.year_days:
        number = day.timetuple().tm_yday
        from_end = number - _days_a_year(day.year) - 1
        if number not in days.year_days and from_end not in days.year_days:
            return False
    return not days.weekdays or _is_weekday(days, day)


def _is_weekday(days: Days, day: dt.date) -> bool:
    weekday = day.weekday()
    if (0, weekday) in days.weekdays:
        return True
    if days.frequency == "YEARLY" and not days.months:
        number, length = day.timetuple().tm_yday, _days_a_year(day.year)
    else:
        number, length = day.day, _length(day.year, day.month)
    which = (number - 1) // A_WEEK + 1
    from_end = -((length - number) // A_WEEK + 1)
    return (which, weekday) in days.weekdays or (from_end, weekday) in days.weekdays


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _days_a_year(year: int) -> int:
    return 366 if calendar.isleap(year) else 365
