"""Joining by invitation: a link for one person, good once and for thirty days.

The link is derived from the invitation's number (docs/decisions/0001), so nothing in the database
lets anybody in. Whoever invites learns nothing about the address they typed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import name_or_number
from timebank.core.text import public_name
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import outbox
from timebank.models import Community
from timebank.models import Invitation
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import Standing

LASTS = dt.timedelta(days=30)
MOST_OPEN = 20  # of one member; coordinators may have as many as they like


class InvitationRanOut(NotFound):
    """This invitation has run out. Ask whoever sent it for a fresh one."""


class EnoughInvitations(Refused):
    """You've invited twenty people who haven't come yet. Take one back first."""


def may_invite(session: Session, *, member: Membership) -> bool:
    """Tell whether somebody may invite: a coordinator, and any member where they are let."""
    if member.standing is Standing.COORDINATOR:
        return True
    community = session.get_one(Community, member.community_id)
    return community.members_invite and member.approved_at is not None


def invite(
    session: Session, *, by: Membership, full_name: str, email: str, now: dt.datetime
) -> None:
    """Invite somebody by e-mail. Inviting them again sends a fresh link and ends the earlier one.

    Whoever is a member already gets no letter; the one who invites sees the same as ever.

    Args:
        session: The session.
        by: Who invites.
        full_name: How they are greeted; a name on record stays.
        email: In lower case.
        now: When.

    Raises:
        NotFound: `by` may not invite.
        EnoughInvitations: Twenty of theirs are open.
    """
    if not may_invite(session, member=by):
        raise NotFound
    _refuse_too_many(session, by, now)
    person = identity.find_or_create_person(session, full_name=full_name, email=email)
    _end_open(session, by.community_id, person.id, now)
    invitation_id = session.scalar(
        insert(Invitation)
        .values(
            community_id=by.community_id,
            person_id=person.id,
            called=full_name,
            invited_by=by.id,
            created_at=now,
            expires_at=now + LASTS,
        )
        .on_conflict_do_nothing()
        .returning(Invitation.id)
    )
    is_in = communities.is_member(session, community_id=by.community_id, person_id=person.id)
    if is_in or invitation_id is None:
        return  # no letter to a member, nor a second one where two invite at once
    message = outbox.Message(
        community_id=by.community_id,
        person_id=person.id,
        kind=NoticeKind.INVITED,
        dedupe_key=f"invitation-{invitation_id}",
        not_before=now,
        expires_at=now + LASTS,
        facts={"invitation_id": str(invitation_id), "membership_id": str(by.id)},
    )
    outbox.post_notices(session, [message])


def revoke(
    session: Session, *, by: Membership, invitation_id: int, now: dt.datetime
) -> Invitation:
    """Take an invitation back: its link stops working. Twice is the same as once.

    Raises:
        NotFound: It is neither theirs, nor do they coordinate.
    """
    found = session.get(Invitation, invitation_id, with_for_update=True)
    is_theirs = found and (found.invited_by == by.id or by.standing is Standing.COORDINATOR)
    if found is None or found.community_id != by.community_id or not is_theirs:
        raise NotFound
    if found.used_at is None and found.revoked_at is None:
        found.revoked_at = now
        session.flush()
        outbox.cancel_notices_keyed(session, prefix=f"invitation-{found.id}")
    return found


@dataclass(frozen=True, slots=True)
class Welcome:
    """An invitation as its reader sees it: who invites (public name), and how they are called."""

    invitation_id: int
    person_id: int
    by: str
    full_name: str


WELCOME = sa.text("""
SELECT i.id, i.person_id, coalesce(inviter.full_name, ''), p.full_name
  FROM invitation i
  JOIN profile p ON p.person_id = i.person_id
  JOIN membership m ON m.id = i.invited_by
  LEFT JOIN profile inviter ON inviter.person_id = m.person_id
 WHERE i.id = :invitation_id AND i.community_id = :community_id
   AND i.used_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > :now
""")


def read_invitation(
    session: Session, *, community_id: int, invitation_id: int, now: dt.datetime
) -> Welcome:
    """Read an invitation that is still good.

    Raises:
        InvitationRanOut: It was used or taken back, or is older than thirty days.
    """
    values = {"invitation_id": invitation_id, "community_id": community_id, "now": now}
    row = session.execute(WELCOME, values).first()
    if row is None:
        raise InvitationRanOut
    return Welcome(row[0], row[1], public_name(row[2]), row[3])


def accept(
    session: Session, *, community_id: int, invitation_id: int, now: dt.datetime
) -> Membership:
    """Use an invitation up: its person is a member now.

    Raises:
        InvitationRanOut: It was used or taken back meanwhile, or is older than thirty days.
    """
    person_id = session.scalar(
        sa.update(Invitation)
        .where(
            Invitation.id == invitation_id,
            Invitation.community_id == community_id,
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > now,
        )
        .values(used_at=now)
        .returning(Invitation.person_id)
        .execution_options(synchronize_session=False)
    )
    if person_id is None:
        raise InvitationRanOut
    return communities.approve(session, community_id=community_id, person_id=person_id, now=now)


@dataclass(frozen=True, slots=True)
class Open:
    """An invitation that nobody has used yet, as those see it who may take it back.

    `name` is the one that was typed, whatever we know of that address.
    """

    id: int
    name: str
    by: str
    sent_at: dt.datetime
    expires_at: dt.datetime


OPEN = sa.text("""
SELECT i.id, i.called, inviter.full_name, i.created_at, i.expires_at
  FROM invitation i
  JOIN membership m ON m.id = i.invited_by
  LEFT JOIN profile inviter ON inviter.person_id = m.person_id
 WHERE i.community_id = :community_id AND i.used_at IS NULL AND i.revoked_at IS NULL
   AND i.expires_at > :now
   AND (CAST(:by AS bigint) IS NULL OR i.invited_by = :by)
 ORDER BY i.id DESC
 LIMIT 200
""")


def open_invitations(session: Session, *, member: Membership, now: dt.datetime) -> list[Open]:
    """Read the invitations that are still open: a coordinator sees all, others their own."""
    sees_all = member.standing is Standing.COORDINATOR
    values = {"community_id": member.community_id, "now": now}
    rows = session.execute(OPEN, {**values, "by": None if sees_all else member.id})
    return [Open(key, name, name_or_number(by), *rest) for key, name, by, *rest in rows]


def _refuse_too_many(session: Session, by: Membership, now: dt.datetime) -> None:
    if by.standing is Standing.COORDINATOR:
        return
    theirs = sa.select(sa.func.count()).where(
        Invitation.invited_by == by.id,
        Invitation.used_at.is_(None),
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > now,
    )
    if (session.scalar(theirs) or 0) >= MOST_OPEN:
        raise EnoughInvitations(field="email")


def _end_open(session: Session, community_id: int, person_id: int, now: dt.datetime) -> None:
    """End earlier invitations to the same person: the newest link is the one that works."""
    ended = session.scalars(
        sa.update(Invitation)
        .where(
            Invitation.community_id == community_id,
            Invitation.person_id == person_id,
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .returning(Invitation.id)
        .execution_options(synchronize_session=False)
    ).all()
    for invitation_id in ended:
        outbox.cancel_notices_keyed(session, prefix=f"invitation-{invitation_id}")
