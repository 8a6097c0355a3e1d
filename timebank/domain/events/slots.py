"""Which slots the jobs of a series make on a date: one a job, or one a turn of it.

A job that is shared out through the day makes a slot for every turn that fits into it. One that
grows with the crowd has at least one person for so many expected.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

import sqlalchemy as sa
from sqlalchemy.orm import Session

# For dates that have not been given jobs of their own; `:event_ids` says which.
OF_JOBS: LiteralString = """
SELECT e.community_id, e.series_id, e.id AS event_id, r.id AS role_id, n.turn,
       e.starts_at + make_interval(mins => n.begins) AS starts_at,
       e.starts_at + make_interval(mins => n.begins + coalesce(r.turn_minutes, r.duration_minutes))
         AS ends_at,
       least(500, greatest(r.needed, crowd.people)) AS needed,
       least(500, greatest(r.places, crowd.people)) AS places
  FROM event e
  JOIN series x ON x.id = e.series_id
  JOIN role r ON r.series_id = e.series_id AND r.retired_at IS NULL
       AND (r.only_event_id IS NULL OR r.only_event_id = e.id)
 CROSS JOIN LATERAL (
   SELECT turn, r.starts_after_minutes + (turn - 1) * coalesce(r.every_minutes, 0) AS begins
     FROM generate_series(1, coalesce(
            (r.duration_minutes - r.turn_minutes) / r.every_minutes + 1, 1)) AS turn) AS n
 CROSS JOIN LATERAL (
   SELECT ceil(coalesce(e.expected_people, x.expected_people)::numeric / r.one_per)::int
          AS people) AS crowd
 WHERE e.id = ANY (:event_ids) AND NOT e.own_jobs
"""

MAKE: LiteralString = f"""
INSERT INTO slot (community_id, series_id, event_id, role_id, turn, starts_at, ends_at,
                  needed, places)
SELECT community_id, series_id, event_id, role_id, turn, starts_at, ends_at, needed, places
  FROM ({OF_JOBS}) AS wanted
 ORDER BY event_id, role_id, turn
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - OF_JOBS is ours


def make_slots(session: Session, *, event_ids: Iterable[int]) -> None:
    """Give dates the slots of their series' jobs that they lack, in one statement."""
    session.execute(sa.text(MAKE), {"event_ids": list(event_ids)})
