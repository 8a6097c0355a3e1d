"""Whom a coordinator might ring, and why: low, quiet, never begun, or holding many hours.

A reason is a reason to be kind: a call, not a list of failings. Paused members are left in peace.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

QUIET_AFTER = dt.timedelta(days=90)
SETTLED_IN = dt.timedelta(days=30)
MANY_MINUTES = 40 * 60
MOST = 200


class Reason(enum.StrEnum):
    """Why to ring somebody, the most pressing first."""

    LOW = "low"
    NEVER_BEGUN = "never_begun"
    QUIET = "quiet"
    MANY_HOURS = "many_hours"


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody to ring.

    Attributes:
        full_name, phone, email: For coordinators, whose job is to ring.
        last_on: The day of their last entry; None: there is none.
    """

    membership_id: int
    account_id: int
    full_name: str
    phone: str
    email: str
    reason: Reason
    balance_minutes: int
    last_on: dt.date | None
    joined_on: dt.date


CALLS = sa.text("""
WITH people AS (
  SELECT m.id, a.id AS account_id, p.full_name, coalesce(p.phone, '') AS phone,
         coalesce(p.email, '') AS email, a.balance, a.soft_floor, m.created_at,
         greatest((SELECT max(t.happened_on) FROM transfer t WHERE t.credit_id = a.id),
                  (SELECT max(t.happened_on) FROM transfer t WHERE t.debit_id = a.id)) AS last_on
    FROM membership m
    JOIN profile p ON p.person_id = m.person_id
    JOIN account a ON a.membership_id = m.id AND a.closed_at IS NULL
   WHERE m.community_id = :community_id AND m.standing <> 'left' AND m.approved_at IS NOT NULL
     AND (m.paused_at IS NULL OR m.paused_until <= :now)
), reasons AS (
  SELECT *, CASE WHEN balance <= soft_floor THEN 'low'
                 WHEN last_on IS NULL AND created_at < :settled THEN 'never_begun'
                 WHEN last_on < :quiet THEN 'quiet'
                 WHEN balance >= :many THEN 'many_hours' END AS reason
    FROM people)
SELECT id, account_id, full_name, phone, email, reason, balance, last_on, created_at::date
  FROM reasons
 WHERE reason IS NOT NULL
 ORDER BY array_position(ARRAY['low', 'never_begun', 'quiet', 'many_hours'], reason),
          last_on NULLS FIRST, created_at, id
 LIMIT :most
""")


def whom_to_ring(session: Session, *, community_id: int, now: dt.datetime) -> list[Call]:
    """Read whom to ring and why, one reason each, in one statement; two hundred at most."""
    rows = session.execute(
        CALLS,
        {
            "community_id": community_id,
            "settled": now - SETTLED_IN,
            "quiet": (now - QUIET_AFTER).date(),
            "many": MANY_MINUTES,
            "most": MOST,
            "now": now,
        },
    )
    return [
        Call(key, account_id, name, phone, email, Reason(reason), *rest)
        for key, account_id, name, phone, email, reason, *rest in map(tuple, rows)
    ]
