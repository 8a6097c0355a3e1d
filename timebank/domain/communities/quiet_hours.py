"""The hours in which nobody's sleep is disturbed; by the community's own clock."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from timebank.core import clock
from timebank.models import Community


def after_quiet_hours(at: dt.datetime, community: Community) -> dt.datetime:
    """Put a moment off to the end of the community's quiet hours, where it lies in them."""
    return after(at, community.quiet_from, community.quiet_until, zone=community.timezone)


def after(at: dt.datetime, begins: dt.time, ends: dt.time, *, zone: str) -> dt.datetime:
    """Put a moment off to the end of quiet hours, where it lies in them; they may pass midnight.

    Args:
        at: The moment.
        begins: When they begin, on the clock on the wall.
        ends: When they end: that moment is not quiet any more.
        zone: Of that clock.
    """
    local = at.astimezone(ZoneInfo(zone))
    time = local.time()
    over_midnight = begins > ends
    is_quiet = time >= begins or time < ends if over_midnight else begins <= time < ends
    if not is_quiet:
        return at
    morning = local.date() + dt.timedelta(days=int(over_midnight and time >= begins))
    return max(at, clock.at_local(morning, ends, zone))
