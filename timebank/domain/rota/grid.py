"""Read the rota of a series as a grid, jobs by dates, in two statements whatever its size."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import public_name

DATES_A_PAGE = 6


@dataclass(frozen=True, slots=True)
class GridDate:
    """One date, a column of the grid. `has_moved`: it is not when or where the series says."""

    event_id: int
    occurs_on: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    is_cancelled: bool
    has_moved: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class GridTaker:
    """Somebody in a cell, by public name; `is_held`: still to say yes by e-mail."""

    membership_id: int
    name: str
    is_held: bool


@dataclass(frozen=True, slots=True)
class GridJob:
    """A job on a date, a cell of the grid."""

    slot_id: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    needed: int
    places: int
    takers: tuple[GridTaker, ...]

    @property
    def has_room(self) -> bool:
        """Whether a place is going spare."""
        return len(self.takers) < self.places

    @property
    def is_needed(self) -> bool:
        """Whether the date can't start without one more."""
        return len(self.takers) < self.needed


@dataclass(frozen=True, slots=True)
class GridRow:
    """A job over the dates: its cell on each, or None where a date doesn't have it."""

    role_id: int
    name: str
    cells: tuple[GridJob | None, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """Some dates of a series and its jobs on them.

    `earlier_from` and `later_from`: the first date of the page before and after, or None.
    """

    dates: tuple[GridDate, ...]
    rows: tuple[GridRow, ...]
    earlier_from: dt.date | None
    later_from: dt.date | None


DATES = """
WITH shown AS (
  SELECT e.id, e.occurs_on, e.starts_at, e.ends_at, e.state = 'cancelled' AS is_cancelled,
         e.state = 'planned' AND e.reason IS NOT NULL AS has_moved, e.reason
    FROM event e
   WHERE e.series_id = :series_id
     AND CASE WHEN CAST(:first AS date) IS NULL THEN e.ends_at > :now
              ELSE e.occurs_on >= :first END
   ORDER BY e.occurs_on
   LIMIT :most + 1
), earlier AS (
  SELECT e.occurs_on FROM event e
   WHERE e.series_id = :series_id
     AND e.occurs_on < coalesce((SELECT min(occurs_on) FROM shown), CAST('infinity' AS date))
   ORDER BY e.occurs_on DESC
   LIMIT :most
)
SELECT edge.earlier_from, shown.*
  FROM (SELECT min(occurs_on) AS earlier_from FROM earlier) AS edge
  LEFT JOIN shown ON true
 ORDER BY shown.occurs_on
"""

JOBS = """
SELECT s.event_id, r.id, r.name, s.id, s.starts_at, s.ends_at, s.needed, s.places,
       coalesce(jsonb_agg(jsonb_build_array(c.membership_id, coalesce(c.held_as, p.full_name),
                                            c.state = 'held')
                          ORDER BY c.place) FILTER (WHERE c.id IS NOT NULL), '[]') AS takers
  FROM slot s
  JOIN role r ON r.id = s.role_id
  LEFT JOIN claim c ON c.slot_id = s.id AND c.live
  LEFT JOIN profile p ON p.person_id = c.person_id
 WHERE s.event_id = ANY (:event_ids)
 GROUP BY s.id, r.id
HAVING s.closed_at IS NULL OR count(c.id) > 0
 ORDER BY r.position, r.id
"""


def read_grid(
    session: Session, *, series_id: int, first: dt.date | None, now: dt.datetime
) -> Grid:
    """Read six dates: from `first` on, or the next ones that are not over."""
    values = {"series_id": series_id, "first": first, "now": now, "most": DATES_A_PAGE}
    rows = session.execute(sa.text(DATES), values).all()
    found = [GridDate(*row[1:]) for row in rows if row.id is not None]
    dates = tuple(found[:DATES_A_PAGE])
    jobs = session.execute(sa.text(JOBS), {"event_ids": [date.event_id for date in dates]})
    return Grid(
        dates=dates,
        rows=_rows(dates, jobs),
        earlier_from=rows[0].earlier_from,
        later_from=found[DATES_A_PAGE].occurs_on if len(found) > DATES_A_PAGE else None,
    )


def _rows(dates: tuple[GridDate, ...], jobs: Any) -> tuple[GridRow, ...]:  # noqa: ANN401 - a result
    """Lay the jobs out under their dates, in the order of the rota."""
    names: dict[int, str] = {}
    cells: dict[tuple[int, int], GridJob] = {}
    for event_id, role_id, name, *slot, takers in jobs:
        names[role_id] = name
        cells[role_id, event_id] = GridJob(*(*slot, tuple(_taker(*row) for row in takers)))
    return tuple(
        GridRow(role_id, name, tuple(cells.get((role_id, date.event_id)) for date in dates))
        for role_id, name in names.items()
    )


def _taker(membership_id: int, full_name: str | None, is_held: bool) -> GridTaker:  # noqa: FBT001
    return GridTaker(membership_id, public_name(full_name or "Former member"), is_held)
