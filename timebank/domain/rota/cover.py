"""Who could cover a turn: who did that job lately, may have it, has time, and may be asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

MOST_ASKED = 12

# Nobody is asked in the quiet hours of the community: they are told when those end, unless the
# job has begun by then.
WHO_COULD_COVER = sa.text("""
SELECT m.id, m.person_id, asked.at
  FROM slot s
  JOIN community y ON y.id = s.community_id
 CROSS JOIN LATERAL (
   SELECT c.membership_id, max(c.starts_at) AS last
     FROM slot o JOIN claim c ON c.slot_id = o.id
    WHERE o.role_id = s.role_id AND c.state = 'attended'
      AND c.starts_at > :now - interval '1 year'
    GROUP BY c.membership_id) AS did
  JOIN membership m ON m.id = did.membership_id AND m.standing <> 'left' AND m.may_be_asked
  JOIN profile p ON p.person_id = m.person_id AND p.email IS NOT NULL
 CROSS JOIN LATERAL (
   SELECT CAST(:now AS timestamptz) AT TIME ZONE y.timezone AS now) AS local
 CROSS JOIN LATERAL (
   SELECT CASE
     WHEN y.quiet_from = y.quiet_until THEN CAST(:now AS timestamptz)
     WHEN y.quiet_from < y.quiet_until
          AND local.now::time >= y.quiet_from AND local.now::time < y.quiet_until
       THEN (local.now::date + y.quiet_until) AT TIME ZONE y.timezone
     WHEN y.quiet_from > y.quiet_until AND local.now::time >= y.quiet_from
       THEN (local.now::date + 1 + y.quiet_until) AT TIME ZONE y.timezone
     WHEN y.quiet_from > y.quiet_until AND local.now::time < y.quiet_until
       THEN (local.now::date + y.quiet_until) AT TIME ZONE y.timezone
     ELSE CAST(:now AS timestamptz) END AS at) AS asked
 WHERE s.id = :slot_id AND asked.at < s.starts_at
   AND NOT EXISTS (SELECT FROM claim mine WHERE mine.membership_id = m.id
                      AND (mine.binds OR mine.slot_id = s.id AND mine.live)
                      AND tstzrange(mine.starts_at, mine.ends_at)
                          && tstzrange(s.starts_at, s.ends_at))
   AND broken_rule(s.id, m.id, :now) IS NULL
 ORDER BY did.last DESC, m.id
 LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody to ask, and when: not in the night."""

    membership_id: int
    person_id: int
    told_at: dt.datetime


def who_could_cover(session: Session, *, slot_id: int, now: dt.datetime) -> list[Asked]:
    """Find up to a dozen people for a job, whoever did it last first, in one statement."""
    values = {"slot_id": slot_id, "now": now, "most": MOST_ASKED}
    return [Asked(*row) for row in session.execute(WHO_COULD_COVER, values)]
