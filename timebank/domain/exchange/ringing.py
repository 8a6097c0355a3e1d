"""What coordinators do about the board: ring neighbours, note what they say, look at reports.

The pages are for coordinators alone; they are the only place where a telephone number is shown.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.domain.exchange import contacting
from timebank.domain.exchange.contacting import Side
from timebank.models import Conversation
from timebank.models import Membership
from timebank.models import Report
from timebank.models import Ring

BROUGHT_BACK_WITHIN_DAYS = 14

# On the board of people whom no mail reaches: about to lapse, or lapsed within two weeks. Whoever
# has read so in a letter is not rung as well.
UNREACHED = sa.text("""
SELECT p.id, p.title, p.kind, p.state, p.expires_on, f.full_name, f.phone
  FROM post p
  JOIN membership m ON m.id = p.membership_id AND m.standing <> 'left'
  JOIN profile f ON f.person_id = m.person_id AND f.email IS NULL
 WHERE p.community_id = :community_id
   AND (p.state = 'open' AND p.nudged_on IS NOT NULL
        OR p.state = 'expired' AND p.expires_on >= :since)
   AND NOT EXISTS (
     SELECT FROM notice n
      WHERE n.state = 'sent' AND n.dedupe_key = format(
        CASE p.state WHEN 'open' THEN 'post-lapsing-%s-%s' ELSE 'post-lapsed-%s-%s' END,
        p.id, p.expires_on))
 ORDER BY p.expires_on, p.id
 LIMIT 100
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """An offer or ask that lapses, of somebody whom only the telephone reaches."""

    post_id: int
    title: str
    kind: str
    has_lapsed: bool
    expires_on: dt.date
    name: str
    phone: str | None


def rung(
    session: Session,
    *,
    community_id: int,
    ring_id: int,
    by: Membership,
    words: str,
    intent: uuid.UUID | None,
    now: dt.datetime,
) -> None:
    """Note that somebody was rung, and pass on what they said, if anything; once is enough.

    What a second coordinator heard them say is passed on as well.

    Raises:
        NotFound: Nobody here waits under that number.
        NotPassedOn: There are words, and one of the two does not want to hear from the other.
    """
    ring = session.get(Ring, ring_id, with_for_update=True)
    if ring is None or ring.community_id != community_id:
        raise NotFound
    if ring.rung_at is None:
        ring.rung_at, ring.rung_by = now, by.id
        session.flush()
    if words:
        side = Side(session.get_one(Conversation, ring.conversation_id), ring.of_owner)
        contacting.say(session, side=side, words=words, written_by=by.id, intent=intent, now=now)


def settle(
    session: Session, *, community_id: int, report_id: int, by: Membership, now: dt.datetime
) -> None:
    """Note that a report was looked into; once is enough.

    Raises:
        NotFound: There is no such report here.
    """
    report = session.get(Report, report_id, with_for_update=True)
    if report is None or report.community_id != community_id:
        raise NotFound
    if report.settled_at is None:
        report.settled_at, report.settled_by = now, by.id


def count_waiting(session: Session, *, community_id: int) -> int:
    """Count what waits for a coordinator: rings and reports."""
    rings = sa.select(sa.func.count()).where(
        Ring.community_id == community_id, Ring.rung_at.is_(None)
    )
    reports = sa.select(sa.func.count()).where(
        Report.community_id == community_id, Report.settled_at.is_(None)
    )
    return sum(
        session.execute(sa.select(rings.scalar_subquery(), reports.scalar_subquery())).one()
    )


def read_unreached(session: Session, *, community_id: int, today: dt.date) -> list[Unreached]:
    """List what lapses, or has just lapsed, of people without e-mail: a coordinator rings them."""
    since = today - dt.timedelta(days=BROUGHT_BACK_WITHIN_DAYS)
    return [
        Unreached(
            post_id=row.id,
            title=row.title,
            kind=row.kind,
            has_lapsed=row.state == "expired",
            expires_on=row.expires_on,
            name=row.full_name,
            phone=row.phone,
        )
        for row in session.execute(UNREACHED, {"community_id": community_id, "since": since})
    ]
