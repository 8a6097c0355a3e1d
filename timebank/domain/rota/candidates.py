"""Whom a call for help asks: who did the job before, has the time, and was not asked lately."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import public_name
from timebank.domain.communities.pausing import IS_AROUND
from timebank.domain.rota.offering import BUSY
from timebank.models import AppealReason

PER_PLACE = 4
LEAST = 6
MOST = 40
ONE_NEWCOMER_IN = 5
MOST_ASKS = 2
ASKS_WITHIN = dt.timedelta(days=30)
LATELY = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who could be asked, for which job, and why them.

    `name`: first name and initial.
    """

    membership_id: int
    person_id: int
    name: str
    slot_id: int
    job: str
    because: AppealReason


# The jobs that want somebody; the members who may be asked, with what they have done; and for
# each job the likeliest of them. The rules, which cost most, are asked last, one by one.
#
# An address counts when its owner has shown that they read mail there, or has done a turn: anybody
# can type somebody else's.
WHOM = sa.text(f"""
WITH job AS (
  SELECT s.*, r.name AS role_name, x.group_id, free.places AS free, free.place
    FROM slot s
    JOIN role r ON r.id = s.role_id
    JOIN event e ON e.id = s.event_id AND e.state = 'planned'
    JOIN series x ON x.id = s.series_id AND x.state = 'published'
   CROSS JOIN LATERAL (
     SELECT count(*) AS places, min(number) AS place
       FROM generate_series(1, s.places) AS number
      WHERE NOT EXISTS (SELECT FROM claim t WHERE t.slot_id = s.id AND t.place = number
                                              AND t.live)) AS free
   WHERE s.event_id = :event_id AND (CAST(:slot_id AS bigint) IS NULL OR s.id = :slot_id)
     AND s.closed_at IS NULL AND s.starts_at > :now AND free.places > 0
), done AS MATERIALIZED (
  SELECT c.membership_id, array_agg(DISTINCT o.role_id) AS role_ids,
         array_agg(DISTINCT y.group_id) AS group_ids
    FROM claim c JOIN slot o ON o.id = c.slot_id JOIN series y ON y.id = o.series_id
   WHERE c.state = 'attended' AND c.community_id = (SELECT community_id FROM job LIMIT 1)
   GROUP BY c.membership_id
), member AS MATERIALIZED (
  SELECT m.id, m.person_id, p.full_name, d.role_ids, d.group_ids, asked.last_at
    FROM membership m
    JOIN profile p ON p.person_id = m.person_id AND p.email IS NOT NULL
    LEFT JOIN done d ON d.membership_id = m.id
   CROSS JOIN LATERAL (
     SELECT max(a.asked_at) AS last_at, count(*) FILTER (WHERE a.asked_at > :month) AS times
       FROM appeal_ask a WHERE a.membership_id = m.id) AS asked
   WHERE m.community_id = (SELECT community_id FROM job LIMIT 1)
     AND m.standing <> 'left' AND m.may_be_asked AND {IS_AROUND}
     AND (p.email_confirmed_at IS NOT NULL OR d.membership_id IS NOT NULL)
     AND m.id <> ALL (CAST(:left_out AS bigint[]))
     AND (CAST(:only AS bigint[]) IS NULL OR m.id = ANY (:only))
     AND asked.times < :most_asks
     AND NOT EXISTS (SELECT FROM group_organiser o
                      WHERE o.membership_id = m.id
                        AND o.group_id = (SELECT group_id FROM job LIMIT 1))
     AND NOT EXISTS (SELECT FROM claim k WHERE k.event_id = :event_id AND k.live
                                           AND k.membership_id = m.id)
     AND NOT EXISTS (SELECT FROM appeal_ask a JOIN appeal o ON o.id = a.appeal_id
                      WHERE a.membership_id = m.id AND o.event_id = :event_id)
)
SELECT s.id AS slot_id, s.role_name, s.needed, s.free, likely.*
  FROM job s
 CROSS JOIN (VALUES (true, CAST(:most AS integer)), (false, CAST(:newcomers AS integer)))
         AS kind (is_helper, most)
 CROSS JOIN LATERAL (
   SELECT * FROM (
     SELECT m.id, m.person_id, m.full_name, m.last_at, m.last_at > :lately AS is_recent,
            CASE WHEN s.role_id = ANY (m.role_ids) THEN 1
                 WHEN s.group_id = ANY (m.group_ids) THEN 2
                 WHEN m.role_ids IS NOT NULL THEN 3 ELSE 4 END AS rank
       FROM member m
      WHERE (m.role_ids IS NOT NULL) = kind.is_helper AND NOT {BUSY.format(and_more="")}
      ORDER BY coalesce(m.last_at > :lately, false), rank, m.last_at NULLS FIRST, m.id
     OFFSET 0) AS ready
    WHERE broken_rule(s.id, ready.id, :now, false, false, s.place::integer) IS NULL
    LIMIT kind.most) AS likely
""")  # noqa: S608 - BUSY is ours
BECAUSE = {
    1: AppealReason.DID_THIS,
    2: AppealReason.DID_ANOTHER,
    3: AppealReason.DID_ANOTHER,
    4: AppealReason.NEWCOMER,
}


