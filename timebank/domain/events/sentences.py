"""Read a schedule back as a sentence: "Saturdays at 9am: 1, 8, 15, 22, 29 May and so on."."""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
from zoneinfo import ZoneInfo

from timebank.core import clock
from timebank.domain.events import rhythm
from timebank.domain.events.drafts import SeriesDraft
from timebank.models import Frequency
from timebank.models import Series

SHOWN = 5
LOOK_AHEAD = dt.timedelta(days=366)
NOON = 12
SHORTEST_MONTH, LONGEST_MONTH = 28, 31
ENDINGS = {1: "st", 2: "nd", 3: "rd"}
ORDINALS = {1: "First", 2: "Second", 3: "Third", 4: "Fourth", 5: "Last"}


def schedule_sentence(plan: SeriesDraft | Series, *, timezone: str, today: dt.date) -> str:
    """Say when a series takes place, and where the clocks will change that.

    Args:
        plan: A draft or a series.
        timezone: The community's, an IANA name.
        today: A year is named only where it isn't this one.
    """
    days = list(rhythm.days_of(plan, until=plan.first_on + LOOK_AHEAD))
    at = time_in_words(plan.starts_time)
    if plan.frequency is Frequency.ONCE:
        sentence = f"{_weekday(plan.first_on)} {_list_days(days, today)} at {at}."
    else:
        sentence = f"{_rhythm(plan)}{_season(plan)} at {at}: {_shown(plan, days, today)}."
    return " ".join([sentence, *_clock_changes(plan, days, timezone, today)])


def _shown(plan: SeriesDraft | Series, days: list[dt.date], today: dt.date) -> str:
    """List the first few dates, and say whether and until when it goes on."""
    shown = _list_days(days[:SHOWN], today)
    if plan.last_on is None:
        return f"{shown} and so on"
    if len(days) <= SHOWN and plan.last_on <= plan.first_on + LOOK_AHEAD:
        return shown
    last = f"{plan.last_on.day} {_month_and_year(plan.last_on, today)}"
    return f"{shown} and so on until {last}"


def time_in_words(time: dt.time) -> str:
    """Write a time of day: "9am", "10:30am", "noon", "midnight"."""
    if not time.minute and time.hour in {0, NOON}:
        return "noon" if time.hour else "midnight"
    minutes = f":{time.minute:02d}" if time.minute else ""
    return f"{time.hour % NOON or NOON}{minutes}{'am' if time.hour < NOON else 'pm'}"


def _rhythm(plan: SeriesDraft | Series) -> str:
    weekday = _weekday(plan.first_on)
    if plan.frequency is Frequency.DAILY:
        return "Every day"
    if plan.frequency is Frequency.WEEKLY:
        return f"{weekday}s"
    if plan.frequency is Frequency.FORTNIGHTLY:
        return f"Every other {weekday}"
    if plan.frequency is Frequency.MONTHLY_BY_DATE:
        return f"On {_day_of_month(plan.first_on.day)}"
    return f"{ORDINALS[rhythm.nth_of_month(plan.first_on)]} {weekday} of each month"


def _day_of_month(day: int) -> str:
    if day == LONGEST_MONTH:
        return "the last day of each month"
    ending = ENDINGS.get(day % 10, "th") if day // 10 != 1 else "th"
    shorter = " (or its last day)" if day > SHORTEST_MONTH else ""
    return f"the {day}{ending} of each month{shorter}"


def _season(plan: SeriesDraft | Series) -> str:
    """Write " from June to August", or nothing."""
    if plan.season_from is None or plan.season_until is None:
        return ""
    first, last = calendar.month_name[plan.season_from], calendar.month_name[plan.season_until]
    return f" in {first}" if first == last else f" from {first} to {last}"


def _weekday(day: dt.date) -> str:
    return calendar.day_name[day.weekday()]


def _list_days(days: list[dt.date], today: dt.date) -> str:
    """Write "1, 8, 15 May, 5 June"; a year stands behind its last month unless it is this one."""
    parts = []
    for _, month in itertools.groupby(days, key=lambda day: (day.year, day.month)):
        of_month = list(month)
        numbers = ", ".join(str(day.day) for day in of_month)
        parts.append(f"{numbers} {_month_and_year(of_month[0], today)}")
    return ", ".join(parts)


def _month_and_year(day: dt.date, today: dt.date) -> str:
    month = calendar.month_name[day.month]
    return month if day.year == today.year else f"{month} {day.year}"


def _clock_changes(
    plan: SeriesDraft | Series, days: list[dt.date], timezone: str, today: dt.date
) -> list[str]:
    """Name the dates of the coming year on which the usual times are skipped or happen twice."""
    remarks = []
    usual = (plan.starts_time, plan.ends_time)
    for day in days:
        on = f"On {day.day} {_month_and_year(day, today)}"
        if not all(clock.exists_locally(day, time, timezone) for time in usual):
            span = rhythm.span_on(day, *usual, timezone)
            actual = " to ".join(_local_time(at, timezone) for at in span)
            remarks.append(f"{on} the clocks go forward, so that day it’s {actual}.")
        remarks += [
            f"{on} {time_in_words(time)} happens twice; we mean the first."
            for time in usual
            if clock.happens_twice(day, time, timezone)
        ]
    return remarks


def _local_time(at: dt.datetime, timezone: str) -> str:
    return time_in_words(at.astimezone(ZoneInfo(timezone)).time())
