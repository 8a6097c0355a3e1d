"""Build a small community for a test: plain typed functions, each with sensible defaults.

The people: Ama coordinates, Nadia organises the walk, Bela and Sam are residents, Chi belongs to
another community and is the leak detector, Dov is signed out (so he has no row at all).
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.domain import communities
from timebank.domain import identity
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import ActingFor
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Community
from timebank.models import Event
from timebank.models import Frequency
from timebank.models import Group
from timebank.models import HeldFor
from timebank.models import Membership
from timebank.models import Memo
from timebank.models import Role
from timebank.models import Series
from timebank.models import SeriesState
from timebank.models import Slot
from timebank.models import Transfer
from timebank.models import TransferKind
from timebank.models import Venue

LONDON = "Europe/London"


def a_community(session: Session, slug: str = "bexley", host: str | None = None) -> Community:
    """A community named after its slug."""
    return communities.create_community(
        session, slug=slug, name=slug.title(), place=slug.title(), host=host, phone="020 8000 0000"
    )


def a_member(
    session: Session, community: Community, full_name: str, email: str | None = ""
) -> Membership:
    """A resident, with an e-mail made of the first name unless told otherwise."""
    if email == "":
        email = f"{full_name.split(maxsplit=1)[0].lower()}@example.com"
    person = identity.find_or_create_person(session, full_name=full_name, email=email)
    return communities.join(session, community_id=community.id, person_id=person.id)


def a_series(
    session: Session,
    *,
    group: Group,
    organiser: Membership,
    title: str = "Danson Saturday Stroll",
    slug: str = "danson-saturday-stroll",
    first_on: dt.date = dt.date(2027, 5, 1),
    starts: dt.time = dt.time(9),
    ends: dt.time = dt.time(10, 30),
    frequency: Frequency = Frequency.WEEKLY,
) -> Series:
    """A published series at a venue of its own, without roles or dates."""
    venue = Venue(
        community_id=group.community_id,
        name="Danson Park, by the boathouse",
        address="The boathouse, Danson Park, DA6 8HL",
        step_free=True,
    )
    session.add(venue)
    session.flush()
    series = Series(
        community_id=group.community_id,
        group_id=group.id,
        venue_id=venue.id,
        slug=slug,
        title=title,
        description="A friendly 5k round the lake.",
        frequency=frequency,
        first_on=first_on,
        starts_time=starts,
        ends_time=ends,
        state=SeriesState.PUBLISHED,
        created_by=organiser.id,
    )
    session.add(series)
    session.flush()
    return series


def a_role(
    session: Session,
    series: Series,
    *,
    name: str = "Marshal",
    places: int = 1,
    needed: int = 0,
    starts_after_minutes: int = 0,
    duration_minutes: int = 90,
    position: int = 1,
) -> Role:
    """A kind of work in a series."""
    role = Role(
        community_id=series.community_id,
        series_id=series.id,
        position=position,
        name=name,
        needed=needed,
        places=places,
        starts_after_minutes=starts_after_minutes,
        duration_minutes=duration_minutes,
    )
    session.add(role)
    session.flush()
    return role


def an_event(session: Session, series: Series, day: dt.date | None = None) -> Event:
    """One date of a series, at the series' usual time, without slots."""
    day = day or series.first_on
    event = Event(
        community_id=series.community_id,
        series_id=series.id,
        venue_id=series.venue_id,
        occurs_on=day,
        starts_at=clock.at_local(day, series.starts_time, LONDON),
        ends_at=clock.at_local(day, series.ends_time, LONDON),
    )
    session.add(event)
    session.flush()
    return event


def a_slot(session: Session, event: Event, role: Role) -> Slot:
    """The slot of a role at an event, at the role's usual time."""
    starts_at = event.starts_at + dt.timedelta(minutes=role.starts_after_minutes)
    slot = Slot(
        community_id=event.community_id,
        series_id=event.series_id,
        event_id=event.id,
        role_id=role.id,
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(minutes=role.duration_minutes),
        needed=role.needed,
        places=role.places,
    )
    session.add(slot)
    session.flush()
    return slot


