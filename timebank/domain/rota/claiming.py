"""Taking a place and saying yes to it: each in one transaction, whoever else taps.

The statement that takes a place (`taking`) is hopeful. Only when somebody was quicker, or
something is in the way, does the rule lock the event, look properly, and either take the next
place or say what is the matter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import LiteralString

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.errors import TimebankError
from timebank.db import Reader
from timebank.domain.rota import busy
from timebank.domain.rota import offering
from timebank.domain.rota import reminders
from timebank.domain.rota import rules
from timebank.domain.rota import taking
from timebank.domain.rota import yielding
from timebank.domain.rota.locking import lock_claim
from timebank.domain.rota.locking import lock_event
from timebank.domain.rota.locking import lock_person
from timebank.domain.rota.taking import NewClaim
from timebank.domain.rota.taking import Terms
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import EventState
from timebank.models import HeldFor
from timebank.models import Membership
from timebank.models import Series
from timebank.models import SeriesState
from timebank.models import Slot
from timebank.models import Standing
from timebank.models import WithdrawnBecause

HOLD_LASTS = dt.timedelta(hours=24)
SHORT_HOLD_LASTS = dt.timedelta(hours=2)
SHORT_HOLD_BEFORE = dt.timedelta(hours=24)
MOST_HOLDS = 3


class SlotFull(Conflict):
    """Somebody got there a moment before you."""


class EventCancelled(Conflict):
    """This date has been cancelled."""


class EventOver(Conflict):
    """This date has passed. Choose a later one."""


class JobGone(Conflict):
    """That job isn't on the rota any more. Have a look at the others."""


class AlreadyYours(Refused):
    """This one's yours already. Thank you!"""


class WouldOverlap(Refused):
    """You already have a turn at that time. Drop that one first, or choose another job."""


class TooManyHolds(Refused):
    """Three places are waiting for your yes. Tap the link in our e-mail first."""


class HoldRanOut(Conflict):
    """This link has run out, and somebody else has taken the place."""


REFUSED_BY: dict[str, type[TimebankError]] = {
    "one_live_claim_per_person": AlreadyYours,
    "no_overlapping_claims": WouldOverlap,
    "no_overlapping_doubles": WouldOverlap,
    "double_begins_allowed": WouldOverlap,
    "who_left_takes_no_turn": NotFound,  # they left in the very moment of their tap
}


def claim_at_once(
    reader: Reader,
    *,
    slot_id: int,
    slug: str,
    day: dt.date,
    who: Mapping[str, object],
    now: dt.datetime,
    member: LiteralString = taking.BY_ID,
) -> NewClaim | None:
    """Give a member a place in a single statement, which is a transaction of its own.

    A third of the time of `claim_slot`, which is for whatever this cannot decide: somebody was
    quicker, or something is in the way. Then the answer is None.

    Args:
        slug: Of the series, and `day` of the date: the address that the slot must belong to.
        who: Their `membership_id`, or what `member` needs.
        member: SQL for the membership's id, where it is not known yet.
    """
    values = {"slot_id": slot_id, "slug": slug, "day": day, "now": now, **who}
    return taking.take_at_once(reader, member=member, values=values)


def claim_slot(
    session: Session,
    *,
    slot_id: int,
    membership_id: int,
    now: dt.datetime,
    note: str | None = None,
    terms: Terms | None = None,
) -> NewClaim:
    """Give a member a place of a slot, at once and for good, unless `terms` say otherwise.

    Raises:
        SlotFull: Every place is taken.
        AlreadyYours: They have a place of this slot.
        WouldOverlap: They have a turn at that time, anywhere.
        BusyThen: Their own calendar shows something at that time, and `terms` mind that.
        AgainstARule: One of its kinds says which rule of the job stands in the way.
        EventCancelled: The date was cancelled.
        EventOver: The job's time has passed.
        JobGone: The job was taken off the rota.
        NotFound: No such slot in the member's community, or it is not published.
    """
    terms = terms or Terms(note=note)
    try:
        look_closely(session, slot_id=slot_id, membership_id=membership_id, now=now)
        taken = _take(session, slot_id, membership_id, terms, now)
        if taken is None and not terms.although_busy:
            busy.mind(session, slot_id=slot_id, membership_id=membership_id)
        if taken is None and terms.standing_id is None:
            taken = _take_from_a_regular(session, slot_id, membership_id, terms, now)
    except AlreadyYours:
        kept = _kept_for(session, slot_id, membership_id)
        if kept is None or terms.state is not ClaimState.CONFIRMED:
            raise
        return confirm_claim(session, claim_id=kept, now=now)
    if taken is None:
        raise _full(session, slot_id, membership_id)
    return taken


