"""Write iCalendar with the icalendar library, around its traps.

Loading the library takes a tenth of a second: `feeds` does it with the first feed that is written.

Source: RFC 5545, RFC 7986, RFC 9074; docs/calendars.md.
"""

from __future__ import annotations

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

from icalendar import Alarm
from icalendar import Calendar
from icalendar import Event
from icalendar import vCalAddress
from icalendar import vText

from timebank.core.text import tidy_line
from timebank.core.text import tidy_text
from timebank.domain.calendar.items import Cover
from timebank.domain.calendar.items import Item
from timebank.domain.calendar.items import Mail

MAKER = "-//Good Turn//Calendar//EN"
ASK_AGAIN_AFTER = "PT6H"
END = b"END:VCALENDAR\r\n"
COLOUR = "darkgreen"
AS_BADGE = {"VALUE": "URI", "DISPLAY": "BADGE", "FMTTYPE": "image/png"}


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
    about = vText(tidy_line(page.about))
    calendar.add("description", about)
    calendar.add("x-wr-caldesc", about)
    calendar.add("color", COLOUR)
    calendar.add("url", page.url)
    calendar.add("refresh-interval", vText(ASK_AGAIN_AFTER), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vText(ASK_AGAIN_AFTER))
    if page.source:
        calendar.add("source", page.source, parameters={"VALUE": "URI"})
    written: bytes = calendar.to_ical()
    return written.removesuffix(END)


def vevent(item: Item) -> bytes:
    """Write one item; the same item is always the same bytes."""
    written: bytes = _event(item).to_ical()
    return written


def message(item: Item, mail: Mail, *, zone: bytes) -> bytes:
    """Write the calendar of a mail: one turn, from its organiser to one person.

    It is stamped with the moment of writing, as a message is, and not with the last change.

    Args:
        zone: The VTIMEZONE, written where a time is told in it.
    """
    calendar = Calendar()
    calendar.add("prodid", MAKER)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", mail.method)
    head: bytes = calendar.to_ical().removesuffix(END)
    event = _event(item)
    for name in ("dtstamp", "sequence"):
        del event[name]
    event.add("dtstamp", mail.stamp.astimezone(dt.UTC))
    event.add("sequence", mail.sequence)
    organiser = vCalAddress(f"mailto:{mail.organiser}")
    organiser.params["CN"] = tidy_line(mail.organiser_name).replace('"', "'")
    event.add("organizer", organiser)
    event.add("attendee", _attendee(mail))
    written: bytes = event.to_ical()
    return b"".join([head, zone if b";TZID=" in written else b"", written, END])


def _attendee(mail: Mail) -> vCalAddress:
    attendee = vCalAddress(f"mailto:{mail.attendee}")
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "ACCEPTED"
    attendee.params["RSVP"] = "TRUE" if mail.asks_reply else "FALSE"
    return attendee


def _event(item: Item) -> Event:
    """Say one item.

    The library lets control characters through, hence the tidying of what was tidy when stored.
    """
    event = Event()
    event.add("uid", item.uid)
    event.add("dtstamp", item.updated_at.astimezone(dt.UTC))
    event.add("last-modified", item.updated_at.astimezone(dt.UTC))
    event.add("created", item.created_at.astimezone(dt.UTC))
    event.add("sequence", item.sequence)
    starts, ends = _told(item)
    event.add("dtstart", starts)
    event.add("dtend", ends)
    if item.says_status:
        event.add("status", _status(item))
    event.add("transp", "OPAQUE" if item.is_busy and not item.is_cancelled else "TRANSPARENT")
    event.add("summary", tidy_line(item.title))
    event.add("description", tidy_text(item.description))
    if item.location:
        event.add("location", tidy_line(item.location))
    event.add("url", item.url)
    if item.categories:
        event.add("categories", [tidy_line(category) for category in item.categories])
    if item.position:
        event.add("geo", item.position)
    _add_looks(event, item)
    if item.alarm_minutes is not None:
        event.add_component(_alarm(item, item.alarm_minutes))
    return event


def _add_looks(event: Event, item: Item) -> None:
    """Say whom to ask, and how it looks; what two agreed on has neither."""
    if item.contact:
        event.add("contact", vText(tidy_line(item.contact)))
    if item.colour:
        event.add("color", item.colour)
    if item.picture:
        event.add("image", item.picture, parameters=AS_BADGE)


def _alarm(item: Item, minutes: int) -> Alarm:
    """Ring before it; its UID is derived, so that a bell once silenced stays silent (RFC 9074)."""
    alarm = Alarm()
    alarm.add("uid", str(uuid.uuid5(uuid.NAMESPACE_URL, f"{item.uid} alarm")))
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -dt.timedelta(minutes=minutes))
    alarm.add("description", tidy_line(item.title))
    return alarm


def _status(item: Item) -> str:
    if item.is_cancelled:
        return "CANCELLED"
    return "TENTATIVE" if item.is_uncertain else "CONFIRMED"


def _told(item: Item) -> tuple[dt.datetime, dt.datetime]:
    """Tell start and end in local time, or both in UTC when the clocks change around them.

    Some calendars take the length of an item from the clock on the wall, and none can know which
    half past one is meant in the hour that comes twice.
    """
    zone = ZoneInfo(item.timezone)
    starts, ends = item.starts_at.astimezone(zone), item.ends_at.astimezone(zone)
    offsets = {
        moment.replace(fold=fold).utcoffset() for moment in (starts, ends) for fold in (0, 1)
    }
    if len(offsets) > 1:
        return item.starts_at.astimezone(dt.UTC), item.ends_at.astimezone(dt.UTC)
    return starts, ends
