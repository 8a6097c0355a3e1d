"""Reading who may act for whom, and what was done: for the two of them and for coordinators."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import name_or_number
from timebank.models import ActedWhat

A_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may act for whom, by public names, from the first day to the last.

    Attributes:
        is_live: It holds today. `is_over`: it will not hold again.
        ended_at: When somebody ended it early; None where nobody did.
    """

    id: int
    helper_id: int
    helper: str
    member_id: int
    member: str
    starts_on: dt.date
    last_day: dt.date
    how_agreed: str | None
    made_by: str
    ended_at: dt.datetime | None
    is_live: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class Deed:
    """Something a helper did for somebody, by public names, and about which turn or whose help.

    Attributes:
        thanked: Who had helped, where it was thanks.
    """

    what: ActedWhat
    helper_id: int
    helper: str
    member_id: int
    member: str
    acted_at: dt.datetime
    job: str | None
    event: str | None
    turn_at: dt.datetime | None
    thanked: str | None = None


GRANTS = """
SELECT a.id, a.helper_id, h.full_name AS helper, a.member_id, p.full_name AS member,
       a.starts_on, a.ends_on, a.how_agreed, k.full_name AS made_by, a.ended_at,
       a.ended_at IS NULL AND :today >= a.starts_on AND :today < a.ends_on
         AND helper.standing <> 'left' AND member.standing <> 'left' AS is_live,
       a.ended_at IS NOT NULL OR :today >= a.ends_on AS is_over
  FROM acting_for a
  JOIN membership helper ON helper.id = a.helper_id
  JOIN membership member ON member.id = a.member_id
  JOIN membership maker ON maker.id = a.made_by
  LEFT JOIN profile h ON h.person_id = helper.person_id
  LEFT JOIN profile p ON p.person_id = member.person_id
  LEFT JOIN profile k ON k.person_id = maker.person_id
 WHERE a.community_id = :community_id
   AND (CAST(:ids AS bigint[]) IS NULL OR a.helper_id = ANY (:ids) OR a.member_id = ANY (:ids))
   AND (NOT :only_open OR a.ended_at IS NULL AND :today < a.ends_on)
 ORDER BY is_over, a.ends_on DESC, a.id DESC
 LIMIT 1000
"""

DEEDS = """
SELECT d.what, d.helper_id, h.full_name AS helper, d.member_id, p.full_name AS member, d.acted_at,
       r.name AS job, x.title AS event, c.starts_at AS turn_at,
       e.id AS exchange_id, t.full_name AS thanked
  FROM acted d
  JOIN membership helper ON helper.id = d.helper_id
  JOIN membership member ON member.id = d.member_id
  LEFT JOIN profile h ON h.person_id = helper.person_id
  LEFT JOIN profile p ON p.person_id = member.person_id
  LEFT JOIN claim c ON c.id = d.claim_id
  LEFT JOIN slot s ON s.id = c.slot_id
  LEFT JOIN role r ON r.id = s.role_id
  LEFT JOIN series x ON x.id = s.series_id
  LEFT JOIN exchange e ON e.id = d.exchange_id
  LEFT JOIN membership had_helped ON had_helped.id = e.helper_id
  LEFT JOIN profile t ON t.person_id = had_helped.person_id
 WHERE d.community_id = :community_id
   AND (CAST(:ids AS bigint[]) IS NULL OR d.member_id = ANY (:ids)
        OR NOT :only_helped AND d.helper_id = ANY (:ids))
   AND (CAST(:since AS timestamptz) IS NULL OR d.acted_at >= :since)
 ORDER BY d.acted_at DESC, d.id DESC
 LIMIT :most
"""


def read_grants(
    session: Session,
    *,
    community_id: int,
    today: dt.date,
    of: list[int] | None = None,
    only_open: bool = False,
) -> list[Grant]:
    """Read who may act for whom, what holds before what is over, in one statement.

    Args:
        session: The session.
        community_id: Whose.
        today: The day on the community's clocks.
        of: Only where these members help or are helped; None: of everybody.
        only_open: Only what holds or will.
    """
    values = {"community_id": community_id, "today": today, "ids": of, "only_open": only_open}
    return [_grant(row) for row in session.execute(sa.text(GRANTS), values)]


def read_deeds(
    session: Session,
    *,
    community_id: int,
    of: list[int] | None = None,
    only_helped: bool = False,
    since: dt.datetime | None = None,
    most: int = 50,
) -> list[Deed]:
    """Read what was done for somebody, the newest first, in one statement.

    Args:
        session: The session.
        community_id: Whose.
        of: Only where these members helped or were helped; None: of everybody.
        only_helped: Only where they were helped: what they did for others is none of a helper's
            business.
        since: Only from then on.
        most: How many at most.
    """
    values = {
        "community_id": community_id,
        "ids": of,
        "only_helped": only_helped,
        "since": since,
        "most": most,
    }
    return [
        Deed(
            ActedWhat(row.what),
            row.helper_id,
            _name(row.helper),
            row.member_id,
            _name(row.member),
            row.acted_at,
            row.job,
            row.event,
            row.turn_at,
            _name(row.thanked) if row.exchange_id else None,
        )
        for row in session.execute(sa.text(DEEDS), values)
    ]


def _grant(row: sa.Row[Any]) -> Grant:
    return Grant(
        id=row.id,
        helper_id=row.helper_id,
        helper=_name(row.helper),
        member_id=row.member_id,
        member=_name(row.member),
        starts_on=row.starts_on,
        last_day=row.ends_on - A_DAY,
        how_agreed=row.how_agreed,
        made_by=_name(row.made_by),
        ended_at=row.ended_at,
        is_live=row.is_live,
        is_over=row.is_over,
    )


def _name(full_name: str | None) -> str:
    return name_or_number(full_name)
