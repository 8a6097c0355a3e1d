"""The jobs of a series in full: read them, and say which go together.

What is changed counts for turns taken from now on: whoever has one keeps it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain.events import RoleDraft
from timebank.domain.events import jobs
from timebank.domain.events.roles import COLUMNS
from timebank.models import PairRule
from timebank.models import RolePair
from timebank.models import Series

DATES_SHOWN = 6


class PairRefused(Refused):
    """These two jobs can't be done at the same time."""


@dataclass(frozen=True, slots=True)
class JobInFull:
    """A job with all that it says and asks, and by name the jobs it goes with, or never does."""

    role_id: int
    draft: RoleDraft
    trains_for_id: int | None
    asked_ids: tuple[int, ...]
    together: tuple[str, ...]
    never: tuple[str, ...]


PAIRED = """ARRAY(SELECT o.name FROM role_pair p
    JOIN role o ON o.id = p.first_role_id + p.second_role_id - r.id AND o.retired_at IS NULL
   WHERE r.id IN (p.first_role_id, p.second_role_id) AND p.rule = '{rule}' ORDER BY o.position)"""
JOBS = f"""
SELECT r.id, r.trains_for_id, t.name AS trains_for,
       ARRAY(SELECT q.name FROM role_qualification a JOIN qualification q
                 ON q.id = a.qualification_id WHERE a.role_id = r.id ORDER BY q.id) AS asks_for,
       ARRAY(SELECT a.qualification_id FROM role_qualification a
              WHERE a.role_id = r.id ORDER BY 1) AS asked_ids,
       {PAIRED.format(rule="together")} AS together, {PAIRED.format(rule="never")} AS never,
       {", ".join(f"r.{column}" for column in COLUMNS)}
  FROM role r
  LEFT JOIN role t ON t.id = r.trains_for_id AND t.retired_at IS NULL
 WHERE r.series_id = :series_id AND r.retired_at IS NULL
   AND CASE WHEN CAST(:role_id AS bigint) IS NULL THEN r.only_event_id IS NULL
            ELSE r.id = :role_id END
 ORDER BY r.position, r.id
"""  # noqa: S608 - made of our own names


def read_jobs(session: Session, *, series_id: int) -> list[JobInFull]:
    """Read the jobs of a series in the rota's order, in one statement."""
    return _read(session, series_id, None)


def read_job(session: Session, *, series_id: int, role_id: int) -> JobInFull:
    """Read one job of a series, in one statement.

    Raises:
        NotFound: The series has no such job, or not any more.
    """
    found = _read(session, series_id, role_id)
    if not found:
        raise NotFound
    return found[0]


def _read(session: Session, series_id: int, role_id: int | None) -> list[JobInFull]:
    values = {"series_id": series_id, "role_id": role_id}
    return [_job(row) for row in session.execute(sa.text(JOBS), values)]


def _job(row: sa.Row[Any]) -> JobInFull:
    columns = {name: getattr(row, name) for name in COLUMNS}
    draft = RoleDraft(
        **columns,
        role_id=row.id,
        asks_for=tuple(row.asks_for),
        trains_for=row.trains_for or "",
    )
    return JobInFull(
        role_id=row.id,
        draft=draft,
        trains_for_id=row.trains_for_id,
        asked_ids=tuple(row.asked_ids),
        together=tuple(row.together),
        never=tuple(row.never),
    )


@dataclass(frozen=True, slots=True)
class OpenDate:
    """A date on which a job wants somebody.

    `rule` names the first rule in the way of whoever looks; `is_yours`: they have a place of it.
    """

    slot_id: int
    occurs_on: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    minutes: int
    free: int
    is_needed: bool
    is_yours: bool
    rule: str | None


OPEN_DATES = """
SELECT o.*, CASE WHEN NOT o.is_yours AND CAST(:membership_id AS bigint) IS NOT NULL
                 THEN broken_rule(o.id, :membership_id, :now) END
  FROM (
    SELECT s.id, e.occurs_on, s.starts_at, s.ends_at, s.minutes, s.places - t.taken AS free,
           t.taken < s.needed AS is_needed, coalesce(t.is_yours, false) AS is_yours
      FROM slot s
      JOIN event e ON e.id = s.event_id AND e.state = 'planned'
     CROSS JOIN LATERAL (
       SELECT count(*) AS taken, bool_or(c.membership_id = :membership_id) AS is_yours
         FROM claim c WHERE c.slot_id = s.id AND c.live) AS t
     WHERE s.role_id = :role_id AND s.starts_at > :now AND s.closed_at IS NULL
       AND (t.taken < s.places OR t.is_yours)
     ORDER BY s.starts_at, s.id
     LIMIT :most) AS o
 ORDER BY o.starts_at, o.id
"""


def open_dates(
    session: Session,
    *,
    role_id: int,
    membership_id: int | None,
    now: dt.datetime,
    most: int = DATES_SHOWN,
) -> list[OpenDate]:
    """Read the next dates on which a job has room, or is one's own, in one statement."""
    values = {"role_id": role_id, "membership_id": membership_id, "now": now, "most": most}
    return [OpenDate(*row) for row in session.execute(sa.text(OPEN_DATES), values)]


def pairs_of(session: Session, *, role_id: int) -> dict[int, PairRule]:
    """Tell the rules of a job with others, by the other's id."""
    rows = session.scalars(
        sa.select(RolePair).where(
            sa.or_(RolePair.first_role_id == role_id, RolePair.second_role_id == role_id)
        )
    )
    return {pair.first_role_id + pair.second_role_id - role_id: pair.rule for pair in rows}


def set_pairs(
    session: Session,
    *,
    series: Series,
    role_id: int,
    rules: Mapping[int, PairRule | None],
) -> None:
    """Say for one job which others one person may do with it; None: when times don't overlap.

    Raises:
        NotFound: One of them is no job of this series.
        PairRefused: Two jobs can't be done at once, because neither lies within the other;
            `field` is the other's id.
    """
    lock_jobs(session, series)
    known = {job.role_id: job.draft for job in read_jobs(session, series_id=series.id)}
    if not {role_id, *rules} <= known.keys() or role_id in rules:
        raise NotFound
    for other, rule in rules.items():
        possible = jobs.can_be_together(known[role_id], known[other])
        if rule is PairRule.TOGETHER and not possible:
            sentence = jobs.not_together(known[role_id].name, known[other].name)
            raise PairRefused(sentence, field=str(other))
    _write_pairs(session, series, role_id, rules)


def _write_pairs(
    session: Session, series: Series, role_id: int, rules: Mapping[int, PairRule | None]
) -> None:
    pair = sa.tuple_(RolePair.first_role_id, RolePair.second_role_id)
    ordered = {(min(role_id, other), max(role_id, other)): rule for other, rule in rules.items()}
    session.execute(sa.delete(RolePair).where(pair.in_(list(ordered))))
    rows = [
        {"first_role_id": first, "second_role_id": second, "series_id": series.id, "rule": rule}
        for (first, second), rule in sorted(ordered.items())
        if rule is not None
    ]
    if rows:
        session.execute(sa.insert(RolePair), rows)


def lock_jobs(session: Session, series: Series) -> None:
    """Let one organiser at a time change the jobs of a series."""
    session.execute(
        sa.select(Series.id).where(Series.id == series.id).with_for_update(key_share=True)
    )
