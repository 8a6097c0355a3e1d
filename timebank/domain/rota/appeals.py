"""A call for help: people are asked in waves until every place it is for is taken.

It closes itself. Whoever taps late learns that it's all filled, and what is open next.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import public_name
from timebank.domain import outbox
from timebank.domain.communities.quiet_hours import after_quiet_hours
from timebank.domain.rota import claiming
from timebank.domain.rota.candidates import Candidate
from timebank.domain.rota.candidates import whom_to_ask
from timebank.domain.rota.locking import lock_event
from timebank.domain.rota.taking import NewClaim
from timebank.models import Appeal
from timebank.models import AppealAnswer
from timebank.models import AppealAsk
from timebank.models import AppealEnd
from timebank.models import Claim
from timebank.models import Community
from timebank.models import Event
from timebank.models import How
from timebank.models import MailChoice
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import Profile
from timebank.models import Slot

__all__ = [
    "Candidate",
    "ask_on",
    "let_be_asked",
    "open_appeal",
    "say_no",
    "say_yes",
    "stop_appeal",
    "whom_to_ask",
]

BETWEEN_WAVES = dt.timedelta(hours=12)
BETWEEN_LATE_WAVES = dt.timedelta(hours=2)
LATE_BEFORE = dt.timedelta(hours=48)
LONGEST_MESSAGE = 500
MOST_WAVES = 100


class NothingMissing(Conflict):
    """Every place is taken, so there's nobody to ask for."""


class AskingAlready(Conflict):
    """You're asking for help with this already."""


class NobodyToAsk(Refused):
    """There's nobody we can ask just now: they're busy, or were asked not long ago."""


class MessageTooLong(Refused):
    """Keep it to 500 letters."""


# What an appeal is for that can still be done, and why it is over when that is nothing.
DUE = """
SELECT a.id, CASE WHEN e.state <> 'planned' OR wanted.jobs = 0 THEN 'stopped'
                  WHEN wanted.coming = 0 THEN 'started'
                  WHEN wanted.free = 0 THEN 'filled' END AS ends
  FROM appeal a
  JOIN event e ON e.id = a.event_id
 CROSS JOIN LATERAL (
   SELECT count(*) AS jobs, count(*) FILTER (WHERE s.starts_at > :now) AS coming,
          coalesce(sum(s.places - (SELECT count(*) FROM claim c
                                    WHERE c.slot_id = s.id AND c.live))
                   FILTER (WHERE s.starts_at > :now), 0) AS free
     FROM slot s
    WHERE s.event_id = e.id AND s.closed_at IS NULL
      AND (a.slot_id IS NULL OR s.id = a.slot_id)) AS wanted
 WHERE a.ended_at IS NULL {which}
   AND (a.next_wave_at <= :now OR e.state <> 'planned' OR wanted.coming = 0 OR wanted.free = 0)
 ORDER BY e.id, a.id
   FOR NO KEY UPDATE OF e {patience}
"""


def open_appeal(
    session: Session,
    *,
    event_id: int,
    slot_id: int | None,
    message: str,
    ticked: Collection[int],
    shown: Collection[int],
    by: int,
    now: dt.datetime,
) -> Appeal:
    """Call for help with a date, or with one job of it, and ask the first people.

    Args:
        ticked: Whom the organiser would ask first, of those `shown`; the others of these are
            left out for good.
        by: The organiser's membership.

    Raises:
        NothingMissing: Every place is taken, or it has begun.
        AskingAlready: The same call is open.
        NobodyToAsk: Nobody of those ticked can be asked any more.
        MessageTooLong: The message has more than 500 letters.
        NotFound: The job is not of this date.
    """
    if len(message) > LONGEST_MESSAGE:
        raise MessageTooLong(field="message")
    lock_event(session, event_id)
    appeal = _new_appeal(session, event_id, slot_id, by)
    appeal.message = message
    appeal.left_out = sorted(set(shown) - set(ticked))
    appeal.created_at = now
    appeal.next_wave_at = now
    try:
        with session.begin_nested():
            session.add(appeal)
    except IntegrityError as error:
        raise AskingAlready from error
    if _end_where_done(session, appeal, now):
        raise NothingMissing
    people = whom_to_ask(
        session,
        event_id=event_id,
        slot_id=slot_id,
        now=now,
        left_out=appeal.left_out,
        only=set(ticked),
    )
    if not people:
        raise NobodyToAsk(field="ask")
    _ask(session, appeal, people, now)
    return appeal


