"""Whom a message of an organiser's would reach: by mail, and who would have to be rung."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import first_name
from timebank.domain.communities.pausing import IS_AROUND
from timebank.domain.suppression import SUPPRESSED
from timebank.models import Audience
from timebank.models import Event
from timebank.models import Role

LATELY = dt.timedelta(days=365)
MOST_NAMES = 200

# When a date is off, its turns were given back because of that: they are who had one.
HAS_A_TURN = """
SELECT c.membership_id FROM claim c JOIN event e ON e.id = c.event_id
 WHERE c.event_id = :event_id
   AND (c.live AND (c.held_until IS NULL OR c.held_until > :now)
        OR e.state = 'cancelled' AND c.withdrawn_because = 'cancelled')
"""
ASKED_TO_HEAR = "SELECT f.membership_id FROM follower f WHERE f.series_id = :series_id"
# The job by its name, wherever this group has it.
DID_THE_JOB = """
SELECT c.membership_id
  FROM role mine
  JOIN series x ON x.id = mine.series_id
  JOIN series y ON y.group_id = x.group_id
  JOIN role same ON same.series_id = y.id AND lower(same.name) = lower(mine.name)
  JOIN slot s ON s.role_id = same.id AND s.starts_at > :since
  JOIN claim c ON c.slot_id = s.id AND c.state = 'attended'
 WHERE mine.id = :role_id
"""
CHOSEN = {
    Audience.DATE: HAS_A_TURN,
    Audience.HEARING: ASKED_TO_HEAR,
    Audience.JOB: DID_THE_JOB,
}

# Who has a turn must know what is up, so whoever no mail reaches is rung: no address, one that
# takes no mail, or having a rest. For the rest, nobody is written to who wants to be left in peace
# or not to hear from this organiser; and who did a job, only while they may be asked for help.
REACH = f"""
SELECT m.id AS membership_id, m.person_id, p.full_name,
       p.email IS NOT NULL AND coalesce({IS_AROUND}, false)
         AND NOT {SUPPRESSED.format(person_id="m.person_id")} AS by_mail
  FROM membership m
  LEFT JOIN profile p ON p.person_id = m.person_id
 WHERE m.community_id = :community_id AND m.standing <> 'left' AND m.id <> :by
   AND m.id IN ({{chosen}})
   AND (:whom = 'date'
        OR {IS_AROUND} AND NOT EXISTS (
          SELECT FROM block b
           WHERE b.by_id = m.id AND b.against_id = :by AND b.ended_at IS NULL))
   AND (:whom <> 'job' OR m.may_be_asked)
"""  # noqa: S608 - our own words only


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """To whom an organiser writes.

    Attributes:
        role_id: The job, for those who did it.
        by: The organiser's membership: they get no mail from themselves.
    """

    community_id: int
    series_id: int
    event_id: int
    whom: Audience
    role_id: int | None
    by: int


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom it reaches.

    Attributes:
        people: How many by mail.
        not_by_mail: How many no mail reaches.
        to_ring: The first names of those, two hundred at most, for the organiser alone.
    """

    people: int
    not_by_mail: int
    to_ring: tuple[str, ...]


def reach_of(chosen: Chosen) -> str:
    """Write the query for everybody who is meant; its values are those of `values_of`."""
    return REACH.format(chosen=CHOSEN[chosen.whom])


def values_of(chosen: Chosen, *, now: dt.datetime) -> dict[str, object]:
    """Give the values that `reach_of` asks for."""
    return {
        "community_id": chosen.community_id,
        "series_id": chosen.series_id,
        "event_id": chosen.event_id,
        "role_id": chosen.role_id,
        "whom": chosen.whom.value,
        "by": chosen.by,
        "now": now,
        "since": now - LATELY,
    }


def read_reach(session: Session, *, chosen: Chosen, now: dt.datetime) -> Reach:
    """Tell whom a message would reach at this moment, in one statement."""
    query = f"""
SELECT count(*) FILTER (WHERE by_mail) AS people, count(*) FILTER (WHERE NOT by_mail) AS others,
       array_agg(full_name ORDER BY full_name, membership_id)
         FILTER (WHERE NOT by_mail AND full_name IS NOT NULL) AS names
  FROM ({reach_of(chosen)}) AS reach
"""  # noqa: S608 - the same
    row = session.execute(sa.text(query), values_of(chosen, now=now)).one()
    names = tuple(first_name(name) for name in (row.names or ())[:MOST_NAMES])
    return Reach(row.people, row.others, names)


def is_of_this_date(session: Session, chosen: Chosen) -> bool:
    """Tell whether date and job belong together, in this community."""
    event = session.get(Event, chosen.event_id)
    if event is None or (event.community_id, event.series_id) != (
        chosen.community_id,
        chosen.series_id,
    ):
        return False
    if chosen.whom is not Audience.JOB:
        return chosen.role_id is None
    role = session.get(Role, chosen.role_id) if chosen.role_id is not None else None
    return role is not None and role.series_id == chosen.series_id
