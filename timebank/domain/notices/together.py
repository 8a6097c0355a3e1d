"""Messages told in one: several reminders that fall due at one moment go as one mail.

Gathered where reminders are planned, in the same transaction: no worker has seen them yet. Each
stays a row of its own, so that what no longer holds is left out when the mail is written.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.notices import letters
from timebank.domain.notices.families import FAMILY_OF
from timebank.domain.notices.families import Family
from timebank.domain.notices.letters import Letter
from timebank.models import NoticeKind

# These name the date they come from, a first turn or a page, and are not about that.
WRITTEN_FROM_A_DATE = frozenset({NoticeKind.COME_AGAIN, NoticeKind.ORGANISER_NEWS})
NEARBY = dt.timedelta(days=1)

# Where such a mail went before under the same key, those that come late go by themselves.
GATHER = """
WITH several AS (
  SELECT community_id, person_id, not_before, max(expires_at) AS expires_at
    FROM notice
   WHERE kind IN ('reminder_week', 'reminder_two_days', 'reminder_eve', 'reminder_morning')
     AND state = 'pending' AND expires_at > :now
     AND not_before BETWEEN :now - :nearby AND :now + :nearby
   GROUP BY community_id, person_id, not_before
  HAVING count(*) > 1
), made AS (
  INSERT INTO notice (community_id, person_id, kind, dedupe_key, not_before, expires_at)
  SELECT community_id, person_id, 'reminders',
         format('reminders-%s-%s-%s', community_id, person_id,
                to_char(not_before AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS')),
         not_before, expires_at
    FROM several
      ON CONFLICT DO NOTHING
  RETURNING id, community_id, person_id, not_before
)
UPDATE notice n
   SET state = 'cancelled', told_in_id = made.id, last_error = 'told along with others'
  FROM made
 WHERE n.community_id = made.community_id AND n.person_id = made.person_id
   AND n.not_before = made.not_before AND n.state = 'pending'
   AND n.kind IN ('reminder_week', 'reminder_two_days', 'reminder_eve', 'reminder_morning')
"""
TOLD_IN = "SELECT id FROM notice WHERE told_in_id = :notice_id ORDER BY starts_at, id"


def gather_reminders(session: Session, *, now: dt.datetime) -> int:
    """Put the reminders of a person that are due at one moment into one mail -> how many are."""
    values = {"now": now, "nearby": NEARBY}
    return session.execute(sa.text(GATHER), values).rowcount  # type: ignore[attr-defined, no-any-return]


def told_in(session: Session, *, notice_id: int, now: dt.datetime) -> list[Letter]:
    """Read what one mail tells, the earliest first, without what no longer holds or is over."""
    found = session.scalars(sa.text(TOLD_IN), {"notice_id": notice_id}).all()
    told = [letters.read_letter(session, notice_id=key) for key in found]
    return [
        letter
        for letter in told
        if letters.lost_cause(letter) is None and not _is_over(letter, now)
    ]


def _is_over(letter: Letter, now: dt.datetime) -> bool:
    """Tell whether it is about something to come, and that has begun."""
    is_ahead = (
        FAMILY_OF.get(letter.kind) in {Family.TURNS, Family.ASKING}
        and letter.kind not in WRITTEN_FROM_A_DATE
    )
    return is_ahead and letter.starts_at is not None and letter.starts_at <= now