def _kept_for(session: Session, slot_id: int, membership_id: int) -> int | None:
    """Find a place that waits for this very person's answer: to take the job is to say yes."""
    return session.scalar(
        sa.select(Claim.id).where(
            Claim.slot_id == slot_id,
            Claim.membership_id == membership_id,
            Claim.state == ClaimState.HELD,
            Claim.held_for != HeldFor.YES,
        )
    )


def _take_from_a_regular(
    session: Session, slot_id: int, membership_id: int, terms: Terms, now: dt.datetime
) -> NewClaim | None:
    """Take the place of a standing turn, which yields to a first turn."""
    with session.begin_nested():
        if yielding.give_way(session, slot_id=slot_id, membership_id=membership_id, now=now):
            return _take(session, slot_id, membership_id, terms, now)
    return None


def hold_slot(
    session: Session,
    *,
    slot_id: int,
    membership_id: int,
    held_as: str,
    now: dt.datetime,
    note: str | None = None,
    takes_part: bool = False,
) -> NewClaim:
    """Hold a place for somebody who still has to say yes by e-mail.

    For 24 hours, or two when the job starts within a day; never beyond its start.

    Args:
        held_as: The name they typed, shown as first name and initial until their yes.

    Raises:
        TooManyHolds: Three places are held for them already.
        The refusals of `claim_slot`.
    """
    slot = session.get(Slot, slot_id)
    if slot is None:
        raise NotFound
    held = sa.select(sa.func.count()).where(
        Claim.membership_id == membership_id,
        Claim.state == ClaimState.HELD,
        Claim.held_for == HeldFor.YES,
        Claim.held_until > now,
    )
    if (session.scalar(held) or 0) >= MOST_HOLDS:
        raise TooManyHolds
    terms = Terms(
        state=ClaimState.HELD,
        held_until=hold_ends(slot.starts_at, now=now),
        held_for=HeldFor.YES,
        held_as=held_as,
        note=note,
        takes_part=takes_part,
    )
    return claim_slot(session, slot_id=slot_id, membership_id=membership_id, terms=terms, now=now)


def hold_ends(starts_at: dt.datetime, *, now: dt.datetime) -> dt.datetime:
    """Tell until when a place is held for somebody who has not said yes yet."""
    soon = starts_at - now <= SHORT_HOLD_BEFORE
    ends = now + (SHORT_HOLD_LASTS if soon else HOLD_LASTS)
    # A turn that has begun can still be taken until it ends: a quarter of an hour to confirm.
    return max(min(ends, starts_at), now + dt.timedelta(minutes=15))


def _take(
    session: Session, slot_id: int, membership_id: int, terms: Terms, now: dt.datetime
) -> NewClaim | None:
    """Take a place, or say which rule is in the way. A savepoint keeps the session usable."""
    try:
        with session.begin_nested():
            return taking.take(
                session, slot_id=slot_id, membership_id=membership_id, terms=terms, now=now
            )
    except IntegrityError as error:
        raise refused_by(error, session, slot_id, membership_id) from error


def refused_by(
    error: IntegrityError, session: Session, slot_id: int, membership_id: int
) -> Exception:
    """Find the refusal for the rule of the database that said no; else the error itself."""
    rule = error.orig.diag.constraint_name or ""  # type: ignore[union-attr]
    if rule in rules.NAMES:
        return rules.refusal_of(session, rule=rule, slot_id=slot_id, membership_id=membership_id)
    refusal = REFUSED_BY.get(rule)
    return refusal() if refusal else error


def _full(session: Session, slot_id: int, membership_id: int) -> Exception:
    """Say whether they left a moment ago, every place is taken, or the rest is for newcomers."""
    standing = sa.select(Membership.standing).where(Membership.id == membership_id)
    if session.scalars(standing).one() is Standing.LEFT:
        return NotFound()
    taken = sa.select(sa.func.count()).where(Claim.slot_id == slot_id, Claim.live)
    left = sa.select(Slot.places - taken.scalar_subquery()).where(Slot.id == slot_id)
    if session.scalars(left).one() > 0:
        return rules.refusal_of(
            session, rule="kept_for_newcomers", slot_id=slot_id, membership_id=membership_id
        )
    return SlotFull()


