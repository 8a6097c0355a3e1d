"""What became of the mails that we read, of three kinds: counted for operators, forgotten in time.

Only a digest and the outcome are kept, so that the same mail again changes nothing.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.models import Bounce
from timebank.models import CalendarReply
from timebank.models import MailedAnswer

KEPT_FOR = dt.timedelta(days=90)  # no mail server brings one again after that

Read = type[Bounce] | type[CalendarReply] | type[MailedAnswer]
Outcome = TypeVar("Outcome", bound=StrEnum)


def counts(
    session: Session, read: Read, outcomes: type[Outcome], *, now: dt.datetime
) -> dict[Outcome, int]:
    """Count what became of the mails of the last ninety days."""
    rows = session.execute(
        sa.select(read.outcome, sa.func.count())
        .where(read.read_at > now - KEPT_FOR)
        .group_by(read.outcome)
    )
    found = dict(rows.all())
    return {outcome: found.get(outcome, 0) for outcome in outcomes}


def forget(session: Session, read: Read, *, now: dt.datetime) -> None:
    """Forget the mails of more than ninety days ago."""
    session.execute(sa.delete(read).where(read.read_at <= now - KEPT_FOR))
