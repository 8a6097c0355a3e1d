"""Lay jobs on dates: places, turns and times as they shall be, without taking a turn from anybody.

What shall be is a query (`Wanted`): the jobs of the series, or what was written down for one date.
A slot that is no longer wanted goes; one that somebody once had is closed, for its story.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import LiteralString
from typing import NoReturn

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import when
from timebank.core.errors import Refused
from timebank.domain.events import slots
from timebank.domain.rota import following


class JobHasTurns(Refused):
    """Somebody has this job already. Have a word with them first."""


@dataclass(frozen=True, slots=True)
class WantedSlot:
    """One turn of a job as it shall be on a date."""

    role_id: int
    turn: int
    starts_at: dt.datetime
    ends_at: dt.datetime
    needed: int
    places: int


WRITTEN: LiteralString = """
SELECT e.community_id, e.series_id, e.id AS event_id, t.*
  FROM event e
  JOIN unnest(CAST(:role_ids AS bigint[]), CAST(:turns AS int[]),
              CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]),
              CAST(:needed AS int[]), CAST(:places AS int[]))
       AS t (role_id, turn, starts_at, ends_at, needed, places) ON true
 WHERE e.id = ANY (:event_ids)
"""
TOO_FULL: LiteralString = """
WITH wanted AS ({wanted})
SELECT r.id, r.name, w.event_id IS NULL AS is_going, s.starts_at, e.occurs_on, x.timezone,
       (SELECT count(*) FROM slot o WHERE o.event_id = e.id AND o.role_id = r.id) > 1 AS is_shared,
       EXISTS (SELECT FROM wanted o WHERE o.role_id = r.id AND o.event_id = e.id) AS stays,
       count(*) AS taken,
       array_agg(coalesce(c.held_as, p.full_name, '') ORDER BY c.place) AS names
  FROM slot s
  JOIN role r ON r.id = s.role_id
  JOIN event e ON e.id = s.event_id
  JOIN community x ON x.id = e.community_id
  JOIN claim c ON c.slot_id = s.id AND c.live
  LEFT JOIN profile p ON p.person_id = c.person_id
  LEFT JOIN wanted w ON (w.event_id, w.role_id, w.turn) = (s.event_id, s.role_id, s.turn)
 WHERE s.event_id = ANY (:event_ids)
 GROUP BY r.id, s.id, e.id, x.id, w.event_id, w.places
HAVING w.event_id IS NULL OR count(*) > w.places
 ORDER BY e.occurs_on, s.starts_at, s.id
 LIMIT 1
"""
# Places are numbered: who sits above the new number takes a free one below it.
MOVE_DOWN: LiteralString = """
WITH wanted AS ({wanted}), above AS (
  SELECT c.id, c.slot_id, w.places,
         row_number() OVER (PARTITION BY c.slot_id ORDER BY c.place) AS nth
    FROM claim c
    JOIN slot s ON s.id = c.slot_id
    JOIN wanted w ON (w.event_id, w.role_id, w.turn) = (s.event_id, s.role_id, s.turn)
   WHERE c.event_id = ANY (:event_ids) AND c.live AND c.place > w.places
), free AS (
  SELECT a.slot_id, number, row_number() OVER (PARTITION BY a.slot_id ORDER BY number) AS nth
    FROM (SELECT DISTINCT slot_id, places FROM above) AS a
   CROSS JOIN LATERAL generate_series(1, a.places) AS number
   WHERE NOT EXISTS (
     SELECT FROM claim c WHERE c.slot_id = a.slot_id AND c.live AND c.place = number)
)
UPDATE claim SET place = free.number
  FROM above JOIN free USING (slot_id, nth) WHERE claim.id = above.id
"""
FIT: LiteralString = """
WITH wanted AS ({wanted})
UPDATE slot s SET needed = w.needed, places = w.places, closed_at = NULL
  FROM wanted w
 WHERE (w.event_id, w.role_id, w.turn) = (s.event_id, s.role_id, s.turn)
   AND (s.needed, s.places, s.closed_at IS NOT NULL) <> (w.needed, w.places, false)
"""
DROP: LiteralString = """
WITH wanted AS ({wanted})
DELETE FROM slot s
 WHERE s.event_id = ANY (:event_ids)
   AND NOT EXISTS (SELECT FROM wanted w
                    WHERE (w.event_id, w.role_id, w.turn) = (s.event_id, s.role_id, s.turn))
   AND NOT EXISTS (SELECT FROM claim o WHERE o.slot_id = s.id)
   AND NOT EXISTS (SELECT FROM waiting o WHERE o.slot_id = s.id)
   AND NOT EXISTS (SELECT FROM appeal o WHERE o.slot_id = s.id)
   AND NOT EXISTS (SELECT FROM appeal_ask o WHERE o.slot_id = s.id)
