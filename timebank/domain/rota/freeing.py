"""Take a claim off its place: the two writes that every way of giving a turn up has in common."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Handover
from timebank.models import HandoverState
from timebank.models import WithdrawnBecause


def withdraw(
    session: Session, claim: Claim, *, because: WithdrawnBecause, now: dt.datetime
) -> None:
    """Free the place of a claim whose event is locked."""
    claim.state = ClaimState.WITHDRAWN
    claim.held_until = None
    claim.withdrawn_at = now
    claim.withdrawn_because = because
    session.flush()


def end_handovers(session: Session, *, claim_id: int, now: dt.datetime) -> None:
    """Look for nobody any more: this turn is not there to be handed over."""
    session.execute(
        sa.update(Handover)
        .where(Handover.claim_id == claim_id, Handover.state == HandoverState.OPEN)
        .values(state=HandoverState.LAPSED, ended_at=now)
        .execution_options(synchronize_session=False)
    )
