"""On the day: who is here, their hours, and putting it right for a week afterwards.

A tick is only a tick: the hours are posted by Finish, in one transaction with the thanks. Rules
that change claims lock the event first, the order that everybody keeps.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import ledger
from timebank.domain import outbox
from timebank.domain.rota.locking import lock_claim
from timebank.domain.rota.locking import lock_event
from timebank.domain.rota.occasions import STAYS_OPEN
from timebank.domain.rota.occasions import Occasion
from timebank.domain.rota.room import free_place
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import NoticeKind
from timebank.models import Profile
from timebank.models import Transfer

THANKS_KEEP = dt.timedelta(days=7)
LONGEST_REASON = 200
NOT_CREDITED = (ClaimState.HELD, ClaimState.CONFIRMED, ClaimState.MISSED)


class NotStarted(Refused):
    """It hasn't started yet. Once it has, you can finish and credit hours."""


class HoursAreIn(Refused):
    """Their hours are in already. Take them back if they weren't here."""


class GaveItBack(Conflict):
    """They gave that place back. If they're here after all, add them by name."""


class TwoPlacesAtOnce(Refused):
    """Somebody is ticked for two jobs at the same time. Untick one, then finish."""


class SayWhy(Refused):
    """Say in a few words why the hours go back."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What Finish did, and what it left.

    Attributes:
        credits: The hours posted.
        waiting: How many ticks wait for another organiser's tap.
        read_only: How many wait because the books of their account are being looked into.
    """

    credits: tuple[ledger.Credit, ...]
    waiting: int
    read_only: int = 0

    @property
    def minutes(self) -> int:
        """All minutes posted just now."""
        return sum(credit.minutes for credit in self.credits)


TICK = sa.text("""
UPDATE claim SET arrived_at = :now, arrived_by = :by, held_until = NULL, held_as = NULL,
                 state = CASE state WHEN 'held' THEN 'confirmed' ELSE state END
 WHERE id = :claim_id AND arrived_at IS NULL AND state IN ('held', 'confirmed', 'missed')
""")

TICK_ALL = sa.text("""
UPDATE claim SET arrived_at = :now, arrived_by = :by, held_until = NULL, held_as = NULL,
                 state = CASE state WHEN 'held' THEN 'confirmed' ELSE state END
 WHERE id = ANY(:claim_ids) AND event_id = :event_id AND arrived_at IS NULL
   AND state IN ('held', 'confirmed', 'missed')
""")

UNTICK = sa.text("""
UPDATE claim SET arrived_at = NULL, arrived_by = NULL
 WHERE id = :claim_id AND arrived_at IS NOT NULL AND state <> 'attended'
""")

DUE_TO_CLOSE = sa.text("""
SELECT id FROM event
 WHERE ends_at <= :before AND state = 'planned'
   AND EXISTS (SELECT FROM claim c WHERE c.event_id = event.id
                  AND c.state = 'confirmed'
                  AND c.arrived_by IS DISTINCT FROM c.membership_id)
 ORDER BY id FOR NO KEY UPDATE
""")

SEEN = sa.text("""
SELECT id FROM claim
 WHERE event_id = ANY(:event_ids) AND state = 'confirmed' AND arrived_by <> membership_id
""")

CLOSE = sa.text("""
UPDATE claim SET state = 'missed'
 WHERE event_id = ANY(:event_ids) AND state = 'confirmed' AND arrived_at IS NULL
""")


# News of hours that were taken back before it went out, and are credited after all.
THANK_AFTER_ALL = sa.text("""
UPDATE notice SET state = 'pending', attempts = 0, refusals = 0, wordings = 0, last_error = NULL,
                  due_at = NULL, not_before = :now, expires_at = :until
 WHERE claim_id = ANY(:claim_ids) AND kind = 'hours_credited'
   AND state IN ('cancelled', 'expired') AND told_in_id IS NULL
""")


