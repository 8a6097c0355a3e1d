"""Turns for people who were there without one: a whole sheet of them in a few statements.

What `walk_ups.add_walk_up` does for one who stands before an organiser, by the same rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain.rota.checkin import TwoPlacesAtOnce
from timebank.domain.rota.occasions import Occasion
from timebank.domain.rota.room import MOST_PLACES
from timebank.domain.rota.room import NoMoreRoom
from timebank.domain.rota.walk_ups import BusyElsewhere
from timebank.domain.rota.walk_ups import OnTheListAlready

# In the order of their numbers, after the event: the order that everybody keeps.
LOCK_PEOPLE = sa.text("""
SELECT FROM person
 WHERE id IN (SELECT person_id FROM membership WHERE id = ANY(:membership_ids))
 ORDER BY id FOR NO KEY UPDATE
""")

# A hold that ran out stands in nobody's way, and no place is kept for it.
LAPSE = sa.text("""
UPDATE claim SET state = 'withdrawn', held_until = NULL, withdrawn_at = :now,
                 withdrawn_because = 'lapsed'
 WHERE event_id = :event_id AND state = 'held' AND held_until <= :now
""")

IN_THE_WAY = sa.text("""
SELECT new.number, bool_or(c.event_id = :event_id) AS is_here
  FROM unnest(CAST(:numbers AS int[]), CAST(:membership_ids AS bigint[]),
              CAST(:slot_ids AS bigint[])) AS new(number, membership_id, slot_id)
  JOIN membership m ON m.id = new.membership_id
  JOIN slot s ON s.id = new.slot_id
  JOIN claim c ON c.person_id = m.person_id AND c.binds
              AND tstzrange(c.starts_at, c.ends_at) && tstzrange(s.starts_at, s.ends_at)
 WHERE c.id <> ALL(CAST(:but AS bigint[]))
   AND (c.held_until IS NULL OR c.held_until > :now)
 GROUP BY new.number
""")

# Each change of a job's places is one of all its turns: so they grow once.
GROW = sa.text("""
UPDATE slot SET places = least(:most, taken.places + new.people)
  FROM unnest(CAST(:slot_ids AS bigint[]), CAST(:people AS int[])) AS new(id, people),
       LATERAL (SELECT count(*) AS places FROM claim c
                 WHERE c.slot_id = new.id AND c.live) AS taken
 WHERE slot.id = new.id AND slot.places < least(:most, taken.places + new.people)
""")

ADD = sa.text("""
WITH new AS (
  SELECT new.*, row_number() OVER (PARTITION BY slot_id ORDER BY number) AS nth
    FROM unnest(CAST(:numbers AS int[]), CAST(:membership_ids AS bigint[]),
                CAST(:slot_ids AS bigint[])) AS new(number, membership_id, slot_id)
), free AS (
  SELECT s.id AS slot_id, p.place, row_number() OVER (PARTITION BY s.id ORDER BY p.place) AS nth
    FROM slot s CROSS JOIN generate_series(1, s.places) AS p(place)
   WHERE s.id = ANY(:slot_ids)
     AND NOT EXISTS (SELECT FROM claim c WHERE c.slot_id = s.id AND c.place = p.place AND c.live)
), made AS (
  INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                     ends_at, places, state, arrived_at, arrived_by, created_at)
  SELECT s.community_id, s.event_id, s.id, m.id, m.person_id, free.place, s.starts_at, s.ends_at,
         s.places, 'confirmed', :now, :by, :now
    FROM new
    JOIN free ON free.slot_id = new.slot_id AND free.nth = new.nth
    JOIN slot s ON s.id = new.slot_id AND s.event_id = :event_id
    JOIN membership m ON m.id = new.membership_id
  RETURNING id, slot_id, membership_id)
SELECT new.number, made.id FROM made
  JOIN new ON new.slot_id = made.slot_id AND new.membership_id = made.membership_id
""")


TAKE_OFF = sa.text("""
UPDATE claim SET state = 'withdrawn', held_until = NULL, withdrawn_at = :now,
                 withdrawn_because = 'organiser'
 WHERE id = ANY(CAST(:claim_ids AS bigint[])) AND state IN ('held', 'confirmed')
""")

END_HANDOVERS = sa.text("""
UPDATE handover SET state = 'lapsed', ended_at = :now
 WHERE claim_id = ANY(CAST(:claim_ids AS bigint[])) AND state = 'open'
