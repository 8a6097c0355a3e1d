"""Waiting for a place of a full job: joining the line, an offer and its answer, leaving.

First come among those who qualify. How places are offered stands in `offering`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.domain import outbox
from timebank.domain.rota import claiming
from timebank.domain.rota import freeing
from timebank.domain.rota import offering
from timebank.domain.rota import rules
from timebank.domain.rota.locking import lock_claim
from timebank.domain.rota.locking import lock_event
from timebank.domain.rota.offering import offer_on_dates
from timebank.domain.rota.offering import offer_places
from timebank.domain.rota.taking import NewClaim
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import HeldFor
from timebank.models import Membership
from timebank.models import Slot
from timebank.models import Waiting
from timebank.models import WaitingState
from timebank.models import WithdrawnBecause

__all__ = [
    "InLine",
    "TooLateToWait",
    "accept_offer",
    "decline_offer",
    "join_waiting",
    "leave_waiting",
    "offer_on_dates",
    "offer_places",
    "standing_in_line",
]

# Nobody grows older or gets a check by waiting in line.
NO_USE_WAITING = frozenset({"old_enough", "qualified"})


class TooLateToWait(Conflict):
    """It has begun, so nobody waits any more. Have a word with whoever's running it."""


@dataclass(frozen=True, slots=True)
class InLine:
    """Somebody's place in a line, and the job they wait for.

    Attributes:
        position: 1 for the next.
        claim_id: The place that is offered to them, held until `held_until`; None: none yet.
    """

    slot_id: int
    job: str
    title: str
    slug: str
    occurs_on: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    minutes: int
    venue: str
    position: int
    claim_id: int | None
    held_until: dt.datetime | None


# One whose hold ran out a moment ago is shown until the sweep: a yes counts while it is free.
IN_LINE = sa.text("""
SELECT s.id, r.name, x.title, x.slug, e.occurs_on, s.starts_at, s.ends_at, s.minutes, v.name,
       1 + (SELECT count(*) FROM waiting ahead
             WHERE ahead.slot_id = w.slot_id AND ahead.state = 'waiting' AND ahead.id < w.id),
       c.id, c.held_until
  FROM waiting w
  JOIN slot s ON s.id = w.slot_id AND s.closed_at IS NULL
  JOIN role r ON r.id = s.role_id
  JOIN event e ON e.id = s.event_id AND e.state = 'planned'
  JOIN series x ON x.id = s.series_id
  JOIN venue v ON v.id = e.venue_id
  LEFT JOIN claim c ON c.id = w.claim_id AND c.state = 'held'
 WHERE w.membership_id = :membership_id AND w.ended_at IS NULL AND s.starts_at > :now
   AND (w.state = 'waiting' OR c.id IS NOT NULL)
   AND (CAST(:event_id AS bigint) IS NULL OR s.event_id = :event_id)
 ORDER BY s.starts_at, w.id
""")


def standing_in_line(
    session: Session, *, membership_id: int, now: dt.datetime, event_id: int | None = None
) -> list[InLine]:
    """Read where a member waits, on one date or anywhere, in one statement."""
    values = {"membership_id": membership_id, "event_id": event_id, "now": now}
    return [InLine(*row) for row in session.execute(IN_LINE, values)]


def join_waiting(
    session: Session, *, slot_id: int, membership_id: int, now: dt.datetime
) -> NewClaim | None:
    """Stand in line for a job -> None; or the claim, where a place is free after all.

    Joining twice is the same as once. Somebody with another turn at that time may wait: perhaps
    they will drop it.

    Raises:
        TooLateToWait: The job has begun.
        AlreadyYours: They have a place of it.
        AgainstARule: It asks for an age or a qualification, which nobody gets by waiting.
        WouldOverlap: A place is free, and they have another turn at that time.
        EventCancelled, EventOver, JobGone, NotFound: As in `claim_slot`.
    """
    if _open_wait(session, slot_id, membership_id):
        return None
    claiming.look_closely(session, slot_id=slot_id, membership_id=membership_id, now=now)
    if session.get_one(Slot, slot_id).starts_at <= now:
        raise TooLateToWait
    offer_places(session, slot_ids=[slot_id], now=now)
    try:
        return claiming.claim_slot(session, slot_id=slot_id, membership_id=membership_id, now=now)
    except (claiming.SlotFull, rules.KeptForNewcomers):
        _refuse_where_waiting_is_no_use(session, slot_id, membership_id, now)
    session.execute(
        insert(Waiting)
        .from_select(
            ["community_id", "slot_id", "membership_id", "created_at"],
            sa.select(
                Membership.community_id, sa.literal(slot_id), Membership.id, sa.literal(now)
            ).where(Membership.id == membership_id),
        )
        .on_conflict_do_nothing()
    )
    return None


def leave_waiting(session: Session, *, slot_id: int, membership_id: int, now: dt.datetime) -> None:
    """Leave the line; a place offered to them goes on to the next. Leaving twice is once."""
    wait = _lock_wait(session, slot_id, membership_id)
    if wait is None:
        return
    wait.state = WaitingState.LEFT
    wait.ended_at = now
    if wait.claim_id is not None:
        _give_back(session, session.get_one(Claim, wait.claim_id), now)
    session.flush()
    outbox.cancel_notices_keyed(session, prefix=f"waiting-{wait.id}.")
    offer_places(session, slot_ids=[slot_id], now=now)


def accept_offer(session: Session, *, claim_id: int, now: dt.datetime) -> NewClaim:
    """Say yes to an offered place; one that ran out still counts while nobody else has it.

    Raises:
        The refusals of `confirm_claim`.
    """
    slot_id = lock_claim(session, claim_id).slot_id
    taken = claiming.confirm_claim(session, claim_id=claim_id, now=now)
    session.flush()
    offering.settle(session, slot_ids=[slot_id], now=now)
    return taken


def decline_offer(session: Session, *, claim_id: int, now: dt.datetime) -> None:
    """Say "not this time": the place goes on to the next in line at once. Twice is once."""
    claim = lock_claim(session, claim_id)
    if claim.held_for is not HeldFor.OFFERED:
        raise NotFound
    _give_back(session, claim, now)
    offer_places(session, slot_ids=[claim.slot_id], now=now)


def _give_back(session: Session, claim: Claim, now: dt.datetime) -> None:
    session.refresh(claim)
    if claim.state is ClaimState.HELD:
        freeing.withdraw(session, claim, because=WithdrawnBecause.DECLINED, now=now)


def _open_wait(session: Session, slot_id: int, membership_id: int) -> Waiting | None:
    return session.scalar(
        sa.select(Waiting)
        .where(
            Waiting.slot_id == slot_id,
            Waiting.membership_id == membership_id,
            Waiting.ended_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )


def _lock_wait(session: Session, slot_id: int, membership_id: int) -> Waiting | None:
    """Find an open wait, its event locked first: the order that everybody keeps."""
    slot = session.get(Slot, slot_id)
    if slot is None:
        raise NotFound
    lock_event(session, slot.event_id)
    return _open_wait(session, slot_id, membership_id)


def _refuse_where_waiting_is_no_use(
    session: Session, slot_id: int, membership_id: int, now: dt.datetime
) -> None:
    rule = rules.broken_rule(session, slot_id=slot_id, membership_id=membership_id, now=now)
    if rule in NO_USE_WAITING:
        raise rules.refusal_of(session, rule=rule, slot_id=slot_id, membership_id=membership_id)
