"""Handing a turn over: to somebody by name, or to whoever will. It stays its holder's until then.

An offer is one row, open or ended, and a turn has one open offer at most. Taking it over is one
transaction: the giver's claim ends and the taker's begins behind the lock of the event, so that
nobody ever sees the place empty, and two takers never both have it.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.errors import TimebankError
from timebank.domain import outbox
from timebank.domain.communities import neighbours
from timebank.domain.rota import freeing
from timebank.domain.rota import telling
from timebank.domain.rota.claiming import claim_slot
from timebank.domain.rota.claiming import lapse_holds
from timebank.domain.rota.cover import who_could_cover
from timebank.domain.rota.locking import lock_claim
from timebank.domain.rota.taking import NewClaim
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import Handover
from timebank.models import HandoverState
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import Person
from timebank.models import Slot
from timebank.models import WithdrawnBecause


class TakenOver(Conflict):
    """Somebody has taken that turn over already. Thank you all the same!"""


class TheirsAfterAll(Conflict):
    """That turn isn't looking for anybody any more. Thank you all the same!"""


class NothingToHandOver(Conflict):
    """That turn has begun, or isn't on the rota any more."""


class OwnTurn(Refused):
    """This turn is yours already. Choose somebody else."""


class NobodyOfThatName(Refused):
    """We know nobody of that name here. Ask everybody instead?"""


class CantBeAsked(Refused):
    """We can't write to them. Ask them yourself, or ask everybody."""


OVER: dict[HandoverState, type[TimebankError]] = {
    HandoverState.TAKEN: TakenOver,
    HandoverState.DECLINED: TheirsAfterAll,
    HandoverState.TAKEN_BACK: TheirsAfterAll,
    HandoverState.LAPSED: NothingToHandOver,
}


def offer_to(
    session: Session, *, claim_id: int, to_membership_id: int, now: dt.datetime
) -> Handover:
    """Ask somebody by name to take a turn over; they say yes or no by link, or on My turns.

    Asking the same person twice is the same as once; asking another one asks no longer the first.

    Raises:
        OwnTurn, CantBeAsked: As they say.
        NothingToHandOver: The turn has begun or is no longer had.
        NotFound: No such member here.
    """
    claim = _lock_turn(session, claim_id, now)
    member = neighbours.find_member(
        session, community_id=claim.community_id, membership_id=to_membership_id
    )
    if member.id == claim.membership_id:
        raise OwnTurn(field="name")
    if not telling.reads_mail(session, member.person_id):
        raise CantBeAsked(field="name")
    handover, is_new = _open(session, claim, to_membership_id, now)
    if is_new:
        message = telling.about_claim(
            claim,
            NoticeKind.TURN_OFFERED,
            person_id=member.person_id,
            until=claim.starts_at,
            facts={"to": str(member.id)},
            now=now,
        )
        outbox.post_notices(session, [message])
    return handover


def offer_to_all(session: Session, *, claim_id: int, now: dt.datetime) -> Handover:
    """Ask for cover: whoever will may take the turn over.

    Told to those who run the event, and to a dozen people who did that job lately and could.

    Raises:
        NothingToHandOver: The turn has begun or is no longer had.
    """
    claim = _lock_turn(session, claim_id, now)
    handover, is_new = _open(session, claim, None, now)
    if is_new:
        _tell_everybody(session, claim, now)
    return handover


def take_back(session: Session, *, handover_id: int, now: dt.datetime) -> None:
    """Keep the turn after all. Twice is the same as once.

    Raises:
        TakenOver: Somebody was quicker.
    """
    handover = _lock_offer(session, handover_id)
    if handover.state is HandoverState.TAKEN:
        raise TakenOver
    _end(session, handover, HandoverState.TAKEN_BACK, now)


def keep(session: Session, *, claim_id: int, now: dt.datetime) -> None:
    """Keep a turn after all, whomever was asked. Twice is the same as once.

    Raises:
        TakenOver: Somebody was quicker.
    """
    newest = sa.select(Handover.id).where(Handover.claim_id == claim_id)
    handover_id = session.scalar(newest.order_by(Handover.id.desc()).limit(1))
    if handover_id is not None:
        take_back(session, handover_id=handover_id, now=now)


def decline(session: Session, *, handover_id: int, membership_id: int, now: dt.datetime) -> None:
    """Say no to a turn that was offered by name; its holder is told. Twice is the same as once.

    Raises:
        NotFound: It was not offered to them.
    """
    handover = _lock_offer(session, handover_id)
    if handover.to_membership_id != membership_id:
        raise NotFound
    if handover.state is not HandoverState.OPEN:
        return
    _end(session, handover, HandoverState.DECLINED, now)
    claim = session.get_one(Claim, handover.claim_id)
    if telling.reads_mail(session, claim.person_id):
        message = outbox.Message(
            community_id=claim.community_id,
            person_id=claim.person_id,
            kind=NoticeKind.ASK_DECLINED,
            dedupe_key=f"handover-{handover.id}.declined",
            not_before=now,
            expires_at=claim.ends_at,
            facts={"slot_id": str(claim.slot_id), "membership_id": str(membership_id)},
        )
        outbox.post_notices(session, [message])


