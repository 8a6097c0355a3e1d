"""Who could cover a turn: who did that job lately, may have it, has time, and may be asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.communities.pausing import IS_AROUND
from timebank.domain.communities.quiet_hours import after_quiet_hours
from timebank.models import Community
from timebank.models import Slot

MOST_ASKED = 12

WHO_COULD_COVER = sa.text(f"""
SELECT m.id, m.person_id
  FROM slot s
 CROSS JOIN LATERAL (
   SELECT c.membership_id, max(c.starts_at) AS last
     FROM slot o JOIN claim c ON c.slot_id = o.id
    WHERE o.role_id = s.role_id AND c.state = 'attended'
      AND c.starts_at > :now - interval '1 year'
    GROUP BY c.membership_id) AS did
  JOIN membership m ON m.id = did.membership_id AND m.standing <> 'left' AND m.may_be_asked
                   AND {IS_AROUND}
  JOIN profile p ON p.person_id = m.person_id AND p.email IS NOT NULL
 WHERE s.id = :slot_id
   AND NOT EXISTS (SELECT FROM claim mine WHERE mine.membership_id = m.id
                      AND (mine.binds OR mine.slot_id = s.id AND mine.live)
                      AND tstzrange(mine.starts_at, mine.ends_at)
                          && tstzrange(s.starts_at, s.ends_at))
   AND broken_rule(s.id, m.id, :now) IS NULL
 ORDER BY did.last DESC, m.id
 LIMIT :most
""")  # noqa: S608 - IS_AROUND is ours


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody to ask, and when: not in the quiet hours."""

    membership_id: int
    person_id: int
    told_at: dt.datetime


def who_could_cover(session: Session, *, slot: Slot, now: dt.datetime) -> list[Asked]:
    """Find up to a dozen people for a job, whoever did it last first.

    They are told when the quiet hours end; nobody, when the job has begun by then.
    """
    told_at = after_quiet_hours(now, session.get_one(Community, slot.community_id))
    if told_at >= slot.starts_at:
        return []
    values = {"slot_id": slot.id, "now": now, "most": MOST_ASKED}
    found = session.execute(WHO_COULD_COVER, values)
    return [Asked(row.id, row.person_id, told_at) for row in found]
