"""One job as the page for taking it shows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.text import public_name


@dataclass(frozen=True, slots=True)
class Place:
    """A job of a date: what, when, where, with whom, and what it asks of people.

    Attributes:
        minimum_age: In years, or None.
        while_taking_part: Whether one can do it and take part.
        asks_for: The checks and qualifications that it wants, by name.
        last_taker: First name and initial of whoever took a place last, or None.
    """

    slot_id: int
    event_id: int
    series_id: int
    group_id: int
    job: str
    about: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    minutes: int
    is_full: bool
    is_cancelled: bool
    reason: str | None
    title: str
    slug: str
    occurs_on: dt.date
    venue: str
    organiser: str | None
    role_id: int
    bring: str
    arrive_minutes_before: int
    minimum_age: int | None
    while_taking_part: bool
    asks_for: tuple[str, ...]
    last_taker: str | None


PLACE = """
SELECT s.id, e.id, x.id, x.group_id, r.name, r.about, s.starts_at, s.ends_at, s.minutes,
       (SELECT count(*) FROM claim c WHERE c.slot_id = s.id AND c.live
           AND (c.held_until IS NULL OR c.held_until > :now)) >= s.places,
       e.state <> 'planned', e.reason, x.title, x.slug, e.occurs_on, v.name,
       (SELECT p.full_name FROM group_organiser o
          JOIN membership m ON m.id = o.membership_id AND m.standing <> 'left'
          JOIN profile p ON p.person_id = m.person_id
         WHERE o.group_id = x.group_id ORDER BY m.id LIMIT 1) AS organiser,
       r.id, r.bring, r.arrive_minutes_before, r.minimum_age, r.while_taking_part,
       ARRAY(SELECT q.name FROM role_qualification a
               JOIN qualification q ON q.id = a.qualification_id
              WHERE a.role_id = r.id ORDER BY q.name) AS asks_for,
       (SELECT CASE WHEN c.state = 'held' AND c.held_for <> 'yes' THEN 'Somebody'
                    ELSE coalesce(c.held_as, p.full_name) END
          FROM claim c
          JOIN profile p ON p.person_id = c.person_id
         WHERE c.slot_id = s.id AND c.live ORDER BY c.created_at DESC, c.id DESC LIMIT 1)
         AS last_taker
  FROM slot s
  JOIN role r ON r.id = s.role_id
  JOIN event e ON e.id = s.event_id
  JOIN series x ON x.id = e.series_id AND x.state = 'published'
  JOIN venue v ON v.id = e.venue_id
 WHERE {chosen} AND x.community_id = :community_id
"""


def find_place(
    session: Session,
    *,
    community_id: int,
    slug: str,
    day: dt.date,
    slot_id: int,
    now: dt.datetime,
) -> Place:
    """Find the job of an address, in one statement.

    Raises:
        NotFound: When slug, day, slot and community do not belong together.
    """
    chosen = "s.id = :slot_id AND x.slug = :slug AND e.occurs_on = :day"
    values = {"slot_id": slot_id, "slug": slug, "day": day}
    return _place(session, chosen, {**values, "community_id": community_id, "now": now})


def place_of_claim(
    session: Session, *, community_id: int, claim_id: int, now: dt.datetime
) -> Place:
    """Find the job that a claim is about.

    Raises:
        NotFound: When there is no such claim in the community.
    """
    chosen = "s.id = (SELECT slot_id FROM claim WHERE id = :claim_id)"
    values = {"claim_id": claim_id, "community_id": community_id, "now": now}
    return _place(session, chosen, values)


def place_of_slot(session: Session, *, community_id: int, slot_id: int, now: dt.datetime) -> Place:
    """Find a job by its number.

    Raises:
        NotFound: When there is no such job in the community.
    """
    values = {"slot_id": slot_id, "community_id": community_id, "now": now}
    return _place(session, "s.id = :slot_id", values)


def _place(session: Session, chosen: str, values: dict[str, object]) -> Place:
    row = session.execute(sa.text(PLACE.format(chosen=chosen)), values).first()
    if row is None:
        raise NotFound
    last_taker = public_name(row.last_taker) if row.last_taker else None
    return Place(*(*row[:-2], tuple(row.asks_for), last_taker))
