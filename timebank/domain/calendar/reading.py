# ruff: noqa: S608 - the statements are put together from constants of this module only
"""Ask the database about a feed: one statement says whether anything changed, one tells it all.

The first resolves the community by host and digests the ids and sequences of what the feed
shows, so that "nothing new" is answered without writing a byte. A sequence rises with everything
a calendar shows, whichever table it stands in: the database does that. These are statements of
`db.reader`, without records, because clients ask for feeds more often than people for pages.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
from dataclasses import dataclass
from typing import Any
from typing import LiteralString

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import ids
from timebank.core.errors import NotFound
from timebank.db import Reader
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Series
from timebank.models import SeriesState

BACK = dt.timedelta(days=180)
AHEAD = dt.timedelta(days=400)
LONGEST_MONTH = dt.timedelta(days=31)


class UnknownFeed(NotFound):
    """There is no calendar at this address."""


class RevokedFeed(NotFound):
    """This calendar address has been switched off."""


class Kind(enum.StrEnum):
    """What a feed shows."""

    EVERYTHING = "all"
    SERIES = "series"
    DATE = "date"
    MINE = "mine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time that feeds tell about: whole months, so that it moves once a month."""

    since: dt.datetime
    until: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """A feed as it stands, without what it shows.

    Attributes:
        holder_id: The community, series, event or membership that it is about.
        name: The place, the title of the series, or the place again for one's own turns.
        path: Where its people read the same on a page.
        count: How many items it shows.
        digest: 64 bits over their ids and sequences.
        changed_at: The newest change among them, or None when there are none.
        fetched_at: When a private feed was last noted as read.
    """

    kind: Kind
    holder_id: int
    host: str | None
    name: str
    path: str
    timezone: str
    count: int
    digest: int
    changed_at: dt.datetime | None
    address_id: int | None = None
    fetched_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """One row of a feed; `role`, `about` and `slot_id` belong to somebody's own turn.

    `is_uncertain`: the date may not take place, because it lacks somebody.
    """

    uid: str
    sequence: int
    created_at: dt.datetime
    updated_at: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    is_cancelled: bool
    is_uncertain: bool
    reason: str | None
    occurs_on: dt.date
    slug: str
    title: str
    description: str
    bring: str
    venue: str
    address: str
    latitude: float | None
    longitude: float | None
    group: str
    slot_id: int | None
    role: str | None
    about: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingSeries:
    """A series with dates to come."""

    slug: str
    title: str
    next_at: dt.datetime


# The one community, or the one that lives at this host.
HERE: LiteralString = (
    " WHERE (c.host = %(host)s OR NOT EXISTS (SELECT FROM community o WHERE o.id <> c.id))"
)
DIGEST: LiteralString = (
    "count(*) AS shown, bit_xor(hashint8extended(e.id, e.sequence)) AS digest,"
    " max(e.updated_at) AS changed_at"
)
IN_WINDOW: LiteralString = " e.starts_at >= %(since)s AND e.starts_at < %(until)s"

# Leaving the few drafts out costs a third of joining every event to its series.
WHATS_ON: LiteralString = f"""
SELECT c.id, c.host, c.place, c.timezone, t.shown, t.digest, t.changed_at
  FROM community c
 CROSS JOIN LATERAL (
       SELECT {DIGEST} FROM event e
        WHERE e.community_id = c.id AND {IN_WINDOW} AND e.series_id NOT IN (
              SELECT s.id FROM series s
               WHERE s.community_id = c.id AND s.state <> 'published')) t
{HERE}"""

ONE_SERIES: LiteralString = f"""
SELECT s.id, c.host, s.title, c.timezone, t.shown, t.digest, t.changed_at
  FROM community c
  JOIN series s ON s.community_id = c.id AND s.slug = %(slug)s AND s.state = 'published'
 CROSS JOIN LATERAL (SELECT {DIGEST} FROM event e WHERE e.series_id = s.id AND {IN_WINDOW}) t
{HERE}"""

ONE_DATE: LiteralString = f"""
SELECT e.id, c.host, s.title, c.timezone, 1, hashint8extended(e.id, e.sequence), e.updated_at
  FROM community c
  JOIN series s ON s.community_id = c.id AND s.slug = %(slug)s AND s.state = 'published'
  JOIN event e ON e.series_id = s.id AND e.occurs_on = %(day)s
{HERE}"""