def tick(
    session: Session,
    *,
    occasion: Occasion,
    claim_id: int,
    is_here: bool,
    by: int,
    now: dt.datetime,
) -> None:
    """Write down that somebody is here, or isn't after all.

    What is wanted is said, not "the other way round": a double tap or a second phone changes
    nothing. Being here is as good as the yes of a place that was only held.

    Raises:
        HoursAreIn: When a tick is taken off whose hours are posted.
        GaveItBack: When they gave the place back before.
        NotFound: When the turn is not of this date.
        EventCancelled, NotOpenYet, WeekIsOver: As they say.
    """
    occasion.require_open(now)
    claim = lock_claim(session, claim_id)
    if claim.event_id != occasion.event_id:
        raise NotFound
    if claim.state is ClaimState.WITHDRAWN:
        raise GaveItBack
    if claim.state is ClaimState.ATTENDED and not is_here:
        raise HoursAreIn
    values = {"claim_id": claim_id, "by": by, "now": now} if is_here else {"claim_id": claim_id}
    session.execute(TICK if is_here else UNTICK, values)
    session.expire(claim)


def tick_all(
    session: Session, *, occasion: Occasion, claim_ids: Collection[int], by: int, now: dt.datetime
) -> None:
    """Write down that all of these are here, as `tick` does; the event must be locked.

    Who was ticked before keeps that tick, and turns that were given back are left alone.

    Raises:
        EventCancelled, NotOpenYet, WeekIsOver: As they say.
    """
    occasion.require_open(now)
    values = {"claim_ids": list(claim_ids), "event_id": occasion.event_id, "by": by, "now": now}
    session.execute(TICK_ALL, values)
    session.expire_all()


def finish(session: Session, *, occasion: Occasion, by: int, now: dt.datetime) -> Finished:
    """Credit everybody who is ticked and owe them the thanks; within a week, again for late ticks.

    An organiser's own tick waits for another organiser's tap, unless somebody else ticked them. A
    tick whose account is read-only waits for the repair: `close_after_a_week` credits it then.

    Raises:
        NotStarted: Before the start.
        TwoPlacesAtOnce: When somebody is ticked in two jobs at the same time.
        NoMoreRoom: When a turn comes back to a job that is as large as a job can be.
        EventCancelled, WeekIsOver: As they say.
    """
    occasion.require_open(now)
    if now < occasion.starts_at:
        raise NotStarted
    lock_event(session, occasion.event_id)
    ticked = _ticked(session, occasion.event_id)
    posted = credit(session, claim_ids=ticked, by=by, now=now)
    session.execute(
        sa.update(Event)
        .where(Event.id == occasion.event_id, Event.finished_at.is_(None))
        .values(finished_at=now)
        .execution_options(synchronize_session=False)
    )
    read_only = ledger.count_waiting_for_repair(session, claim_ids=ticked)
    waiting = len(ticked) - len(posted) - read_only
    return Finished(tuple(posted), waiting=waiting, read_only=read_only)


def credit(
    session: Session, *, claim_ids: list[int], by: int, now: dt.datetime
) -> list[ledger.Credit]:
    """Post the hours of turns that are ticked, and owe the thanks; the event must be locked.

    Raises:
        TwoPlacesAtOnce, NoMoreRoom: As for `finish`.
    """
    _make_room(session, claim_ids, now)
    posted = _credit(session, claim_ids, by, now)
    _thank(session, posted, now)
    return posted


def _ticked(session: Session, event_id: int) -> list[int]:
    return list(
        session.scalars(
            sa.select(Claim.id).where(
                Claim.event_id == event_id,
                Claim.arrived_at.is_not(None),
                Claim.state.in_(NOT_CREDITED),
            )
        )
    )


def _make_room(session: Session, claim_ids: Collection[int], now: dt.datetime) -> None:
    """Give turns that come back from missed a place of their own again."""
    missed = session.scalars(
        sa.select(Claim).where(Claim.id.in_(claim_ids), Claim.state == ClaimState.MISSED)
    ).all()
    given: defaultdict[int, set[int]] = defaultdict(set)
    for claim in missed:
        places = given[claim.slot_id]
        claim.place = free_place(session, slot_id=claim.slot_id, now=now, besides=places)
        places.add(claim.place)
    session.flush()


