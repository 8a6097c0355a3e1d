"""Feeds in other forms, for programs: jCal, a list in JSON, and the times when somebody is busy.

They show what the iCalendar feed of the same name shows, in the same window, and change when it
does: so each is known by that feed's ETag and a mark of its own.

Source: RFC 7265 (jCal); RFC 5545 3.6.4 (VFREEBUSY); docs/calendars.md.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import replace
from typing import LiteralString
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.db import Reader
from timebank.domain.calendar import addresses
from timebank.domain.calendar import reading
from timebank.domain.calendar.composing import COLOURS
from timebank.domain.calendar.composing import PICTURE
from timebank.domain.calendar.composing import site_address
from timebank.domain.calendar.feeds import Document
from timebank.domain.calendar.feeds import Feeds
from timebank.domain.calendar.feeds import Kept
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.reading import FeedState
from timebank.domain.calendar.reading import Showing
from timebank.domain.calendar.reading import UnknownFeed

# What an ETag ends in. Raise the number with any change in what is written.
JCAL, LIST, BUSY = "-jcal-1", "-list-2", "-busy-1"
KEPT_BYTES = 16_000_000  # ten thousand dates in one form
UNKNOWN_TEXTS = {"name", "color"}
_ESCAPED = re.compile(r"\\([\\;,nN])")  # RFC 5545 3.3.11
Span = tuple[dt.datetime, dt.datetime]


class NoAddress(NotFound):
    """You have no calendar address. Make one first."""


class Programs:
    """Writes a site's feeds in other forms, and keeps what it wrote."""

    def __init__(self, public_url: str, feeds: Feeds) -> None:
        self._public_url = public_url
        self._feeds = feeds
        self._kept = Kept(KEPT_BYTES)

    def jcal(
        self, reader: Reader, state: FeedState, *, words: Callable[[], Words], now: dt.datetime
    ) -> Document:
        """Give a feed as jCal: the very bytes of the iCalendar feed, read and told in JSON."""
        document = self._feeds.document(reader, state, words=words, now=now)
        key = self._feeds.etag(document.state, now) + JCAL
        body = self._kept.get(key)
        if body is None:
            body = as_jcal(document.body)
            self._kept.put(key, body)
        return replace(document, body=body)

    def event_list(self, reader: Reader, state: FeedState, *, now: dt.datetime) -> Document:
        """Give a public feed as a list of its dates, in JSON; its fields: docs/calendars.md."""
        body = self._kept.get(self._feeds.etag(state, now) + LIST)
        if body is None:
            state, rows = _shown(reader, state, now)
            body = self._written_list(state, rows, now)
            self._kept.put(self._feeds.etag(state, now) + LIST, body)
        return Document(state=state, body=body)

    def busy_times(self, reader: Reader, state: FeedState, *, now: dt.datetime) -> Document:
        """Give the times of somebody's own turns as VFREEBUSY, and nothing of what they are."""
        state, rows = _shown(reader, state, now)
        return Document(state=state, body=self._written_busy_times(state, rows, now))

    def _written_list(self, state: FeedState, rows: list[Showing], now: dt.datetime) -> bytes:
        site = site_address(self._public_url, state.host)
        window = reading.window(now)
        zone = ZoneInfo(state.timezone)
        told = {
            "name": state.name,
            "url": f"{site}{state.path}",
            "timezone": state.timezone,
            "since": window.since.date().isoformat(),
            "until": window.until.date().isoformat(),
            "events": [_told(row, site, zone) for row in rows],
        }
        return _as_json(told)

    def _written_busy_times(
        self, state: FeedState, rows: list[Showing], now: dt.datetime
    ) -> bytes:
        # The library takes a tenth of a second to load: not at the start of every process.
        from timebank.domain.calendar import busy_times  # noqa: PLC0415

        window = reading.window(now)
        turns = [(row.starts_at, row.ends_at) for row in rows if not row.is_cancelled]
        return busy_times.vfreebusy(
            uid=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._public_url}/busy/{state.holder_id}")),
            changed_at=state.changed_at or window.since,
            since=window.since,
            until=window.until,
            spans=[(starts, min(ends, window.until)) for starts, ends in merged(turns)],
        )


IS_CHOSEN: LiteralString = "SELECT tells_busy_times FROM feed WHERE id = %(address_id)s"


def busy_feed(reader: Reader, *, host: str, token: str, now: dt.datetime) -> FeedState:
    """Find somebody's own turns for a program that wants to know when they are busy.

    Raises:
        UnknownFeed: When there is no such address here, or its holder hasn't chosen to tell.
        RevokedFeed: As `reading.my_turns`.
    """
    state = reading.my_turns(reader, host=host, token=token, now=now)
    if reader.one(IS_CHOSEN, {"address_id": state.address_id}) != (True,):
        raise UnknownFeed
    return state


def tell_busy_times(session: Session, *, membership_id: int, tells: bool) -> None:
    """Let whoever has a member's calendar address read when they are busy, or no longer.

    Raises:
        NoAddress: They have none.
    """
    address = addresses.address_of(session, membership_id=membership_id)
    if address is None:
        raise NoAddress
    address.tells_busy_times = tells
    session.flush()


def merged(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap or follow on without a gap."""
    joined: list[Span] = []
    for starts_at, ends_at in sorted(spans):
        if joined and starts_at <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends_at, joined[-1][1]))
        else:
            joined.append((starts_at, ends_at))
    return joined


def as_jcal(body: bytes) -> bytes:
    """Tell a calendar of ours in jCal (RFC 7265).

    The library does not know NAME and COLOR (RFC 7986 5.1, 5.9), and would pass their text on
    escaped.
    """
    from icalendar import Calendar  # noqa: PLC0415 - as above

    calendar = Calendar.from_ical(body)
    kind, properties, components = calendar.to_jcal()
    for told in [*properties, *(told for part in components for told in part[1])]:
        if told[0] in UNKNOWN_TEXTS:
            told[2:] = ["text", _ESCAPED.sub(_plain, told[3])]
    return _as_json([kind, properties, components])


def _shown(reader: Reader, state: FeedState, now: dt.datetime) -> tuple[FeedState, list[Showing]]:
    """Read what a feed shows; the state told is that of just these rows."""
    fresh, rows = reading.shown(reader, state, now=now)
    count, digest, changed_at = fresh or (0, 0, None)
    return replace(state, count=count, digest=digest, changed_at=changed_at), rows


def _told(row: Showing, site: str, zone: ZoneInfo) -> dict[str, object]:
    day = row.occurs_on.isoformat()
    return {
        "uid": row.uid,
        "sequence": row.sequence,
        "updated_at": _utc(row.updated_at),
        "title": row.title,
        "state": "cancelled" if row.is_cancelled else "planned",
        "is_uncertain": row.is_uncertain,
        "reason": row.reason,
        "starts_at": row.starts_at.astimezone(zone).isoformat(),
        "ends_at": row.ends_at.astimezone(zone).isoformat(),
        "timezone": zone.key,
        "day": day,
        "series": row.slug,
        "group": row.group,
        "scene": row.scene,
        "colour": COLOURS[row.scene],
        "picture": PICTURE.format(site=site, scene=row.scene),
        "description": row.description,
        "bring": row.bring,
        "venue": {
            "name": row.venue,
            "address": row.address,
            "latitude": row.latitude,
            "longitude": row.longitude,
        },
        "url": f"{site}/e/{row.slug}/{day}",
    }


def _plain(escaped: re.Match[str]) -> str:
    return "\n" if escaped[1] in "nN" else escaped[1]


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _as_json(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
