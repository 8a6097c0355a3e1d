"""How far a notice has come: pending, leased, handover, and then one of five ends.

The promise: sent at most once, always attempted until it is no longer worth telling, and a message
whose fate nobody knows is shown as uncertain, never sent again by itself.

A worker leases a row for a while and gets a token. Before it lets go of the message it passes the
fence, `hand_over`, which only the holder of the token passes: a process that slept beyond its
lease stops there. Whoever dies behind the fence leaves an uncertain notice, before it a leased one
that the next worker takes.

Times here are the database's own, so that no clock of a worker decides; that is why no function
takes `now`. Each is one statement; the job commits after each.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.models import NoticeState

MOST_COUNTED = 1000

DUE = """
expires_at > now() AND (state = 'pending' AND not_before <= now()
                        OR state = 'leased' AND lease_until < now())
"""

# SKIP LOCKED: workers side by side each take another row, and none waits.
LEASE = f"""
UPDATE notice
   SET state = 'leased', lease_token = gen_random_uuid(), lease_until = now() + :lasts,
       attempts = attempts + 1
 WHERE id = (SELECT id FROM notice WHERE {DUE}
              ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, lease_token
"""  # noqa: S608 - our own words only

FENCE = """
UPDATE notice SET state = 'handover', lease_until = now() + :lasts
 WHERE id = :notice_id AND lease_token = :token AND state = 'leased'
"""

# The token still matches where the sweep was quicker and called the notice uncertain: a clear
# answer is better than none. Nobody else can have taken the row from there.
END = """
UPDATE notice SET state = CAST(:state AS text), last_error = :why,
                  lease_token = NULL, lease_until = NULL,
                  sent_at = CASE WHEN CAST(:state AS text) = 'sent' THEN now() END
 WHERE id = :notice_id AND lease_token = :token AND state IN ('leased', 'handover', 'uncertain')
"""

PUT_BACK = """
UPDATE notice SET state = 'pending', last_error = :why, lease_token = NULL, lease_until = NULL,
                  not_before = now() + :after
 WHERE id = :notice_id AND lease_token = :token AND state IN ('leased', 'handover', 'uncertain')
"""

# Nothing was tried, so it does not count as a try.
POSTPONE = """
UPDATE notice SET state = 'pending', last_error = :why, lease_token = NULL, lease_until = NULL,
                  not_before = :until, attempts = greatest(attempts - 1, 0)
 WHERE id = :notice_id AND lease_token = :token AND state = 'leased'
"""

SWEEP = (
    """
UPDATE notice SET state = 'uncertain', last_error = 'the worker died while handing it over'
 WHERE state = 'handover' AND lease_until < now()
""",
    """
UPDATE notice SET state = 'expired', lease_token = NULL, lease_until = NULL
 WHERE expires_at <= now() AND (state = 'pending' OR state = 'leased' AND lease_until < now())
""",
)

COUNT_DUE = f"SELECT count(*) FROM (SELECT FROM notice WHERE {DUE} LIMIT :most) AS due"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to deliver one notice, for a while."""

    notice_id: int
    token: uuid.UUID


def lease_notice(session: Session, *, lasts: dt.timedelta) -> Lease | None:
    """Take the notice that has been due longest, or None when nothing is due."""
    row = session.execute(sa.text(LEASE), {"lasts": lasts}).first()
    return Lease(row.id, row.lease_token) if row else None


def hand_over(session: Session, *, lease: Lease, lasts: dt.timedelta) -> bool:
    """Pass the fence, right before the message leaves us; False: leave it, it is not ours."""
    return _change(session, FENCE, lease, lasts=lasts)


def mark_sent(session: Session, *, lease: Lease) -> bool:
    """Note that the mail server has taken the message."""
    return _change(session, END, lease, state=NoticeState.SENT.value, why=None)


def mark_failed(session: Session, *, lease: Lease, why: str) -> bool:
    """Note that the mail server will never take it."""
    return _change(session, END, lease, state=NoticeState.FAILED.value, why=why)


def mark_cancelled(session: Session, *, lease: Lease, why: str) -> bool:
    """Note that what it tells is no longer so."""
    return _change(session, END, lease, state=NoticeState.CANCELLED.value, why=why)


def mark_uncertain(session: Session, *, lease: Lease, why: str) -> bool:
    """Note that it left us and no answer came; it is not sent again by itself."""
    return _change(session, END, lease, state=NoticeState.UNCERTAIN.value, why=why)


def put_back(session: Session, *, lease: Lease, after: dt.timedelta, why: str) -> bool:
    """Let it be tried again after a while; it was certainly not taken."""
    return _change(session, PUT_BACK, lease, after=after, why=why)


def postpone(session: Session, *, lease: Lease, until: dt.datetime, why: str) -> bool:
    """Let it wait for its reader's own time; nothing was tried."""
    return _change(session, POSTPONE, lease, until=until, why=why)


def sweep(session: Session) -> int:
    """End what died behind the fence or is no longer worth telling -> how many."""
    return sum(session.execute(sa.text(step)).rowcount for step in SWEEP)  # type: ignore[attr-defined]


def count_due(session: Session) -> int:
    """Count the notices that could be sent now, up to a thousand."""
    return session.execute(sa.text(COUNT_DUE), {"most": MOST_COUNTED}).scalar_one()  # type: ignore[no-any-return]


def _change(session: Session, statement: str, lease: Lease, **values: object) -> bool:
    values |= {"notice_id": lease.notice_id, "token": lease.token}
    return session.execute(sa.text(statement), values).rowcount == 1  # type: ignore[attr-defined, no-any-return]
