"""Read calls for help: what an organiser sees of theirs, and whoever is asked of theirs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.text import name_or_number
from timebank.core.text import public_name
from timebank.models import AppealAnswer
from timebank.models import AppealEnd


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who was asked, and what they said.

    `has_turn`: their yes became a turn, which they still have.
    """

    name: str
    job: str
    asked_at: dt.datetime
    answer: AppealAnswer | None
    has_turn: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A call for help as its organiser sees it.

    `slot_id`, `job`: the one job it is for; None: the whole date.
    """

    appeal_id: int
    slot_id: int | None
    job: str | None
    message: str
    created_at: dt.datetime
    next_wave_at: dt.datetime | None
    ended_at: dt.datetime | None
    ended_because: AppealEnd | None
    people: tuple[Asked, ...]

    @property
    def filled(self) -> int:
        """How many places were taken by those who were asked."""
        return sum(one.has_turn for one in self.people)


CALLS = sa.text("""
SELECT a.id, a.slot_id, r.name AS job, a.message, a.created_at, a.next_wave_at, a.ended_at,
       a.ended_because,
       coalesce(jsonb_agg(jsonb_build_array(p.full_name, jr.name, k.asked_at, k.answer,
                                            coalesce(c.live, false)) ORDER BY k.id)
                FILTER (WHERE k.id IS NOT NULL), '[]') AS people
  FROM appeal a
  LEFT JOIN slot s ON s.id = a.slot_id
  LEFT JOIN role r ON r.id = s.role_id
  LEFT JOIN appeal_ask k ON k.appeal_id = a.id
  LEFT JOIN membership m ON m.id = k.membership_id
  LEFT JOIN profile p ON p.person_id = m.person_id
  LEFT JOIN slot j ON j.id = k.slot_id
  LEFT JOIN role jr ON jr.id = j.role_id
  LEFT JOIN claim c ON c.id = k.claim_id
 WHERE a.event_id = :event_id
 GROUP BY a.id, r.id
 ORDER BY a.ended_at IS NOT NULL, a.id DESC
""")


def calls_of_event(session: Session, *, event_id: int) -> list[Call]:
    """Read the calls for help of a date, open ones first, in one statement."""
    rows = session.execute(CALLS, {"event_id": event_id})
    return [_call(row) for row in rows]


def _call(row: sa.Row[Any]) -> Call:
    people = tuple(
        Asked(
            name=name_or_number(name),
            job=job,
            asked_at=dt.datetime.fromisoformat(asked_at),
            answer=AppealAnswer(answer) if answer else None,
            has_turn=has_turn,
        )
        for name, job, asked_at, answer, has_turn in row.people
    )
    because = AppealEnd(row.ended_because) if row.ended_because else None
    return Call(
        row.id,
        row.slot_id,
        row.job,
        row.message,
        row.created_at,
        row.next_wave_at,
        row.ended_at,
        because,
        people,
    )


@dataclass(frozen=True, slots=True)
class Ask:
    """A call for help as the person who is asked sees it.

    `message` and `asker`: what the organiser wrote, and their name as everybody may see it.
    """

    ask_id: int
    person_id: int
    membership_id: int
    slot_id: int
    series_id: int
    slug: str
    occurs_on: dt.date
    message: str
    asker: str
    answer: str | None
    claim_id: int | None


ASK = sa.text("""
SELECT k.id, m.person_id, m.id, k.slot_id, x.id, x.slug, e.occurs_on, a.message,
       coalesce(p.full_name, '') AS asker, k.answer,
       (SELECT c.id FROM claim c WHERE c.slot_id = k.slot_id AND c.membership_id = m.id
           AND c.binds)
  FROM appeal_ask k
  JOIN appeal a ON a.id = k.appeal_id
  JOIN event e ON e.id = a.event_id
  JOIN series x ON x.id = a.series_id
  JOIN membership m ON m.id = k.membership_id AND m.standing <> 'left'
  LEFT JOIN membership by ON by.id = a.made_by
  LEFT JOIN profile p ON p.person_id = by.person_id
 WHERE k.id = :ask_id AND k.community_id = :community_id
""")


ASKER = 8  # its place among the columns


def find_ask(session: Session, *, community_id: int, ask_id: int) -> Ask:
    """Find what somebody was asked.

    Raises:
        NotFound: When nobody of this community was.
    """
    row = session.execute(ASK, {"ask_id": ask_id, "community_id": community_id}).first()
    if row is None:
        raise NotFound
    values = list(row)
    values[ASKER] = public_name(row.asker)
    return Ask(*values)
