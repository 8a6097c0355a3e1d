"""Write VFREEBUSY with the icalendar library: when somebody is busy, and nothing besides.

Source: RFC 5545 3.6.4, 3.8.2.6.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from icalendar import Calendar
from icalendar import FreeBusy
from icalendar import vText

from timebank.domain.calendar.vevents import MAKER


def vfreebusy(
    *,
    uid: str,
    changed_at: dt.datetime,
    since: dt.datetime,
    until: dt.datetime,
    spans: Iterable[tuple[dt.datetime, dt.datetime]],
) -> bytes:
    """Write one calendar with one VFREEBUSY in UTC; the same arguments are the same bytes.

    Args:
        uid: The same for life.
        changed_at: When what it tells changed last; never the moment of writing.
        since: The start of the time that it tells about.
        until: Its end.
        spans: When somebody is busy, in order, without overlaps.
    """
    told = FreeBusy()
    told.add("uid", uid)
    told.add("dtstamp", changed_at.astimezone(dt.UTC))
    told.add("dtstart", since.astimezone(dt.UTC))
    told.add("dtend", until.astimezone(dt.UTC))
    for starts_at, ends_at in spans:
        # As text: the library would add VALUE=PERIOD, which some programs stumble over.
        span = f"{_stamp(starts_at)}/{_stamp(ends_at)}"
        told.add("freebusy", vText(span), parameters={"FBTYPE": "BUSY"})
    calendar = Calendar()
    calendar.add("prodid", MAKER)
    calendar.add("version", "2.0")
    calendar.add_component(told)
    written: bytes = calendar.to_ical()
    return written


def _stamp(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
