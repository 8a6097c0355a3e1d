"""Read what somebody could do: open jobs that they may take and have time for, as a flat list."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.rota.whats_on import SCENES_OF
from timebank.domain.rota.whats_on import Kind

AHEAD = dt.timedelta(weeks=4)
JOBS_A_PAGE = 20


class Free(enum.StrEnum):
    """When somebody is free, by the hour at which a job begins."""

    WEEKENDS = "weekends"
    MORNINGS = "mornings"
    AFTERNOONS = "afternoons"
    EVENINGS = "evenings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What somebody would like.

    Attributes:
        near: The part of the borough; None: anywhere.
        free: When they are free; the three that are parts of a day mean Monday to Friday.
            Empty: at any time.
        needed_first: Begin with what can't start without one more.
    """

    near: str | None = None
    free: frozenset[Free] = frozenset()
    kind: Kind | None = None
    needed_first: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page of the list ended, in its order."""

    rank: int
    starts_at: dt.datetime
    slot_id: int


@dataclass(frozen=True, slots=True)
class Doable:
    """A job that somebody could do."""

    rank: int
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
    place: str


@dataclass(frozen=True, slots=True)
class Doables:
    """A page of the list; `after`: where the next one begins, or None."""

    jobs: tuple[Doable, ...]
    after: Mark | None


# The rules are asked row by row in the order of the list, until a page is full: they cost much
# more than the rest. OFFSET keeps the planner from asking them for every job first, and the rank
# is no constant to it, or it would sort once more, after asking. Which place a claim would get,
# they are told as `taking` would choose it.
COULD_DO = """
WITH mine AS MATERIALIZED (
  SELECT c.slot_id, c.event_id, c.starts_at, c.ends_at, c.binds, c.beside_id, o.role_id
    FROM membership m
    JOIN claim c ON c.membership_id = m.id AND c.live AND c.ends_at > :now
    JOIN slot o ON o.id = c.slot_id
   WHERE m.person_id = :person_id
)
SELECT rank, slot_id, name, about, starts_at, ends_at, minutes, free, is_needed, title, slug,
       occurs_on, place
  FROM (
    SELECT greatest((t.taken >= s.needed)::int, :least_rank) AS rank,
           s.id AS slot_id, r.name, r.about, s.starts_at, s.ends_at, s.minutes,
           s.places - t.taken AS free, t.taken < s.needed AS is_needed, x.title, x.slug,
           e.occurs_on, v.name AS place,
           CASE WHEN t.taken_of_all < s.places - r.newcomer_places THEN 1
                ELSE s.places END AS would_get
      FROM event e
      JOIN series x ON x.id = e.series_id AND x.state = 'published'
      JOIN venue v ON v.id = e.venue_id
      JOIN slot s ON s.event_id = e.id AND s.closed_at IS NULL
      JOIN role r ON r.id = s.role_id
     CROSS JOIN LATERAL (
       SELECT count(*) AS taken,
              count(*) FILTER (WHERE c.place <= s.places - r.newcomer_places) AS taken_of_all
         FROM claim c WHERE c.slot_id = s.id AND c.live) AS t
     CROSS JOIN LATERAL (
       SELECT CASE WHEN extract(isodow FROM at.local) > 5 THEN 'weekends'
                   WHEN extract(hour FROM at.local) < 12 THEN 'mornings'
                   WHEN extract(hour FROM at.local) < 17 THEN 'afternoons'
                   ELSE 'evenings' END AS part
         FROM (SELECT s.starts_at AT TIME ZONE :zone AS local) AS at) AS day
     WHERE e.community_id = :community_id AND e.state = 'planned' AND e.starts_at < :until
       AND e.ends_at > :now AND s.starts_at > :now AND t.taken < s.places
       AND (r.opens_hours_before IS NULL
            OR :now >= s.starts_at - make_interval(hours => r.opens_hours_before))
       AND (CAST(:near AS text) IS NULL OR v.area = :near)
       AND (CAST(:free AS text[]) IS NULL OR day.part = ANY (:free))
       AND (CAST(:scenes AS text[]) IS NULL OR x.scene = ANY (:scenes))
       AND (NOT :step_free OR v.step_free)
       AND NOT EXISTS (
         SELECT FROM mine
          WHERE mine.slot_id = s.id
             OR (mine.binds OR mine.beside_id IS NOT NULL)
                AND tstzrange(mine.starts_at, mine.ends_at)
                    && tstzrange(s.starts_at, s.ends_at)
                AND NOT (mine.binds AND mine.event_id = e.id
                         AND mine.starts_at <= s.starts_at AND mine.ends_at >= s.ends_at
                         AND EXISTS (
                           SELECT FROM role_pair p WHERE p.rule = 'together'
                              AND (p.first_role_id, p.second_role_id)
                                  = (least(mine.role_id, r.id), greatest(mine.role_id, r.id)))))
     ORDER BY 1, s.starts_at, s.id
    OFFSET 0
  ) AS open
 WHERE (CAST(:after_rank AS integer) IS NULL
        OR (rank, starts_at, slot_id) > (:after_rank, :after_at, :after_id))
   AND (CAST(:membership_id AS bigint) IS NULL
        OR broken_rule(slot_id, :membership_id, :now, false, false, would_get) IS NULL)
 ORDER BY rank, starts_at, slot_id
 LIMIT :most
"""


def could_do(
    session: Session,
    *,
    community_id: int,
    zone: str,
    wishes: Wishes,
    now: dt.datetime,
    person_id: int | None = None,
    membership_id: int | None = None,
    after: Mark | None = None,
) -> Doables:
    """Read a page of the jobs of the next four weeks that somebody could do, in one statement.

    Args:
        zone: Of the community's clocks, by which people are free.
        person_id: Only what clashes with no turn of this person's, anywhere.
        membership_id: Only what this member may do by the rules of the jobs.
        after: Only what comes after this.
    """
    rows = session.execute(
        sa.text(COULD_DO),
        {
            "community_id": community_id,
            "zone": zone,
            "now": now,
            "until": now + AHEAD,
            "near": wishes.near,
            "free": [one.value for one in wishes.free] or None,
            "scenes": list(SCENES_OF[wishes.kind]) if wishes.kind in SCENES_OF else None,
            "step_free": wishes.kind is Kind.STEP_FREE,
            "least_rank": 0 if wishes.needed_first else 1,
            "person_id": person_id,
            "membership_id": membership_id,
            "after_rank": after.rank if after else None,
            "after_at": after.starts_at if after else None,
            "after_id": after.slot_id if after else None,
            "most": JOBS_A_PAGE + 1,
        },
    )
    found = [Doable(*row) for row in rows]
    jobs = tuple(found[:JOBS_A_PAGE])
    last = jobs[-1] if len(found) > JOBS_A_PAGE else None
    return Doables(jobs, Mark(last.rank, last.starts_at, last.slot_id) if last else None)