""")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who was there: at which job, and who it is.

    Attributes:
        key: What makes two arrivals the same person.
        membership_id: None: somebody new, by this name.
        instead_of: The claim whose place they give back for it.
    """

    slot_id: int
    key: str
    name: str
    membership_id: int | None
    instead_of: int | None = None


def add_all(
    session: Session,
    *,
    occasion: Occasion,
    arrivals: Sequence[Arrival],
    by: int,
    now: dt.datetime,
) -> list[int | Refused]:
    """Put them on the rota and tick them -> the claim of each, or why not. The event is locked.

    Newcomers become members without e-mail; a full job grows. The same turn twice is made once.

    Raises:
        TwoPlacesAtOnce: Two of them are the same person's, at the same time.
    """
    if not arrivals:
        return []
    members = _members(session, occasion, arrivals)
    session.execute(LOCK_PEOPLE, {"membership_ids": list(members.values())})
    session.execute(LAPSE, {"event_id": occasion.event_id, "now": now})
    wanted = [(members[one.key], one.slot_id) for one in arrivals]
    first: dict[tuple[int, int], int] = {}
    for number, turn in enumerate(wanted):
        first.setdefault(turn, number)
    rows = {number: turn for turn, number in first.items()}
    but = [one.instead_of for one in arrivals if one.instead_of]
    refused = _in_the_way(session, occasion, rows, but, now)
    rows = {number: turn for number, turn in rows.items() if number not in refused}
    take_off(session, [arrivals[number].instead_of for number in rows], now=now)
    claims = _add(session, occasion, rows, by, now)
    return [
        claims.get(number) or refused.get(number) or NoMoreRoom()
        for number in (first[turn] for turn in wanted)
    ]


def _members(session: Session, occasion: Occasion, arrivals: Sequence[Arrival]) -> dict[str, int]:
    """Tell everybody's membership, by their key; who is new gets one."""
    known = {one.key: one.membership_id for one in arrivals if one.membership_id}
    new = {one.key: one.name for one in arrivals if not one.membership_id}
    if not new:
        return known
    people = identity.write_down(session, full_names=list(new.values()))
    made = communities.join_all(session, community_id=occasion.community_id, person_ids=people)
    return known | dict(zip(new, made, strict=True))


def _in_the_way(
    session: Session,
    occasion: Occasion,
    rows: Mapping[int, tuple[int, int]],
    but: Collection[int],
    now: dt.datetime,
) -> dict[int, Refused]:
    values = {"event_id": occasion.event_id, "but": list(but), "now": now}
    found = session.execute(IN_THE_WAY, {**_columns(rows), **values})
    return {n: OnTheListAlready() if is_here else BusyElsewhere() for n, is_here in found}


def take_off(session: Session, claim_ids: Sequence[int | None], *, now: dt.datetime) -> None:
    """Free the places of those who did another job instead, and look for no heirs of them."""
    values = {"claim_ids": [one for one in claim_ids if one], "now": now}
    session.execute(TAKE_OFF, values)
    session.execute(END_HANDOVERS, values)


def _add(
    session: Session,
    occasion: Occasion,
    rows: Mapping[int, tuple[int, int]],
    by: int,
    now: dt.datetime,
) -> dict[int, int]:
    if not rows:
        return {}
    columns = _columns(rows)
    slot_ids = sorted(set(columns["slot_ids"]))
    people = [columns["slot_ids"].count(one) for one in slot_ids]
    session.execute(GROW, {"slot_ids": slot_ids, "people": people, "most": MOST_PLACES})
    values = {**columns, "event_id": occasion.event_id, "by": by, "now": now}
    try:
        with session.begin_nested():
            made = session.execute(ADD, values).all()
    except IntegrityError as error:
        if error.orig.diag.constraint_name == "no_overlapping_claims":  # type: ignore[union-attr]
            raise TwoPlacesAtOnce from error
        raise
    return {row.number: row.id for row in made}


def _columns(rows: Mapping[int, tuple[int, int]]) -> dict[str, list[int]]:
    return {
        "numbers": list(rows),
        "membership_ids": [membership_id for membership_id, _ in rows.values()],
        "slot_ids": [slot_id for _, slot_id in rows.values()],
    }
