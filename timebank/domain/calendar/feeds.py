"""Feeds as bytes: written once, kept, and recognised by their ETag.

One `Feeds` a process. It keeps the bytes of each item, so that one change writes one VEVENT anew,
and whole calendars by ETag, so that most answers are one statement and no writing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import threading
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Hashable
from dataclasses import dataclass
from dataclasses import replace

from timebank.db import Reader
from timebank.domain.calendar import reading
from timebank.domain.calendar.composing import cover_of
from timebank.domain.calendar.composing import item_of
from timebank.domain.calendar.items import Item
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.reading import FeedState
from timebank.domain.calendar.timezones import vtimezone

FORMAT = 2  # raise it with any change in what is written, or clients keep what they have
ZONES = importlib.metadata.version("tzdata")
ITEMS_KEPT_BYTES = 4_000_000
CALENDARS_KEPT_BYTES = 8_000_000
ONE_DAY = dt.timedelta(days=1)


class Kept:
    """Bytes worth keeping, up to a number of bytes; the least lately used go first."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> bytes | None:
        """Find what is kept under `key`."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, body: bytes) -> None:
        """Keep `body`, unless it alone is too large."""
        with self._lock:
            self._bytes += len(body) - len(self._kept.pop(key, b""))
            self._kept[key] = body
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._kept.popitem(last=False)[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A calendar ready to be sent; `state` is what exactly these bytes show."""

    state: FeedState
    body: bytes


class Feeds:
    """Writes calendars for one site, and keeps what it wrote."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url
        self._items = Kept(ITEMS_KEPT_BYTES)
        self._calendars = Kept(CALENDARS_KEPT_BYTES)

    def etag(self, state: FeedState, now: dt.datetime) -> str:
        """Name the exact bytes that a feed has now, without writing them."""
        window = reading.window(now)
        facts = (
            FORMAT,
            ZONES,
            self._public_url,
            window.since,
            window.until,
            state.kind,
            state.holder_id,
            state.host,
            state.name,
            state.path,
            state.timezone,
            state.count,
            state.digest,
            state.is_blank,
            state.cancelled,
            state.alarm_minutes,
            state.scene,
            state.narrowed,
        )
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]

    def kept(self, etag: str) -> bytes | None:
        """Give the calendar of this name when this process has kept it."""
        return self._calendars.get(etag)

    def document(
        self, reader: Reader, state: FeedState, *, words: Callable[[], Words], now: dt.datetime
    ) -> Document:
        """Give the calendar as bytes; written only when this process has not kept it."""
        body = self.kept(self.etag(state, now))
        if body is None:
            state, body = self._write(reader, state, words(), now)
            self._calendars.put(self.etag(state, now), body)
        return Document(state=state, body=body)

    def _write(
        self, reader: Reader, state: FeedState, words: Words, now: dt.datetime
    ) -> tuple[FeedState, bytes]:
        # A change may come between two statements: the rows bring their own digest with them.
        fresh, rows = reading.shown(reader, state, now=now)
        count, digest, changed_at = fresh or (0, 0, None)
        state = replace(state, count=count, digest=digest, changed_at=changed_at)
        items = [item_of(row, state, words, self._public_url) for row in rows]
        return state, self._join(state, items, words, now)

    def _join(self, state: FeedState, items: list[Item], words: Words, now: dt.datetime) -> bytes:
        # The library takes a tenth of a second to load: not at the start of every process.
        from timebank.domain.calendar import vevents  # noqa: PLC0415

        chunks = []
        for item in items:
            chunk = self._items.get(item)
            if chunk is None:
                chunk = vevents.vevent(item)
                self._items.put(item, chunk)
            chunks.append(chunk)
        zone = zone_of(state.timezone, items, now)
        told_in_zone = not chunks or any(b";TZID=" in chunk for chunk in chunks)
        return b"".join(
            [
                vevents.cover(cover_of(state, words, self._public_url)),
                *([zone] if told_in_zone else []),
                *chunks,
                vevents.END,
            ]
        )


def zone_of(timezone: str, items: list[Item], now: dt.datetime) -> bytes:
    """Write the VTIMEZONE for the window of feeds, or for the items where they lie outside."""
    window = reading.window(now)
    since = min([window.since, *(item.starts_at - ONE_DAY for item in items)])
    until = max([window.until, *(item.ends_at + ONE_DAY for item in items)])
    return vtimezone(timezone, since, until)
