"""The VEVENT of each date as everybody's calendars show it: written once a version, and stored.

All feeds that everybody reads alike (everything, a group, a series, a date, what's on) share these
bytes, from process to process. A feed reads them joined, with the facts of whatever is missing, in
one statement; it writes what is missing and stores it for the next. `ahead` does so before anybody
asks. What is stored can be lost at any time: then it is written anew, the same.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from typing import LiteralString

import psycopg

from timebank.db import Reader
from timebank.domain.calendar import entry_statements
from timebank.domain.calendar import reading
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.reading import FeedState
from timebank.domain.calendar.reading import Kind
from timebank.domain.calendar.reading import Showing
from timebank.models import CancelledAs

log = logging.getLogger(__name__)

FORMAT = 3  # raise it with any change in what is written, or clients keep what they have
ZONES = importlib.metadata.version("tzdata")
LIBRARY = importlib.metadata.version("icalendar")

READ: dict[Kind, LiteralString] = {
    Kind.EVERYTHING: entry_statements.OF_EVERYTHING,
    Kind.GROUP: entry_statements.OF_A_GROUP,
    Kind.SERIES: entry_statements.OF_A_SERIES,
    Kind.DATE: entry_statements.OF_A_DATE,
    Kind.CHOSEN: entry_statements.OF_CHOSEN,
}
FACTS = len(("shown", "digest", "changed_at", "since", "until", "bodies", "event_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A date that nobody has written yet, and what is to be told of it."""

    event_id: int
    row: Showing


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a feed shows, in order.

    Attributes:
        fresh: Count, digest and newest change of just these dates; None when there are none.
        since: When the first of them begins, and `until` when the last ends.
        parts: Dates that are to be written, and the bytes of all between them.
    """

    fresh: tuple[int, int, dt.datetime] | None
    since: dt.datetime | None
    until: dt.datetime | None
    parts: tuple[Missing | bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A date that was written just now."""

    event_id: int
    sequence: int
    body: bytes


def style_of(public_url: str, *, host: str | None, timezone: str, words: Words) -> bytes:
    """Digest all that the bytes of a community's dates depend on, but the dates themselves."""
    said = (words.cancelled, words.cancelled_because, words.changed_because, words.bring)
    facts = (FORMAT, ZONES, LIBRARY, public_url, host, timezone, said)
    return hashlib.sha256(repr(facts).encode()).digest()


def read(reader: Reader, feed: FeedState, *, style: bytes, now: dt.datetime) -> Found | None:
    """Read what a feed shows -> None when what is stored can't be read.

    Raises:
        psycopg.OperationalError: When the database is away.
    """
    edges = reading.window(now)
    values = {
        "holder": feed.holder_id,
        "since": edges.since,
        "until": edges.until,
        "now": now,
        "style": style,
        "is_marked": feed.cancelled is CancelledAs.MARK,
    }
    try:
        rows = reader.all(READ[feed.kind], values, is_binary=True)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled) as error:
        log.warning("Stored calendar entries are not to be had: %s", type(error).__name__)
        return None
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        log.warning("Stored calendar entries cannot be read: %s", type(error).__name__)
        return None
    return found_in(rows)


def found_in(rows: list[tuple[Any, ...]]) -> Found:
    """Take the rows of a feed apart: each is a date to be written, then bytes up to the next."""
    if not rows:
        return Found(fresh=None, since=None, until=None, parts=())
    shown, digest, changed_at, since, until, *_ = rows[0]
    parts: list[Missing | bytes] = []
    for row in rows:
        bodies, event_id = row[FACTS - 2 : FACTS]
        if event_id is not None:
            told = reading.showing_of(row, facts=FACTS)
            parts.append(Missing(event_id=event_id, row=told))
        if bodies is not None:
            parts.append(bodies)
    return Found(fresh=(shown, digest, changed_at), since=since, until=until, parts=tuple(parts))


def is_stored(feed: FeedState, row: Showing, *, now: dt.datetime) -> bool:
    """Whether a date is worth storing: in the window, and told in the way that all share."""
    edges = reading.window(now)
    is_shared = not (row.is_cancelled and feed.cancelled is CancelledAs.MARK)
    return is_shared and edges.since <= row.starts_at < edges.until


def store(reader: Reader, made: Iterable[Entry], *, style: bytes) -> None:
    """Store what was written; that it can't be stored is no reason to keep it from anybody."""
    values = values_of(made, style=style)
    if not values["events"]:
        return
    try:
        reader.all(entry_statements.STORE, values)
    except psycopg.Error as error:
        log.warning("Calendar entries cannot be stored: %s", type(error).__name__)


def values_of(made: Iterable[Entry], *, style: bytes) -> dict[str, list[Any]]:
    """Lay entries out for the statement that stores them, always in the same order."""
    entries = sorted(made, key=lambda one: one.event_id)
    return {
        "events": [one.event_id for one in entries],
        "sequences": [one.sequence for one in entries],
        "styles": [style for _ in entries],
        "bodies": [one.body for one in entries],
    }