def accept(
    session: Session, *, handover_id: int, membership_id: int, now: dt.datetime
) -> NewClaim:
    """Take a turn over: the giver's ends and the taker's begins, or nothing changes.

    A second tap finds the turn theirs.

    Raises:
        TakenOver, TheirsAfterAll, NothingToHandOver: Too late, as they say.
        OwnTurn: It is their own.
        NotFound: It was offered to somebody else.
        The refusals of `claim_slot`, for the taker.
    """
    handover = _lock_offer(session, handover_id)
    claim = session.get_one(Claim, handover.claim_id)
    if handover.to_membership_id not in {None, membership_id}:
        raise NotFound
    if handover.state is HandoverState.TAKEN:
        return _theirs_already(session, handover, membership_id)
    if handover.state is not HandoverState.OPEN:
        raise OVER[handover.state]
    if membership_id == claim.membership_id:
        raise OwnTurn
    if claim.state is not ClaimState.CONFIRMED or claim.starts_at <= now:
        raise NothingToHandOver
    _lock_both(session, claim, membership_id)
    # What ran out goes to whoever waits before this place comes free, not after.
    lapse_holds(session, now=now, slot_id=claim.slot_id)
    freeing.withdraw(session, claim, because=WithdrawnBecause.HANDED_OVER, now=now)
    taken = claim_slot(session, slot_id=claim.slot_id, membership_id=membership_id, now=now)
    handover.became_claim_id = taken.id
    _end(session, handover, HandoverState.TAKEN, now)
    _tell_giver(session, claim, taken, now)
    return taken


def lapse_offers(session: Session, *, now: dt.datetime) -> int:
    """End the offers of turns that have begun or are no longer had -> how many. Safe to repeat.

    An event that somebody else is changing is passed over until the next sweep.
    """
    ended = [
        Handover.state == HandoverState.OPEN,
        Claim.id == Handover.claim_id,
        sa.or_(Claim.state != ClaimState.CONFIRMED, Claim.starts_at <= now),
    ]
    ours = (
        sa.select(Handover.id)
        .join(Claim, Claim.id == Handover.claim_id)
        .join(Event, Event.id == Claim.event_id)
        .where(*ended)
        .with_for_update(of=Event, key_share=True, skip_locked=True)
        .cte()
    )
    lapse = (
        sa.update(Handover)
        .where(*ended, Handover.id.in_(sa.select(ours.c.id)))
        .values(state=HandoverState.LAPSED, ended_at=now)
        .execution_options(synchronize_session=False)
    )
    return session.execute(lapse).rowcount  # type: ignore[attr-defined, no-any-return]


def _lock_turn(session: Session, claim_id: int, now: dt.datetime) -> Claim:
    claim = lock_claim(session, claim_id)
    if claim.state is not ClaimState.CONFIRMED or claim.starts_at <= now:
        raise NothingToHandOver
    return claim


def _lock_offer(session: Session, handover_id: int) -> Handover:
    """Lock the event, the turn and the offer, in this order."""
    claim_id = session.scalar(sa.select(Handover.claim_id).where(Handover.id == handover_id))
    if claim_id is None:
        raise NotFound
    lock_claim(session, claim_id)
    return session.get_one(Handover, handover_id, with_for_update=True, populate_existing=True)


def _lock_both(session: Session, claim: Claim, membership_id: int) -> None:
    """Lock giver and taker by number, so that two who swap do not wait for each other."""
    taker = sa.select(Membership.person_id).where(Membership.id == membership_id)
    session.execute(
        sa.select(Person.id)
        .where(Person.id.in_(sa.union(sa.select(sa.literal(claim.person_id)), taker)))
        .order_by(Person.id)
        .with_for_update(key_share=True)
    )


def _open(
    session: Session, claim: Claim, to_membership_id: int | None, now: dt.datetime
) -> tuple[Handover, bool]:
    """Open an offer in place of any other -> it, and whether it is new."""
    open_now = session.scalars(
        sa.select(Handover)
        .where(Handover.claim_id == claim.id, Handover.state == HandoverState.OPEN)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if open_now and open_now.to_membership_id == to_membership_id:
        return open_now, False
    if open_now:
        _end(session, open_now, HandoverState.TAKEN_BACK, now)
    handover = Handover(
        community_id=claim.community_id,
        claim_id=claim.id,
        to_membership_id=to_membership_id,
        created_at=now,
    )
    session.add(handover)
    session.flush()
    return handover, True


def _end(session: Session, handover: Handover, state: HandoverState, now: dt.datetime) -> None:
    if handover.state in {HandoverState.OPEN, None}:
        handover.state = state
        handover.ended_at = now
        session.flush()


def _theirs_already(session: Session, handover: Handover, membership_id: int) -> NewClaim:
    became = session.get(Claim, handover.became_claim_id)
    if became is None or became.membership_id != membership_id or not became.live:
        raise TakenOver
    return NewClaim(became.id, became.state, became.starts_at)


def _tell_giver(session: Session, claim: Claim, taken: NewClaim, now: dt.datetime) -> None:
    if telling.reads_mail(session, claim.person_id):
        message = telling.about_claim(
            claim,
            NoticeKind.TURN_TAKEN,
            person_id=claim.person_id,
            facts={"claim_id": str(taken.id)},
            now=now,
        )
        outbox.post_notices(session, [message])


def _tell_everybody(session: Session, claim: Claim, now: dt.datetime) -> None:
    """Post `cover_wanted`, once a turn; who runs the event and did the job lately is told once."""
    messages = [
        telling.about_claim(
            claim,
            NoticeKind.COVER_WANTED,
            person_id=person_id,
            until=claim.starts_at,
            now=now,
        )
        for person_id in telling.organisers_of(session, claim)
    ]
    messages += [
        telling.about_claim(
            claim,
            NoticeKind.COVER_WANTED,
            person_id=one.person_id,
            until=claim.starts_at,
            facts={"to": str(one.membership_id)},
            now=one.told_at,
        )
        for one in who_could_cover(session, slot=session.get_one(Slot, claim.slot_id), now=now)
    ]
    outbox.post_notices(session, messages)