"""
CLOSE: LiteralString = """
WITH wanted AS ({wanted})
UPDATE slot s SET closed_at = :now
 WHERE s.event_id = ANY (:event_ids) AND s.closed_at IS NULL
   AND NOT EXISTS (SELECT FROM wanted w
                    WHERE (w.event_id, w.role_id, w.turn) = (s.event_id, s.role_id, s.turn))
"""
MAKE: LiteralString = """
INSERT INTO slot (community_id, series_id, event_id, role_id, turn, starts_at, ends_at,
                  needed, places)
SELECT community_id, series_id, event_id, role_id, turn, starts_at, ends_at, needed, places
  FROM ({wanted}) AS wanted
 ORDER BY event_id, role_id, turn
    ON CONFLICT DO NOTHING
"""
MOVED: LiteralString = """
SELECT s.id, w.starts_at, w.ends_at
  FROM slot s
  JOIN ({wanted}) AS w ON (w.event_id, w.role_id, w.turn) = (s.event_id, s.role_id, s.turn)
 WHERE (w.starts_at, w.ends_at) <> (s.starts_at, s.ends_at)
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The slots that some dates shall have: a query, and what it asks for."""

    query: LiteralString
    values: dict[str, Any]


def of_jobs(event_ids: Sequence[int]) -> Wanted:
    """Want what the jobs of the series say; dates with jobs of their own are not among these."""
    return Wanted(slots.OF_JOBS, {"event_ids": list(event_ids)})


def written(event_id: int, wanted: Sequence[WantedSlot]) -> Wanted:
    """Want what was written down for one date."""
    return Wanted(
        WRITTEN,
        {
            "event_ids": [event_id],
            "role_ids": [slot.role_id for slot in wanted],
            "turns": [slot.turn for slot in wanted],
            "starts": [slot.starts_at for slot in wanted],
            "ends": [slot.ends_at for slot in wanted],
            "needed": [slot.needed for slot in wanted],
            "places": [slot.places for slot in wanted],
        },
    )


def fit_slots(
    session: Session, wanted: Wanted, *, role_ids: Sequence[int], now: dt.datetime
) -> list[following.SlotSpan]:
    """Lay jobs on dates -> which slots are still to be moved, all of them at once.

    Args:
        session: The session.
        wanted: The slots as they shall be.
        role_ids: The jobs in the order in which they were typed.
        now: Now.

    Raises:
        JobHasTurns: A job would lose places or turns that people have; it names them.
    """
    too_full = _run(session, TOO_FULL, wanted).first()
    if too_full:
        _refuse(too_full, role_ids)
    for statement in (MOVE_DOWN, FIT, DROP):
        _run(session, statement, wanted)
    _run(session, CLOSE, wanted, now=now)
    _run(session, MAKE, wanted)
    moved = _run(session, MOVED, wanted)
    return [
        following.SlotSpan(slot_id, starts_at, ends_at) for slot_id, starts_at, ends_at in moved
    ]


def _run(
    session: Session, statement: LiteralString, wanted: Wanted, **more: object
) -> sa.Result[*tuple[Any, ...]]:
    query = sa.text(statement.replace("{wanted}", wanted.query))
    return session.execute(query, {**wanted.values, **more})


def _refuse(too_full: sa.Row[Any], role_ids: Sequence[int]) -> NoReturn:
    names = following.list_names(too_full.names)
    have = "have" if too_full.taken > 1 else "has"
    day = f"{too_full.occurs_on.day} {calendar.month_name[too_full.occurs_on.month]}"
    line = f"roles-{role_ids.index(too_full.id)}" if too_full.id in role_ids else ""
    if too_full.is_going:
        at = f" at {when.clock(too_full.starts_at, too_full.timezone)}"
        is_turn = too_full.is_shared and too_full.stays
        raise JobHasTurns(
            f"{names} {have} “{too_full.name}”{at if is_turn else ''} on {day}. "
            f"Keep the {'turn' if is_turn else 'job'}, or have a word first.",
            field=f"{line}-turn" if is_turn and line else "roles",
        )
    raise JobHasTurns(
        f"{names} {have} this job on {day}. Keep {too_full.taken} places, or have a word first.",
        field=f"{line}-places" if line else "roles",
    )
