"""What an operator watches of delivery: how long mail takes, what waits, what nobody knows of.

Times are the database's own, as in `delivery`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.domain.notices.delivery import TAKES_NO_MAIL
from timebank.models import MailRest
from timebank.models import NoticeKind
from timebank.models import NoticeState

A_DAY = dt.timedelta(days=1)
A_WEEK = dt.timedelta(days=7)
RESTED_LATELY = dt.timedelta(minutes=10)
MOST_SHOWN = 200

DWELL = """
SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took),
       percentile_cont(0.95) WITHIN GROUP (ORDER BY took), max(took)
  FROM (SELECT greatest(sent_at - coalesce(due_at, not_before), interval '0') AS took FROM notice
         WHERE sent_at > now() - :within) AS sent
"""

# The oldest that was never put back, and the oldest that was: each by an index of its own.
OLDEST = """
SELECT id, kind, was_due_at, now() - was_due_at, attempts, refusals, last_error FROM (
 (SELECT id, kind, not_before AS was_due_at, attempts, refusals, last_error FROM notice
   WHERE state IN ('pending', 'leased', 'handover') AND due_at IS NULL AND not_before <= now()
   ORDER BY not_before LIMIT 1)
 UNION ALL
 (SELECT id, kind, due_at, attempts, refusals, last_error FROM notice
   WHERE state IN ('pending', 'leased', 'handover') AND due_at IS NOT NULL
   ORDER BY due_at LIMIT 1)) AS waiting
 ORDER BY was_due_at LIMIT 1
"""

TO_LOOK_AT = """
SELECT n.id, n.community_id, n.kind, n.state, n.person_id, p.full_name,
       coalesce(n.due_at, n.not_before) AS was_due_at, n.last_error, n.again_at,
       n.expires_at > now() AS is_worth_telling
  FROM notice n LEFT JOIN profile p ON p.person_id = n.person_id
 WHERE n.state IN ('uncertain', 'failed') AND n.state = :state AND n.not_before > now() - :within
   AND n.last_error IS DISTINCT FROM :takes_no_mail
 ORDER BY n.id DESC LIMIT :most
"""

SEND_AGAIN = """
UPDATE notice SET state = 'pending', not_before = now(), due_at = NULL, attempts = 0, refusals = 0,
                  wordings = 0, lease_token = NULL, lease_until = NULL, sent_at = NULL,
                  again_at = now(), again_by = :by, way = NULL
 WHERE id = :notice_id AND state IN ('uncertain', 'failed') AND expires_at > now()
"""

ARRIVED = """
UPDATE notice SET state = 'sent', sent_at = NULL, lease_token = NULL, lease_until = NULL
 WHERE id = :notice_id AND state = 'uncertain'
"""


class TooLateToSend(Conflict):
    """That message isn't worth telling any more."""


class NotInDoubt(Conflict):
    """Somebody has looked after that message already."""


@dataclass(frozen=True, slots=True)
class Dwell:
    """How long mail took from when it was due until a mail server had it; None: none was sent."""

    sent: int
    p50: dt.timedelta | None
    p95: dt.timedelta | None
    longest: dt.timedelta | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A notice that is due and not sent yet.

    Attributes:
        waits: How long it has been due.
        attempts: How often a worker took it.
        refusals: How often it was put back.
        last_error: Why; codes, never an address.
    """

    notice_id: int
    kind: NoticeKind
    due_at: dt.datetime
    waits: dt.timedelta
    attempts: int
    refusals: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A notice that somebody has to look at: uncertain, or failed.

    Attributes:
        full_name: Whom it is for; None: erased.
        why: Codes, never an address.
        again_at: When it was last sent again by hand.
        is_worth_telling: Whether it may be sent again still.
    """

    notice_id: int
    community_id: int
    kind: NoticeKind
    state: NoticeState
    person_id: int
    full_name: str | None
    due_at: dt.datetime
    why: str | None
    again_at: dt.datetime | None
    is_worth_telling: bool


def dwell(session: Session, *, within: dt.timedelta = A_DAY) -> Dwell:
    """Measure how long the mails took that were sent of late."""
    return Dwell(*session.execute(sa.text(DWELL), {"within": within}).one())


def oldest_pending(session: Session) -> Pending | None:
    """Find the notice that has been due longest, also where it was put back since."""
    row = session.execute(sa.text(OLDEST)).first()
    return Pending(row[0], NoticeKind(row[1]), *row[2:]) if row else None


def uncertain(
    session: Session, *, within: dt.timedelta = A_WEEK, most: int = MOST_SHOWN
) -> list[Doubtful]:
    """List the notices that left us and may or may not have arrived, the newest first."""
    return _to_look_at(session, NoticeState.UNCERTAIN, within, most)


def failed(
    session: Session, *, within: dt.timedelta = A_WEEK, most: int = MOST_SHOWN
) -> list[Doubtful]:
    """List the notices that will never be taken, the newest first.

    Those to addresses that take no mail are left out: their people are rung.
    """
    return _to_look_at(session, NoticeState.FAILED, within, most)


def resting(session: Session) -> MailRest | None:
    """Read since when the mail server has been away, and why; None: it answers.

    A rest that ended a while ago was the last: nothing was to be sent since, so nobody noted it.
    """
    lately = sa.func.now() - RESTED_LATELY
    return session.scalars(sa.select(MailRest).where(MailRest.rests_until > lately)).first()


def send_again(session: Session, *, notice_id: int, by: int | None) -> None:
    """Send a message again that failed, or that somebody made sure did not arrive.

    Args:
        session: The session.
        notice_id: Which.
        by: The membership of who says so; None: the operator, at a terminal.

    Raises:
        NotFound: No such message.
        TooLateToSend: It is about something that is over.
        NotInDoubt: It is neither uncertain nor failed any more.
    """
    values = {"notice_id": notice_id, "by": by}
    if session.execute(sa.text(SEND_AGAIN), values).rowcount == 1:  # type: ignore[attr-defined]
        return
    raise _refusal(session, notice_id)


def call_arrived(session: Session, *, notice_id: int) -> None:
    """Note that an uncertain message did arrive: somebody has asked.

    Raises:
        NotFound: No such message.
        NotInDoubt: It is not uncertain any more.
    """
    if session.execute(sa.text(ARRIVED), {"notice_id": notice_id}).rowcount == 1:  # type: ignore[attr-defined]
        return
    refusal = _refusal(session, notice_id)
    raise NotInDoubt if isinstance(refusal, TooLateToSend) else refusal


def _refusal(session: Session, notice_id: int) -> Exception:
    state = session.scalar(sa.text("SELECT state FROM notice WHERE id = :id"), {"id": notice_id})
    if state is None:
        return NotFound()
    return TooLateToSend() if state in {"uncertain", "failed"} else NotInDoubt()


def _to_look_at(
    session: Session, state: NoticeState, within: dt.timedelta, most: int
) -> list[Doubtful]:
    rows = session.execute(
        sa.text(TO_LOOK_AT),
        {"state": state.value, "within": within, "most": most, "takes_no_mail": TAKES_NO_MAIL},
    )
    return [
        Doubtful(
            notice_id=row.id,
            community_id=row.community_id,
            kind=NoticeKind(row.kind),
            state=NoticeState(row.state),
            person_id=row.person_id,
            full_name=row.full_name,
            due_at=row.was_due_at,
            why=row.last_error,
            again_at=row.again_at,
            is_worth_telling=row.is_worth_telling,
        )
        for row in rows
    ]
