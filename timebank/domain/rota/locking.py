"""Whom a change of turns queues up at: the event first, then its people, then what is changed.

Everybody keeps this order, so nobody waits for each other in a circle.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.models import Claim
from timebank.models import Event
from timebank.models import Person


def lock_event(session: Session, event_id: int | sa.ScalarSelect[int]) -> None:
    """Queue up at an event, by its number or a query for it: who changes its claims does so first.

    It is a statement of its own: only the next sees what the rival ahead of us committed.
    """
    session.execute(
        sa.select(Event.id).where(Event.id == event_id).with_for_update(key_share=True)
    )


def lock_person(session: Session, person_id: int) -> None:
    """Queue up at a person, after the event: two of their turns are written one by one."""
    session.execute(
        sa.select(Person.id).where(Person.id == person_id).with_for_update(key_share=True)
    )


def lock_claim(session: Session, claim_id: int) -> Claim:
    """Load a claim for a change, its event locked first.

    Raises:
        NotFound: No such claim.
    """
    lock_event(session, sa.select(Claim.event_id).where(Claim.id == claim_id).scalar_subquery())
    claim = session.get(
        Claim, claim_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if claim is None:
        raise NotFound
    return claim
