"""Come again: some days after somebody's first turn, three turns that would suit them, once.

Whoever has taken another turn meanwhile, or would rather not be asked, gets nothing; nor does
anybody for whom nothing suits. It is one try: whatever comes of it, there is no second.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.communities.pausing import IS_AROUND
from timebank.domain.suppression import SUPPRESSED

MOST_TURNS = 3

# Who did turns on exactly one date, five to fourteen days ago by the community's own days; asked
# at ten in the morning, and where that was missed later, but never in the evening or at night.
# What suits: the same group's, or the same kind of event; before others the same job, the same
# part of the week, and the same part of the borough. One job a date, three dates: the best job of
# every date comes first, then the second of every date. The rules of jobs cost most, so they are
# asked row by row in that order until there are enough, as in `could_do`; would_get is as `taking`
# would choose it.
DUE = f"""
WITH newcomer AS MATERIALIZED (
  SELECT DISTINCT ON (m.id) m.id, m.person_id, m.community_id, t.timezone, c.event_id,
         s.role_id, lower(r.name) AS job, x.group_id, x.scene, v.area,
         extract(isodow FROM c.starts_at AT TIME ZONE t.timezone) > 5 AS at_weekend,
         extract(hour FROM c.starts_at AT TIME ZONE t.timezone) < 12 AS in_the_morning,
         ARRAY(SELECT tstzrange(k.starts_at, k.ends_at)
                 FROM membership anywhere JOIN claim k ON k.membership_id = anywhere.id
                WHERE anywhere.person_id = m.person_id AND k.binds AND k.ends_at > :now) AS busy
    FROM event e
    JOIN community t ON t.id = e.community_id
    JOIN claim c ON c.event_id = e.id AND c.state = 'attended'
    JOIN slot s ON s.id = c.slot_id
    JOIN role r ON r.id = s.role_id
    JOIN series x ON x.id = e.series_id
    JOIN venue v ON v.id = e.venue_id
    JOIN membership m ON m.id = c.membership_id
    JOIN profile p ON p.person_id = m.person_id AND p.email IS NOT NULL
   WHERE e.starts_at > :now - interval '16 days' AND e.starts_at < :now - interval '3 days'
     AND ((c.ends_at AT TIME ZONE t.timezone)::date + 5 + time '10:00')
           AT TIME ZONE t.timezone <= :now
     AND ((c.ends_at AT TIME ZONE t.timezone)::date + 14 + time '10:00')
           AT TIME ZONE t.timezone > :now
     AND (CAST(:now AS timestamptz) AT TIME ZONE t.timezone)::time
           BETWEEN time '10:00' AND time '18:00'
     AND m.standing <> 'left' AND m.may_be_asked AND {IS_AROUND}
     AND NOT {SUPPRESSED.format(person_id="m.person_id")}
     AND NOT EXISTS (SELECT FROM claim other
                      WHERE other.membership_id = m.id AND other.event_id <> e.id
                        AND (other.state = 'attended'
                             OR other.live AND other.ends_at > :now))
     AND NOT EXISTS (SELECT FROM notice n
                      WHERE n.dedupe_key = format('membership-%s.come_again', m.id))
   ORDER BY m.id, c.starts_at, c.id
), open AS MATERIALIZED (
  SELECT s.id AS slot_id, s.event_id, e.community_id, s.starts_at, s.ends_at, x.group_id, x.scene,
         lower(r.name) AS job, v.area,
         extract(isodow FROM s.starts_at AT TIME ZONE t.timezone) > 5 AS at_weekend,
         extract(hour FROM s.starts_at AT TIME ZONE t.timezone) < 12 AS in_the_morning,
         CASE WHEN taken.of_all < s.places - r.newcomer_places THEN 1
              ELSE s.places END AS would_get
    FROM event e
    JOIN community t ON t.id = e.community_id
    JOIN series x ON x.id = e.series_id AND x.state = 'published'
    JOIN venue v ON v.id = e.venue_id
    JOIN slot s ON s.event_id = e.id AND s.closed_at IS NULL
    JOIN role r ON r.id = s.role_id
   CROSS JOIN LATERAL (
     SELECT count(*) AS all_of_them,
            count(*) FILTER (WHERE c.place <= s.places - r.newcomer_places) AS of_all
       FROM claim c WHERE c.slot_id = s.id AND c.live) AS taken
   WHERE e.community_id IN (SELECT community_id FROM newcomer) AND e.state = 'planned'
     AND e.starts_at < :now + interval '28 days' AND s.starts_at > :now + interval '1 day'
     AND e.ends_at > :now AND taken.all_of_them < s.places
     AND (r.opens_hours_before IS NULL
          OR :now >= s.starts_at - make_interval(hours => r.opens_hours_before))
)
INSERT INTO notice (community_id, person_id, kind, dedupe_key, facts, not_before, expires_at)
SELECT w.community_id, w.person_id, 'come_again', format('membership-%s.come_again', w.id),
       jsonb_build_object('slots', picked.slots, 'event_id', w.event_id::text), :now,
       least(picked.last_starts_at, :now + interval '3 days')
  FROM newcomer w
 CROSS JOIN LATERAL (
   SELECT string_agg(three.slot_id::text, ',' ORDER BY three.starts_at, three.slot_id) AS slots,
          max(three.starts_at) AS last_starts_at
     FROM (
       SELECT * FROM (
         SELECT DISTINCT ON (allowed.event_id) allowed.*
           FROM (
             SELECT * FROM (
               SELECT near.*, row_number() OVER (PARTITION BY near.event_id
                                                 ORDER BY near.score DESC, near.slot_id) AS nth
                 FROM (
                   SELECT o.slot_id, o.event_id, o.starts_at, o.would_get,
                          8 * (o.group_id = w.group_id)::int + 4 * (o.job = w.job)::int
                          + 2 * (o.at_weekend = w.at_weekend)::int
                          + 2 * (o.in_the_morning = w.in_the_morning)::int
                          + (o.area = w.area)::int AS score
                     FROM open o
                    WHERE o.community_id = w.community_id
                      AND (o.group_id = w.group_id OR o.scene = w.scene)
                      AND NOT tstzrange(o.starts_at, o.ends_at) && ANY (w.busy)
                 ) AS near
                ORDER BY nth, score DESC, starts_at, slot_id
               OFFSET 0
             ) AS in_order
              WHERE broken_rule(slot_id, w.id, :now, false, false, would_get) IS NULL
              ORDER BY nth, score DESC, starts_at, slot_id
              LIMIT :most + 1
           ) AS allowed
          ORDER BY allowed.event_id, allowed.score DESC, allowed.slot_id
       ) AS one_a_date
       ORDER BY score DESC, starts_at, slot_id
       LIMIT :most
     ) AS three
 ) AS picked
 WHERE picked.slots IS NOT NULL
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - our own words only

