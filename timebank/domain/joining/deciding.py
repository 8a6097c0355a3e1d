"""A coordinator's yes or polite no to an application, and the list they decide from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import public_name
from timebank.domain import communities
from timebank.domain import outbox
from timebank.models import Application
from timebank.models import ApplicationState
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import Profile
from timebank.models import ReferenceAnswer

WORTH_TELLING = dt.timedelta(days=30)


class DecidedMeanwhile(Conflict):
    """Another coordinator has decided this a moment before you."""


class SayWhy(Refused):
    """Write down why, for the other coordinators. The applicant never sees it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one of those whom an applicant named says; None: nothing yet.

    Attributes:
        phone: Of neighbours in this community only.
    """

    called: str
    email: str | None
    phone: str | None
    answer: ReferenceAnswer | None
    words: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An application that waits for a decision, as coordinators see it.

    Attributes:
        known_as: The name on record for that address, where it is another one and they are in
            this community already; what others know of them is not its coordinators' to read.
        turns: How many turns of the rota they have done here as a guest.
        days: For how many days it has waited, by the community's calendar.
    """

    id: int
    called: str
    known_as: str | None
    email: str
    phone: str | None
    words: str
    days: int
    turns: int
    references: tuple[Said, ...]

    @property
    def answered(self) -> int:
        """How many of those they named have answered."""
        return sum(one.answer is not None for one in self.references)


WAITING = sa.text("""
SELECT a.id, a.called,
       CASE WHEN p.full_name <> a.called AND here.id IS NOT NULL
            THEN p.full_name END AS known_as,
       p.email, a.phone, a.words,
       :today - (a.created_at AT TIME ZONE t.timezone)::date AS days,
       (SELECT count(*) FROM claim c JOIN membership m ON m.id = c.membership_id
         WHERE m.person_id = a.person_id AND m.community_id = a.community_id
           AND c.state = 'attended') AS turns,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(
                    r.called, q.email, CASE WHEN y.id IS NOT NULL THEN q.phone END, r.answer,
                    coalesce(r.words, '')) ORDER BY r.id), '[]')
          FROM reference r
          LEFT JOIN profile q ON q.person_id = r.person_id
          LEFT JOIN membership y ON y.person_id = r.person_id
               AND y.community_id = a.community_id AND y.standing <> 'left'
         WHERE r.application_id = a.id) AS said
  FROM application a
  JOIN community t ON t.id = a.community_id
  JOIN profile p ON p.person_id = a.person_id
  LEFT JOIN membership here ON here.person_id = a.person_id
       AND here.community_id = a.community_id AND here.standing <> 'left'
 WHERE a.community_id = :community_id AND a.state = 'waiting'
 ORDER BY a.id
 LIMIT 200
""")


def waiting(session: Session, *, community_id: int, today: dt.date) -> list[Waiting]:
    """Read the applications that wait, the oldest first, in one statement."""
    rows = session.execute(WAITING, {"community_id": community_id, "today": today})
    return [Waiting(*(*row[:8], tuple(_said(*one) for one in row.said))) for row in rows]


def _said(
    called: str, email: str | None, phone: str | None, answer: str | None, words: str
) -> Said:
    return Said(called, email, phone, ReferenceAnswer(answer) if answer else None, words)


@dataclass(frozen=True, slots=True)
class Decided:
    """An application of late that was decided, by whom (public names) and why not."""

    called: str
    state: ApplicationState
    decided_at: dt.datetime
    by: str
    reason: str | None


DECIDED = sa.text("""
SELECT a.called, a.state, a.decided_at, coalesce(p.full_name, '') AS by, a.reason
  FROM application a
  LEFT JOIN membership m ON m.id = a.decided_by
  LEFT JOIN profile p ON p.person_id = m.person_id
 WHERE a.community_id = :community_id AND a.state <> 'waiting'
 ORDER BY a.decided_at DESC, a.id DESC
 LIMIT 10
""")


def decided(session: Session, *, community_id: int) -> list[Decided]:
    """Read the ten applications that were decided last."""
    rows = session.execute(DECIDED, {"community_id": community_id})
    return [
        Decided(called, ApplicationState(state), at, public_name(by), reason)
        for called, state, at, by, reason in rows
    ]


def accept(
    session: Session, *, application_id: int, by: Membership | None, now: dt.datetime
) -> Membership:
    """Say yes: the applicant is a member, and hears of it. Twice is the same as once.

    Nobody has shown yet that they read mail at an address that was only typed: until they sign
    in, the name and phone of an application that a coordinator has read are the likeliest.

    Args:
        session: The session.
        application_id: Which.
        by: Who says yes; None: the community is open to all.
        now: When.

    Raises:
        DecidedMeanwhile: It was declined.
        NotFound: No such application in their community.
    """
    found = _lock(session, application_id, by)
    if found.state is ApplicationState.DECLINED:
        raise DecidedMeanwhile
    if found.state is ApplicationState.ACCEPTED:
        return session.get_one(Membership, found.membership_id)
    if by is not None:
        _write_profile(session, found)
    membership = communities.approve(
        session, community_id=found.community_id, person_id=found.person_id, now=now
    )
    found.state = ApplicationState.ACCEPTED
    found.membership_id = membership.id
    _settle(session, found, by, now, NoticeKind.APPLICATION_ACCEPTED)
    return membership


def decline(
    session: Session, *, application_id: int, by: Membership, reason: str, now: dt.datetime
) -> None:
    """Say no, politely: the applicant hears that it doesn't fit, and never why.

    Raises:
        SayWhy: Without a reason for the other coordinators.
        DecidedMeanwhile: It was accepted.
        NotFound: No such application in their community.
    """
    if not reason:
        raise SayWhy(field="reason")
    found = _lock(session, application_id, by)
    if found.state is ApplicationState.ACCEPTED:
        raise DecidedMeanwhile
    if found.state is ApplicationState.DECLINED:
        return
    found.state = ApplicationState.DECLINED
    found.reason = reason
    _settle(session, found, by, now, NoticeKind.APPLICATION_DECLINED)


def _write_profile(session: Session, found: Application) -> None:
    """Take name and phone over from an application, where nobody elsewhere knows them by others.

    A profile is one for all communities: no coordinator renames a member of another.
    """
    elsewhere = sa.exists().where(
        Membership.person_id == found.person_id, Membership.community_id != found.community_id
    )
    session.execute(
        sa.update(Profile)
        .where(
            Profile.person_id == found.person_id,
            Profile.email_confirmed_at.is_(None),
            ~elsewhere,
        )
        .values(full_name=found.called, phone=sa.func.coalesce(found.phone, Profile.phone))
        .execution_options(synchronize_session=False)
    )


def _lock(session: Session, application_id: int, by: Membership | None) -> Application:
    found = session.get(Application, application_id, with_for_update=True, populate_existing=True)
    if found is None or (by and by.community_id != found.community_id):
        raise NotFound
    return found


def _settle(
    session: Session,
    found: Application,
    by: Membership | None,
    now: dt.datetime,
    kind: NoticeKind,
) -> None:
    """Write down who decided and when; nobody is asked about it any more."""
    found.decided_at = now
    found.decided_by = by.id if by else None
    session.flush()
    message = outbox.Message(
        community_id=found.community_id,
        person_id=found.person_id,
        kind=kind,
        dedupe_key=f"application-{found.id}.decided",
        not_before=now,
        expires_at=now + WORTH_TELLING,
        facts={"application_id": str(found.id)},
    )
    outbox.post_notices(session, [message])
