"""A member's own calendar: its address, and the spans in which they are busy; nothing else of it.

Its address is asked about once an hour, outside of any transaction: `due` says whose, and marks
them as asked, so that two workers never ask for the same at once; `keep` writes what came back.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain.calendar.incoming.lines import take_apart
from timebank.domain.calendar.incoming.repeating import TooMuchRepeats
from timebank.domain.calendar.incoming.spans import Span
from timebank.domain.calendar.incoming.spans import spans_of
from timebank.models import BusyCalendar
from timebank.models import BusySpan
from timebank.models import Community
from timebank.models import Membership
from timebank.models import Standing

ASKED_EVERY = dt.timedelta(hours=1)
READ_ANEW_AT = 3  # o'clock in UTC


class CannotReadYours(Refused):
    """We can't read that calendar. Look for an address that ends in .ics."""


@dataclass(frozen=True, slots=True)
class Due:
    """An address to be asked."""

    membership_id: int
    address: str
    etag: str


def read(raw: bytes, *, timezone: str, now: dt.datetime) -> list[Span]:
    """Read when somebody is busy.

    Raises:
        CannotReadYours: It repeats more than anybody does.
        NotACalendar and the other refusals of `take_apart`.
    """
    try:
        return spans_of(take_apart(raw), timezone=timezone, now=now)
    except TooMuchRepeats:
        raise CannotReadYours from None


def subscribe(
    session: Session,
    *,
    member: Membership,
    address: str,
    raw: bytes,
    etag: str,
    now: dt.datetime,
) -> int:
    """Follow a member's own calendar from now on, in place of another -> how many spans there are.

    Raises:
        CannotReadYours, NotACalendar: See `read`.
        NotFound: They have left meanwhile.
    """
    session.refresh(member, with_for_update={"key_share": True})
    if member.standing is Standing.LEFT:
        raise NotFound
    timezone = session.get_one(Community, member.community_id).timezone
    spans = read(raw, timezone=timezone, now=now)
    stop(session, membership_id=member.id)
    session.add(
        BusyCalendar(
            membership_id=member.id,
            community_id=member.community_id,
            address=address,
            etag=etag,
            created_at=now,
            asked_at=now,
            read_at=now,
        )
    )
    session.flush()
    _write(session, member.id, spans)
    return len(spans)


def stop(session: Session, *, membership_id: int) -> None:
    """Forget a member's own calendar with all that came of it. Twice is the same as once."""
    session.execute(sa.delete(BusyCalendar).where(BusyCalendar.membership_id == membership_id))


def of_member(session: Session, *, membership_id: int) -> BusyCalendar | None:
    """Find what we follow of a member."""
    return session.get(BusyCalendar, membership_id)


def due(session: Session, *, now: dt.datetime, most: int) -> list[Due]:
    """Take up to so many addresses that weren't asked for an hour, and mark them as asked."""
    waiting = (
        sa.select(BusyCalendar.membership_id)
        .where(sa.or_(BusyCalendar.asked_at.is_(None), BusyCalendar.asked_at <= now - ASKED_EVERY))
        .order_by(BusyCalendar.asked_at.asc().nulls_first())
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte()
    )
    rows = session.execute(
        sa.update(BusyCalendar)
        .where(BusyCalendar.membership_id.in_(sa.select(waiting.c.membership_id)))
        .values(asked_at=now)
        .returning(BusyCalendar.membership_id, BusyCalendar.address, BusyCalendar.etag)
        .execution_options(synchronize_session=False)
    )
    return [Due(*row) for row in rows]


def keep(session: Session, *, asked: Due, raw: bytes | None, etag: str, now: dt.datetime) -> None:
    """Write what an address gave in place of what was known; None: it hasn't changed.

    Whoever has stopped it meanwhile, or gave another address, stays as they are.

    Raises:
        CannotReadYours, NotACalendar: See `read`; what was known stays.
    """
    calendar = session.scalars(
        sa.select(BusyCalendar)
        .where(
            BusyCalendar.membership_id == asked.membership_id,
            BusyCalendar.address == asked.address,
        )
        .with_for_update()
    ).one_or_none()
    if calendar is None:
        return
    if raw is not None:
        timezone = session.get_one(Community, calendar.community_id).timezone
        spans = read(raw, timezone=timezone, now=now)
        session.execute(
            sa.delete(BusySpan).where(BusySpan.membership_id == calendar.membership_id)
        )
        _write(session, calendar.membership_id, spans)
        calendar.etag = etag
    elif now.hour == READ_ANEW_AT:
        # A rhythm brings new dates into sight though nothing changes: read it whole once a day.
        calendar.etag = ""
    calendar.read_at = now
    session.flush()


def _write(session: Session, membership_id: int, spans: list[Span]) -> None:
    if spans:
        session.execute(
            insert(BusySpan).values(
                [
                    {"membership_id": membership_id, "starts_at": starts, "ends_at": ends}
                    for starts, ends in spans
                ]
            )
        )