def _new_appeal(session: Session, event_id: int, slot_id: int | None, by: int) -> Appeal:
    event = session.get_one(Event, event_id)
    if slot_id is not None:
        slot = session.get(Slot, slot_id)
        if slot is None or slot.event_id != event_id:
            raise NotFound
    return Appeal(
        community_id=event.community_id,
        event_id=event_id,
        series_id=event.series_id,
        slot_id=slot_id,
        made_by=by,
    )


def stop_appeal(session: Session, *, appeal: Appeal, now: dt.datetime) -> None:
    """Stop asking. Who was asked may still say yes while a place is free; twice is once."""
    lock_event(session, appeal.event_id)
    session.refresh(appeal)
    if appeal.ended_at is None:
        _end(session, appeal, AppealEnd.STOPPED, now)


def ask_on(session: Session, *, now: dt.datetime) -> int:
    """Close the calls that are done, and ask the next people of the others -> how many people.

    Safe to repeat. A date that somebody else is changing is passed over until the next time.
    """
    asked = 0
    due = sa.text(DUE.format(which="", patience="SKIP LOCKED"))
    for appeal_id in session.scalars(due, {"now": now}).all():
        appeal = session.get_one(Appeal, appeal_id, populate_existing=True)
        # Looked at again behind the lock: another sweep may have been here a moment before.
        if appeal.ended_at is None and not _end_where_done(session, appeal, now):
            asked += _ask_next(session, appeal, now)
    return asked


def _ask_next(session: Session, appeal: Appeal, now: dt.datetime) -> int:
    if appeal.next_wave_at is None or appeal.next_wave_at > now:
        return 0
    people = whom_to_ask(
        session,
        event_id=appeal.event_id,
        slot_id=appeal.slot_id,
        now=now,
        left_out=appeal.left_out,
    )
    _ask(session, appeal, people, now)
    return len(people)


def _ask(session: Session, appeal: Appeal, people: list[Candidate], now: dt.datetime) -> None:
    """Ask a wave of people, after the quiet hours, and set the time of the next wave."""
    event = session.get_one(Event, appeal.event_id)
    community = session.get_one(Community, appeal.community_id)
    goes_at = after_quiet_hours(now, community)
    waves = sa.select(sa.func.coalesce(sa.func.max(AppealAsk.wave), 0))
    wave = 1 + (session.scalar(waves.where(AppealAsk.appeal_id == appeal.id)) or 0)
    asks = [
        AppealAsk(
            community_id=appeal.community_id,
            appeal_id=appeal.id,
            membership_id=one.membership_id,
            slot_id=one.slot_id,
            wave=wave,
            because=one.because,
            asked_at=goes_at,
        )
        for one in people
    ]
    session.add_all(asks)
    session.flush()
    _post(session, appeal, asks, {one.membership_id: one.person_id for one in people}, goes_at)
    late = event.starts_at - goes_at <= LATE_BEFORE
    later = goes_at + (BETWEEN_LATE_WAVES if late else BETWEEN_WAVES)
    appeal.next_wave_at = after_quiet_hours(later, community) if wave < MOST_WAVES else None
    session.flush()


def _post(
    session: Session,
    appeal: Appeal,
    asks: list[AppealAsk],
    person_ids: dict[int, int],
    goes_at: dt.datetime,
) -> None:
    name = session.scalar(
        sa.select(Profile.full_name)
        .join(Membership, Membership.person_id == Profile.person_id)
        .where(Membership.id == appeal.made_by)
    )
    rows = session.execute(
        sa.select(Slot.id, Slot.starts_at).where(Slot.id.in_({ask.slot_id for ask in asks}))
    )
    starts = {row.id: row.starts_at for row in rows}
    facts = {"message": appeal.message, "from": public_name(name or "")}
    outbox.post_notices(
        session,
        [
            outbox.Message(
                community_id=appeal.community_id,
                person_id=person_ids[ask.membership_id],
                kind=NoticeKind.CALL_FOR_HELP,
                dedupe_key=f"appeal-{appeal.id}.call_for_help.{ask.membership_id}",
                not_before=goes_at,
                expires_at=starts[ask.slot_id],
                facts={**facts, "slot_id": str(ask.slot_id), "ask_id": str(ask.id)},
            )
            for ask in asks
        ],
    )


