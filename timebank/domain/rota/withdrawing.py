"""Giving a place back, "I can't make it", and taking it back again within ten minutes."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.domain import outbox
from timebank.domain.rota.claiming import EventOver
from timebank.domain.rota.claiming import claim_slot
from timebank.domain.rota.claiming import lock_claim
from timebank.domain.rota.taking import NewClaim
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import GroupOrganiser
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import Profile
from timebank.models import Series
from timebank.models import Slot
from timebank.models import WithdrawnBecause

UNDO_LASTS = dt.timedelta(minutes=10)


class TooLateToUndo(Conflict):
    """That can't be undone any more. If the place is still free, take it again."""


def withdraw_claim(session: Session, *, claim_id: int, now: dt.datetime) -> Claim:
    """Give a place back: "I can't make it". Free at once; the organisers are told.

    Withdrawing twice is the same as once.

    Raises:
        EventOver: The job's time has passed.
    """
    claim = lock_claim(session, claim_id)
    if claim.state is ClaimState.WITHDRAWN:
        return claim
    if claim.ends_at <= now or claim.state not in {ClaimState.HELD, ClaimState.CONFIRMED}:
        raise EventOver
    was_confirmed = claim.state is ClaimState.CONFIRMED
    claim.state = ClaimState.WITHDRAWN
    claim.held_until = None
    claim.withdrawn_at = now
    claim.withdrawn_because = WithdrawnBecause.PERSON
    session.flush()
    if was_confirmed:
        _tell_organisers(session, claim, now)
    return claim


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
        note=claim.note,
        now=now,
    )
    outbox.cancel_notices_keyed(session, prefix=f"claim-{claim.id}.dropped_out.")
    return again


def _tell_organisers(session: Session, claim: Claim, now: dt.datetime) -> None:
    """Post a notice to each organiser who reads mail: who dropped out of which job."""
    organisers = session.scalars(
        sa.select(Membership.person_id)
        .join(GroupOrganiser, GroupOrganiser.membership_id == Membership.id)
        .join(Series, Series.group_id == GroupOrganiser.group_id)
        .join(Slot, Slot.series_id == Series.id)
        .join(Profile, Profile.person_id == Membership.person_id)
        .where(Slot.id == claim.slot_id, Profile.email.is_not(None))
        .where(Membership.person_id != claim.person_id)
    ).all()
    outbox.post_notices(
        session,
        [
            outbox.Message(
                community_id=claim.community_id,
                person_id=person_id,
                kind=NoticeKind.DROPPED_OUT,
                dedupe_key=f"claim-{claim.id}.dropped_out.{person_id}",
                # Ten minutes' grace, so that an Undo spares everybody two mails.
                not_before=min(now + UNDO_LASTS, claim.starts_at),
                expires_at=claim.ends_at,
                facts={"claim_id": str(claim.id)},
            )
            for person_id in organisers
        ],
    )
