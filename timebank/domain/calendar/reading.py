"""Ask the database about a feed: one statement says whether anything changed, one tells it all.

The first resolves the community by host and digests the ids and sequences of what the feed
shows, so that "nothing new" is answered without writing a byte. A sequence rises with everything
a calendar shows, whichever table it stands in: the database does that. What everybody's feeds show
is not even digested again before the community's mark is another, which the database sees to too
(`CalendarChange`). These are statements of `db.reader`, without records, because clients ask for
feeds more often than people for pages.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Any
from typing import LiteralString
from typing import cast

from timebank.core import ids
from timebank.core.errors import NotFound
from timebank.db import Reader
from timebank.db import texts_of
from timebank.domain.calendar import private_statements
from timebank.domain.calendar import statements
from timebank.models import CancelledAs
from timebank.models import Outlook
from timebank.models import Shows

BACK = dt.timedelta(days=180)
AHEAD = dt.timedelta(days=400)
LONGEST_MONTH = dt.timedelta(days=31)
NAMED = len(("id", "host", "name", "timezone"))  # columns before the mark
MOST_SEEN = 500  # feeds a process remembers the state of


class UnknownFeed(NotFound):
    """There is no calendar at this address."""


class RevokedFeed(NotFound):
    """This calendar address has been switched off."""


class Kind(enum.StrEnum):
    """What a feed shows. The first four are everybody's, the others stand at private addresses."""

    EVERYTHING = "all"
    GROUP = "group"
    SERIES = "series"
    DATE = "date"
    MINE = "mine"
    HOUSEHOLD = "household"
    ORGANISING = "organising"
    EXCHANGES = "exchanges"
    CHOSEN = "chosen"
    GAPS = "gaps"


