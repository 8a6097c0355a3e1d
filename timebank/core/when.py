"""Times and days as people say them: "9am", "Sat 1 May", "tomorrow".

For messages, which are worded where no page and no visitor is. Pages have filters of the same
names that translate (`timebank.web.filters`).
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

NOON = 12
DAYS_IN_WEEK = 7
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def clock(at: dt.datetime, zone: str) -> str:
    """Write a time of day: "9am", "10:30am", "noon", "midnight"."""
    local = at.astimezone(ZoneInfo(zone))
    if not local.minute and local.hour % NOON == 0:
        return "noon" if local.hour else "midnight"
    figure = str(local.hour % NOON or NOON)
    if local.minute:
        figure = f"{figure}:{local.minute:02d}"
    return f"{figure}{'am' if local.hour < NOON else 'pm'}"


def day(at: dt.datetime, zone: str) -> str:
    """Write a day briefly: "Sat 1 May"."""
    date = at.astimezone(ZoneInfo(zone))
    return f"{WEEKDAYS[date.weekday()][:3]} {date.day} {MONTHS[date.month - 1]}"


def long_day(at: dt.datetime, zone: str) -> str:
    """Write a day in full: "Saturday 1 May"."""
    date = at.astimezone(ZoneInfo(zone))
    return f"{WEEKDAYS[date.weekday()]} {date.day} {MONTHS[date.month - 1]}"


def date(on: dt.date) -> str:
    """Write a date in full: "1 May 2027"."""
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def near_day(at: dt.datetime, zone: str, *, now: dt.datetime) -> str:
    """Say a day as seen from now: "Today", "Tomorrow", "On Saturday", "On Sat 1 May"."""
    date = at.astimezone(ZoneInfo(zone)).date()
    ahead = (date - now.astimezone(ZoneInfo(zone)).date()).days
    if ahead in {0, 1}:
        return "Tomorrow" if ahead else "Today"
    if 0 < ahead < DAYS_IN_WEEK:
        return f"On {WEEKDAYS[date.weekday()]}"
    return f"On {day(at, zone)}"


def this_day(at: dt.datetime, zone: str, *, now: dt.datetime) -> str:
    """Say a day inside a sentence: "today", "tomorrow", "this Saturday", "on Sat 8 May"."""
    said = near_day(at, zone, now=now)
    ahead = (at.astimezone(ZoneInfo(zone)).date() - now.astimezone(ZoneInfo(zone)).date()).days
    said = said.replace("On ", "this ") if 0 < ahead < DAYS_IN_WEEK else said
    return said[:1].lower() + said[1:]
