"""A card shown on the day: whose turns of today its organiser may tick."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.rota.occasions import OPENS_BEFORE


@dataclass(frozen=True, slots=True)
class Runs:
    """What somebody runs today: the events of these groups; None: of every group here."""

    community_id: int
    group_ids: Collection[int] | None
    today: dt.date


@dataclass(frozen=True, slots=True)
class EventToday:
    """A date of today whose check-in is open."""

    title: str
    slug: str
    occurs_on: dt.date


@dataclass(frozen=True, slots=True)
class TurnToday:
    """A turn at such a date. `is_here`: ticked or credited already."""

    claim_id: int
    event_id: int
    title: str
    slug: str
    occurs_on: dt.date
    job: str
    starts_at: dt.datetime
    is_here: bool


# An event that runs past midnight is today's until it is over.
OPEN_TODAY = """
       x.community_id = :community_id AND x.state = 'published' AND e.state = 'planned'
   AND e.starts_at <= :opens_by
   AND (e.occurs_on = :today OR e.starts_at <= :now AND e.ends_at > :now)
   AND (CAST(:group_ids AS bigint[]) IS NULL OR x.group_id = ANY (:group_ids))
"""

EVENTS = sa.text(f"""
SELECT x.title, x.slug, e.occurs_on
  FROM event e JOIN series x ON x.id = e.series_id
 WHERE {OPEN_TODAY}
 ORDER BY e.starts_at, e.id LIMIT 50
""")  # noqa: S608 - the parts are ours

TURNS = sa.text(f"""
SELECT c.id, e.id, x.title, x.slug, e.occurs_on, r.name, c.starts_at,
       c.arrived_at IS NOT NULL OR c.state = 'attended'
  FROM claim c
  JOIN slot s ON s.id = c.slot_id
  JOIN role r ON r.id = s.role_id
  JOIN event e ON e.id = c.event_id
  JOIN series x ON x.id = e.series_id
 WHERE c.membership_id = :membership_id AND c.state <> 'withdrawn'
   AND (c.held_until IS NULL OR c.held_until > :now) AND {OPEN_TODAY}
 ORDER BY c.starts_at, c.id LIMIT 50
""")  # noqa: S608 - the parts are ours


def events_today(session: Session, *, runs: Runs, now: dt.datetime) -> list[EventToday]:
    """Read the dates of today that are open to ticks and that somebody runs."""
    return [EventToday(*row) for row in session.execute(EVENTS, _values(runs, now))]


def turns_today(
    session: Session, *, membership_id: int, runs: Runs, now: dt.datetime
) -> list[TurnToday]:
    """Read the turns that a member has at these dates."""
    values = {**_values(runs, now), "membership_id": membership_id}
    return [TurnToday(*row) for row in session.execute(TURNS, values)]


def _values(runs: Runs, now: dt.datetime) -> dict[str, object]:
    return {
        "community_id": runs.community_id,
        "group_ids": None if runs.group_ids is None else list(runs.group_ids),
        "today": runs.today,
        "now": now,
        "opens_by": now + OPENS_BEFORE,
    }
