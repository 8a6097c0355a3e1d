"""A friend comes along: put down by name by a neighbour who has a turn on that date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import first_name
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain.rota import claiming
from timebank.domain.rota import withdrawing
from timebank.domain.rota.locking import lock_claim
from timebank.domain.rota.locking import lock_event
from timebank.domain.rota.taking import NewClaim
from timebank.domain.rota.taking import Terms
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Community
from timebank.models import Membership
from timebank.models import Profile
from timebank.models import Role
from timebank.models import Slot
from timebank.models import WithdrawnBecause

MOST_FRIENDS = 3


class NameYourFriend(Refused):
    """Tell us your friend's name."""


class TakeATurnFirst(Refused):
    """Take a turn on that date yourself first, then bring your friend along."""


class EnoughFriends(Refused):
    """Three friends come along already. Could one of them sign up and bring more?"""


class FriendIsDown(Refused):
    """Your friend is down for that already, or for something else at that time."""


class FriendsAge(Refused):
    """This job has an age. Tell us that your friend is old enough."""


@dataclass(frozen=True, slots=True)
class FriendsJob:
    """What a friend would do. `minimum_age`: in years on the day, or None."""

    event_id: int
    minimum_age: int | None


def find_job(session: Session, *, slot_id: int) -> FriendsJob:
    """Find what a friend's job asks.

    Raises:
        NotFound: No such job.
    """
    row = session.execute(
        sa.select(Slot.event_id, Role.minimum_age)
        .join(Role, Role.id == Slot.role_id)
        .where(Slot.id == slot_id)
    ).first()
    if row is None:
        raise NotFound
    return FriendsJob(*row)


def bring(
    session: Session,
    *,
    slot_id: int,
    host_id: int,
    name: str,
    now: dt.datetime,
    is_old_enough: bool = False,
) -> NewClaim:
    """Give a friend without an account a place, beside their host.

    A friend who came along before under the same name is the same person.

    Args:
        session: The session.
        slot_id: The friend's job; the host may do another one.
        host_id: The membership of whoever brings them.
        name: As their host calls them.
        now: When.
        is_old_enough: The host says that they have the job's age.

    Raises:
        NameYourFriend, TakeATurnFirst, EnoughFriends, FriendIsDown, FriendsAge: As they say.
        The other refusals of `claim_slot`.
    """
    if not first_name(name):
        raise NameYourFriend(field="name")
    job = find_job(session, slot_id=slot_id)
    if job.minimum_age and not is_old_enough:
        raise FriendsAge(field="is_old_enough")
    lock_event(session, job.event_id)
    _require_room_for_one_more(session, job.event_id, host_id)
    host = session.get_one(Membership, host_id)
    friend = _known_friend(session, host_id, name) or _new_friend(session, host, name)
    if job.minimum_age:
        _note_age(session, friend, job.minimum_age, now)
    try:
        return claiming.claim_slot(
            session,
            slot_id=slot_id,
            membership_id=friend.id,
            terms=Terms(guest_of=host_id),
            now=now,
        )
    except (claiming.AlreadyYours, claiming.WouldOverlap) as refusal:
        raise FriendIsDown(field="name") from refusal


def take_off(session: Session, *, claim_id: int, host_id: int, now: dt.datetime) -> Claim:
    """Take a friend off the rota again. Twice is the same as once.

    Raises:
        NotFound: Nobody's friend, or somebody else's.
        EventOver: The turn has been done.
    """
    claim = lock_claim(session, claim_id)
    if claim.guest_of != host_id:
        raise NotFound
    if claim.state is ClaimState.WITHDRAWN:
        return claim
    if claim.state not in {ClaimState.HELD, ClaimState.CONFIRMED} or claim.ends_at <= now:
        raise claiming.EventOver
    withdrawing.give_back(session, claim, because=WithdrawnBecause.PERSON, now=now)
    return claim


def _require_room_for_one_more(session: Session, event_id: int, host_id: int) -> None:
    here = [Claim.event_id == event_id, Claim.live]
    own = sa.exists().where(*here, Claim.membership_id == host_id, Claim.binds)
    if not session.scalar(sa.select(own)):
        raise TakeATurnFirst(field="name")
    guests = sa.select(sa.func.count()).where(*here, Claim.guest_of == host_id)
    if (session.scalar(guests) or 0) >= MOST_FRIENDS:
        raise EnoughFriends(field="name")


def _known_friend(session: Session, host_id: int, name: str) -> Membership | None:
    return session.scalars(
        sa.select(Membership)
        .join(Claim, Claim.membership_id == Membership.id)
        .join(Profile, Profile.person_id == Membership.person_id)
        .where(Claim.guest_of == host_id, Profile.full_name == name, Profile.email.is_(None))
        .order_by(Claim.id.desc())
        .limit(1)
    ).first()


def _new_friend(session: Session, host: Membership, name: str) -> Membership:
    person = identity.find_or_create_person(session, full_name=name, email=None)
    return communities.join(session, community_id=host.community_id, person_id=person.id)


def _note_age(session: Session, friend: Membership, age: int, now: dt.datetime) -> None:
    """Write down that they have this age, unless they are known to be older."""
    timezone = session.get_one(Community, friend.community_id).timezone
    today = clock.local_date(now, timezone)
    identity.say_age(session, person_id=friend.person_id, at_least=age, on=today)
