"""What one may do with each of one's turns: answer, hand over, keep after all, bring a friend."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import first_name
from timebank.core.text import public_name


@dataclass(frozen=True, slots=True)
class Friend:
    """A friend who comes along, and what they do."""

    claim_id: int
    name: str
    job: str


@dataclass(frozen=True, slots=True)
class Ways:
    """What there is to say about a turn besides what it is.

    Attributes:
        asked_by: First name of the organiser whose question waits for an answer, or None.
        answer_until: Until when it waits.
        drops_until: Until then one tap gives it back; later it asks for cover.
        is_looking: Somebody is asked to take it over: `looking_to` by name, or everybody.
        is_standing: It came by a standing turn.
        friends: Who comes along on that date.
    """

    claim_id: int
    asked_by: str | None
    answer_until: dt.datetime | None
    drops_until: dt.datetime
    is_looking: bool
    looking_to: str | None
    is_standing: bool
    is_confirmed: bool
    friends: tuple[Friend, ...]


WAYS = sa.text("""
SELECT c.id, asker.full_name AS asked_by, c.held_until,
       c.starts_at - make_interval(hours => x.drop_out_hours) AS drops_until,
       h.id IS NOT NULL AS is_looking, taker.full_name AS looking_to,
       c.standing_id IS NOT NULL AS is_standing, c.state = 'confirmed' AS is_confirmed,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(g.id, p.full_name, r.name)
                                  ORDER BY g.id), '[]')
          FROM claim g
          JOIN slot o ON o.id = g.slot_id
          JOIN role r ON r.id = o.role_id
          JOIN profile p ON p.person_id = g.person_id
         WHERE g.guest_of = c.membership_id AND g.event_id = c.event_id AND g.live) AS friends
  FROM claim c
  JOIN slot s ON s.id = c.slot_id
  JOIN series x ON x.id = s.series_id
  LEFT JOIN membership a ON a.id = c.made_by AND c.state = 'held' AND c.held_for = 'asked'
  LEFT JOIN profile asker ON asker.person_id = a.person_id
  LEFT JOIN handover h ON h.claim_id = c.id AND h.state = 'open'
  LEFT JOIN membership t ON t.id = h.to_membership_id
  LEFT JOIN profile taker ON taker.person_id = t.person_id
 WHERE c.membership_id = :membership_id AND c.state IN ('held', 'confirmed') AND c.ends_at > :now
 ORDER BY c.starts_at, c.id
 LIMIT 100
""")


def ways_of(session: Session, *, membership_id: int, now: dt.datetime) -> Mapping[int, Ways]:
    """Read what a member may do with each turn to come, by claim, in one statement."""
    rows = session.execute(WAYS, {"membership_id": membership_id, "now": now})
    return {
        row.id: Ways(
            claim_id=row.id,
            asked_by=first_name(row.asked_by) if row.asked_by else None,
            answer_until=row.held_until,
            drops_until=row.drops_until,
            is_looking=row.is_looking,
            looking_to=public_name(row.looking_to) if row.looking_to else None,
            is_standing=row.is_standing,
            is_confirmed=row.is_confirmed,
            friends=tuple(Friend(*friend) for friend in row.friends),
        )
        for row in rows
    }
