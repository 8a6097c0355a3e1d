"""The one place that asks what time it is."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo


def now() -> dt.datetime:
    """Tell the present moment, aware, in UTC, to the microsecond."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - this is the wrapper the rule asks for


def local_date(moment: dt.datetime, timezone: str) -> dt.date:
    """Tell which day `moment` falls on for people in `timezone` (an IANA name)."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def at_local(
    day: dt.date, time: dt.time, timezone: str, *, the_second: bool = False
) -> dt.datetime:
    """Turn a wall-clock time into UTC.

    A time that happens twice (clocks go back) means the first of the two, or `the_second`. One
    that does not happen at all is the caller's to refuse beforehand: see `exists_locally`.
    """
    local = dt.datetime.combine(day, time, ZoneInfo(timezone)).replace(fold=int(the_second))
    return local.astimezone(dt.UTC)


def exists_locally(day: dt.date, time: dt.time, timezone: str) -> bool:
    """Tell whether the clock on the wall ever shows `time` on `day`.

    Source: zoneinfo maps a skipped time silently; only the round trip shows it.
    """
    zone = ZoneInfo(timezone)
    local = dt.datetime.combine(day, time, zone)
    return local.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) == local.replace(
        tzinfo=None
    )


def happens_twice(day: dt.date, time: dt.time, timezone: str) -> bool:
    """Tell whether the clock on the wall shows `time` twice on `day` (clocks go back)."""
    local = dt.datetime.combine(day, time, ZoneInfo(timezone))
    return local.utcoffset() != local.replace(fold=1).utcoffset() and exists_locally(
        day, time, timezone
    )
