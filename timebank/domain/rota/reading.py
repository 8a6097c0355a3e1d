"""Read the rota for pages: rows into frozen records, in a fixed number of statements."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import first_name
from timebank.core.text import name_or_number

A_WEEK = dt.timedelta(days=7)
A_MONTH = dt.timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Taker:
    """Somebody who has a place, as everybody may see them.

    Attributes:
        is_held: They still have to say yes by e-mail, and go by the name they typed.
        is_asked: They promised nothing yet: who they are is for those who run it.
        host: The first name of the neighbour who brings them along, or None.
        because: Why an organiser let them have it against a rule, for organisers; or None.
        is_looking: They would like whoever will to take it over, and have it until then.
    """

    claim_id: int
    membership_id: int
    name: str
    is_held: bool
    is_asked: bool = False
    host: str | None = None
    because: str | None = None
    is_looking: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A slot with those who have its places.

    Attributes:
        drops_until: Until then one tap gives a turn back; later it asks for cover.
        makes_room: A standing turn in it gives way to somebody's first turn.
    """

    slot_id: int
    name: str
    about: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    minutes: int
    needed: int
    places: int
    drops_until: dt.datetime
    makes_room: bool
    takers: tuple[Taker, ...]

    @property
    def free(self) -> int:
        """Places going spare."""
        return self.places - len(self.takers)

    @property
    def is_needed(self) -> bool:
        """Whether the event can't start without one more."""
        return len(self.takers) < self.needed

    def claim_of(self, membership_id: int | None) -> Taker | None:
        """Find the place that a member has here."""
        return next((t for t in self.takers if t.membership_id == membership_id), None)

    @property
    def looking(self) -> Taker | None:
        """Who would like somebody to take their turn over."""
        return next((t for t in self.takers if t.is_looking), None)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How full a rota is, and which jobs it can't start without."""

    filled: int
    places: int
    missing: tuple[str, ...]


def coverage_of(jobs: list[Job]) -> Coverage:
    """Add up the jobs of a date."""
    return Coverage(
        filled=sum(len(job.takers) for job in jobs),
        places=sum(job.places for job in jobs),
        missing=tuple(job.name for job in jobs if job.is_needed),
    )


JOBS = """
SELECT s.id, r.name, r.about, s.starts_at, s.ends_at, s.minutes, s.needed, s.places,
       s.starts_at - make_interval(hours => x.drop_out_hours),
       coalesce(bool_or(c.standing_id IS NOT NULL AND c.state = 'confirmed'), false),
       coalesce(jsonb_agg(jsonb_build_array(c.id, c.membership_id,
                                            coalesce(c.held_as, p.full_name), c.state,
                                            c.held_for, host.full_name, c.overruled_because,
                                            h.id IS NOT NULL)
                          ORDER BY c.place) FILTER (WHERE c.id IS NOT NULL), '[]') AS takers
  FROM slot s
  JOIN role r ON r.id = s.role_id   -- a job taken off the rota shows where somebody did it
  JOIN series x ON x.id = s.series_id
  LEFT JOIN claim c ON c.slot_id = s.id AND c.live
  LEFT JOIN profile p ON p.person_id = c.person_id
  LEFT JOIN membership b ON b.id = c.guest_of
  LEFT JOIN profile host ON host.person_id = b.person_id
  LEFT JOIN handover h ON h.claim_id = c.id AND h.state = 'open' AND h.to_membership_id IS NULL
 WHERE s.event_id = :event_id
 GROUP BY s.id, r.id, x.id
HAVING s.closed_at IS NULL OR count(c.id) > 0
 ORDER BY r.position, s.starts_at, s.id
"""


def jobs_of_event(session: Session, *, event_id: int) -> list[Job]:
    """Read a date's jobs with their takers, in the rota's order, in one statement."""
    rows = session.execute(sa.text(JOBS), {"event_id": event_id})
    return [Job(*(*row[:-1], tuple(_taker(taker) for taker in row.takers))) for row in rows]


def _taker(row: list[Any]) -> Taker:
    claim_id, membership_id, full_name, state, held_for, host, because, is_looking = row
    return Taker(
        claim_id=claim_id,
        membership_id=membership_id,
        name=name_or_number(full_name),
        is_held=state == "held",
        is_asked=state == "held" and held_for != "yes",
        host=first_name(host) if host else None,
        because=because,
        is_looking=is_looking,
    )


@dataclass(frozen=True, slots=True)
class Turn:
    """A member's own turn, as My turns shows it."""

    claim_id: int
    slot_id: int
    job: str
    about: str
    title: str
    slug: str
    occurs_on: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    minutes: int
    place: str
    is_held: bool