# Somebody's own turns: the live ones, and as cancelled those that went with their date.
TURNS: LiteralString = f"""
SELECT DISTINCT ON (k.slot_id) k.slot_id, k.withdrawn_because IS NOT NULL AS called_off
  FROM claim k JOIN event e ON e.id = k.event_id
 WHERE k.membership_id = m.id AND {IN_WINDOW}
   AND (k.state IN ('confirmed', 'attended') OR k.state = 'held' AND k.held_until > %(now)s
        OR k.withdrawn_because = 'cancelled')
 ORDER BY k.slot_id, k.live DESC"""

TURN_HASH: LiteralString = (
    "hashtextextended("
    "concat_ws(' ', k.slot_id, e.sequence, k.called_off, l.starts_at, l.ends_at), 0)"
)

MY_TURNS: LiteralString = f"""
SELECT m.id, c.host, c.place, c.timezone, t.shown, t.digest, t.changed_at,
       f.id, f.last_fetched_at, f.revoked_at IS NOT NULL OR m.standing = 'left'
  FROM feed f
  JOIN membership m ON m.id = f.membership_id
  JOIN community c ON c.id = f.community_id
 CROSS JOIN LATERAL (
       SELECT count(*) AS shown, bit_xor({TURN_HASH}) AS digest, max(e.updated_at) AS changed_at
         FROM ({TURNS}) k
         JOIN slot l ON l.id = k.slot_id JOIN event e ON e.id = l.event_id) t
{HERE} AND f.token_hash = %(token_hash)s"""

SHOWN: LiteralString = """
  e.uid::text, e.sequence, e.created_at, e.updated_at, {starts_at}, {ends_at}, {is_cancelled},
  e.outlook IN ('at_risk', 'no_go'), e.reason, e.occurs_on, s.slug, s.title, s.description,
  s.bring, v.name, v.address, v.latitude, v.longitude, g.name, {slot_id}, {role}, {about}"""

TABLES: LiteralString = """
  JOIN series s ON s.id = e.series_id
  JOIN community_group g ON g.id = s.group_id
  JOIN venue v ON v.id = e.venue_id"""

SHOWN_OF_AN_EVENT: LiteralString = SHOWN.format(
    starts_at="e.starts_at",
    ends_at="e.ends_at",
    is_cancelled="e.state <> 'planned'",
    slot_id="NULL",
    role="NULL",
    about="NULL",
)
SHOWN_OF_A_TURN: LiteralString = SHOWN.format(
    starts_at="l.starts_at",
    ends_at="l.ends_at",
    is_cancelled="k.called_off OR e.state <> 'planned'",
    slot_id="l.id",
    role="r.name",
    about="r.about",
)

EVENT_ROWS: LiteralString = f"""
SELECT count(*) OVER (), bit_xor(hashint8extended(e.id, e.sequence)) OVER (),
       max(e.updated_at) OVER (), {SHOWN_OF_AN_EVENT}
  FROM event e {TABLES}
 WHERE s.state = 'published' AND """

ORDER: LiteralString = " ORDER BY e.starts_at, e.id"

ROWS: dict[Kind, LiteralString] = {
    Kind.EVERYTHING: EVENT_ROWS + "e.community_id = %(holder)s AND " + IN_WINDOW + ORDER,
    Kind.SERIES: EVENT_ROWS + "e.series_id = %(holder)s AND " + IN_WINDOW + ORDER,
    Kind.DATE: EVENT_ROWS + "e.id = %(holder)s",
    Kind.MINE: f"""
SELECT count(*) OVER (), bit_xor({TURN_HASH}) OVER (), max(e.updated_at) OVER (),
       {SHOWN_OF_A_TURN}
  FROM membership m
 CROSS JOIN LATERAL ({TURNS}) k
  JOIN slot l ON l.id = k.slot_id
  JOIN role r ON r.id = l.role_id
  JOIN event e ON e.id = l.event_id {TABLES}
 WHERE m.id = %(holder)s
 ORDER BY l.starts_at, l.id""",
}


