"""How well dates are covered, as red, amber and green: for the grid, and over all one runs."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

DATES_EACH = 8
MOST_SERIES = 100
URGENT_HOURS = 48


class Light(enum.StrEnum):
    """Whether a date can start with the people it has."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


# Whether the time to find somebody is nearly over: for an event `e` of a series `x`, beside :now.
# Who said that it starts all the same has decided already.
IS_LATE = f"""(e.go_anyway_by IS NULL AND (e.outlook IN ('at_risk', 'no_go') OR e.starts_at
    - make_interval(hours => greatest({URGENT_HOURS}, x.decide_hours_before)) <= :now))"""


def light_of(*, lacking: int, is_late: bool) -> Light:
    """Tell the light of a date that lacks so many people it can't start without."""
    if not lacking:
        return Light.GREEN
    return Light.RED if is_late else Light.AMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredDate:
    """How full one date is.

    Attributes:
        unsure: Of those `filled`, how many have yet to say yes.
        lacking: How many have yet to say yes before it can start, found or not; `lacks` names
            their jobs. A date's outlook counts the same way.
    """

    occurs_on: dt.date
    starts_at: dt.datetime
    is_cancelled: bool
    is_late: bool
    filled: int
    places: int
    needed: int
    unsure: int
    lacking: int
    lacks: tuple[str, ...]

    @property
    def light(self) -> Light | None:
        """Its light; a date that does not take place or has no jobs has none."""
        if self.is_cancelled or not self.places:
            return None
        return light_of(lacking=self.lacking, is_late=self.is_late)


@dataclass(frozen=True, slots=True)
class CoveredSeries:
    """A series with its next dates."""

    title: str
    slug: str
    dates: tuple[CoveredDate, ...]

    @property
    def urgency(self) -> tuple[int, dt.datetime]:
        """What to sort by: the one with the nearest red date first, then amber ones."""
        for rank, light in enumerate((Light.RED, Light.AMBER)):
            found = [date.starts_at for date in self.dates if date.light is light]
            if found:
                return rank, found[0]
        return len(Light), self.dates[0].starts_at


COVERAGE = f"""
SELECT x.title, x.slug, e.occurs_on, e.starts_at, e.state = 'cancelled' AS is_cancelled,
       {IS_LATE} AS is_late, coalesce(rota.filled, 0) AS filled,
       coalesce(rota.places, 0) AS places, coalesce(rota.needed, 0) AS needed,
       coalesce(rota.unsure, 0) AS unsure, coalesce(rota.lacking, 0) AS lacking,
       coalesce(rota.lacks, '{{}}') AS lacks
  FROM (SELECT * FROM series
         WHERE community_id = :community_id AND state = 'published'
           AND (:runs_all OR group_id = ANY (:group_ids))
         ORDER BY title, id LIMIT :most_series) AS x
 CROSS JOIN LATERAL (
   SELECT * FROM event
    WHERE series_id = x.id AND state <> 'skipped' AND starts_at > :now
    ORDER BY starts_at LIMIT :most_dates) AS e
  LEFT JOIN LATERAL (
    SELECT sum(t.taken)::int AS filled, sum(s.places)::int AS places,
           sum(s.needed)::int AS needed, sum(t.unsure)::int AS unsure,
           sum(greatest(s.needed - t.sure, 0))::int AS lacking,
           array_agg(r.name ORDER BY r.position, r.id) FILTER (WHERE t.sure < s.needed) AS lacks
      FROM slot s
      JOIN role r ON r.id = s.role_id
     CROSS JOIN LATERAL (
       SELECT count(*) AS taken, count(*) FILTER (WHERE c.state = 'held') AS unsure,
              count(*) FILTER (WHERE c.state <> 'held') AS sure
         FROM claim c WHERE c.slot_id = s.id AND c.live) AS t
     WHERE s.event_id = e.id AND (s.closed_at IS NULL OR t.taken > 0)) AS rota ON true
 ORDER BY x.title, x.id, e.starts_at
"""  # noqa: S608 - IS_LATE is ours


def read_coverage(
    session: Session,
    *,
    community_id: int,
    group_ids: Collection[int] | None,
    now: dt.datetime,
) -> list[CoveredSeries]:
    """Read the next eight dates of each series, the most urgent series first, in one statement.

    Args:
        group_ids: Of those who run the series; None: of everybody.
    """
    values = {
        "community_id": community_id,
        "runs_all": group_ids is None,
        "group_ids": list(group_ids or ()),
        "now": now,
        "most_series": MOST_SERIES,
        "most_dates": DATES_EACH,
    }
    found: dict[str, tuple[str, list[CoveredDate]]] = {}
    for row in session.execute(sa.text(COVERAGE), values).mappings():
        found.setdefault(row["slug"], (row["title"], []))[1].append(_date(row))
    series = [CoveredSeries(title, slug, tuple(dates)) for slug, (title, dates) in found.items()]
    return sorted(series, key=lambda one: one.urgency)


def _date(row: Any) -> CoveredDate:  # noqa: ANN401 - a row
    """Make a date of a row; a job that lacks somebody in several turns is named once."""
    facts = {name: row[name] for name in CoveredDate.__slots__}
    return CoveredDate(**facts | {"lacks": tuple(dict.fromkeys(row["lacks"]))})
