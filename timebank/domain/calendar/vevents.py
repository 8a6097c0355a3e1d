"""Write iCalendar with the icalendar library, around its traps.

Loading the library takes a tenth of a second: `feeds` does it with the first feed that is written.

Source: RFC 5545, RFC 7986; docs/calendars.md.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from icalendar import Calendar
from icalendar import Event
from icalendar import vText

from timebank.core.text import tidy_line
from timebank.core.text import tidy_text
from timebank.domain.calendar.items import Cover
from timebank.domain.calendar.items import Item

MAKER = "-//Good Turn//Calendar//EN"
ASK_AGAIN_AFTER = "PT6H"
END = b"END:VCALENDAR\r\n"


def cover(page: Cover) -> bytes:
    """Write the head of a calendar, up to its first component.

    NAME and X-WR-CALNAME go in as vText: the library does not escape them otherwise.
    """
    calendar = Calendar()
    calendar.add("prodid", MAKER)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    name = vText(tidy_line(page.name))
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", vText(page.timezone))
    calendar.add("url", page.url)
    calendar.add("refresh-interval", vText(ASK_AGAIN_AFTER), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vText(ASK_AGAIN_AFTER))
    if page.source:
        calendar.add("source", page.source, parameters={"VALUE": "URI"})
    written: bytes = calendar.to_ical()
    return written.removesuffix(END)


def vevent(item: Item) -> bytes:
    """Write one item; the same item is always the same bytes.

    The library lets control characters through, hence the tidying of what was tidy when stored.
    """
    event = Event()
    event.add("uid", item.uid)
    event.add("dtstamp", item.updated_at.astimezone(dt.UTC))
    event.add("last-modified", item.updated_at.astimezone(dt.UTC))
    event.add("created", item.created_at.astimezone(dt.UTC))
    event.add("sequence", item.sequence)
    event.add("dtstart", _told(item.starts_at, item.timezone))
    event.add("dtend", _told(item.ends_at, item.timezone))
    event.add("status", "CANCELLED" if item.is_cancelled else "CONFIRMED")
    event.add("transp", "OPAQUE" if item.is_busy and not item.is_cancelled else "TRANSPARENT")
    event.add("summary", tidy_line(item.title))
    event.add("description", tidy_text(item.description))
    event.add("location", tidy_line(item.location))
    event.add("url", item.url)
    event.add("categories", [tidy_line(category) for category in item.categories])
    if item.position:
        event.add("geo", item.position)
    written: bytes = event.to_ical()
    return written


def _told(moment: dt.datetime, timezone: str) -> dt.datetime:
    """Put a moment into local time; into UTC when the clock on the wall shows that time twice."""
    local = moment.astimezone(ZoneInfo(timezone))
    if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        return moment.astimezone(dt.UTC)
    return local