def window(now: dt.datetime) -> Window:
    """Lay the window out: 180 days back and 400 ahead, at the edges of months."""
    return _window_on(now.date())


@functools.lru_cache(maxsize=4)
def _window_on(day: dt.date) -> Window:
    until = (day + AHEAD).replace(day=1) + LONGEST_MONTH
    return Window(since=_first_of_month(day - BACK), until=_first_of_month(until))


def _first_of_month(moment: dt.date) -> dt.datetime:
    return dt.datetime(moment.year, moment.month, 1, tzinfo=dt.UTC)


def whats_on(reader: Reader, *, host: str, now: dt.datetime) -> FeedState:
    """Find the feed of everything public in the community at `host`.

    Raises:
        UnknownFeed: When no community lives there.
    """
    row = reader.one(WHATS_ON, _values(host, now))
    return _feed(Kind.EVERYTHING, row, "/")


def series(reader: Reader, *, host: str, slug: str, now: dt.datetime) -> FeedState:
    """Find the feed of one series.

    Raises:
        UnknownFeed: When there is no such series that neighbours can see.
    """
    row = reader.one(ONE_SERIES, {**_values(host, now), "slug": slug})
    return _feed(Kind.SERIES, row, f"/e/{slug}")


def one_date(reader: Reader, *, host: str, slug: str, day: dt.date) -> FeedState:
    """Find the file of one dated gathering, of any age.

    Raises:
        UnknownFeed: When there is no such date that neighbours can see.
    """
    row = reader.one(ONE_DATE, {"host": host, "slug": slug, "day": day})
    return _feed(Kind.DATE, row, f"/e/{slug}/{day.isoformat()}")


def my_turns(reader: Reader, *, host: str, token: str, now: dt.datetime) -> FeedState:
    """Find the feed of somebody's own turns by the secret in its address.

    Raises:
        UnknownFeed: When no such address was ever given out in this community.
        RevokedFeed: When its holder switched it off, or left.
    """
    row = reader.one(MY_TURNS, {**_values(host, now), "token_hash": ids.token_hash(token)})
    feed = _feed(Kind.MINE, row, "/me")
    if row and row[-1]:
        raise RevokedFeed
    return feed


def shown(
    reader: Reader, feed: FeedState, *, now: dt.datetime
) -> tuple[tuple[int, int, dt.datetime] | None, list[Showing]]:
    """Read what a feed shows, with the count, digest and newest change of just these rows."""
    edges = window(now)
    rows = reader.all(
        ROWS[feed.kind],
        {"holder": feed.holder_id, "since": edges.since, "until": edges.until, "now": now},
    )
    names = Showing.__dataclass_fields__
    items = [Showing(**dict(zip(names, row[3:], strict=True))) for row in rows]
    return (rows[0][:3] if rows else None), items


def _values(host: str, now: dt.datetime) -> dict[str, object]:
    edges = window(now)
    return {"host": host, "since": edges.since, "until": edges.until, "now": now}


def _feed(kind: Kind, row: tuple[Any, ...] | None, path: str) -> FeedState:
    if row is None:
        raise UnknownFeed
    return FeedState(
        kind=kind,
        holder_id=row[0],
        host=row[1],
        name=row[2],
        path=path,
        timezone=row[3],
        count=row[4],
        digest=row[5] or 0,
        changed_at=row[6],
        address_id=row[7] if kind is Kind.MINE else None,
        fetched_at=row[8] if kind is Kind.MINE else None,
    )


def coming_series(session: Session, *, community_id: int, now: dt.datetime) -> list[ComingSeries]:
    """List the series that neighbours can follow, the soonest first."""
    next_at = sa.func.min(Event.starts_at).label("next_at")
    rows = session.execute(
        sa.select(Series.slug, Series.title, next_at)
        .join(Event, Event.series_id == Series.id)
        .where(
            Series.community_id == community_id,
            Series.state == SeriesState.PUBLISHED,
            Event.state == EventState.PLANNED,
            Event.starts_at > now,
        )
        .group_by(Series.id)
        .order_by(next_at, Series.id)
    )
    return [ComingSeries(slug=row.slug, title=row.title, next_at=row.next_at) for row in rows]
