"""An organiser puts somebody down: at once when they said yes, pencilled in until they answer.

The one is for people without e-mail and for a yes on the phone; the other holds a place while an
e-mail asks. Either may be against a rule of the job, with a reason, which is kept.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import first_name
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import outbox
from timebank.domain.communities import neighbours
from timebank.domain.rota import claiming
from timebank.domain.rota import telling
from timebank.domain.rota import withdrawing
from timebank.domain.rota.locking import lock_claim
from timebank.domain.rota.locking import lock_event
from timebank.domain.rota.taking import NewClaim
from timebank.domain.rota.taking import Terms
from timebank.domain.rota.walk_ups import DOUBLE_TAP
from timebank.domain.rota.walk_ups import WhoIsIt
from timebank.domain.rota.walk_ups import who_could_it_be
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import HeldFor
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import Profile
from timebank.models import Slot
from timebank.models import WithdrawnBecause

QUESTION_LASTS = dt.timedelta(days=3)
ANSWER_BEFORE = dt.timedelta(hours=24)
LEAST_TIME = dt.timedelta(hours=2)


class SayWho(Refused):
    """Type the name of whoever you'd like to put down."""


class NoAddress(Refused):
    """We have no e-mail for them. Ask them yourself, then put them down."""


class DownAlready(Refused):
    """They're down for this job already."""


class BusyThen(Refused):
    """They have a turn at that time, here or somewhere else."""


class QuestionTakenBack(Conflict):
    """That has been settled another way. Thank you all the same!"""


def find_member(
    session: Session,
    *,
    community_id: int,
    name: str,
    membership_id: int | None = None,
    is_new: bool = False,
) -> Membership | None:
    """Find who is meant -> them, or None for somebody new whom nobody could be.

    Args:
        session: The session.
        community_id: Whose neighbours.
        name: As typed.
        membership_id: Who it is, when that was asked.
        is_new: That it is nobody we know, when that was asked.

    Raises:
        SayWho: No name was typed.
        WhoIsIt: The name may mean somebody we know, and nobody said who it is.
        NotFound: No such member here.
    """
    if not first_name(name):
        raise SayWho(field="name")
    if membership_id is not None:
        return neighbours.find_member(
            session, community_id=community_id, membership_id=membership_id
        )
    namesakes = who_could_it_be(session, community_id=community_id, name=name)
    if namesakes and not is_new:
        raise WhoIsIt(namesakes)
    return None


def put_down(
    session: Session,
    *,
    slot_id: int,
    membership_id: int,
    by: int,
    now: dt.datetime,
    because: str = "",
) -> NewClaim:
    """Give somebody a place at once: they said yes. Told by mail where they read any.

    Args:
        session: The session.
        slot_id: The job.
        membership_id: Who.
        by: The organiser's membership.
        now: When.
        because: Why they may have it though a rule says no.

    Raises:
        DownAlready, BusyThen: As they say.
        AgainstARule: A rule stands in the way and no reason was given to overrule it.
        The other refusals of `claim_slot`.
    """
    terms = Terms(
        made_by=by,
        overruled_by=by if because else None,
        overruled_because=because or None,
    )
    taken = _take(session, slot_id, membership_id, terms, now)
    if membership_id != by:
        _tell(session, taken, NoticeKind.PUT_DOWN, until=None, now=now)
    return taken


def put_down_someone_new(
    session: Session, *, slot_id: int, name: str, by: int, now: dt.datetime, because: str = ""
) -> NewClaim:
    """Give a place to somebody who is not in our books yet and has no e-mail.

    A second tap finds them down already.

    Raises:
        The refusals of `put_down`; NotFound when there is no such job.
    """
    slot = session.get(Slot, slot_id)
    if slot is None:
        raise NotFound
    lock_event(session, slot.event_id)
    if _just_put_down(session, slot_id, name, by, now):
        raise DownAlready(field="name")
    person = identity.find_or_create_person(session, full_name=name, email=None)
    member = communities.join(session, community_id=slot.community_id, person_id=person.id)
    return put_down(
        session, slot_id=slot_id, membership_id=member.id, by=by, because=because, now=now
    )


def pencil_in(
    session: Session,
    *,
    slot_id: int,
    membership_id: int,
    by: int,
    now: dt.datetime,
    because: str = "",
) -> NewClaim:
    """Hold a place for somebody and ask them by mail; they say yes or no by link.

    Raises:
        NoAddress: There is nowhere to ask.
        The refusals of `put_down`; NotFound when there is no such job or member.
    """
    slot = session.get(Slot, slot_id)
    member = session.get(Membership, membership_id)
    if slot is None or member is None:
        raise NotFound
    if not telling.reads_mail(session, member.person_id):
        raise NoAddress(field="name")
    until = answer_until(slot.starts_at, slot.ends_at, now=now)
    terms = Terms(
        state=ClaimState.HELD,
        held_until=until,
        held_for=HeldFor.ASKED,
        made_by=by,
        overruled_by=by if because else None,
        overruled_because=because or None,
    )
    taken = _take(session, slot_id, membership_id, terms, now)
    ask_by_mail(session, taken=taken, until=until, now=now)
    return taken


def ask_by_mail(
    session: Session, *, taken: NewClaim, until: dt.datetime, now: dt.datetime
) -> None:
    """Ask somebody who is pencilled in, where they read mail."""
    _tell(session, taken, NoticeKind.ASKED, until=until, now=now)


