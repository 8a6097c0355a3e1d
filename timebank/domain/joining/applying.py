"""Joining by application: what somebody writes about themselves, and whom we ask about them.

Whoever applies sees the same answer whatever the address they typed: whether it belongs to a
member, an applicant or nobody shows in its mailbox only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import outbox
from timebank.domain.joining import deciding
from timebank.domain.ledger import transfers
from timebank.models import Application
from timebank.models import Community
from timebank.models import Joining
from timebank.models import NoticeKind
from timebank.models import Reference

WORTH_TELLING = dt.timedelta(days=30)
MOST_OPEN_REFERENCES = 3  # of one person who is asked about others


class ByInvitation(Refused):
    """People join here by invitation. Ask a neighbour who is in it, or ring us."""


class NamesThemselves(Refused):
    """That's your own address. Name somebody else who knows you."""


class NamedTwice(Refused):
    """That's the same person again. Name somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """What somebody typed about themselves; `email` in lower case."""

    called: str
    email: str
    phone: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who knows the applicant; `field` is the form's, for a refusal."""

    called: str
    email: str
    field: str


def apply(
    session: Session,
    *,
    community: Community,
    applicant: Applicant,
    named: Sequence[Named] = (),
    now: dt.datetime,
) -> None:
    """Take an application; where the community is open to all, they are a member at once.

    Nothing of it tells whether the address is known: a member gets a way in by mail, and a second
    application while the first one waits changes nothing.

    Raises:
        ByInvitation: The community takes no applications.
        NamesThemselves, NamedTwice: They name nobody else.
    """
    if community.joining is Joining.INVITATION:
        raise ByInvitation
    _refuse_the_same(applicant, named)
    person = identity.find_or_create_person(
        session, full_name=applicant.called, email=applicant.email
    )
    if communities.is_member(session, community_id=community.id, person_id=person.id):
        _send_way_in(session, community.id, person.id, now)
        return
    application_id = session.scalar(
        insert(Application)
        .values(
            community_id=community.id,
            person_id=person.id,
            called=applicant.called,
            phone=applicant.phone or None,
            words=applicant.words,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Application.id)
    )
    if application_id is None:
        return
    if community.joining is Joining.OPEN:
        deciding.accept(session, application_id=application_id, by=None, now=now)
        return
    application = session.get_one(Application, application_id)
    for one in named:
        _ask_about(session, application, one, now)
    transfers.tell_coordinators(
        session,
        community_id=community.id,
        kind=NoticeKind.APPLICATION_IN,
        subject=str(application_id),
        facts={"application_id": str(application_id)},
        now=now,
    )


def _refuse_the_same(applicant: Applicant, named: Sequence[Named]) -> None:
    seen: set[str] = set()
    for one in named:
        if one.email == applicant.email:
            raise NamesThemselves(field=one.field)
        if one.email in seen:
            raise NamedTwice(field=one.field)
        seen.add(one.email)


def _send_way_in(session: Session, community_id: int, person_id: int, now: dt.datetime) -> None:
    """Send a member who applies a link to sign in with, unless they had five within the hour."""
    try:
        outbox.send_sign_in(
            session, community_id=community_id, person_id=person_id, next_path="/me", now=now
        )
    except identity.TooManyRequests:
        return


def _ask_about(session: Session, application: Application, named: Named, now: dt.datetime) -> None:
    """Ask somebody whom an applicant named; nobody is asked about more than three at a time."""
    person = identity.find_or_create_person(session, full_name=named.called, email=named.email)
    reference = Reference(
        community_id=application.community_id,
        application_id=application.id,
        applicant_id=application.person_id,
        person_id=person.id,
        called=named.called,
        created_at=now,
    )
    session.add(reference)
    session.flush()
    if _open_references(session, person.id) > MOST_OPEN_REFERENCES:
        return  # coordinators see that nobody has answered, and ring
    message = outbox.Message(
        community_id=application.community_id,
        person_id=person.id,
        kind=NoticeKind.REFERENCE_WANTED,
        dedupe_key=f"reference-{reference.id}",
        not_before=now,
        expires_at=now + WORTH_TELLING,
        facts={"reference_id": str(reference.id), "application_id": str(application.id)},
    )
    outbox.post_notices(session, [message])


def _open_references(session: Session, person_id: int) -> int:
    waiting = (
        sa.select(sa.func.count())
        .select_from(Reference)
        .join(Application, Application.id == Reference.application_id)
        .where(
            Reference.person_id == person_id,
            Reference.answered_at.is_(None),
            Application.decided_at.is_(None),
        )
    )
    return session.scalar(waiting) or 0


def set_joining(
    session: Session,
    *,
    community: Community,
    joining: Joining,
    references_wanted: int,
    members_invite: bool,
) -> None:
    """Settle how people join from now on. Those who are in stay in; what waits goes on waiting."""
    community.joining = joining
    community.references_wanted = references_wanted
    community.members_invite = members_invite
    session.flush()
