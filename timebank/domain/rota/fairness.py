"""Fair turns: which jobs the same person has done most of lately, for those who run them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import public_name

DATES = 7
LATELY = dt.timedelta(days=366)
LEAST_TURNS = 5
LEAST_DONE = 4

# More than half: of a job with several places many people may do four turns, and that is fair.
MOSTLY_ONE = """
WITH turn AS (
  SELECT s.role_id, c.membership_id, c.person_id,
         dense_rank() OVER (PARTITION BY s.role_id ORDER BY e.starts_at DESC, e.id) AS date
    FROM event e
    JOIN slot s ON s.event_id = e.id
    JOIN claim c ON c.slot_id = s.id AND c.state = 'attended'
   WHERE e.series_id = :series_id AND e.starts_at <= :now AND e.starts_at > :since
), share AS (
  SELECT role_id, membership_id, person_id, count(*) AS done,
         sum(count(*)) OVER (PARTITION BY role_id) AS turns
    FROM turn WHERE date <= :dates GROUP BY role_id, membership_id, person_id
)
SELECT r.name AS job, share.done, share.turns, p.full_name
  FROM share
  JOIN role r ON r.id = share.role_id AND r.retired_at IS NULL
  JOIN profile p ON p.person_id = share.person_id
 WHERE share.done >= :least_done AND share.turns >= :least_turns AND share.done * 2 > share.turns
 ORDER BY r.position, r.id
"""


@dataclass(frozen=True, slots=True)
class FairTurns:
    """A job of which one person did most turns lately: so many of so many."""

    job: str
    done: int
    turns: int
    name: str


def read_fair_turns(
    session: Session, *, series_id: int, now: dt.datetime
) -> tuple[FairTurns, ...]:
    """Find the jobs whose last seven dates were mostly one person's, in one statement."""
    values = {
        "series_id": series_id,
        "now": now,
        "since": now - LATELY,
        "dates": DATES,
        "least_done": LEAST_DONE,
        "least_turns": LEAST_TURNS,
    }
    rows = session.execute(sa.text(MOSTLY_ONE), values)
    return tuple(
        FairTurns(row.job, row.done, int(row.turns), public_name(row.full_name)) for row in rows
    )
