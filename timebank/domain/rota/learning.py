"""Learning a job beside somebody who can do it: turns counted, and the training given."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.core.text import name_or_number
from timebank.domain.communities import qualifications
from timebank.models import MemberQualification
from timebank.models import Membership
from timebank.models import Qualification


class NotLearntYet(Refused):
    """A few more learning turns first."""


@dataclass(frozen=True, slots=True)
class Learner:
    """Somebody who learns: how many turns they have done of how many."""

    membership_id: int
    name: str
    qualification_id: int
    qualification: str
    turns: int
    wanted: int

    @property
    def is_done(self) -> bool:
        """Whether they have done enough."""
        return self.turns >= self.wanted


# Turns count from when they last were given it: who let it run out learns it anew.
LEARNERS = """
SELECT m.id, p.full_name, q.id, q.name, count(*) AS turns, q.shadow_turns
  FROM claim c
  JOIN slot s ON s.id = c.slot_id
  JOIN role l ON l.id = s.role_id
  JOIN role_qualification a ON a.role_id = l.trains_for_id
  JOIN qualification q ON q.id = a.qualification_id AND q.shadow_turns IS NOT NULL
                      AND q.retired_at IS NULL
  JOIN membership m ON m.id = c.membership_id AND m.standing <> 'left'
  LEFT JOIN profile p ON p.person_id = m.person_id
  LEFT JOIN LATERAL (
    SELECT max(h.valid_from) AS last_from,
           bool_or(h.revoked_at IS NULL AND (h.expires_on IS NULL OR h.expires_on > :today))
             AS has_it
      FROM member_qualification h
     WHERE h.membership_id = m.id AND h.qualification_id = q.id) AS had ON true
 WHERE c.community_id = :community_id AND c.state = 'attended' AND had.has_it IS NOT TRUE
   AND c.starts_at::date > coalesce(had.last_from, '-infinity')
   AND (CAST(:membership_id AS bigint) IS NULL OR m.id = :membership_id)
 GROUP BY m.id, p.full_name, q.id
 ORDER BY count(*) >= q.shadow_turns DESC, lower(q.name), m.id
 LIMIT 100
"""


def read_learners(
    session: Session, *, community_id: int, today: dt.date, membership_id: int | None = None
) -> list[Learner]:
    """Read who is learning what, those who have done enough first, in one statement."""
    values = {"community_id": community_id, "today": today, "membership_id": membership_id}
    return [
        Learner(key, name_or_number(name), *rest)
        for key, name, *rest in session.execute(sa.text(LEARNERS), values)
    ]


def give_what_was_learnt(
    session: Session,
    *,
    qualification: Qualification,
    member: Membership,
    by: Membership,
    today: dt.date,
    now: dt.datetime,
) -> MemberQualification:
    """Give somebody the training that their learning turns have earned.

    Raises:
        NotLearntYet: They have done too few, or have it already.
    """
    learners = read_learners(
        session,
        community_id=qualification.community_id,
        today=today,
        membership_id=member.id,
    )
    if not any(one.qualification_id == qualification.id and one.is_done for one in learners):
        raise NotLearntYet
    return qualifications.give(
        session,
        qualification=qualification,
        member=member,
        by=by,
        valid_from=today,
        today=today,
        now=now,
    )
