"""When a series takes place: its days, and what the clock on the wall means on each.

Over a clock change a series keeps its time of day. Where the clocks skip that time, the date
starts as much later as the clocks jump and lasts as long as ever; where a time happens twice, the
first is meant. `timebank.domain.events.sentences` says so whenever it will happen.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator

from timebank.core import clock
from timebank.models import Frequency

STEP_DAYS = {Frequency.WEEKLY: 7, Frequency.FORTNIGHTLY: 14}
FIFTH = 5
MONTHS_A_YEAR = 12


def days_of(frequency: Frequency, first_on: dt.date, *, until: dt.date) -> Iterator[dt.date]:
    """Go through the days of a rhythm, from the first one to `until` (included)."""
    return itertools.takewhile(lambda day: day <= until, _endless(frequency, first_on))


def span_on(
    day: dt.date, starts_time: dt.time, ends_time: dt.time, timezone: str
) -> tuple[dt.datetime, dt.datetime]:
    """Tell when an event starts and ends on a day, in UTC."""
    starts_at = clock.at_local(day, starts_time, timezone)
    if clock.exists_locally(day, starts_time, timezone):
        return starts_at, clock.at_local(day, ends_time, timezone)
    length = dt.datetime.combine(day, ends_time) - dt.datetime.combine(day, starts_time)
    return starts_at, starts_at + length


def nth_of_month(day: dt.date) -> int:
    """Count which Saturday (or other weekday) of its month a day is: 1 to 5."""
    return (day.day - 1) // 7 + 1


def _endless(frequency: Frequency, first_on: dt.date) -> Iterator[dt.date]:
    if frequency is Frequency.ONCE:
        return iter((first_on,))
    if frequency is Frequency.MONTHLY:
        return _same_weekday_each_month(first_on)
    step = STEP_DAYS[frequency]
    return (first_on + dt.timedelta(days=step * index) for index in itertools.count())


def _same_weekday_each_month(first_on: dt.date) -> Iterator[dt.date]:
    """First Saturdays, say; a fifth one means the last of each month."""
    nth = nth_of_month(first_on)
    for month in itertools.count(first_on.year * MONTHS_A_YEAR + first_on.month - 1):
        first = dt.date(month // MONTHS_A_YEAR, month % MONTHS_A_YEAR + 1, 1)
        earliest = first + dt.timedelta(days=(first_on.weekday() - first.weekday()) % 7)
        day = earliest + dt.timedelta(weeks=nth - 1)
        yield day if day.month == first.month else day - dt.timedelta(weeks=1)
