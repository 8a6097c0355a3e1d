"""What an operator watches of delivery: what waits, whether the mail server is away, a new try.

Times are the database's own, as in `delivery`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.models import MailRest
from timebank.models import NoticeKind

RESTED_LATELY = dt.timedelta(minutes=10)

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

SEND_AGAIN = """
UPDATE notice SET state = 'pending', not_before = now(), due_at = NULL, attempts = 0, refusals = 0,
                  wordings = 0, lease_token = NULL, lease_until = NULL, sent_at = NULL,
                  again_at = now(), way = NULL
 WHERE id = :notice_id AND state IN ('uncertain', 'failed') AND expires_at > now()
"""


class TooLateToSend(Conflict):
    """That message isn't worth telling any more."""


class NotInDoubt(Conflict):
    """Somebody has looked after that message already."""


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


def oldest_pending(session: Session) -> Pending | None:
    """Find the notice that has been due longest, also where it was put back since."""
    row = session.execute(sa.text(OLDEST)).first()
    return Pending(row[0], NoticeKind(row[1]), *row[2:]) if row else None


def resting(session: Session) -> MailRest | None:
    """Read since when the mail server has been away, and why; None: it answers.

    A rest that ended a while ago was the last: nothing was to be sent since, so nobody noted it.
    """
    lately = sa.func.now() - RESTED_LATELY
    return session.scalars(sa.select(MailRest).where(MailRest.rests_until > lately)).first()


def send_again(session: Session, *, notice_id: int) -> None:
    """Send a message again that failed, or that somebody made sure did not arrive.

    Raises:
        NotFound: No such message.
        TooLateToSend: It is about something that is over.
        NotInDoubt: It is neither uncertain nor failed any more.
    """
    values = {"notice_id": notice_id}
    if session.execute(sa.text(SEND_AGAIN), values).rowcount == 1:  # type: ignore[attr-defined]
        return
    raise _refusal(session, notice_id)


def _refusal(session: Session, notice_id: int) -> Exception:
    state = session.scalar(sa.text("SELECT state FROM notice WHERE id = :id"), {"id": notice_id})
    if state is None:
        return NotFound()
    return TooLateToSend() if state in {"uncertain", "failed"} else NotInDoubt()
