"""Begin a pause and end it. Turns already taken stay: their holder is asked about them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.domain.rota import appeals
from timebank.domain.rota import reading
from timebank.models import Community
from timebank.models import Membership

LONGEST = dt.timedelta(days=366)


class NotThatDay(Refused):
    """Choose a day from tomorrow on, within a year. Or leave it open."""


def pause(
    session: Session, *, member: Membership, until: dt.date | None, now: dt.datetime
) -> None:
    """Let nobody ask them for help: no calls, no suggestions, no new dates of standing turns.

    Args:
        session: The session.
        member: Who.
        until: The first day on which they are back; None: until they say so.
        now: When.

    Raises:
        NotThatDay: That day has come, or is more than a year away.
    """
    zone = session.get_one(Community, member.community_id).timezone
    today = clock.local_date(now, zone)
    if until is not None and not today < until <= today + LONGEST:
        raise NotThatDay(field="until")
    member.paused_at = now
    member.paused_until = clock.at_local(until, dt.time(), zone) if until else None
    session.flush()
    appeals.take_back_asks(session, member=member)


def come_back(session: Session, *, member: Membership) -> None:
    """End a pause. Twice is the same as once."""
    member.paused_at = member.paused_until = None
    session.flush()


def turns_meanwhile(
    session: Session, *, member: Membership, now: dt.datetime
) -> list[reading.Turn]:
    """Read the turns that they still have within their pause."""
    turns = reading.coming_turns(session, membership_id=member.id, now=now)
    until = member.paused_until
    return [turn for turn in turns if until is None or turn.starts_at < until]