KIND_OF = {
    Shows.TURNS: Kind.MINE,
    Shows.HOUSEHOLD: Kind.HOUSEHOLD,
    Shows.ORGANISING: Kind.ORGANISING,
    Shows.EXCHANGES: Kind.EXCHANGES,
    Shows.WHATS_ON: Kind.CHOSEN,
    Shows.GAPS: Kind.GAPS,
}
# Where its holder reads the same on a page.
PAGE_OF = {
    Kind.MINE: "/me",
    Kind.HOUSEHOLD: "/me",
    Kind.ORGANISING: "/coverage",
    Kind.EXCHANGES: "/neighbours/thanks",
    Kind.CHOSEN: "/",
    Kind.GAPS: "/could-do",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time that feeds tell about: whole months, so that it moves once a month."""

    since: dt.datetime
    until: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """A feed as it stands, without what it shows.

    Attributes:
        holder_id: The community, group, series or event that it is about, or the address.
        name: The title of the series, the name of the group, or the place.
        path: Where its people read the same on a page.
        count: How many items it shows.
        digest: 64 bits over their ids and sequences.
        changed_at: The newest change among them, or None when there are none.
        address_id: Of a private feed, and `fetched_at` when it was last noted as read.
        cancelled: How it tells what is cancelled.
        alarm_minutes: How long before its items it rings; None: never.
        scene: The kind of thing that it is narrowed to, and `narrowed` what else, in names.
        is_blank: Whether it was switched off and is emptied: it shows nothing any more.
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
    cancelled: CancelledAs = CancelledAs.STATUS
    alarm_minutes: int | None = None
    scene: str | None = None
    narrowed: str = ""
    is_blank: bool = False

    @property
    def is_private(self) -> bool:
        """Whether only its holder knows the address."""
        return self.address_id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """One row of a feed.

    Attributes:
        uid: Of the event; empty for an exchange, as `slug` and `scene` are.
        outlook: Whether the date can start with the people it has.
        slot_id, role, role_id, about: Of a turn, or of a job that lacks people.
        whose: The full name of the neighbour whose turn it is, or with whom something is agreed.
        membership_id: Whose turn it is, when it is not the reader's own.
        exchange_id: Of what two agreed on.
        filled, places: How full a date is; of a job that lacks people, `places` are those free.
    """

    uid: str
    sequence: int
    created_at: dt.datetime
    updated_at: dt.datetime
    starts_at: dt.datetime
    ends_at: dt.datetime
    is_cancelled: bool
    outlook: str
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
    scene: str
    slot_id: int | None
    role: str | None
    role_id: int | None
    about: str | None
    whose: str | None
    membership_id: int | None
    exchange_id: int | None
    filled: int | None
    places: int | None

    @property
    def is_uncertain(self) -> bool:
        """Whether the date may not take place, because it lacks somebody."""
        return self.outlook in {Outlook.AT_RISK, Outlook.NO_GO}


STATE_OF: dict[Kind, LiteralString] = {
    Kind.DATE: statements.ONE_DATE,
    **{KIND_OF[shows]: sql for shows, sql in private_statements.STATE_OF.items()},
}
# Of what is looked at before it is asked: the look, and the whole state.
LOOKED_AT: dict[Kind, tuple[LiteralString, LiteralString]] = {
    Kind.EVERYTHING: (statements.LOOK_AT_EVERYTHING, statements.WHATS_ON),
    Kind.GROUP: (statements.LOOK_AT_A_GROUP, statements.ONE_GROUP),
    Kind.SERIES: (statements.LOOK_AT_A_SERIES, statements.ONE_SERIES),
}
ROWS: dict[Kind, LiteralString] = {
    Kind.EVERYTHING: statements.ROWS_OF_EVERYTHING,
    Kind.GROUP: statements.ROWS_OF_A_GROUP,
    Kind.SERIES: statements.ROWS_OF_A_SERIES,
    Kind.DATE: statements.ROWS_OF_A_DATE,
    **{KIND_OF[shows]: sql for shows, sql in private_statements.ROWS_OF.items()},
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
    return _looked_at(reader, Kind.EVERYTHING, "/", _values(host, now))


def group(reader: Reader, *, host: str, slug: str, now: dt.datetime) -> FeedState:
    """Find the feed of all that a group runs.

    Raises:
        UnknownFeed: When there is no such group.
    """
    return _looked_at(reader, Kind.GROUP, f"/g/{slug}", {**_values(host, now), "slug": slug})


def series(reader: Reader, *, host: str, slug: str, now: dt.datetime) -> FeedState:
    """Find the feed of one series.

    Raises:
        UnknownFeed: When there is no such series that neighbours can see.
    """
    return _looked_at(reader, Kind.SERIES, f"/e/{slug}", {**_values(host, now), "slug": slug})


def one_date(reader: Reader, *, host: str, slug: str, day: dt.date) -> FeedState:
    """Find the file of one dated gathering, of any age.

    Raises:
        UnknownFeed: When there is no such date that neighbours can see.
    """
    row = _ask(reader, Kind.DATE, {"host": host, "slug": slug, "day": day})
    return _feed(Kind.DATE, row, f"/e/{slug}/{day.isoformat()}")


def my_turns(reader: Reader, *, host: str, token: str, now: dt.datetime) -> FeedState:
    """Find the feed of somebody's own turns by the secret in its address, as `private` does."""
    return private(reader, shows=Shows.TURNS, host=host, token=token, now=now)


def private(reader: Reader, *, shows: Shows, host: str, token: str, now: dt.datetime) -> FeedState:
    """Find a private feed of a kind by the secret in its address.

    Raises:
        UnknownFeed: When no such address was ever given out in this community.
        RevokedFeed: When its holder switched it off, or left.
    """
    kind = KIND_OF[shows]
    row = _ask(reader, kind, {**_values(host, now), "token_hash": ids.token_hash(token)})
    feed = _feed(kind, row, PAGE_OF[kind])
    *others, is_off, is_blank = row or ()
    if is_off and not is_blank:
        raise RevokedFeed
    feed = _with_choices(feed, others[7:])
    if is_off:
        return replace(feed, count=0, digest=0, changed_at=None, is_blank=True)
    return feed


def _with_choices(feed: FeedState, columns: list[Any]) -> FeedState:
    """Put in what the holder of a private address chose for it."""
    address_id, fetched_at, cancelled, alarm_minutes, scene, narrowed = columns
    return replace(
        feed,
        address_id=address_id,
        fetched_at=fetched_at,
        cancelled=CancelledAs(cancelled),
        alarm_minutes=alarm_minutes,
        scene=scene,
        narrowed=narrowed,
    )


def shown(
    reader: Reader, feed: FeedState, *, now: dt.datetime
) -> tuple[tuple[int, int, dt.datetime] | None, list[Showing]]:
    """Read what a feed shows, with the count, digest and newest change of just these rows."""
    if feed.is_blank:
        return None, []
    edges = window(now)
    rows = reader.all(
        ROWS[feed.kind],
        {"holder": feed.holder_id, "since": edges.since, "until": edges.until, "now": now},
    )
    return (rows[0][:3] if rows else None), [showing_of(row) for row in rows]


def showing_of(row: Sequence[Any], *, facts: int = 3) -> Showing:
    """Make an item of a row, which begins with other facts: count, digest and newest change."""
    return Showing(**dict(zip(Showing.__dataclass_fields__, row[facts:], strict=True)))


def bare_state(kind: Kind, *, holder_id: int, host: str | None, timezone: str) -> FeedState:
    """Give the state of a feed that nobody fetches, to tell single items by."""
    return FeedState(
        kind=kind,
        holder_id=holder_id,
        host=host,
        name="",
        path="",
        timezone=timezone,
        count=1,
        digest=0,
        changed_at=None,
    )


def _looked_at(reader: Reader, kind: Kind, path: str, values: dict[str, object]) -> FeedState:
    """Find a feed that everybody reads: as this process saw it, when a look says it is the same.

    Where it is, its name, its zone and its community's mark come with every look. The mark is of
    the very moment that the digest is of, since one statement tells both.
    """
    look, state = LOOKED_AT[kind]
    place = (kind, path, values["host"], values["since"], values["until"])
    seen, known = reader.seen.get(place) or (None, None)
    if known is not None and reader.look(look, values) == seen:
        return cast("FeedState", known)
    row = reader.one(state, values)
    feed = _feed(kind, row and (*row[:NAMED], *row[NAMED + 1 :]), path)
    if row and row[NAMED] is not None:  # a community with a mark: it had a date at least once
        reader.seen[place] = texts_of(row[: NAMED + 1]), feed
        if len(reader.seen) > MOST_SEEN:
            reader.seen.popitem(last=False)
    return feed


def _ask(reader: Reader, kind: Kind, values: dict[str, object]) -> tuple[Any, ...] | None:
    return reader.one(STATE_OF[kind], values)


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
    )
