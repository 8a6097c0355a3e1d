"""Which notices a turn owes: at once, two days before, and the evening before.

Written in the same transaction as the claim, so that a turn and its reminders cannot part.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain import outbox
from timebank.models import NoticeKind

REMINDERS = (NoticeKind.REMINDER_TWO_DAYS, NoticeKind.REMINDER_EVE)

# A notice that would follow another by less than half a day is not worth a mail. Days and hours
# are the community's own, so that clock changes come out right. People without e-mail get none.
# The key ends in the start in UTC: after a move the same turn owes new notices.
OWED = """
INSERT INTO notice (community_id, person_id, kind, dedupe_key, claim_id, starts_at,
                    not_before, expires_at)
SELECT c.community_id, c.person_id, due.kind,
       format('claim-%s.%s.%s', c.id, due.kind,
              to_char(c.starts_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MI')),
       c.id, c.starts_at, due.not_before, due.expires_at
  FROM {claims} c
  JOIN community t ON t.id = c.community_id
  JOIN profile p ON p.person_id = c.person_id AND p.email IS NOT NULL
 CROSS JOIN LATERAL (
   SELECT (day - 2 + time '10:00') AT TIME ZONE t.timezone AS two_days,
          (day - 1 + time '18:00') AT TIME ZONE t.timezone AS eve
     FROM (SELECT (c.starts_at AT TIME ZONE t.timezone)::date AS day) AS local
 ) AS moments
 CROSS JOIN LATERAL (VALUES
   ('confirm_claim', CAST(:now AS timestamptz), c.held_until, c.state = 'held'
                                                              AND c.held_for = 'yes'),
   ('place_offered', CAST(:now AS timestamptz), c.held_until, c.state = 'held'
                                                              AND c.held_for = 'offered'),
   ('you_are_in', CAST(:now AS timestamptz), c.starts_at, c.state = 'confirmed'),
   ('reminder_two_days', two_days, eve, c.state = 'confirmed'
                                        AND two_days > :now + interval '12 hours'),
   ('reminder_eve', eve, c.starts_at, c.state = 'confirmed' AND eve > :now + interval '3 hours')
 ) AS due (kind, not_before, expires_at, owed)
 WHERE due.owed AND due.expires_at > :now
   AND (CAST(:only AS text[]) IS NULL OR due.kind = ANY (:only))
    ON CONFLICT DO NOTHING
"""


def plan_notices(session: Session, *, claim_ids: Collection[int], now: dt.datetime) -> None:
    """Write every notice that these turns owe from `now` on; safe to repeat."""
    _plan(session, claim_ids, only=None, now=now)


def plan_reminders(session: Session, *, claim_ids: Collection[int], now: dt.datetime) -> None:
    """Write the reminders only, as after a move: what changed is told by a notice of its own."""
    _plan(session, claim_ids, only=[kind.value for kind in REMINDERS], now=now)


def cancel_reminders(session: Session, *, claim_ids: Collection[int]) -> None:
    """Take back the reminders that have not gone out yet."""
    outbox.cancel_notices(session, claim_ids=claim_ids, kinds=REMINDERS)


def _plan(
    session: Session, claim_ids: Collection[int], *, only: list[str] | None, now: dt.datetime
) -> None:
    chosen = "(SELECT * FROM claim WHERE id = ANY (:claim_ids))"
    session.execute(
        sa.text(OWED.format(claims=chosen)),
        {"claim_ids": list(claim_ids), "only": only, "now": now},
    )