def whom_to_ask(
    session: Session,
    *,
    event_id: int,
    slot_id: int | None,
    now: dt.datetime,
    left_out: Collection[int] = (),
    only: Collection[int] | None = None,
) -> list[Candidate]:
    """Choose the next people to ask for a date, or for one job of it, in one statement.

    Four for each place that is missing, six at least: who did this job, then who helped at
    something else, least recently asked first; one in five never had a turn. Nobody who said no
    to being asked, was asked twice in a month or for this date already, has another turn then, or
    may not have the job; nobody asked in the last fortnight, unless there is nobody else.

    Args:
        left_out: Memberships that are not to be asked.
        only: Nobody but these.
    """
    values = {
        "event_id": event_id,
        "slot_id": slot_id,
        "now": now,
        "month": now - ASKS_WITHIN,
        "lately": now - LATELY,
        "left_out": list(left_out),
        "only": None if only is None else list(only),
        "most_asks": MOST_ASKS,
        "most": MOST,
        "newcomers": MOST,
    }
    rows = session.execute(WHOM, values).all()
    fresh = [row for row in rows if not row.is_recent]
    return _share_out(sorted(fresh or rows, key=_order))


def _order(row: sa.Row[Any]) -> tuple[object, ...]:
    """Likeliest first, then least recently asked; of two jobs the one that is needed more."""
    asked = row.last_at.timestamp() if row.last_at else 0.0
    return (row.rank, asked, row.id, -row.needed, row.slot_id)


def _share_out(rows: Iterable[sa.Row[Any]]) -> list[Candidate]:
    """Give each job its share of people, nobody asked for two, newcomers a fifth of all."""
    rows = list(rows)
    room = {row.slot_id: min(max(PER_PLACE * row.free, LEAST), MOST) for row in rows}
    total = min(sum(room.values()), MOST)
    knows_nobody = all(row.rank == max(BECAUSE) for row in rows)
    newcomers = total if knows_nobody else total // ONE_NEWCOMER_IN
    helpers = total if knows_nobody else total - min(newcomers, _count_new(rows))
    chosen: dict[int, Candidate] = {}
    left = {True: newcomers, False: helpers}
    for row in rows:
        is_new = row.rank == max(BECAUSE)
        if row.id in chosen or not room[row.slot_id] or not left[is_new]:
            continue
        room[row.slot_id] -= 1
        left[is_new] -= 1
        chosen[row.id] = Candidate(
            membership_id=row.id,
            person_id=row.person_id,
            name=public_name(row.full_name),
            slot_id=row.slot_id,
            job=row.role_name,
            because=BECAUSE[row.rank],
        )
    return list(chosen.values())


def _count_new(rows: list[sa.Row[Any]]) -> int:
    return len({row.id for row in rows if row.rank == max(BECAUSE)})
