"""The coordinator's week: how much of each job waits, and for how long, in one statement."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.insight.ringing import MANY_MINUTES
from timebank.domain.insight.ringing import QUIET_AFTER

LATE_AFTER = dt.timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One job of the week.

    Attributes:
        count: How many wait.
        since: Since when the oldest waits; None when none does, or where it has no beginning.
    """

    count: int
    since: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What waits for a coordinator.

    Attributes:
        asks: Neighbours who asked for help that nobody has agreed to yet.
        rings: Who would like to be rung about the board.
        overdue: What was agreed, should have happened, and nobody has said whether it did.
        disputes: Where two neighbours don't agree about hours.
        joiners: Who would like to join.
        low: Who has had much more help than they gave.
        quiet: Whom nobody has seen for three months, or who holds very many hours.
        differences: Accounts that are read-only since a proof.
        letters: People without e-mail who have had no letter for two weeks.
    """

    asks: Waiting
    rings: Waiting
    overdue: Waiting
    disputes: Waiting
    joiners: Waiting
    low: Waiting
    quiet: Waiting
    differences: Waiting
    letters: Waiting


WEEK = sa.text("""
WITH members AS (
  SELECT m.id, m.approved_at, m.paused_at, m.paused_until, a.balance, a.soft_floor, p.email,
         greatest((SELECT max(t.happened_on) FROM transfer t WHERE t.credit_id = a.id),
                  (SELECT max(t.happened_on) FROM transfer t WHERE t.debit_id = a.id)) AS last_on
    FROM membership m
    JOIN profile p ON p.person_id = m.person_id
    JOIN account a ON a.membership_id = m.id AND a.closed_at IS NULL
   WHERE m.community_id = :here AND m.standing <> 'left'
)
SELECT 'asks', count(*), min(created_at) FROM post
 WHERE community_id = :here AND kind = 'ask' AND state = 'open'
UNION ALL
SELECT 'rings', count(*), min(created_at) FROM ring WHERE community_id = :here AND rung_at IS NULL
UNION ALL
SELECT 'overdue', count(*), min(due_at) FROM (
  SELECT coalesce(planned_at, created_at + interval '14 days') AS due_at FROM exchange
   WHERE community_id = :here AND state = 'agreed') agreed
 WHERE due_at < :late
UNION ALL
SELECT 'disputes', count(*), min(thanked_at) FROM exchange
 WHERE community_id = :here AND state = 'disputed'
UNION ALL
SELECT 'joiners', count(*), min(created_at) FROM application
 WHERE community_id = :here AND state = 'waiting'
UNION ALL
SELECT 'low', count(*), NULL FROM members WHERE balance <= soft_floor AND approved_at IS NOT NULL
UNION ALL
SELECT 'quiet', count(*), NULL FROM members
 WHERE approved_at IS NOT NULL AND (last_on < :quiet OR balance >= :many)
   AND (balance <= soft_floor) IS NOT TRUE
   AND (paused_at IS NULL OR paused_until <= :now)
UNION ALL
SELECT 'differences', count(*), min(read_only_since) FROM account
 WHERE community_id = :here AND read_only_since IS NOT NULL
UNION ALL
SELECT 'letters', count(*), NULL FROM members
 WHERE email IS NULL AND NOT EXISTS (
   SELECT FROM printed_letter l WHERE l.membership_id = members.id AND l.printed_at > :fortnight)
""")


def read_week(session: Session, *, community_id: int, today: dt.date, now: dt.datetime) -> Week:
    """Read what waits for the coordinators of a community, in one statement."""
    rows = session.execute(
        WEEK,
        {
            "here": community_id,
            "late": now - LATE_AFTER,
            "quiet": today - QUIET_AFTER,
            "many": MANY_MINUTES,
            "now": now,
            "fortnight": now - dt.timedelta(days=14),
        },
    )
    return Week(**{job: Waiting(count, since) for job, count, since in rows})
