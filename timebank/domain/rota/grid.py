"""Read the rota of a series as a grid, jobs by dates, in two statements whatever its size."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import name_or_number
from timebank.domain.rota.coverage import IS_LATE
from timebank.models import HeldFor

DATES_A_PAGE = (6, 12, 26)


@dataclass(frozen=True, slots=True)
class GridDate:
    """One date, a column of the grid.

    Attributes:
        is_left_out: It was skipped; only those who run it see that.
        has_moved: It is not when or where the series says.
        is_late: The time to find somebody is nearly over.
    """

    event_id: int
    occurs_on: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    is_cancelled: bool
    is_left_out: bool
    has_moved: bool
    reason: str | None
    is_late: bool

    @property
    def takes_place(self) -> bool:
        """Whether it was neither cancelled nor left out."""
        return not (self.is_cancelled or self.is_left_out)


@dataclass(frozen=True, slots=True)
class GridTaker:
    """Somebody in a cell, by public name; `held_for`: what they have yet to say yes to."""

    membership_id: int
    name: str
    held_for: HeldFor | None


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
    def free(self) -> int:
        """Places going spare."""
        return self.places - len(self.takers)

    @property
    def lacking(self) -> int:
        """How many are still to be found that the date can't start without."""
        return max(self.needed - len(self.takers), 0)

    @property
    def short(self) -> int:
        """How many have yet to say yes before the date can start, found or not."""
        return max(self.needed - sum(taker.held_for is None for taker in self.takers), 0)


@dataclass(frozen=True, slots=True)
class GridRow:
    """A job over the dates: its cell on each, or None where a date doesn't have it.

    `turn_at`: when this turn of a job that is shared out through the day begins, on the first
    date that has it; None for a job done in one piece.
    """

    role_id: int
    name: str
    turn_at: dt.datetime | None
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

    def jobs_of(self, column: int) -> list[GridJob]:
        """List the jobs of one date, in the order of the rota."""
        return [job for row in self.rows if (job := row.cells[column])]


DATES = f"""
WITH shown AS (
  SELECT e.id, e.occurs_on, e.starts_at, e.ends_at, e.state = 'cancelled' AS is_cancelled,
         e.state = 'skipped' AS is_left_out,
         e.state = 'planned' AND e.reason IS NOT NULL AS has_moved, e.reason,
         {IS_LATE} AS is_late
    FROM event e
    JOIN series x ON x.id = e.series_id
   WHERE e.series_id = :series_id
     AND (:with_left_out OR e.state <> 'skipped')
     AND CASE WHEN CAST(:first AS date) IS NULL THEN e.ends_at > :now
              ELSE e.occurs_on >= :first END
   ORDER BY e.occurs_on
   LIMIT :most + 1
), earlier AS (
  SELECT e.occurs_on FROM event e
   WHERE e.series_id = :series_id
     AND (:with_left_out OR e.state <> 'skipped')
     AND e.occurs_on < coalesce((SELECT min(occurs_on) FROM shown), CAST('infinity' AS date))
   ORDER BY e.occurs_on DESC
   LIMIT :most
)
SELECT edge.earlier_from, shown.*
  FROM (SELECT min(occurs_on) AS earlier_from FROM earlier) AS edge
  LEFT JOIN shown ON true
 ORDER BY shown.occurs_on
"""  # noqa: S608 - IS_LATE is ours

JOBS = """
SELECT s.event_id, r.id, s.turn, r.name, r.turn_minutes IS NOT NULL,
       s.id, s.starts_at, s.ends_at, s.needed, s.places,
       coalesce(jsonb_agg(jsonb_build_array(
                            c.membership_id, coalesce(c.held_as, p.full_name),
                            CASE WHEN c.state = 'held' THEN c.held_for END)
                          ORDER BY c.place) FILTER (WHERE c.id IS NOT NULL), '[]') AS takers
  FROM slot s
  JOIN role r ON r.id = s.role_id
  LEFT JOIN claim c ON c.slot_id = s.id AND c.live
  LEFT JOIN profile p ON p.person_id = c.person_id
 WHERE s.event_id = ANY (:event_ids)
 GROUP BY s.id, r.id
HAVING s.closed_at IS NULL OR count(c.id) > 0
 ORDER BY r.position, r.id, s.turn, s.starts_at
"""


def read_grid(
    session: Session,
    *,
    series_id: int,
    first: dt.date | None,
    most: int,
    with_left_out: bool,
    now: dt.datetime,
) -> Grid:
    """Read so many dates: from `first` on, or the next ones that are not over.

    Args:
        most: How many dates.
        with_left_out: Whether dates that were skipped are among them.
    """
    values = {
        "series_id": series_id,
        "first": first,
        "now": now,
        "most": most,
        "with_left_out": with_left_out,
    }
    rows = session.execute(sa.text(DATES), values).all()
    found = [GridDate(*row[1:]) for row in rows if row.id is not None]
    dates = tuple(found[:most])
    jobs = session.execute(sa.text(JOBS), {"event_ids": [date.event_id for date in dates]})
    return Grid(
        dates=dates,
        rows=_rows(dates, jobs),
        earlier_from=rows[0].earlier_from,
        later_from=found[most].occurs_on if len(found) > most else None,
    )


def _rows(dates: tuple[GridDate, ...], jobs: Any) -> tuple[GridRow, ...]:  # noqa: ANN401 - a result
    """Lay the jobs out under their dates, in the order of the rota."""
    rows: dict[tuple[int, int], tuple[str, dt.datetime | None]] = {}
    cells: dict[tuple[int, int, int], GridJob] = {}
    for event_id, role_id, turn, name, in_turns, *slot, takers in jobs:
        job = GridJob(*(*slot, tuple(_taker(*row) for row in takers)))
        rows.setdefault((role_id, turn), (name, job.starts_at if in_turns else None))
        cells[role_id, turn, event_id] = job
    return tuple(
        GridRow(role_id, *heading, tuple(cells.get((role_id, turn, d.event_id)) for d in dates))
        for (role_id, turn), heading in rows.items()
    )


def _taker(membership_id: int, full_name: str | None, held_for: str | None) -> GridTaker:
    name = name_or_number(full_name)
    return GridTaker(membership_id, name, HeldFor(held_for) if held_for else None)
