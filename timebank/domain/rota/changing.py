"""Move or cancel a single date, with everybody who has a turn on it.

The event's row is locked first, as everywhere: nobody takes a place while it moves.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.domain import events
from timebank.domain import outbox
from timebank.domain.rota import following
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import ReasonKind
from timebank.models import Series
from timebank.models import WithdrawnBecause

LONGEST_EVENT = dt.timedelta(hours=24)


class DateHasBegun(Conflict):
    """This date has begun or passed, so it can’t be changed any more."""


class DateIsCancelled(Conflict):
    """This date is cancelled already."""


class DateIsLeftOut(Conflict):
    """This date is left out. Put it back first."""


class TurnsAreDone(Conflict):
    """Hours of this date are credited already, so it can’t be changed any more."""


class EndsBeforeItStarts(Refused):
    """That time ends before it starts. Check From and To."""


class NothingChanged(Refused):
    """That’s when and where it is already. Change the day, the time or the place."""


class StartsInThePast(Refused):
    """That time has passed. Choose one that’s still to come."""


class TooLong(Refused):
    """One date lasts a day at most. Check From and To."""


def move_event(
    session: Session,
    *,
    event: Event,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    reason: str,
    by: Membership,
    now: dt.datetime,
    venue: events.VenueDraft | None = None,
) -> int:
    """Give one date another time or place; its jobs move along by as much as its start.

    Returns how many people were told.

    Everybody with a turn is told, with the earlier time and the reason; reminders follow.

    Args:
        venue: Where it takes place now, or None to stay.

    Raises:
        NotFound: `by` does not run the group.
        DateHasBegun, DateIsCancelled, DateIsLeftOut, TurnsAreDone: It can’t be changed any more.
        EndsBeforeItStarts, StartsInThePast, TooLong: The new time makes no sense.
        NothingChanged: It is at that time and place already.
        TurnsOverlap: Somebody would be in two places at once; nothing has moved.
    """
    lock_changeable(session, event, by=by, now=now)
    _check_time(starts_at, ends_at, now)
    following.let_go_of_lapsed_holds(session, event_ids=[event.id], now=now)
    before = following.snapshot(session, event_ids=[event.id])
    offset = starts_at - event.starts_at
    if venue is not None:
        place = events.find_or_make_venue(
            session, community_id=event.community_id, draft=venue, now_at=event.venue_id
        )
        event.venue_id = place.id
    event.starts_at = starts_at
    event.ends_at = ends_at
    if not session.is_modified(event):
        raise NothingChanged(field="starts")
    note_change(event, reason=reason, now=now)
    session.flush()
    following.retime_slots(session, following.shifted(session, offsets={event.id: offset}))
    return following.tell_the_moved(
        session, event_ids=[event.id], before=before, reason=reason, now=now
    )


def cancel_event(
    session: Session,
    *,
    event: Event,
    reason: str,
    by: Membership,
    now: dt.datetime,
    kind: ReasonKind = ReasonKind.OTHER,
) -> int:
    """Call one date off, for good -> how many people were told.

    Its turns are withdrawn, what they were owed is taken back, and each person is told once.

    Args:
        reason: Why, in the words that everybody reads.
        kind: Why, in a form that can be counted.

    Raises:
        NotFound: `by` does not run the group.
        DateHasBegun, DateIsCancelled, DateIsLeftOut, TurnsAreDone: It can’t be changed any more.
    """
    lock_changeable(session, event, by=by, now=now)
    turns = following.snapshot(session, event_ids=[event.id])
    event.state = EventState.CANCELLED
    event.reason_kind = kind
    note_change(event, reason=reason, now=now)
    session.flush()
    session.execute(
        sa.update(Claim)
        .where(
            Claim.event_id == event.id,
            Claim.state.in_([ClaimState.HELD, ClaimState.CONFIRMED]),
        )
        .values(
            state=ClaimState.WITHDRAWN,
            held_until=None,
            withdrawn_at=now,
            withdrawn_because=WithdrawnBecause.CANCELLED,
        )
        .execution_options(synchronize_session=False)
    )
    _take_back_notices(session, [turn.claim_id for turn in turns])
    messages = _cancelled_messages(event, turns, now)
    outbox.post_notices(session, messages)
    return len(messages)


def lock_changeable(session: Session, event: Event, *, by: Membership, now: dt.datetime) -> None:
    """Lock a date, for somebody who runs it and while it can be changed.

    Raises:
        NotFound: `by` does not run the group.
        DateHasBegun, DateIsCancelled, DateIsLeftOut, TurnsAreDone: It can’t be changed any more.
    """
    lock_event(session, event, by=by)
    if event.state is EventState.CANCELLED:
        raise DateIsCancelled
    if event.state is EventState.SKIPPED:
        raise DateIsLeftOut
    if event.starts_at <= now:
        raise DateHasBegun
    done = sa.exists().where(Claim.event_id == event.id, Claim.state == ClaimState.ATTENDED)
    if session.scalar(sa.select(done)):
        raise TurnsAreDone


def lock_event(session: Session, event: Event, *, by: Membership) -> None:
    """Lock a date, for somebody who runs it.

    Raises:
        NotFound: `by` does not run the group.
    """
    group_id = session.scalars(
        sa.select(Series.group_id).where(Series.id == event.series_id)
    ).one()
    events.require_organiser(session, group_id=group_id, community_id=event.community_id, by=by)
    session.refresh(event, with_for_update={"key_share": True})


def _check_time(starts_at: dt.datetime, ends_at: dt.datetime, now: dt.datetime) -> None:
    if ends_at <= starts_at:
        raise EndsBeforeItStarts(field="ends")
    if ends_at - starts_at > LONGEST_EVENT:
        raise TooLong(field="ends")
    if starts_at <= now:
        raise StartsInThePast(field="day")


def note_change(event: Event, *, reason: str, now: dt.datetime) -> None:
    """Calendars take a change only when the sequence rose; people want to know why."""
    event.reason = reason
    event.sequence = Event.sequence + 1
    event.updated_at = now


def _take_back_notices(session: Session, claim_ids: list[int]) -> None:
    session.execute(
        sa.update(Notice)
        .where(Notice.claim_id.in_(claim_ids), Notice.state.in_(outbox.CAN_BE_TAKEN_BACK))
        .values(state=NoticeState.CANCELLED)
        .execution_options(synchronize_session=False)
    )


def _cancelled_messages(
    event: Event, turns: list[following.Standing], now: dt.datetime
) -> list[outbox.Message]:
    """One message a person, about the first of their turns on that date."""
    first_turns = {turn.person_id: turn for turn in reversed(turns) if turn.is_known}
    return [
        outbox.Message(
            community_id=turn.community_id,
            person_id=turn.person_id,
            kind=NoticeKind.EVENT_CANCELLED,
            dedupe_key=f"event-{event.id}.event_cancelled.{turn.person_id}",
            claim_id=turn.claim_id,
            starts_at=turn.starts_at,
            not_before=now,
            expires_at=event.ends_at,
            facts={"reason": event.reason or ""},
        )
        for turn in first_turns.values()
    ]
