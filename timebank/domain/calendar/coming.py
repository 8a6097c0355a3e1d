"""The next few dates of everything, a series or a group, for a list on another website."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import LiteralString

from timebank.core.errors import NotFound
from timebank.db import Reader
from timebank.domain.calendar.statements import HERE

FEWEST, USUAL, MOST = 1, 5, 20


class NothingToShow(NotFound):
    """There is no such event or group here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingDate:
    """One date of the list."""

    title: str
    slug: str
    occurs_on: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    venue: str
    is_cancelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What a list shows.

    Attributes:
        host: The community's own host name, or None for that of the whole site.
        name: The series' title or the group's name; None when it shows everything.
        slug: The series', where it shows one.
    """

    host: str | None
    community: str
    place: str
    timezone: str
    name: str | None
    slug: str | None
    dates: list[ComingDate]


# What was asked for and is not there stays NULL, and tells so.
WHOSE: LiteralString = f"""
SELECT c.id, c.host, c.name, c.place, c.timezone, s.id, s.title, g.id, g.name
  FROM community c
  LEFT JOIN series s
    ON s.community_id = c.id AND s.slug = %(series)s AND s.state = 'published'
  LEFT JOIN community_group g ON g.community_id = c.id AND g.slug = %(group)s
{HERE}"""  # noqa: S608 - the parts are ours

# A date that was called off is told until it would have been; one left out never was told of.
DATES: LiteralString = """
SELECT s.title, s.slug, e.occurs_on, e.starts_at, e.ends_at, v.name, e.state = 'cancelled'
  FROM event e
  JOIN series s ON s.id = e.series_id AND s.state = 'published'
  JOIN venue v ON v.id = e.venue_id
 WHERE e.community_id = %(community_id)s AND e.ends_at > %(now)s AND e.state <> 'skipped'
   AND (%(series_id)s::bigint IS NULL OR e.series_id = %(series_id)s)
   AND (%(group_id)s::bigint IS NULL OR s.group_id = %(group_id)s)
 ORDER BY e.starts_at, e.id
 LIMIT %(most)s"""


def coming(
    reader: Reader,
    *,
    host: str,
    series: str | None = None,
    group: str | None = None,
    most: int = USUAL,
    now: dt.datetime,
) -> Coming:
    """List the next dates in the community at `host`, the soonest first.

    Args:
        reader: Asks the database.
        host: The host name that was asked for.
        series: The slug of the only series to show, or None.
        group: The slug of the only group to show, or None.
        most: How many dates to show; more than `MOST` or fewer than one are brought within.
        now: What has ended by then is over.

    Raises:
        NothingToShow: There is no such series that neighbours can see, group, or community.
    """
    whose = reader.one(WHOSE, {"host": host, "series": series, "group": group})
    if whose is None:
        raise NothingToShow
    community_id, own_host, name, place, timezone, series_id, title, group_id, group_name = whose
    if (series is not None and series_id is None) or (group is not None and group_id is None):
        raise NothingToShow
    rows = reader.all(
        DATES,
        {
            "community_id": community_id,
            "series_id": series_id,
            "group_id": group_id,
            "most": max(FEWEST, min(most, MOST)),
            "now": now,
        },
    )
    names = ComingDate.__dataclass_fields__
    return Coming(
        host=own_host,
        community=name,
        place=place,
        timezone=timezone,
        name=title or group_name,
        slug=series,
        dates=[ComingDate(**dict(zip(names, row, strict=True))) for row in rows],
    )
