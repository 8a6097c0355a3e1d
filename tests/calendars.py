"""Read feeds as calendars do, and change events as the rules do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import icalendar
import recurring_ical_events
import vobject
from sqlalchemy.orm import Session

from timebank.db import Reader
from timebank.domain.calendar import reading
from timebank.domain.calendar.feeds import Document
from timebank.domain.calendar.feeds import Feeds
from timebank.domain.calendar.items import Words
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Shows

TEXTS = (
    "UID",
    "SUMMARY",
    "DESCRIPTION",
    "LOCATION",
    "URL",
    "STATUS",
    "TRANSP",
    "CONTACT",
    "COLOR",
    "IMAGE",
)
MOMENTS = ("DTSTART", "DTEND", "DTSTAMP", "LAST-MODIFIED", "CREATED")
PUBLIC_URL = "https://goodturn.example"


class Subscriber:
    """A calendar without the web between: it asks for feeds and keeps what it was given."""

    def __init__(self, database_url: str, now: dt.datetime) -> None:
        self.reader = Reader()
        self.reader.bind(database_url)
        self.feeds = Feeds(PUBLIC_URL)
        self.now = now

    def close(self) -> None:
        self.reader.bind("")

    def forget(self) -> None:
        """Ask another process of the site from now on: it has kept nothing yet."""
        self.feeds = Feeds(PUBLIC_URL)

    def everything(self) -> bytes:
        return self.fetch(reading.whats_on(self.reader, host="localhost", now=self.now))

    def series(self, slug: str) -> bytes:
        state = reading.series(self.reader, host="localhost", slug=slug, now=self.now)
        return self.fetch(state)

    def turns(self, token: str) -> bytes:
        return self.private(Shows.TURNS, token)

    def private(self, shows: Shows, token: str) -> bytes:
        return self.fetch(self.state(shows, token))

    def state(self, shows: Shows, token: str) -> reading.FeedState:
        return reading.private(
            self.reader, shows=shows, host="localhost", token=token, now=self.now
        )

    def etag_of(self, shows: Shows, token: str) -> str:
        return self.feeds.etag(self.state(shows, token), self.now)

    def etag(self) -> str:
        state = reading.whats_on(self.reader, host="localhost", now=self.now)
        return self.feeds.etag(state, self.now)

    def fetch(self, state: reading.FeedState) -> bytes:
        return self.document(state).body

    def document(self, state: reading.FeedState) -> Document:
        return self.feeds.document(self.reader, state, words=Words, now=self.now)


def events_of(body: bytes) -> list[icalendar.Event]:
    calendar = icalendar.Calendar.from_ical(body)
    assert not calendar.errors
    return list(calendar.walk("VEVENT"))


def occurrences_of(body: bytes, since: dt.date, until: dt.date) -> list[icalendar.Event]:
    """What a calendar shows from day to day, in order, as recurring-ical-events expands it."""
    query = recurring_ical_events.of(icalendar.Calendar.from_ical(body))
    return sorted(query.between(since, until), key=lambda event: event.start)


def seen_by_icalendar(body: bytes) -> list[dict[str, object]]:
    """What the library that writes our calendars reads in one, item by item, in UTC."""
    return [
        {
            **{name: str(event.get(name, "")) for name in TEXTS},
            **{name: event[name].dt.astimezone(dt.UTC) for name in MOMENTS},
            "SEQUENCE": int(event["SEQUENCE"]),
            "CATEGORIES": [str(one) for one in event["CATEGORIES"].cats]
            if "CATEGORIES" in event
            else [],
            "GEO": event["GEO"].to_ical() if "GEO" in event else "",
        }
        for event in events_of(body)
    ]


def seen_by_vobject(body: bytes) -> list[dict[str, object]]:
    """What another library, with no code in common, reads in the same; zones by the file's own."""
    # It keeps zones by name from file to file; the next file may tell the same zone otherwise.
    vobject.icalendar.__dict__["__tzidMap"].clear()
    calendar = vobject.readOne(body.decode())
    return [
        {
            **{name: _text_of(event, name) for name in TEXTS},
            **{name: _text_of(event, name).astimezone(dt.UTC) for name in MOMENTS},
            "SEQUENCE": int(event.sequence.value),
            "CATEGORIES": list(_text_of(event, "CATEGORIES")),
            "GEO": _text_of(event, "GEO"),
        }
        for event in calendar.contents.get("vevent", [])
    ]


def _text_of(event: vobject.base.Component, name: str) -> Any:
    found = event.contents.get(name.lower())
    return found[0].value if found else ""


def unfolded(body: bytes) -> list[str]:
    return body.replace(b"\r\n ", b"").decode().split("\r\n")


def move(session: Session, event: Event, by: dt.timedelta, *, now: dt.datetime) -> None:
    """Move a date as the rule does: the event with its sequence, and its slots."""
    event.starts_at += by
    event.ends_at += by
    event.sequence += 1
    event.updated_at = now
    session.commit()


def cancel(session: Session, event: Event, reason: str, *, now: dt.datetime) -> None:
    event.state = EventState.CANCELLED
    event.reason = reason
    event.sequence += 1
    event.updated_at = now
    session.commit()