TURNS = """
SELECT c.id, s.id, r.name, r.about, x.title, x.slug, e.occurs_on, c.starts_at, c.ends_at,
       s.minutes, v.name, c.state = 'held'
  FROM claim c
  JOIN slot s ON s.id = c.slot_id
  JOIN role r ON r.id = s.role_id
  JOIN event e ON e.id = c.event_id
  JOIN series x ON x.id = e.series_id
  JOIN venue v ON v.id = e.venue_id
 WHERE c.membership_id = :membership_id AND c.state IN ('held', 'confirmed') AND c.ends_at > :now
   AND (c.held_until IS NULL OR c.held_until > :now AND c.held_for <> 'offered')
 ORDER BY c.starts_at, c.id
 LIMIT 100
"""


def coming_turns(session: Session, *, membership_id: int, now: dt.datetime) -> list[Turn]:
    """Read a member's turns that are still to come, the next one first, in one statement."""
    rows = session.execute(sa.text(TURNS), {"membership_id": membership_id, "now": now})
    return [Turn(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job with a place going spare, as an invitation."""

    slot_id: int
    name: str
    about: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    minutes: int
    free: int
    is_needed: bool
    title: str
    slug: str
    occurs_on: dt.date


OPEN_JOBS = """
SELECT * FROM (
SELECT s.id, r.name, r.about, s.starts_at, s.ends_at, s.minutes, s.places - t.taken,
       t.taken < s.needed AS is_needed, x.title, x.slug, e.occurs_on,
       row_number() OVER (PARTITION BY e.id ORDER BY t.taken < s.needed DESC, s.starts_at,
                                                     s.places - t.taken DESC, s.id) AS nth
  FROM event e
  JOIN slot s ON s.event_id = e.id
  JOIN role r ON r.id = s.role_id AND s.closed_at IS NULL
  JOIN series x ON x.id = e.series_id AND x.state = 'published'
 CROSS JOIN LATERAL (
   SELECT count(*) AS taken FROM claim c WHERE c.slot_id = s.id AND c.live) AS t
 WHERE e.community_id = :community_id AND e.state = 'planned'
   AND e.starts_at < :until AND s.starts_at > greatest(:now, CAST(:since AS timestamptz))
   AND t.taken < s.places
   AND (CAST(:event_id AS bigint) IS NULL OR e.id = :event_id)
   AND (CAST(:series_id AS bigint) IS NULL OR e.series_id = :series_id)
   AND (CAST(:but_slot_id AS bigint) IS NULL OR s.id <> :but_slot_id)
   AND NOT EXISTS (
     SELECT FROM claim mine WHERE mine.membership_id = :membership_id AND mine.binds
        AND tstzrange(mine.starts_at, mine.ends_at) && tstzrange(s.starts_at, s.ends_at))
   AND (CAST(:membership_id AS bigint) IS NULL OR broken_rule(s.id, :membership_id, :now) IS NULL)
) AS open
 WHERE nth <= :most_a_date
 ORDER BY abs(extract(epoch FROM starts_at - CAST(:near AS timestamptz))),
          is_needed DESC, starts_at, nth, id
 LIMIT :most
"""


def open_jobs(
    session: Session,
    *,
    community_id: int,
    now: dt.datetime,
    until: dt.datetime,
    most: int,
    most_a_date: int = 1000,
    event_id: int | None = None,
    series_id: int | None = None,
    membership_id: int | None = None,
    since: dt.datetime | None = None,
    near: dt.datetime | None = None,
    but_slot_id: int | None = None,
) -> list[OpenJob]:
    """Read the jobs that want somebody, what can't start without one first, in one statement.

    Args:
        since: Only what starts later than this.
        near: The nearest to this moment come first instead.
        but_slot_id: Not this job.
        event_id: Only of this date; or only of this series, by `series_id`.
        membership_id: Only what this member has time for and may do.
    """
    rows = session.execute(
        sa.text(OPEN_JOBS),
        {
            "community_id": community_id,
            "now": now,
            "until": until,
            "most": most,
            "most_a_date": most_a_date,
            "event_id": event_id,
            "series_id": series_id,
            "membership_id": membership_id,
            "since": since,
            "near": near,
            "but_slot_id": but_slot_id,
        },
    )
    return [OpenJob(*row[:-1]) for row in rows]


def next_best(
    session: Session,
    *,
    community_id: int,
    event_id: int,
    near: dt.datetime,
    membership_id: int | None,
    now: dt.datetime,
    but_slot_id: int | None = None,
) -> OpenJob | None:
    """Find what to offer instead of a job: on the same date, else what is nearest to it in time.

    Args:
        near: When that job starts; within a week of it, or else within a month.
        but_slot_id: That job itself, which was refused.
    """
    near = max(near, now)
    for only, reach in ((event_id, A_WEEK), (None, A_WEEK), (None, A_MONTH)):
        found = open_jobs(
            session,
            community_id=community_id,
            now=now,
            since=near - reach,
            until=near + reach,
            most=1,
            event_id=only,
            membership_id=membership_id,
            near=None if only else near,
            but_slot_id=but_slot_id,
        )
        if found:
            return found[0]
    return None