def a_claim(
    session: Session,
    slot: Slot,
    member: Membership,
    *,
    place: int = 1,
    state: ClaimState = ClaimState.CONFIRMED,
    held_until: dt.datetime | None = None,
    held_for: HeldFor | None = None,
    made_by: Membership | None = None,
) -> Claim:
    """A place of a slot, written straight into the table (tests of the rule use the rule)."""
    claim = Claim(
        community_id=slot.community_id,
        event_id=slot.event_id,
        slot_id=slot.id,
        membership_id=member.id,
        person_id=member.person_id,
        place=place,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        places=slot.places,
        state=state,
        held_until=held_until,
        held_for=held_for or (HeldFor.YES if state is ClaimState.HELD else None),
        made_by=made_by.id if made_by else None,
    )
    session.add(claim)
    session.flush()
    return claim


def acting_for(
    session: Session,
    *,
    helper: Membership,
    member: Membership,
    by: Membership,
    starts_on: dt.date = dt.date(2027, 4, 1),
    ends_on: dt.date = dt.date(2027, 10, 1),
) -> ActingFor:
    """Who may act for whom, written straight into the table."""
    grant = ActingFor(
        community_id=member.community_id,
        helper_id=helper.id,
        member_id=member.id,
        starts_on=starts_on,
        ends_on=ends_on,
        how_agreed="Rang them on 1 April",
        made_by=by.id,
    )
    session.add(grant)
    session.flush()
    return grant


def a_gift(
    session: Session, giver: Membership, to: Membership, minutes: int, *, on: dt.date
) -> Transfer:
    """Minutes given by one member to another, written straight into the table."""
    moved = Transfer(
        idempotency_key=uuid.uuid4(),
        community_id=giver.community_id,
        debit_id=account_of(session, giver).id,
        credit_id=account_of(session, to).id,
        minutes=minutes,
        kind=TransferKind.GIFT,
        happened_on=on,
        created_by=giver.id,
    )
    session.add(moved)
    session.flush()
    return moved


def account_of(session: Session, member: Membership) -> Account:
    """A member's time account."""
    return session.query(Account).filter_by(membership_id=member.id).one()


def commons_of(session: Session, community: Community) -> Account:
    """The account that issues a community's earned hours."""
    return (
        session.query(Account)
        .filter_by(community_id=community.id, kind=AccountKind.COMMUNITY)
        .one()
    )


@dataclass(frozen=True, slots=True)
class Walk:
    """A community with a Saturday walk: one date, two marshals' places and a tail walker."""

    community: Community
    ama: Membership
    nadia: Membership
    bela: Membership
    sam: Membership
    group: Group
    series: Series
    event: Event
    marshal: Slot
    tail_walker: Slot


def a_walk(session: Session, *, day: dt.date = dt.date(2027, 5, 1)) -> Walk:
    """Bexley's Saturday walk, committed, so that pages and other connections see it."""
    community = a_community(session, host="localhost")
    ama = communities.create_coordinator(
        session, community=community, email="ama@example.com", full_name="Ama Owusu"
    )
    nadia = a_member(session, community, "Nadia Khan")
    group = communities.create_group(
        session, community=community, slug="strollers", name="Danson Strollers", organisers=[nadia]
    )
    series = a_series(session, group=group, organiser=nadia, first_on=day)
    event = an_event(session, series)
    marshal = a_role(session, series, name="Marshal", places=2, starts_after_minutes=-15)
    tail = a_role(session, series, name="Tail walker", needed=1, position=2)
    walk = Walk(
        community=community,
        ama=ama,
        nadia=nadia,
        bela=a_member(session, community, "Bela Novak"),
        sam=a_member(session, community, "Sam Tran"),
        group=group,
        series=series,
        event=event,
        marshal=a_slot(session, event, marshal),
        tail_walker=a_slot(session, event, tail),
    )
    session.commit()
    return walk


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another community, with Chi in it: nothing of the one may show in the other."""

    community: Community
    chi: Membership


def an_elsewhere(session: Session) -> Elsewhere:
    """Chi's community, on a host of its own."""
    community = a_community(session, "ashford", host="ashford.example")
    elsewhere = Elsewhere(community=community, chi=a_member(session, community, "Chi Adeyemi"))
    session.commit()
    return elsewhere


def memo_of(session: Session, transfer: Transfer) -> str | None:
    """The words that came with a transfer."""
    memo = session.get(Memo, transfer.id)
    return memo.words if memo else None