def _end_where_done(session: Session, appeal: Appeal, now: dt.datetime) -> bool:
    """Close a call that has nothing left to ask for -> whether it is over. The event is locked."""
    statement = sa.text(DUE.format(which="AND a.id = :appeal_id", patience=""))
    due = session.execute(statement, {"now": now, "appeal_id": appeal.id}).first()
    if due is not None and due.ends:
        _end(session, appeal, AppealEnd(due.ends), now)
    return appeal.ended_at is not None


def _end(session: Session, appeal: Appeal, because: AppealEnd, now: dt.datetime) -> None:
    appeal.ended_at = now
    appeal.ended_because = because
    appeal.next_wave_at = None
    session.flush()
    outbox.cancel_notices_keyed(session, prefix=f"appeal-{appeal.id}.")


def say_yes(session: Session, *, ask_id: int, now: dt.datetime) -> NewClaim | None:
    """Say yes to a call for help -> the turn, which is theirs at once; None: it's all filled.

    Their yes is kept either way. Tapping twice is the same as once.

    Raises:
        AgainstARule, WouldOverlap: Since they were asked, something came in between.
        EventCancelled, EventOver, JobGone: Meanwhile.
    """
    ask = _lock_ask(session, ask_id)
    taken = _take_for(session, ask, now)
    ask.answer = AppealAnswer.YES
    ask.answered_at = ask.answered_at or now
    ask.claim_id = taken.id if taken else ask.claim_id
    session.flush()
    _end_where_done(session, session.get_one(Appeal, ask.appeal_id), now)
    return taken


def _take_for(session: Session, ask: AppealAsk, now: dt.datetime) -> NewClaim | None:
    mine = session.scalar(
        sa.select(Claim).where(
            Claim.slot_id == ask.slot_id, Claim.membership_id == ask.membership_id, Claim.binds
        )
    )
    if mine:
        return claiming.confirm_claim(session, claim_id=mine.id, now=now)
    try:
        return claiming.claim_slot(
            session, slot_id=ask.slot_id, membership_id=ask.membership_id, now=now
        )
    except claiming.SlotFull:
        return None


def say_no(session: Session, *, ask_id: int, now: dt.datetime) -> None:
    """Say "not this time". A turn that they took meanwhile stays theirs; twice is once."""
    ask = _lock_ask(session, ask_id)
    if ask.claim_id is None:
        ask.answer = AppealAnswer.NO
        ask.answered_at = now
        session.flush()


def _lock_ask(session: Session, ask_id: int) -> AppealAsk:
    """Load an ask for its answer, the event locked first: the order that everybody keeps."""
    event_id = session.scalar(
        sa.select(Slot.event_id)
        .join(AppealAsk, AppealAsk.slot_id == Slot.id)
        .where(AppealAsk.id == ask_id)
    )
    if event_id is None:
        raise NotFound
    lock_event(session, event_id)
    return session.get_one(AppealAsk, ask_id, populate_existing=True)


def let_be_asked(session: Session, *, membership_id: int, may_be_asked: bool) -> None:
    """Note whether organisers may ask a member for help; what is on its way to them is stopped."""
    membership = session.get_one(Membership, membership_id)
    membership.may_be_asked = may_be_asked
    session.flush()
    if may_be_asked:
        _choose_to_be_asked(session, membership)
    else:
        take_back_asks(session, member=membership)


def _choose_to_be_asked(session: Session, member: Membership) -> None:
    """Keep in step what they chose about their mails: it is one and the same wish."""
    session.execute(
        sa.update(MailChoice)
        .where(MailChoice.membership_id == member.id, MailChoice.asking == How.NONE)
        .values(asking=How.MAIL)
        .execution_options(synchronize_session=False)
    )


def take_back_asks(session: Session, *, member: Membership) -> None:
    """Stop what is on its way to a member who does not want to be asked.

    That cover is wanted is told them all the same where they run the event: it names nobody `to`.
    """
    is_ask = sa.or_(
        Notice.kind == NoticeKind.CALL_FOR_HELP,
        sa.and_(Notice.kind == NoticeKind.COVER_WANTED, Notice.facts.has_key("to")),
    )
    session.execute(
        sa.update(Notice)
        .where(
            Notice.community_id == member.community_id,
            Notice.person_id == member.person_id,
            is_ask,
            Notice.state.in_(outbox.CAN_BE_TAKEN_BACK),
        )
        .values(state=NoticeState.CANCELLED)
        .execution_options(synchronize_session=False)
    )
