"""A date as check-in sees it: whether it is open, and who is expected."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import first_name
from timebank.core.text import name_or_number
from timebank.core.text import public_name
from timebank.domain.rota.claiming import EventCancelled
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Series

OPENS_BEFORE = dt.timedelta(hours=2)
STAYS_OPEN = dt.timedelta(days=7)


class NotOpenYet(Refused):
    """Check-in opens two hours before the start."""


class WeekIsOver(Refused):
    """Check-in closed a week after this date. The hours stand as they are."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One date as check-in needs it: when, whose, and how far it has got."""

    event_id: int
    community_id: int
    group_id: int
    title: str
    slug: str
    occurs_on: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    state: EventState
    finished_at: dt.datetime | None

    @property
    def opens_at(self) -> dt.datetime:
        """When the first tick is taken."""
        return self.starts_at - OPENS_BEFORE

    @property
    def closes_at(self) -> dt.datetime:
        """When the last tick is taken."""
        return self.ends_at + STAYS_OPEN

    def is_open(self, now: dt.datetime) -> bool:
        """Whether ticks are taken now."""
        return self.state is EventState.PLANNED and self.opens_at <= now < self.closes_at

    def require_open(self, now: dt.datetime) -> None:
        """Refuse what comes too early, too late, or to a date that was cancelled.

        Raises:
            EventCancelled, NotOpenYet, WeekIsOver: As they say.
        """
        if self.state is EventState.CANCELLED:
            raise EventCancelled
        if now < self.opens_at:
            raise NotOpenYet
        if now >= self.closes_at:
            raise WeekIsOver


@dataclass(frozen=True, slots=True)
class Expected:
    """Somebody on the rota of a date, as the organiser's phone shows them.

    Attributes:
        is_held: They have not said yes by e-mail yet.
        is_here: Ticked, or credited already.
        is_credited: Their hours are in.
        is_missed: Their hours were taken back, or the week went by without a tick.
        is_first_turn: They have never done a turn in this community before.
        note: What they told the organisers, and nobody else.
        host: First name of the neighbour who brings them along, or None.
        because: Why they were let have it against a rule, or None.
        is_new_in_job: They have never done this job before, though others.
        sheet, line: The sheet of paper that their turn was typed up from, and the line on it.
        buddy: Who could show somebody new how it goes: comes too, and has done most; or None.
    """

    claim_id: int
    membership_id: int
    name: str
    job: str
    minutes: int
    is_held: bool
    is_here: bool
    is_credited: bool
    is_missed: bool
    is_first_turn: bool
    note: str | None
    host: str | None = None
    because: str | None = None
    is_new_in_job: bool = False
    buddy: str | None = None
    sheet: str | None = None
    line: int | None = None


EXPECTED = sa.text("""
SELECT c.id AS claim_id, c.membership_id,
       coalesce(c.held_as, p.full_name) AS name, r.name AS job,
       coalesce(c.minutes_done, s.minutes) AS minutes,
       c.state = 'held' AS is_held, c.arrived_at IS NOT NULL OR c.state = 'attended' AS is_here,
       c.state = 'attended' AS is_credited, c.state = 'missed' AS is_missed,
       done.turns = 0 AS is_first_turn, c.note, host.full_name AS host,
       c.overruled_because AS because, done.in_job = 0 AND done.turns > 0 AS is_new_in_job,
       buddy.full_name AS buddy, paper.sheet, paper.line
  FROM claim c
  JOIN slot s ON s.id = c.slot_id
  JOIN role r ON r.id = s.role_id
  LEFT JOIN profile p ON p.person_id = c.person_id
  LEFT JOIN membership b ON b.id = c.guest_of
  LEFT JOIN profile host ON host.person_id = b.person_id
 CROSS JOIN LATERAL (
   SELECT count(*) AS turns, count(*) FILTER (WHERE o.role_id = s.role_id) AS in_job
     FROM claim d JOIN slot o ON o.id = d.slot_id
    WHERE d.membership_id = c.membership_id AND d.state = 'attended'
      AND d.starts_at < c.starts_at) AS done
  LEFT JOIN LATERAL (
   SELECT known.full_name
     FROM (SELECT k.membership_id, k.person_id,
                  count(*) FILTER (WHERE o.role_id = s.role_id) AS in_job, count(*) AS turns
             FROM (SELECT DISTINCT membership_id, person_id FROM claim
                    WHERE event_id = c.event_id AND state IN ('confirmed', 'attended')
                      AND membership_id <> c.membership_id) AS k
             JOIN claim d ON d.membership_id = k.membership_id AND d.state = 'attended'
                         AND d.starts_at < c.starts_at
             JOIN slot o ON o.id = d.slot_id AND o.series_id = s.series_id
            GROUP BY k.membership_id, k.person_id) AS other
     JOIN profile known ON known.person_id = other.person_id
    ORDER BY other.in_job DESC, other.turns DESC, other.membership_id
    LIMIT 1) AS buddy ON done.in_job = 0
  LEFT JOIN LATERAL (
   SELECT o.number AS sheet, l.number AS line
     FROM paper_sheet_line l JOIN paper_sheet o ON o.id = l.sheet_id
    WHERE l.claim_id = c.id
    ORDER BY l.outcome = 'counted' DESC, l.entered_at LIMIT 1) AS paper ON true
 WHERE c.event_id = :event_id AND c.state <> 'withdrawn'
   AND (c.held_until IS NULL OR c.held_until > :now)
 ORDER BY r.position, s.starts_at, s.id, c.place, c.id
""")


def find_occasion(session: Session, *, community_id: int, slug: str, day: dt.date) -> Occasion:
    """Find the date of an address.

    Raises:
        NotFound: When the community has no such date.
    """
    found = session.execute(
        sa.select(Event, Series)
        .join(Series, Series.id == Event.series_id)
        .where(Series.community_id == community_id, Series.slug == slug, Event.occurs_on == day)
    ).one_or_none()
    if found is None:
        raise NotFound
    event, series = found
    return Occasion(
        event_id=event.id,
        community_id=event.community_id,
        group_id=series.group_id,
        title=series.title,
        slug=series.slug,
        occurs_on=event.occurs_on,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        state=event.state,
        finished_at=event.finished_at,
    )


def who_is_expected(session: Session, *, event_id: int, now: dt.datetime) -> list[Expected]:
    """Read who is on the rota of a date, in the rota's order, in one statement."""
    rows = session.execute(EXPECTED, {"event_id": event_id, "now": now}).mappings()
    return [_expected(dict(row)) for row in rows]


def _expected(row: dict[str, Any]) -> Expected:
    """Show of everybody's name only what neighbours may see."""
    row["name"] = name_or_number(row["name"])
    row["host"] = first_name(row["host"] or "") or None
    row["buddy"] = public_name(row["buddy"]) if row["buddy"] else None
    return Expected(**row)
