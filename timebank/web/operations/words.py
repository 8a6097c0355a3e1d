"""How long something takes and how often it comes, for somebody who glances at it."""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext
from flask_babel import ngettext

from timebank.web.filters import clock

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def how_long(seconds: float) -> str:
    """Write a length of time roughly: "4 seconds", "3 minutes", "5 hours", "2 days"."""
    whole = max(int(seconds), 0)
    if whole < 2 * _MINUTE:
        return ngettext("%(num)s second", "%(num)s seconds", whole)
    if whole < 2 * _HOUR:
        return ngettext("%(num)s minute", "%(num)s minutes", whole // _MINUTE)
    if whole < 2 * _DAY:
        return ngettext("%(num)s hour", "%(num)s hours", whole // _HOUR)
    return ngettext("%(num)s day", "%(num)s days", whole // _DAY)


def rhythm(every_seconds: int, at: dt.time | None) -> str:
    """Say when a job is rung for: "every minute", "every 5 seconds", "at 2:15am"."""
    if at is not None:
        moment = dt.datetime.combine(dt.date(2000, 1, 1), at, dt.UTC)
        return gettext("at %(time)s", time=clock(moment, "UTC"))
    if every_seconds == _MINUTE:
        return gettext("every minute")
    if every_seconds == _HOUR:
        return gettext("every hour")
    return gettext("every %(long)s", long=how_long(every_seconds))