def look_closely(session: Session, *, slot_id: int, membership_id: int, now: dt.datetime) -> None:
    """Lock the event, let go of what lapsed, and say what is in the way.

    Raises:
        NotFound, EventCancelled, JobGone, EventOver, AlreadyYours: As they say.
    """
    lock_event(session, sa.select(Slot.event_id).where(Slot.id == slot_id).scalar_subquery())
    found = session.execute(
        sa.select(Event.state, Slot.ends_at, Series.state.label("series_state"), Slot.closed_at)
        .join(Event, Event.id == Slot.event_id)
        .join(Series, Series.id == Slot.series_id)
        .join(Membership, Membership.community_id == Slot.community_id)
        .where(
            Slot.id == slot_id,
            Membership.id == membership_id,
            Membership.standing != Standing.LEFT,
        )
    ).first()
    if found is None or found.series_state is not SeriesState.PUBLISHED:
        raise NotFound
    if found.state is not EventState.PLANNED:
        raise EventCancelled
    if found.closed_at is not None:
        raise JobGone
    if found.ends_at <= now:
        raise EventOver
    lapse_holds(session, now=now, slot_id=slot_id)
    mine = sa.select(Claim.id).where(
        Claim.slot_id == slot_id, Claim.membership_id == membership_id, Claim.live
    )
    if session.scalar(mine):
        raise AlreadyYours


def lapse_holds(
    session: Session,
    *,
    now: dt.datetime,
    slot_id: int | None = None,
    membership_id: int | None = None,
) -> int:
    """Free the places whose hold ran out without a yes -> how many. Safe to repeat.

    They are offered to whoever waits for them at once. No offer outlasts the start.

    An event that somebody else is changing is passed over: waiting for it, with claims of others
    in hand, could go round in a circle, and the next sweep comes soon.
    """
    begun = sa.and_(Claim.held_for == HeldFor.OFFERED, Claim.starts_at <= now)
    lapsed = [Claim.state == ClaimState.HELD, sa.or_(Claim.held_until <= now, begun)]
    if slot_id is not None:
        lapsed.append(Claim.slot_id == slot_id)
    if membership_id is not None:
        lapsed.append(Claim.membership_id == membership_id)
    ours = (
        sa.select(Claim.id)
        .join(Event, Event.id == Claim.event_id)
        .where(*lapsed)
        .with_for_update(of=Event, key_share=True, skip_locked=True)
        .cte()
    )
    lapse = (
        sa.update(Claim)
        .where(*lapsed, Claim.id.in_(sa.select(ours.c.id)))
        .values(
            state=ClaimState.WITHDRAWN,
            held_until=None,
            withdrawn_at=now,
            withdrawn_because=WithdrawnBecause.LAPSED,
        )
        .returning(Claim.slot_id)
        .execution_options(synchronize_session=False)
    )
    freed = session.scalars(lapse).all()
    if freed:
        offering.offer_places(session, slot_ids=set(freed), now=now)
    return len(freed)


def confirm_claim(session: Session, *, claim_id: int, now: dt.datetime) -> NewClaim:
    """Say yes to a held place; a hold that ran out still counts while the place is free.

    Raises:
        HoldRanOut: It ran out and somebody else has the place.
        WouldOverlap, AgainstARule: Since they were asked, something came in between.
        EventCancelled, EventOver: Meanwhile.
    """
    claim = lock_claim(session, claim_id)
    if claim.state in {ClaimState.CONFIRMED, ClaimState.ATTENDED}:
        return NewClaim(claim.id, claim.state, claim.starts_at)
    if claim.state is ClaimState.HELD and claim.held_until and claim.held_until > now:
        _say_yes(session, claim)
        reminders.plan_notices(session, claim_ids=[claim.id], now=now)
        return NewClaim(claim.id, claim.state, claim.starts_at)
    return _claim_again(session, claim, now)


def _say_yes(session: Session, claim: Claim) -> None:
    """Make a held place its person's: from now on it binds them, so they are locked too."""
    lock_person(session, claim.person_id)
    try:
        with session.begin_nested():
            claim.state = ClaimState.CONFIRMED
            claim.held_until = None
            claim.held_as = None
    except IntegrityError as error:
        raise refused_by(error, session, claim.slot_id, claim.membership_id) from error


def _claim_again(session: Session, claim: Claim, now: dt.datetime) -> NewClaim:
    if claim.withdrawn_because is WithdrawnBecause.CANCELLED:
        raise EventCancelled
    lapse_holds(session, now=now, slot_id=claim.slot_id)
    try:
        return claim_slot(
            session,
            slot_id=claim.slot_id,
            membership_id=claim.membership_id,
            note=claim.note,
            now=now,
        )
    except (SlotFull, WouldOverlap) as refusal:
        raise HoldRanOut from refusal
