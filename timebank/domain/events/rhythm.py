"""When a series takes place: its days, and what the clock on the wall means on each.

Over a clock change a series keeps its time of day. Where the clocks skip that time, the date
starts as much later as the clocks jump and lasts as long as ever; where a time happens twice, the
first is meant. `timebank.domain.events.sentences` says so whenever it will happen.
"""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
from collections.abc import Iterator

from timebank.core import clock
from timebank.domain.events.drafts import SeriesDraft
from timebank.models import Frequency
from timebank.models import Series

STEP_DAYS = {Frequency.DAILY: 1, Frequency.WEEKLY: 7, Frequency.FORTNIGHTLY: 14}
FIFTH = 5
MONTHS_A_YEAR = 12
# No season keeps any rhythm waiting for longer.
LONGEST_WAIT = dt.timedelta(days=400)


def days_of(plan: SeriesDraft | Series, *, until: dt.date) -> Iterator[dt.date]:
    """Go through the days of a series that lie in its season, from its first date on.

    Args:
        plan: A draft or a series.
        until: The last day to look at; the series' own last date may come before it.
    """
    last = until if plan.last_on is None else min(until, plan.last_on)
    days = itertools.takewhile(lambda day: day <= last, _endless(plan.frequency, plan.first_on))
    months = season_months(plan.season_from, plan.season_until)
    return (day for day in days if day.month in months)


def next_day(plan: SeriesDraft | Series, *, today: dt.date) -> dt.date | None:
    """Tell its first day from `today` on, or None when there is none any more."""
    until = max(today, plan.first_on) + LONGEST_WAIT
    return next((day for day in days_of(plan, until=until) if day >= today), None)


def season_months(first: int | None, last: int | None) -> frozenset[int]:
    """List the months of a season, 1 to 12; it may go over New Year. None: all year round."""
    if first is None or last is None:
        return frozenset(range(1, MONTHS_A_YEAR + 1))
    length = (last - first) % MONTHS_A_YEAR
    return frozenset((first - 1 + step) % MONTHS_A_YEAR + 1 for step in range(length + 1))


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
    if frequency is Frequency.MONTHLY_BY_DATE:
        return _same_date_each_month(first_on)
    step = STEP_DAYS[frequency]
    return (first_on + dt.timedelta(days=step * index) for index in itertools.count())


def _same_weekday_each_month(first_on: dt.date) -> Iterator[dt.date]:
    """First Saturdays, say; a fifth one means the last of each month."""
    nth = nth_of_month(first_on)
    for first in _months_from(first_on):
        earliest = first + dt.timedelta(days=(first_on.weekday() - first.weekday()) % 7)
        day = earliest + dt.timedelta(weeks=nth - 1)
        yield day if day.month == first.month else day - dt.timedelta(weeks=1)


def _same_date_each_month(first_on: dt.date) -> Iterator[dt.date]:
    """The 15th, say; the 31st means the last day of a shorter month."""
    for first in _months_from(first_on):
        _weekday, length = calendar.monthrange(first.year, first.month)
        yield first.replace(day=min(first_on.day, length))


def _months_from(day: dt.date) -> Iterator[dt.date]:
    """Go through the first days of the months, from that of `day` on."""
    for month in itertools.count(day.year * MONTHS_A_YEAR + day.month - 1):
        yield dt.date(month // MONTHS_A_YEAR, month % MONTHS_A_YEAR + 1, 1)
