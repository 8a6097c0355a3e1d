"""Say which rule stands in the way of a turn, in words that name it.

The rules themselves stand in the database (`broken_rule`): it refuses a claim by the name of a
rule, and here that name becomes a sentence about this person and this job.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import when
from timebank.core.errors import Refused
from timebank.core.text import listed


class AgainstARule(Refused):
    """A rule of this job stands in the way. An organiser may overrule it, with a reason."""


class AgeNotKnown(AgainstARule):
    """Tell us that you're old enough for this job."""


class TooYoung(AgainstARule):
    """This job is for people who are a little older."""


class NotQualified(AgainstARule):
    """This job asks for a check or some training first."""


class JobsDontCombine(AgainstARule):
    """One person can't do both of these jobs on one date."""


class NoTimeToTakePart(AgainstARule):
    """You can't do this job and take part."""


class TooLittleTime(AgainstARule):
    """That leaves you too little time between two turns."""


class EnoughThisWeek(AgainstARule):
    """You have your turns for that week. Leave one for somebody else."""


class NotOpenToTakeYet(AgainstARule):
    """This job isn't open yet."""


class KeptForNewcomers(AgainstARule):
    """The last place is kept for somebody's first turn."""


# What `broken_rule` asks of one person, for statements over many. Whether member `m` has what `a`
# asks for, on all the days of `w`; and whether `m`, with profile `p`, is old enough and qualified
# for `w`: a role with the first and the last day of its turns.
HAS_IT = """EXISTS (
  SELECT FROM member_qualification h
   WHERE h.membership_id = m.id AND h.qualification_id = a.qualification_id
     AND h.revoked_at IS NULL AND h.valid_from <= w.first_on
     AND (h.expires_on IS NULL OR h.expires_on > w.last_on))"""
MAY_DO = f"""(
  (w.minimum_age IS NULL
   OR p.age_at_least + extract(year FROM age(w.first_on, p.age_said_on)) >= w.minimum_age)
  AND NOT EXISTS (
    SELECT FROM role_qualification a WHERE a.role_id = w.id AND NOT {HAS_IT}))"""

FACTS = sa.text(f"""
SELECT s.starts_at, y.timezone, r.name AS job, r.minimum_age, x.most_a_week,
       p.age_at_least IS NOT NULL AS is_age_known,
       s.starts_at - make_interval(hours => r.opens_hours_before) AS opens_at,
       s.starts_at - make_interval(hours => r.newcomer_hours) AS kept_until,
       (SELECT array_agg(q.name ORDER BY q.name)
          FROM role_qualification a
          JOIN qualification q ON q.id = a.qualification_id
         WHERE a.role_id = r.id AND NOT {HAS_IT}) AS lacking,
       (SELECT array_agg(o.name ORDER BY o.name)
          FROM claim c JOIN slot t ON t.id = c.slot_id JOIN role o ON o.id = t.role_id
         WHERE c.membership_id = m.id AND c.event_id = s.event_id AND c.live
           AND EXISTS (SELECT FROM role_pair k WHERE k.rule = 'never'
                          AND (k.first_role_id, k.second_role_id)
                              = (least(o.id, r.id), greatest(o.id, r.id)))) AS others,
       near.title AS near_title, near.starts_at AS near_starts_at, near.ends_at AS near_ends_at
  FROM slot s
  JOIN role r ON r.id = s.role_id
  JOIN series x ON x.id = s.series_id
  JOIN community y ON y.id = s.community_id
  JOIN membership m ON m.id = :membership_id
  LEFT JOIN profile p ON p.person_id = m.person_id
 CROSS JOIN LATERAL (SELECT s.starts_at::date AS first_on, s.ends_at::date AS last_on) AS w
  LEFT JOIN LATERAL (
    SELECT b.title, c.starts_at, c.ends_at
      FROM claim c JOIN slot t ON t.id = c.slot_id JOIN series b ON b.id = t.series_id
     WHERE c.membership_id = m.id AND c.event_id <> s.event_id AND c.binds
     ORDER BY greatest(s.starts_at - c.ends_at, c.starts_at - s.ends_at) LIMIT 1) near ON true
 WHERE s.id = :slot_id
""")  # noqa: S608 - HAS_IT is ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the sentences about one person and one job may name."""

    starts_at: dt.datetime
    timezone: str
    job: str
    minimum_age: int | None
    most_a_week: int | None
    is_age_known: bool | None
    opens_at: dt.datetime | None
    kept_until: dt.datetime
    lacking: list[str] | None
    others: list[str] | None
    near_title: str | None
    near_starts_at: dt.datetime | None
    near_ends_at: dt.datetime | None

    def moment(self, at: dt.datetime) -> str:
        """Write a moment as people here say it: "Sat 1 May, 9am"."""
        return f"{when.day(at, self.timezone)}, {when.clock(at, self.timezone)}"