def answer_until(starts_at: dt.datetime, ends_at: dt.datetime, *, now: dt.datetime) -> dt.datetime:
    """Tell until when a question waits: three days, or the day before; two hours at the least."""
    usual = min(now + QUESTION_LASTS, starts_at - ANSWER_BEFORE)
    return min(max(usual, now + LEAST_TIME), ends_at)


def say_yes(session: Session, *, claim_id: int, now: dt.datetime) -> NewClaim:
    """Say "I'll do it" to a question; one that lapsed still counts while a place is free.

    Raises:
        QuestionTakenBack: The organiser took it back.
        NotFound: There was no such question.
        The refusals of `confirm_claim`: the rules are looked at again.
    """
    claim = _question(session, claim_id)
    if claim.withdrawn_because in {WithdrawnBecause.ORGANISER, WithdrawnBecause.UNDONE}:
        raise QuestionTakenBack
    return claiming.confirm_claim(session, claim_id=claim_id, now=now)


def decline(session: Session, *, claim_id: int, now: dt.datetime) -> Claim:
    """Say "not this time": the place is free, and whoever asked is told.

    After a yes it is dropping out like any other. Twice is the same as once.

    Raises:
        EventOver: The job's time has passed.
        NotFound: There was no such question.
    """
    claim = _question(session, claim_id)
    if claim.state is not ClaimState.HELD:
        return withdrawing.withdraw_claim(session, claim_id=claim_id, now=now)
    withdrawing.give_back(session, claim, because=WithdrawnBecause.DECLINED, now=now)
    asker = _person(session, claim.made_by)
    if asker is not None and telling.reads_mail(session, asker):
        message = telling.about_claim(
            claim, NoticeKind.ASK_DECLINED, person_id=asker, until=claim.starts_at, now=now
        )
        outbox.post_notices(session, [message])
    return claim


def take_off(session: Session, *, claim_id: int, event_id: int, now: dt.datetime) -> Claim:
    """Take a question or a put-down turn back; who has heard of the turn hears of this too.

    Twice is the same as once.

    Raises:
        NotFound: No organiser put anybody down so, on this date.
        EventOver: The turn has been done.
    """
    claim = lock_claim(session, claim_id)
    if claim.event_id != event_id or claim.made_by is None:
        raise NotFound
    if claim.state is ClaimState.WITHDRAWN:
        return claim
    if claim.state not in {ClaimState.HELD, ClaimState.CONFIRMED} or claim.ends_at <= now:
        raise claiming.EventOver
    was_promised = claim.state is ClaimState.CONFIRMED
    withdrawing.give_back(session, claim, because=WithdrawnBecause.ORGANISER, now=now)
    if was_promised and _has_heard(session, claim):
        facts = {"taken_off": "yes"}
        message = telling.about_claim(
            claim, NoticeKind.PUT_DOWN, person_id=claim.person_id, facts=facts, now=now
        )
        outbox.post_notices(session, [message])
    return claim


def _take(
    session: Session, slot_id: int, membership_id: int, terms: Terms, now: dt.datetime
) -> NewClaim:
    try:
        return claiming.claim_slot(
            session, slot_id=slot_id, membership_id=membership_id, terms=terms, now=now
        )
    except claiming.AlreadyYours as refusal:
        raise DownAlready(field="name") from refusal
    except claiming.WouldOverlap as refusal:
        raise BusyThen(field="name") from refusal


def _person(session: Session, membership_id: int | None) -> int | None:
    return session.scalar(sa.select(Membership.person_id).where(Membership.id == membership_id))


def _just_put_down(
    session: Session, slot_id: int, name: str, by: int, now: dt.datetime
) -> int | None:
    """Find whom the first tap of a double tap has written down."""
    return session.scalar(
        sa.select(Claim.id)
        .join(Profile, Profile.person_id == Claim.person_id)
        .where(
            Claim.slot_id == slot_id,
            Claim.live,
            Claim.made_by == by,
            Claim.created_at > now - DOUBLE_TAP,
            Profile.full_name == name,
            Profile.email.is_(None),
        )
    )


def _question(session: Session, claim_id: int) -> Claim:
    claim = lock_claim(session, claim_id)
    if claim.held_for is not HeldFor.ASKED:
        raise NotFound
    return claim


def _has_heard(session: Session, claim: Claim) -> bool:
    """Tell whether a message about this turn is out; one that waits is taken back instead."""
    about = [Notice.claim_id == claim.id, Notice.person_id == claim.person_id]
    session.execute(
        sa.update(Notice)
        .where(*about, Notice.state.in_(outbox.CAN_BE_TAKEN_BACK))
        .values(state=NoticeState.CANCELLED)
        .execution_options(synchronize_session=False)
    )
    heard = sa.exists().where(*about, Notice.state != NoticeState.CANCELLED)
    return bool(session.scalar(sa.select(heard)))


def _tell(
    session: Session,
    taken: NewClaim,
    kind: NoticeKind,
    *,
    until: dt.datetime | None,
    now: dt.datetime,
) -> None:
    claim = session.get_one(Claim, taken.id)
    if not telling.reads_mail(session, claim.person_id):
        return
    outbox.post_notices(
        session,
        [
            outbox.Message(
                community_id=claim.community_id,
                person_id=claim.person_id,
                kind=kind,
                dedupe_key=f"claim-{claim.id}.{kind}",
                not_before=now,
                expires_at=until or claim.ends_at,
                claim_id=claim.id,
                starts_at=claim.starts_at,
            )
        ],
    )
