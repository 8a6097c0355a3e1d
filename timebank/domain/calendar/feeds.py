"""Feeds as bytes: written once, kept, and recognised by their ETag.

One `Feeds` a process. What everybody's calendars show of a date is stored (`entries`), what only
somebody's own shows of it is kept here: one change writes one VEVENT anew. Whole calendars are
kept by ETag, so that most answers are one statement and no writing.
"""

from __future__ import annotations

import datetime as dt
import functools
import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Hashable
from dataclasses import dataclass
from dataclasses import replace

from timebank.db import Reader
from timebank.domain.calendar import entries
from timebank.domain.calendar import reading
from timebank.domain.calendar.composing import cover_of
from timebank.domain.calendar.composing import item_of
from timebank.domain.calendar.entries import Entry
from timebank.domain.calendar.entries import Found
from timebank.domain.calendar.items import Item
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.reading import FeedState
from timebank.domain.calendar.reading import Window
from timebank.domain.calendar.timezones import vtimezone

ITEMS_KEPT_BYTES = 4_000_000
CALENDARS_KEPT_BYTES = 16_000_000  # ten thousand dates, and a hundred smaller calendars
MOST_NAMED = 1000  # ETags at hand: to digest what they name takes longer than all else
ONE_DAY = dt.timedelta(days=1)
PACK_LEVEL = 6
PACKED = "-gzip"  # what the ETag of a packed calendar ends in: other bytes, another name


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
        if len(body) > self._most_bytes:
            return
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
    """Writes calendars for one site, and keeps what it wrote.

    Attributes:
        packs: Whether calendars that take gzip get it.
    """

    def __init__(self, public_url: str, *, packs: bool = False) -> None:
        self._public_url = public_url
        self.packs = packs
        self._items = Kept(ITEMS_KEPT_BYTES)
        self._calendars = Kept(CALENDARS_KEPT_BYTES)

    def etag(self, state: FeedState, now: dt.datetime) -> str:
        """Name the exact bytes that a feed has now, without writing them."""
        return _named(self._public_url, reading.window(now), state)

    def kept(self, etag: str) -> bytes | None:
        """Give the calendar of this name when this process has kept it."""
        return self._calendars.get(etag)

    def packed(self, etag: str, body: bytes) -> bytes:
        """Give a body in gzip: packed once, kept beside the plain one, the same everywhere.

        Args:
            etag: What `body` is known by.
        """
        found = self._calendars.get(etag + PACKED)
        if found is None:
            found = gzip.compress(body, PACK_LEVEL, mtime=0)
            self._calendars.put(etag + PACKED, found)
        return found

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
        if state.kind in entries.READ and not state.is_blank:
            style = self._style(state, words)
            found = entries.read(reader, state, style=style, now=now)
            if found is not None:
                return self._write_shared(reader, state, found, words, now)
        return self._write_own(reader, state, words, now)

    def _write_shared(
        self, reader: Reader, state: FeedState, found: Found, words: Words, now: dt.datetime
    ) -> tuple[FeedState, bytes]:
        """Write a feed out of what is stored, and store what had to be written for it."""
        chunks, made = [], []
        for part in found.parts:
            if isinstance(part, bytes):
                chunks.append(part)
                continue
            row = part.row
            chunk = self._vevent(item_of(row, state, words, self._public_url))
            chunks.append(chunk)
            if entries.is_stored(state, row, now=now):
                made.append(Entry(event_id=part.event_id, sequence=row.sequence, body=chunk))
        entries.store(reader, made, style=self._style(state, words))
        state = _as_found(state, found.fresh)
        zone = zone_of(state.timezone, found.since, found.until, now)
        return state, self._join(state, chunks, words, zone)

    def _write_own(
        self, reader: Reader, state: FeedState, words: Words, now: dt.datetime
    ) -> tuple[FeedState, bytes]:
        """Write a feed that only its holder reads, of what this process keeps."""
        fresh, rows = reading.shown(reader, state, now=now)
        state = _as_found(state, fresh)
        items = [item_of(row, state, words, self._public_url) for row in rows]
        chunks = [self._vevent(item) for item in items]
        since = min((item.starts_at for item in items), default=None)
        until = max((item.ends_at for item in items), default=None)
        zone = zone_of(state.timezone, since, until, now)
        return state, self._join(state, chunks, words, zone)

    def _style(self, state: FeedState, words: Words) -> bytes:
        return entries.style_of(
            self._public_url, host=state.host, timezone=state.timezone, words=words
        )

    def _vevent(self, item: Item) -> bytes:
        # The library takes a tenth of a second to load: not at the start of every process.
        from timebank.domain.calendar import vevents  # noqa: PLC0415

        chunk = self._items.get(item)
        if chunk is None:
            chunk = vevents.vevent(item)
            self._items.put(item, chunk)
        return chunk

    def _join(self, state: FeedState, chunks: list[bytes], words: Words, zone: bytes) -> bytes:
        from timebank.domain.calendar import vevents  # noqa: PLC0415 - as above

        told_in_zone = not chunks or any(b";TZID=" in chunk for chunk in chunks)
        return b"".join(
            [
                vevents.cover(cover_of(state, words, self._public_url)),
                *([zone] if told_in_zone else []),
                *chunks,
                vevents.END,
            ]
        )


@functools.lru_cache(maxsize=MOST_NAMED)
def _named(public_url: str, window: Window, state: FeedState) -> str:
    """Digest all that the bytes of a calendar depend on."""
    facts = (
        entries.FORMAT,
        entries.ZONES,
        entries.LIBRARY,
        public_url,
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
        state.changed_at,  # after a restored backup a sequence may come a second time
        state.is_blank,
        state.cancelled,
        state.alarm_minutes,
        state.scene,
        state.narrowed,
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def _as_found(state: FeedState, fresh: tuple[int, int, dt.datetime] | None) -> FeedState:
    """A change may come between two statements: the rows bring their own digest with them."""
    count, digest, changed_at = fresh or (0, 0, None)
    return replace(state, count=count, digest=digest, changed_at=changed_at)


def zone_of(
    timezone: str, since: dt.datetime | None, until: dt.datetime | None, now: dt.datetime
) -> bytes:
    """Write the VTIMEZONE for the window of feeds, or for the items where they lie outside.

    Args:
        since: When the first item begins, and `until` when the last one ends; None: there is none.
    """
    window = reading.window(now)
    first = window.since if since is None else min(window.since, since - ONE_DAY)
    last = window.until if until is None else max(window.until, until + ONE_DAY)
    return vtimezone(timezone, first.astimezone(dt.UTC), last.astimezone(dt.UTC))
