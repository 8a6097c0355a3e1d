"""Taking a place and saying yes to it: each in one transaction, whoever else taps.

Claiming is hopeful first and orderly second. The hopeful statement takes the lowest free place
without waiting for anybody; the database's numbered places make it right. Only when somebody was
quicker, or something is in the way, does the rule lock the event, look properly, and either take
the next place or say what is the matter.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from typing import NoReturn

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import Reader
from timebank.domain.rota import reminders
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Membership
from timebank.models import Role
from timebank.models import Series
from timebank.models import SeriesState
from timebank.models import Slot
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


@dataclass(frozen=True, slots=True)
class NewClaim:
    """A place just taken."""

    id: int
    state: ClaimState
    starts_at: dt.datetime


REFUSED_BY: dict[str, type[Refused]] = {
    "one_live_claim_per_person": AlreadyYours,
    "no_overlapping_claims": WouldOverlap,
}

# One statement: the place, and the notices that the turn owes. The event's row is locked first,
# so that a date cannot be cancelled or moved under a claim; then the person's, or two of their
# overlapping claims at two events would wait for each other; then the slot's, which is so read as
# whoever was ahead of us left it.
TAKE = """
WITH door AS (
  SELECT s.*, m.id AS member, m.person_id
    FROM slot s
    JOIN event e ON e.id = s.event_id AND e.state = 'planned'
    JOIN role j ON j.id = s.role_id AND j.retired_at IS NULL
    JOIN series r ON r.id = s.series_id AND r.state = 'published'
    JOIN membership m ON m.id = :membership_id AND m.community_id = s.community_id
                     AND m.standing <> 'left'
    JOIN person p ON p.id = m.person_id
   WHERE s.id = :slot_id AND s.ends_at > :now
     AND (CAST(:slug AS text) IS NULL OR (r.slug, e.occurs_on) = (:slug, CAST(:day AS date)))
     FOR NO KEY UPDATE OF e, p
     FOR KEY SHARE OF s
), taken AS (
  INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                     ends_at, places, state, held_until, held_as, note, created_at)
  SELECT d.community_id, d.event_id, d.id, d.member, d.person_id, free.place, d.starts_at,
         d.ends_at, d.places, :state, :held_until, :held_as, :note, :now
    FROM door d
   CROSS JOIN LATERAL (
     SELECT place FROM generate_series(1, d.places) AS place
      WHERE NOT EXISTS (SELECT FROM claim c WHERE c.slot_id = d.id AND c.place = place.place
                                              AND c.live)
      ORDER BY place LIMIT 1) AS free
      ON CONFLICT (slot_id, place) WHERE live DO NOTHING
  RETURNING *
), told AS (
  {owed}
)
SELECT id, state, starts_at FROM taken
"""
TAKE = TAKE.format(owed=reminders.OWED.format(claims="taken"))
# The same as the driver writes it, for a claim that needs no session.
TAKE_AT_ONCE = str(sa.text(TAKE).compile(dialect=postgresql.dialect(paramstyle="pyformat")))  # type: ignore[no-untyped-call]


def claim_at_once(
    reader: Reader,
    *,
    slot_id: int,
    slug: str,
    day: dt.date,
    membership_id: int,
    now: dt.datetime,
) -> NewClaim | None:
    """Give a member a place in a single statement, which is a transaction of its own.

    A third of the time of `claim_slot`, which is for whatever this cannot decide: somebody was
    quicker, or something is in the way.

    Args:
        slug: Of the series, and `day` of the date: the address that the slot must belong to.

    Raises:
        AlreadyYours, WouldOverlap: as `claim_slot`.
    """
    values = {"state": "confirmed", "held_until": None, "held_as": None, "note": None}
    address = {"slug": slug, "day": day}
    parameters = _parameters(slot_id, membership_id, now, {**values, **address})
    try:
        row = reader.one(TAKE_AT_ONCE, parameters)
    except psycopg.IntegrityError as error:
        refusal = REFUSED_BY.get(error.diag.constraint_name or "")
        if refusal is None:
            return None
        raise refusal from error
    return NewClaim(row[0], ClaimState(row[1]), row[2]) if row else None


def claim_slot(
    session: Session,
    *,
    slot_id: int,
    membership_id: int,
    now: dt.datetime,
    note: str | None = None,
) -> NewClaim:
    """Give a member a place of a slot, at once and for good.

    Raises:
        SlotFull: Every place is taken.
        AlreadyYours: They have a place of this slot.
        WouldOverlap: They have a turn at that time, anywhere.
        EventCancelled: The date was cancelled.
        EventOver: The job's time has passed.
        JobGone: The job was taken off the rota.
        NotFound: No such slot in the member's community, or it is not published.
    """
    values = {"state": ClaimState.CONFIRMED, "held_until": None, "held_as": None, "note": note}
    return _claim(session, slot_id, membership_id, now, values)


def hold_slot(
    session: Session,
    *,
    slot_id: int,
    membership_id: int,
    held_as: str,
    now: dt.datetime,
    note: str | None = None,
) -> NewClaim:
    """Hold a place for somebody who still has to say yes by e-mail.

    For 24 hours, or two when the job starts within a day; never beyond its start.

    Args:
        held_as: The name they typed, shown as first name and initial until their yes.

    Raises:
        TooManyHolds: Three places are held for them already.
        SlotFull, AlreadyYours, WouldOverlap, EventCancelled, EventOver, NotFound: as `claim_slot`.
    """
    slot = session.get(Slot, slot_id)
    if slot is None:
        raise NotFound
    held = sa.select(sa.func.count()).where(
        Claim.membership_id == membership_id,
        Claim.state == ClaimState.HELD,
        Claim.held_until > now,
    )
    if (session.scalar(held) or 0) >= MOST_HOLDS:
        raise TooManyHolds
    values = {
        "state": ClaimState.HELD,
        "held_until": hold_ends(slot.starts_at, now=now),
        "held_as": held_as,
        "note": note,
    }
    return _claim(session, slot_id, membership_id, now, values)


def hold_ends(starts_at: dt.datetime, *, now: dt.datetime) -> dt.datetime:
    """Tell until when a place is held for somebody who has not said yes yet."""
    soon = starts_at - now <= SHORT_HOLD_BEFORE
    ends = now + (SHORT_HOLD_LASTS if soon else HOLD_LASTS)
    # A turn that has begun can still be taken until it ends: a quarter of an hour to confirm.
    return max(min(ends, starts_at), now + dt.timedelta(minutes=15))


def _claim(
    session: Session,
    slot_id: int,
    membership_id: int,
    now: dt.datetime,
    values: dict[str, Any],
) -> NewClaim:
    parameters = _parameters(slot_id, membership_id, now, values)
    taken = _take(session, parameters)
    if taken is None:
        _stand_in_line(session, slot_id, membership_id, now)
        taken = _take(session, parameters)
    if taken is None:
        raise SlotFull
    return taken


def _parameters(
    slot_id: int, membership_id: int, now: dt.datetime, values: dict[str, Any]
) -> dict[str, Any]:
    facts = {"slot_id": slot_id, "membership_id": membership_id, "now": now, "only": None}
    return {"slug": None, "day": None, **values, **facts}


def _take(session: Session, parameters: dict[str, Any]) -> NewClaim | None:
    try:
        row = session.execute(sa.text(TAKE), parameters).first()
    except IntegrityError as error:
        _refuse(error)
    return NewClaim(row.id, ClaimState(row.state), row.starts_at) if row else None


def _refuse(error: IntegrityError) -> NoReturn:
    """Turn the constraint that said no into the sentence for it."""
    name = getattr(error.orig, "diag", None) and error.orig.diag.constraint_name  # type: ignore[union-attr]
    refusal = REFUSED_BY.get(name or "")
    if refusal is None:
        raise error
    raise refusal from error


def _stand_in_line(session: Session, slot_id: int, membership_id: int, now: dt.datetime) -> None:
    """Lock the event, let go of what lapsed, and say what is in the way.

    A statement of its own: only the next one sees what the rival ahead of us committed.
    """
    found = session.execute(
        sa.select(Event.state, Slot.ends_at, Series.state.label("series_state"), Role.retired_at)
        .join(Event, Event.id == Slot.event_id)
        .join(Role, Role.id == Slot.role_id)
        .join(Series, Series.id == Slot.series_id)
        .join(Membership, Membership.community_id == Slot.community_id)
        .where(Slot.id == slot_id, Membership.id == membership_id)
        .with_for_update(of=Event, key_share=True)
    ).first()
    if found is None or found.series_state is not SeriesState.PUBLISHED:
        raise NotFound
    if found.state is EventState.CANCELLED:
        raise EventCancelled
    if found.retired_at is not None:
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

    An event that somebody else is changing is passed over: waiting for it, with claims of others
    in hand, could go round in a circle, and the next sweep comes soon.
    """
    lapsed = [Claim.state == ClaimState.HELD, Claim.held_until <= now]
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
        .execution_options(synchronize_session=False)
    )
    return session.execute(lapse).rowcount  # type: ignore[attr-defined, no-any-return]


