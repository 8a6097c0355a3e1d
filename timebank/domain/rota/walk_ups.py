"""Somebody just turned up: adding them by name, whether they have come before or never yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.core.text import first_name
from timebank.core.text import fold
from timebank.core.text import public_name
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain.communities import neighbours
from timebank.domain.rota import checkin
from timebank.domain.rota.claiming import lapse_holds
from timebank.domain.rota.locking import lock_event
from timebank.domain.rota.locking import lock_person
from timebank.domain.rota.occasions import Occasion
from timebank.domain.rota.room import free_place
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Membership
from timebank.models import Profile
from timebank.models import Slot

DOUBLE_TAP = dt.timedelta(minutes=1)
MOST_NAMESAKES = 20

NAMESAKES = sa.text("""
SELECT m.id, p.full_name, last.occurs_on, last.title
  FROM membership m
  JOIN profile p ON p.person_id = m.person_id
  LEFT JOIN LATERAL (
    SELECT e.occurs_on, x.title
      FROM claim c JOIN event e ON e.id = c.event_id JOIN series x ON x.id = e.series_id
     WHERE c.membership_id = m.id AND c.state = 'attended'
     ORDER BY c.starts_at DESC LIMIT 1) last ON true
 WHERE m.community_id = :community_id AND m.standing <> 'left'
   AND lower(split_part(p.full_name, ' ', 1)) = lower(:first_name)
 ORDER BY last.occurs_on DESC NULLS LAST, m.id
 LIMIT 200
""").columns(occurs_on=sa.Date)


class NameThem(Refused):
    """Type the name of whoever just turned up."""


class ChooseAJob(Refused):
    """Choose what they'll do."""


class OnTheListAlready(Refused):
    """They're on the list for another job at that time. Tick them there."""


class BusyElsewhere(Refused):
    """They have a turn somewhere else at that time."""


@dataclass(frozen=True, slots=True)
class Namesake:
    """A neighbour who might be the one who just turned up."""

    membership_id: int
    name: str
    came_on: dt.date | None
    came_to: str | None


class WhoIsIt(Refused):
    """Have they been here before? Choose who it is, or someone new."""

    def __init__(self, namesakes: list[Namesake]) -> None:
        super().__init__(field="who")
        self.namesakes = namesakes


def who_could_it_be(session: Session, *, community_id: int, name: str) -> list[Namesake]:
    """Find the neighbours whom this name may mean, the one who came last first.

    "Tom" finds every Tom, "Tom B" and "Tom Baker" those whom pages call Tom B.
    """
    rows = session.execute(
        NAMESAKES, {"community_id": community_id, "first_name": first_name(name)}
    )
    return [
        Namesake(row.id, public_name(row.full_name), row.occurs_on, row.title)
        for row in rows
        if _may_mean(name, row.full_name)
    ][:MOST_NAMESAKES]


def _may_mean(typed: str, full_name: str) -> bool:
    if fold(typed) == fold(first_name(full_name)):
        return True
    return fold(public_name(typed)) == fold(public_name(full_name))


def add_walk_up(
    session: Session,
    *,
    occasion: Occasion,
    slot_id: int,
    name: str,
    by: int,
    now: dt.datetime,
    membership_id: int | None = None,
    is_new: bool = False,
) -> int:
    """Put somebody who is here on the rota and tick them -> their claim.

    A full job grows by a place: they are here. Somebody on the rota for that job is only ticked.

    Args:
        membership_id: Who it is, when that was asked.
        is_new: That it is nobody we know, when that was asked.

    Raises:
        WhoIsIt: When the name may mean somebody we know and nobody said who it is.
        NameThem, ChooseAJob: When something is missing.
        OnTheListAlready, BusyElsewhere: When they have another turn at that time.
        NoMoreRoom: When the job is as large as a job can be.
        NotFound: When job, date and person do not belong together.
        EventCancelled, NotOpenYet, WeekIsOver: As they say.
    """
    occasion.require_open(now)
    if not first_name(name):
        raise NameThem(field="name")
    lock_event(session, occasion.event_id)
    slot = session.get(Slot, slot_id, populate_existing=True)
    if slot is None or slot.event_id != occasion.event_id:
        raise ChooseAJob(field="slot")
    if membership_id:
        member = neighbours.find_member(
            session, community_id=occasion.community_id, membership_id=membership_id
        )
    else:
        again = _just_added(session, slot, name, by, now)
        if again:
            return again
        member = _newcomer(session, occasion, name, is_new=is_new)
    held = _place_held(session, slot, member)
    if held is None:
        return _write_claim(session, slot, member, by, now)
    checkin.tick(session, occasion=occasion, claim_id=held, is_here=True, by=by, now=now)
    return held


def _just_added(session: Session, slot: Slot, name: str, by: int, now: dt.datetime) -> int | None:
    """Find the newcomer whom the first tap of a double tap has made."""
    return session.scalar(
        sa.select(Claim.id)
        .join(Profile, Profile.person_id == Claim.person_id)
        .where(
            Claim.slot_id == slot.id,
            Claim.live,
            Claim.arrived_by == by,
            Claim.created_at > now - DOUBLE_TAP,
            Profile.full_name == name,
            Profile.email.is_(None),
        )
    )


def _newcomer(session: Session, occasion: Occasion, name: str, *, is_new: bool) -> Membership:
    if not is_new:
        namesakes = who_could_it_be(session, community_id=occasion.community_id, name=name)
        if namesakes:
            raise WhoIsIt(namesakes)
    person = identity.find_or_create_person(session, full_name=name, email=None)
    return communities.join(session, community_id=occasion.community_id, person_id=person.id)


def _place_held(session: Session, slot: Slot, member: Membership) -> int | None:
    return session.scalar(
        sa.select(Claim.id).where(
            Claim.slot_id == slot.id, Claim.membership_id == member.id, Claim.live
        )
    )


def _write_claim(
    session: Session, slot: Slot, member: Membership, by: int, now: dt.datetime
) -> int:
    lock_person(session, member.person_id)
    lapse_holds(session, now=now, membership_id=member.id)
    place = free_place(session, slot_id=slot.id, now=now)
    session.refresh(slot)
    values = {
        "community_id": slot.community_id,
        "event_id": slot.event_id,
        "slot_id": slot.id,
        "membership_id": member.id,
        "person_id": member.person_id,
        "place": place,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "places": slot.places,
        "state": ClaimState.CONFIRMED,
        "arrived_at": now,
        "arrived_by": by,
        "created_at": now,
    }
    try:
        with session.begin_nested():
            return session.scalars(insert(Claim).values(values).returning(Claim.id)).one()
    except IntegrityError as error:
        if error.orig.diag.constraint_name != "no_overlapping_claims":  # type: ignore[union-attr]
            raise
        raise _in_the_way(session, slot, member) from error


def _in_the_way(session: Session, slot: Slot, member: Membership) -> Refused:
    """Say whether the other turn is on this very list."""
    here = sa.select(Claim.id).where(
        Claim.event_id == slot.event_id,
        Claim.person_id == member.person_id,
        Claim.live,
        Claim.starts_at < slot.ends_at,
        Claim.ends_at > slot.starts_at,
    )
    found = session.scalar(here.limit(1))
    return OnTheListAlready(field="slot") if found else BusyElsewhere(field="slot")