def _credit(
    session: Session, claim_ids: list[int], by: int, now: dt.datetime
) -> list[ledger.Credit]:
    try:
        with session.begin_nested():
            return ledger.credit_claims(session, claim_ids=claim_ids, by=by, now=now)
    except IntegrityError as error:
        if error.orig.diag.constraint_name == "no_overlapping_claims":  # type: ignore[union-attr]
            raise TwoPlacesAtOnce from error
        raise


def _thank(session: Session, posted: list[ledger.Credit], now: dt.datetime) -> None:
    """Owe each helper who reads mail the news of their hours."""
    transfers = {credit.claim_id: credit.transfer_id for credit in posted}
    helpers = session.execute(
        sa.select(Claim.id, Claim.community_id, Claim.person_id, Claim.starts_at)
        .join(Profile, Profile.person_id == Claim.person_id)
        .where(Claim.id.in_(transfers), Profile.email.is_not(None))
    )
    messages = [
        outbox.Message(
            community_id=helper.community_id,
            person_id=helper.person_id,
            kind=NoticeKind.HOURS_CREDITED,
            dedupe_key=f"claim-{helper.id}.hours_credited.{transfers[helper.id]}",
            not_before=now,
            expires_at=now + THANKS_KEEP,
            claim_id=helper.id,
            starts_at=helper.starts_at,
        )
        for helper in helpers
    ]
    after_all = {"claim_ids": list(transfers), "now": now, "until": now + THANKS_KEEP}
    session.execute(THANK_AFTER_ALL, after_all)
    outbox.post_notices(session, messages)


def take_back(
    session: Session,
    *,
    occasion: Occasion,
    claim_id: int,
    reason: str,
    by: int,
    key: uuid.UUID,
    now: dt.datetime,
) -> Transfer:
    """Take the hours of a turn back, with a reason that both sides can read.

    The turn counts as missed and its tick is gone; ticking it again and finishing credits it anew.

    Raises:
        SayWhy: Without a reason.
        AlreadyReversed: When its hours were taken back before.
        NotFound: When the turn is not of this date.
    """
    if not 0 < len(reason) <= LONGEST_REASON:
        raise SayWhy(field="reason")
    claim = lock_claim(session, claim_id)
    if claim.event_id != occasion.event_id:
        raise NotFound
    sent_before = ledger.find_transfer(session, key=key)
    if sent_before:
        return sent_before
    mirror = ledger.reverse(
        session, transfer=_standing(session, claim_id), by=by, key=key, now=now, memo=reason
    )
    claim.state = ClaimState.MISSED
    claim.arrived_at = claim.arrived_by = None
    claim.minutes_done = claim.minutes_by = None  # what a sheet said is up for putting right too
    session.flush()
    return mirror


def _standing(session: Session, claim_id: int) -> Transfer:
    """Find the hours that a turn has now."""
    back = sa.orm.aliased(Transfer)
    standing = session.scalar(
        sa.select(Transfer).where(
            Transfer.claim_id == claim_id,
            ~sa.exists().where(back.reverses_id == Transfer.id),
        )
    )
    if standing is None:
        raise ledger.AlreadyReversed
    return standing


def close_after_a_week(session: Session, *, now: dt.datetime) -> int:
    """Credit what was ticked and never finished, mark the rest as missed -> how many turns.

    Each witness's tick stands as their word. Who ticked only themselves waits as they are: nobody
    confirms their own hours. Hours that were taken back stay so. Safe to repeat.
    """
    event_ids = session.scalars(DUE_TO_CLOSE, {"before": now - STAYS_OPEN}).all()
    if not event_ids:
        return 0
    dates = {"event_ids": list(event_ids)}
    seen = session.scalars(SEEN, dates).all()
    posted = ledger.credit_claims(session, claim_ids=seen, by=None, now=now)
    _thank(session, posted, now)
    missed = session.execute(CLOSE, dates).rowcount  # type: ignore[attr-defined]
    return len(posted) + int(missed)
