"""Turns that a helper takes and gives back for somebody: by the same rules, and written down.

A helper is no organiser: the place is taken as its person would take it, against no rule of the
job and with no place kept for others. So the claim says nothing of them; `acted` does.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.domain import acting
from timebank.domain.rota import claiming
from timebank.domain.rota import withdrawing
from timebank.domain.rota.locking import lock_claim
from timebank.domain.rota.taking import NewClaim
from timebank.models import ActedWhat
from timebank.models import ActingFor
from timebank.models import Claim
from timebank.models import ClaimState


def take_for(
    session: Session, *, grant: ActingFor, slot_id: int, today: dt.date, now: dt.datetime
) -> NewClaim:
    """Take a place for somebody.

    Raises:
        The refusals of `claim_slot`.
    """
    taken = claiming.claim_slot(session, slot_id=slot_id, membership_id=grant.member_id, now=now)
    what = ActedWhat.TOOK_TURN
    acting.write_down(session, acting=grant, what=what, claim_id=taken.id, today=today, now=now)
    return taken


def drop_for(
    session: Session, *, grant: ActingFor, claim_id: int, today: dt.date, now: dt.datetime
) -> Claim:
    """Give a turn of theirs back, or ask for cover where it is late; twice is the same as once.

    Raises:
        NotFound: It isn't a turn of theirs.
        EventOver: The job's time has passed.
    """
    claim = _their_claim(session, grant, claim_id)
    lock_claim(session, claim.id)
    if claim.state is ClaimState.WITHDRAWN:
        return claim
    dropped = withdrawing.withdraw_claim(session, claim_id=claim.id, now=now)
    what = ActedWhat.DROPPED_TURN
    acting.write_down(session, acting=grant, what=what, claim_id=claim.id, today=today, now=now)
    return dropped


def take_back_for(
    session: Session, *, grant: ActingFor, claim_id: int, today: dt.date, now: dt.datetime
) -> NewClaim:
    """Take a turn of theirs back that was given up a moment ago.

    Raises:
        NotFound: It isn't a turn of theirs.
        TooLateToUndo and the other refusals of `undo_withdrawal`.
    """
    claim = _their_claim(session, grant, claim_id)
    again = withdrawing.undo_withdrawal(session, claim_id=claim.id, now=now)
    what = ActedWhat.TOOK_BACK
    acting.write_down(session, acting=grant, what=what, claim_id=again.id, today=today, now=now)
    return again


def _their_claim(session: Session, grant: ActingFor, claim_id: int) -> Claim:
    found = session.get(Claim, claim_id)
    if found is None or found.membership_id != grant.member_id:
        raise NotFound
    return found
