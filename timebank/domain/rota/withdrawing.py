"""Giving a place back, "I can't make it", and taking it back again within ten minutes."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.domain import outbox
from timebank.domain.rota import freeing
from timebank.domain.rota import handing_over
from timebank.domain.rota import offering
from timebank.domain.rota import telling
from timebank.domain.rota.claiming import EventOver
from timebank.domain.rota.claiming import claim_slot
from timebank.domain.rota.locking import lock_claim
from timebank.domain.rota.taking import NewClaim
from timebank.domain.rota.taking import Terms
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import MailedTurn
from timebank.models import Method
from timebank.models import NoticeKind
from timebank.models import Series
from timebank.models import Slot
from timebank.models import WithdrawnBecause

UNDO_LASTS = dt.timedelta(minutes=10)


class TooLateToUndo(Conflict):
    """That can't be undone any more. If the place is still free, take it again."""


def withdraw_claim(
    session: Session, *, claim_id: int, now: dt.datetime, for_good: bool = False
) -> Claim:
    """Give a place back: "I can't make it". Free at once; the organisers are told.

    Later than the event allows, the turn stays theirs, and everybody is asked to take it over: the
    claim comes back confirmed, as it was. Withdrawing twice is the same as once.

    Args:
        session: The session.
        claim_id: Which turn.
        now: When.
        for_good: They are leaving the community: nothing stays theirs, however late it is, and
            nobody waits for them to change their mind.

    Raises:
        EventOver: The job's time has passed.
    """
    claim = lock_claim(session, claim_id)
    if claim.state is ClaimState.WITHDRAWN:
        return claim
    if claim.ends_at <= now or claim.state not in {ClaimState.HELD, ClaimState.CONFIRMED}:
        raise EventOver
    if not for_good and needs_cover(session, claim, now=now):
        handing_over.offer_to_all(session, claim_id=claim.id, now=now)
        return claim
    was_confirmed = claim.state is ClaimState.CONFIRMED
    give_back(session, claim, because=WithdrawnBecause.PERSON, now=now)
    if was_confirmed:
        # Ten minutes' grace, so that an Undo spares everybody two mails.
        told_at = min(now if for_good else now + UNDO_LASTS, claim.starts_at)
        _tell_organisers(session, claim, told_at)
        tell_their_calendar(session, claim, told_at=told_at)
    return claim


def give_back(
    session: Session, claim: Claim, *, because: WithdrawnBecause, now: dt.datetime
) -> None:
    """Free a place for whoever is next; the event must be locked."""
    freeing.withdraw(session, claim, because=because, now=now)
    freeing.end_handovers(session, claim_id=claim.id, now=now)
    offering.offer_places(session, slot_ids=[claim.slot_id], now=now)


def needs_cover(session: Session, claim: Claim, *, now: dt.datetime) -> bool:
    """Tell whether it is too late to drop out just so. What has begun can only be given back."""
    if claim.state is not ClaimState.CONFIRMED or claim.starts_at <= now:
        return False
    hours = session.scalars(
        sa.select(Series.drop_out_hours)
        .join(Slot, Slot.series_id == Series.id)
        .where(Slot.id == claim.slot_id)
    ).one()
    return claim.starts_at - dt.timedelta(hours=hours) <= now


def undo_withdrawal(session: Session, *, claim_id: int, now: dt.datetime) -> NewClaim:
    """Take a place back within ten minutes of giving it up, while nobody has it.

    Raises:
        TooLateToUndo: Ten minutes have passed, or it was not given back by the person.
        SlotFull and the other refusals of `claim_slot`.
    """
    claim = lock_claim(session, claim_id)
    if (
        claim.withdrawn_because is not WithdrawnBecause.PERSON
        or claim.withdrawn_at is None
        or claim.withdrawn_at + UNDO_LASTS < now
    ):
        raise TooLateToUndo
    again = claim_slot(
        session,
        slot_id=claim.slot_id,
        membership_id=claim.membership_id,
        terms=_as_it_was(claim),
        now=now,
    )
    for kind in (NoticeKind.DROPPED_OUT, NoticeKind.GIVEN_BACK):
        outbox.cancel_notices_keyed(session, prefix=f"claim-{claim.id}.{kind}.")
    return again


def _as_it_was(claim: Claim) -> Terms:
    """Take it back on the terms it was had on: as a standing turn, say, or against a rule."""
    return Terms(
        note=claim.note,
        takes_part=claim.takes_part,
        made_by=claim.made_by,
        guest_of=claim.guest_of,
        standing_id=claim.standing_id,
        import_id=claim.import_id,
        overruled_by=claim.overruled_by,
        overruled_because=claim.overruled_because,
    )


def _tell_organisers(session: Session, claim: Claim, told_at: dt.datetime) -> None:
    """Post a notice to each organiser who reads mail: who dropped out of which job."""
    outbox.post_notices(
        session,
        [
            telling.about_claim(
                claim,
                NoticeKind.DROPPED_OUT,
                person_id=person_id,
                now=told_at,
            )
            for person_id in telling.organisers_of(session, claim)
        ],
    )


def tell_their_calendar(
    session: Session, claim: Claim, *, told_at: dt.datetime, is_taken_off: bool = False
) -> None:
    """Post the mail that takes a turn out of its person's calendar, where our mail put it in.

    Args:
        told_at: When it may go out.
        is_taken_off: Whether somebody else gave the turn back, and not its person.
    """
    is_there = sa.exists().where(
        MailedTurn.membership_id == claim.membership_id,
        MailedTurn.slot_id == claim.slot_id,
        MailedTurn.method == Method.REQUEST,
    )
    if session.scalar(sa.select(is_there)):
        message = telling.about_claim(
            claim,
            NoticeKind.PUT_DOWN if is_taken_off else NoticeKind.GIVEN_BACK,
            person_id=claim.person_id,
            facts={"taken_off": "yes"} if is_taken_off else None,
            now=told_at,
        )
        outbox.post_notices(session, [message])