STILL_FREE = """
SELECT s.id AS slot_id, r.name AS job, x.title, x.slug, e.occurs_on, s.starts_at, s.ends_at,
       v.name AS place
  FROM slot s
  JOIN event e ON e.id = s.event_id AND e.state = 'planned'
  JOIN series x ON x.id = e.series_id AND x.state = 'published'
  JOIN role r ON r.id = s.role_id
  JOIN venue v ON v.id = e.venue_id
 WHERE s.id = ANY (:slot_ids) AND s.community_id = :community_id AND s.closed_at IS NULL
   AND s.starts_at > now()
   AND s.places > (SELECT count(*) FROM claim c WHERE c.slot_id = s.id AND c.live)
 ORDER BY s.starts_at, s.id
"""


@dataclass(frozen=True, slots=True)
class Suggested:
    """A turn that would suit somebody."""

    slot_id: int
    job: str
    title: str
    slug: str
    occurs_on: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    place: str


def plan_due(session: Session, *, now: dt.datetime) -> int:
    """Ask everybody whose day it is, in one statement -> how many; safe to repeat."""
    values = {"now": now, "most": MOST_TURNS}
    return session.execute(sa.text(DUE), values).rowcount  # type: ignore[attr-defined, no-any-return]


def still_free(
    session: Session, *, community_id: int, slot_ids: Collection[int]
) -> tuple[Suggested, ...]:
    """Read which of these turns could still be taken, by the database's clock."""
    values = {"slot_ids": list(slot_ids), "community_id": community_id}
    return tuple(Suggested(*row) for row in session.execute(sa.text(STILL_FREE), values))
