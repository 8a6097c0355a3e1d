"""Communities: founding one, joining it, and who may run what in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import NotAllowed
from timebank.core.errors import Refused
from timebank.domain import identity
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Community
from timebank.models import Group
from timebank.models import GroupOrganiser
from timebank.models import Joining
from timebank.models import Membership
from timebank.models import Standing

MEMBER_FLOOR_MINUTES = -600  # ten hours: the usual cap of time banks (facts: Ferndale)
MEMBER_SOFT_FLOOR_MINUTES = -300  # five hours: from here on somebody rings, kindly
POT_FLOOR_MINUTES = 0


class GuestOfTheRota(NotAllowed):
    """That's for members of the time bank. Ask to join: a coordinator says yes."""


class SlugTaken(Refused):
    """That short name is taken. Choose another one."""


def create_community(
    session: Session,
    *,
    slug: str,
    name: str,
    place: str,
    host: str | None = None,
    timezone: str = "Europe/London",
    phone: str = "",
) -> Community:
    """Found a community, with the accounts that issue hours: earned, and brought forward.

    Raises:
        SlugTaken: When another community has the short name or the host.
    """
    taken = sa.select(sa.exists().where(sa.or_(Community.slug == slug, Community.host == host)))
    if session.scalar(taken):
        raise SlugTaken(field="slug")
    community = Community(
        slug=slug, name=name, place=place, host=host, timezone=timezone, phone=phone
    )
    session.add(community)
    session.flush()
    for kind in (AccountKind.COMMUNITY, AccountKind.OPENING):
        session.add(Account(community_id=community.id, kind=kind))
    session.flush()
    return community


def create_coordinator(
    session: Session, *, community: Community, email: str, full_name: str
) -> Membership:
    """Make somebody a coordinator; a resident with that e-mail rises to it."""
    person = identity.find_or_create_person(session, full_name=full_name, email=email)
    membership = join(session, community_id=community.id, person_id=person.id)
    membership.standing = Standing.COORDINATOR
    membership.approved_at = sa.func.coalesce(Membership.approved_at, sa.func.now())
    session.flush()
    return membership


def approve(
    session: Session, *, community_id: int, person_id: int, now: dt.datetime
) -> Membership:
    """Make somebody a member of the time bank, whether they are a guest of the rota or new."""
    membership = join(session, community_id=community_id, person_id=person_id)
    session.refresh(membership)
    membership.approved_at = membership.approved_at or now
    session.flush()
    return membership


def is_member(session: Session, *, community_id: int, person_id: int) -> bool:
    """Tell whether somebody is a member of the time bank, and not only a guest of the rota."""
    found = sa.exists().where(
        Membership.community_id == community_id,
        Membership.person_id == person_id,
        Membership.standing != Standing.LEFT,
        Membership.approved_at.is_not(None),
    )
    return bool(session.scalar(sa.select(found)))


def require_member(member: Membership) -> None:
    """Let members of the time bank ask for help and give hours, and nobody who only takes turns.

    Raises:
        GuestOfTheRota: No coordinator has said yes to them yet.
    """
    if member.approved_at is None:
        raise GuestOfTheRota


def join(session: Session, *, community_id: int, person_id: int) -> Membership:
    """Give a person their place in a community and a time account; once, however often called.

    Somebody who has left is back as a resident. Where the community is open to all they are a
    member of the time bank at once; else a guest of the rota, until somebody approves them.
    """
    approved_at = _approved_at(community_id)
    session.execute(
        insert(Membership)
        .values(community_id=community_id, person_id=person_id, approved_at=approved_at)
        .on_conflict_do_update(
            constraint="one_membership_per_person",
            set_={"standing": Standing.RESIDENT, "approved_at": approved_at, "left_at": None},
            where=Membership.standing == Standing.LEFT,
        )
    )
    membership = session.scalars(
        sa.select(Membership).where(
            Membership.community_id == community_id, Membership.person_id == person_id
        )
    ).one()
    open_accounts(session, community_id=community_id, membership_ids=[membership.id])
    return membership


def _approved_at(community_id: int) -> sa.ScalarSelect[dt.datetime]:
    """Since when a newcomer is a member of the time bank: now, where anybody may be one."""
    if_open = sa.case((Community.joining == Joining.OPEN, sa.func.now()))
    return sa.select(if_open).where(Community.id == community_id).scalar_subquery()


def open_accounts(session: Session, *, community_id: int, membership_ids: Collection[int]) -> None:
    """Give members a time account each, in one statement; who comes back finds theirs open."""
    members = sa.cast(list(membership_ids), postgresql.ARRAY(sa.BigInteger))
    rows = sa.select(
        sa.literal(community_id),
        sa.literal(AccountKind.MEMBER.value),
        sa.func.unnest(members),
        sa.literal(MEMBER_FLOOR_MINUTES),
        sa.literal(MEMBER_SOFT_FLOOR_MINUTES),
    )
    session.execute(
        insert(Account)
        .from_select(["community_id", "kind", "membership_id", "floor", "soft_floor"], rows)
        .on_conflict_do_update(
            constraint="one_account_per_membership",
            set_={"closed_at": None},
            where=Account.closed_at.is_not(None),
        )
    )


def join_all(session: Session, *, community_id: int, person_ids: Sequence[int]) -> list[int]:
    """Give people who are new here their place and time account, in one go -> memberships."""
    made = session.execute(
        insert(Membership)
        .values(
            [
                {
                    "community_id": community_id,
                    "person_id": one,
                    "approved_at": _approved_at(community_id),
                }
                for one in person_ids
            ]
        )
        .returning(Membership.id, Membership.person_id)
    )
    members = {person_id: membership_id for membership_id, person_id in made}
    open_accounts(session, community_id=community_id, membership_ids=members.values())
    return [members[one] for one in person_ids]


def create_group(
    session: Session, *, community: Community, slug: str, name: str, organisers: list[Membership]
) -> Group:
    """Start a group with its organisers and its pot.

    Raises:
        SlugTaken: When another group of the community has the short name.
    """
    taken = sa.exists().where(Group.community_id == community.id, Group.slug == slug)
    if session.scalar(sa.select(taken)):
        raise SlugTaken(field="slug")
    group = Group(community_id=community.id, slug=slug, name=name)
    session.add(group)
    session.flush()
    for organiser in organisers:
        session.add(
            GroupOrganiser(
                group_id=group.id, membership_id=organiser.id, community_id=community.id
            )
        )
    session.add(
        Account(
            community_id=community.id,
            kind=AccountKind.POT,
            group_id=group.id,
            name=name,
            floor=POT_FLOOR_MINUTES,
        )
    )
    session.flush()
    return group


def may_organise(session: Session, *, membership: Membership, group_id: int) -> bool:
    """Tell whether a member runs this group's events: an organiser of it, or a coordinator."""
    if membership.standing is Standing.COORDINATOR:
        return True
    row = session.get(GroupOrganiser, (group_id, membership.id))
    return row is not None and membership.standing is not Standing.LEFT
