"""Jinja filters: every time, length and name on a page goes through one of these.

Times come in as aware datetimes and a zone name (`{{ event.starts_at | clock(zone) }}`), so
that nothing depends on the machine. Words go through gettext; the order of the parts is
British. Plain dates need no zone.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zlib import crc32
from zoneinfo import ZoneInfo

from flask_babel import gettext
from flask_babel import ngettext

from timebank.core import clock as wall_clock
from timebank.core import hours as length
from timebank.core import text

if TYPE_CHECKING:
    from flask import Flask

HUES = 5
NOON = 12


def N_(word: str) -> str:  # noqa: N802 - the name that message extraction looks for
    """Mark a word for translation without translating it yet."""
    return word


WEEKDAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)
SHORT_WEEKDAYS = (
    N_("Mon"),
    N_("Tue"),
    N_("Wed"),
    N_("Thu"),
    N_("Fri"),
    N_("Sat"),
    N_("Sun"),
)
MONTHS = (
    N_("January"),
    N_("February"),
    N_("March"),
    N_("April"),
    N_("May"),
    N_("June"),
    N_("July"),
    N_("August"),
    N_("September"),
    N_("October"),
    N_("November"),
    N_("December"),
)
# A ticket has room for four letters.
SHORT_MONTHS = (
    N_("Jan"),
    N_("Feb"),
    N_("Mar"),
    N_("Apr"),
    N_("May"),
    N_("June"),
    N_("July"),
    N_("Aug"),
    N_("Sept"),
    N_("Oct"),
    N_("Nov"),
    N_("Dec"),
)


def register(app: Flask) -> None:
    """Offer the filters to every template."""
    app.jinja_env.filters.update(
        clock=clock,
        clock_span=clock_span,
        day=day,
        day_number=day_number,
        first_name=text.first_name,
        hours=hours,
        hours_figure=length.figure,
        hours_left=hours_left,
        hours_unit=hours_unit,
        hue=hue,
        initials=text.initials,
        iso=iso,
        long_day=long_day,
        month=month,
        public_name=text.public_name,
        short_month=short_month,
        short_weekday=short_weekday,
        signed_hours=length.signed,
        weekday=weekday,
    )


def clock(at: dt.datetime, zone: str) -> str:
    """Write a time of day: "9am", "10:30am", "noon", "midnight"."""
    local = at.astimezone(ZoneInfo(zone))
    if not local.minute and local.hour == NOON:
        return gettext("noon")
    if not local.minute and not local.hour:
        return gettext("midnight")
    figure = str(local.hour % NOON or NOON)
    if local.minute:
        figure = f"{figure}:{local.minute:02d}"
    return f"{figure}{gettext('am') if local.hour < NOON else gettext('pm')}"


def clock_span(starts_at: dt.datetime, ends_at: dt.datetime, zone: str) -> str:
    """Write from when to when: "9am to 10:30am"."""
    return gettext("%(start)s to %(end)s", start=clock(starts_at, zone), end=clock(ends_at, zone))


def day(at: dt.date, zone: str = "UTC") -> str:
    """Write a day briefly: "Sat 1 May"."""
    date = _date(at, zone)
    return (
        f"{gettext(SHORT_WEEKDAYS[date.weekday()])} {date.day} {gettext(MONTHS[date.month - 1])}"
    )


def long_day(at: dt.date, zone: str = "UTC", *, today: dt.date | None = None) -> str:
    """Write a day in full: "Saturday 1 May"; with its year unless that is this year."""
    date = _date(at, zone)
    name = f"{gettext(WEEKDAYS[date.weekday()])} {date.day} {gettext(MONTHS[date.month - 1])}"
    return name if _is_this_year(date, zone, today) else f"{name} {date.year}"


def month(at: dt.date, zone: str = "UTC", *, today: dt.date | None = None) -> str:
    """Write a month, for a heading: "April"; with its year unless that is this year."""
    date = _date(at, zone)
    name = gettext(MONTHS[date.month - 1])
    return name if _is_this_year(date, zone, today) else f"{name} {date.year}"


def iso(at: dt.date, zone: str = "UTC") -> str:
    """Write a moment for machines, as `<time datetime>` wants it: "2027-05-01T09:00+01:00"."""
    if isinstance(at, dt.datetime):
        return at.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")
    return at.isoformat()


def weekday(at: dt.date, zone: str = "UTC") -> str:
    """Name the day of the week: "Saturday"."""
    return gettext(WEEKDAYS[_date(at, zone).weekday()])


def short_weekday(at: dt.date, zone: str = "UTC") -> str:
    """Name the day of the week for a ticket: "Sat"."""
    return gettext(SHORT_WEEKDAYS[_date(at, zone).weekday()])


def day_number(at: dt.date, zone: str = "UTC") -> str:
    """Write the day of the month for a ticket: "1"."""
    return str(_date(at, zone).day)


def short_month(at: dt.date, zone: str = "UTC") -> str:
    """Name the month for a ticket: "May", "Sept"."""
    return gettext(SHORT_MONTHS[_date(at, zone).month - 1])


def hours(minutes: int) -> str:
    """Say how long: "1½ hours", "¾ hour", "20 minutes"."""
    return length.in_words(minutes, ngettext=ngettext)


def hours_left(minutes: int) -> str:
    """Write what is in an account for its owner: "12½"; below nought in words, never a number."""
    if minutes >= 0:
        return length.figure(minutes)
    return gettext("%(hours)s more had", hours=hours(-minutes))


def hours_unit(minutes: int) -> str:
    """Name the unit after a figure of hours: "hour" or "hours"."""
    return length.unit(minutes, ngettext=ngettext)


def hue(of: int | str) -> int:
    """Choose one of the five avatar colours for a person's id, or for a name that has none."""
    return (crc32(of.encode()) if isinstance(of, str) else of) % HUES + 1


def _date(at: dt.date, zone: str) -> dt.date:
    if isinstance(at, dt.datetime):
        return at.astimezone(ZoneInfo(zone)).date()
    return at


def _is_this_year(date: dt.date, zone: str, today: dt.date | None) -> bool:
    return date.year == (today or _date(wall_clock.now(), zone)).year