def refusal_of(session: Session, *, rule: str, slot_id: int, membership_id: int) -> AgainstARule:
    """Word the refusal of a rule for this person and this job, in one statement."""
    values = {"slot_id": slot_id, "membership_id": membership_id}
    facts = Facts(**session.execute(FACTS, values).mappings().one())
    return _WORDED[rule](facts)


def broken_rule(
    session: Session, *, slot_id: int, membership_id: int, now: dt.datetime
) -> str | None:
    """Name the first rule that this member would break with this job, or None."""
    values = {"slot_id": slot_id, "membership_id": membership_id, "now": now}
    ask = sa.text("SELECT broken_rule(:slot_id, :membership_id, :now)")
    rule: str | None = session.scalar(ask, values)
    return rule


def _age(facts: Facts) -> AgainstARule:
    age = facts.minimum_age
    if not facts.is_age_known:
        return AgeNotKnown(f"{facts.job} is for people of {age} or over. Tell us that you are.")
    return TooYoung(f"{facts.job} is for people of {age} or over.")


def _qualified(facts: Facts) -> AgainstARule:
    return NotQualified(
        f"{facts.job} asks for {listed(facts.lacking or ())} on that day. "
        "Have a word with an organiser about getting it."
    )


def _combine(facts: Facts) -> AgainstARule:
    return JobsDontCombine(
        f"{facts.job} can’t be combined with {listed(facts.others or ())} on the same date."
    )


def _take_part(facts: Facts) -> AgainstARule:
    return NoTimeToTakePart(f"You can’t do {facts.job} and take part as well.")


def _between(facts: Facts) -> AgainstARule:
    if facts.near_starts_at is None or facts.near_ends_at is None:
        return TooLittleTime()
    comes_first = facts.near_ends_at <= facts.starts_at
    edge = facts.near_ends_at if comes_first else facts.near_starts_at
    clock = when.clock(edge, facts.timezone)
    turn = f"{facts.near_title} {'until' if comes_first else 'from'} {clock}"
    return TooLittleTime(
        f"You have a turn at {turn}: too little time to get from one to the other."
    )


def _week(facts: Facts) -> AgainstARule:
    turns = "one turn" if facts.most_a_week == 1 else f"{facts.most_a_week} turns"
    return EnoughThisWeek(
        f"Everybody gets {turns} a week here, and you have yours. "
        "What’s still free the day before is anybody’s."
    )


def _opens(facts: Facts) -> AgainstARule:
    opens = facts.moment(facts.opens_at or facts.starts_at)
    return NotOpenToTakeYet(f"{facts.job} opens for everybody on {opens}.")


def _kept(facts: Facts) -> AgainstARule:
    return KeptForNewcomers(
        "What’s left is kept for somebody’s first turn until "
        f"{facts.moment(facts.kept_until)}. After that it’s anybody’s."
    )


_WORDED = {
    "old_enough": _age,
    "qualified": _qualified,
    "jobs_that_combine": _combine,
    "time_to_take_part": _take_part,
    "time_between_turns": _between,
    "turns_a_week": _week,
    "open_by_now": _opens,
    "kept_for_newcomers": _kept,
}
NAMES = frozenset(_WORDED)