def confirm_claim(session: Session, *, claim_id: int, now: dt.datetime) -> NewClaim:
    """Say yes to a held place; a hold that ran out still counts while the place is free.

    Raises:
        HoldRanOut: It ran out and somebody else has the place.
        EventCancelled, EventOver: Meanwhile.
    """
    claim = lock_claim(session, claim_id)
    if claim.state in {ClaimState.CONFIRMED, ClaimState.ATTENDED}:
        return NewClaim(claim.id, claim.state, claim.starts_at)
    if claim.state is ClaimState.HELD and claim.held_until and claim.held_until > now:
        claim.state = ClaimState.CONFIRMED
        claim.held_until = None
        claim.held_as = None
        session.flush()
        reminders.plan_notices(session, claim_ids=[claim.id], now=now)
        return NewClaim(claim.id, claim.state, claim.starts_at)
    return _claim_again(session, claim, now)


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


def lock_claim(session: Session, claim_id: int) -> Claim:
    """Load a claim for a change, its event locked first: the order that everybody keeps.

    Raises:
        NotFound: No such claim.
    """
    of_claim = sa.select(Claim.event_id).where(Claim.id == claim_id).scalar_subquery()
    session.execute(
        sa.select(Event.id).where(Event.id == of_claim).with_for_update(key_share=True)
    )
    claim = session.get(
        Claim, claim_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if claim is None:
        raise NotFound
    return claim
