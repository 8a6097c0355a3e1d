"""Offers and asks lapse, and never silently: a nudge a week before, and word on the day.

Days are the community's own. A nudge that comes late (the worker was off for a week) moves the
last day on, so that there is always a week to answer it: the database insists.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

TOLD_FROM = "10:00"  # nobody's telephone chimes at night

# People without e-mail are nudged too: their letter tells them, or a coordinator rings them.
NUDGE = sa.text(f"""
WITH nudged AS (
  UPDATE post p
     SET nudged_on = local.today, expires_on = greatest(p.expires_on, local.today + 7)
    FROM community t
   CROSS JOIN LATERAL (SELECT (:now AT TIME ZONE t.timezone)::date AS today) AS local
   WHERE t.id = p.community_id AND p.state = 'open' AND p.nudged_on IS NULL
     AND p.expires_on <= local.today + 7
  RETURNING p.id, p.community_id, p.membership_id, p.expires_on, p.nudged_on, t.timezone)
INSERT INTO notice (community_id, person_id, kind, dedupe_key, facts, not_before, expires_at)
SELECT n.community_id, m.person_id, 'post_lapsing',
       format('post-lapsing-%s-%s', n.id, n.expires_on),
       jsonb_build_object('post_id', n.id::text, 'expires_on', n.expires_on::text),
       greatest(:now, (n.nudged_on + time '{TOLD_FROM}') AT TIME ZONE n.timezone),
       (n.expires_on + 1)::timestamp AT TIME ZONE n.timezone
  FROM nudged n
  JOIN membership m ON m.id = n.membership_id AND m.standing <> 'left'
  JOIN profile f ON f.person_id = m.person_id
    ON CONFLICT DO NOTHING
""")  # noqa: S608 - the part is ours

LAPSE = sa.text(f"""
WITH lapsed AS (
  UPDATE post p SET state = 'expired', ended_at = :now
    FROM community t
   CROSS JOIN LATERAL (SELECT (:now AT TIME ZONE t.timezone)::date AS today) AS local
   WHERE t.id = p.community_id AND p.state = 'open' AND p.expires_on < local.today
     AND p.nudged_on <= p.expires_on - 7
  RETURNING p.id, p.community_id, p.membership_id, p.expires_on, local.today, t.timezone)
INSERT INTO notice (community_id, person_id, kind, dedupe_key, facts, not_before, expires_at)
SELECT n.community_id, m.person_id, 'post_lapsed',
       format('post-lapsed-%s-%s', n.id, n.expires_on),
       jsonb_build_object('post_id', n.id::text, 'expires_on', n.expires_on::text),
       greatest(:now, (n.today + time '{TOLD_FROM}') AT TIME ZONE n.timezone),
       (n.today + 8)::timestamp AT TIME ZONE n.timezone
  FROM lapsed n
  JOIN membership m ON m.id = n.membership_id AND m.standing <> 'left'
  JOIN profile f ON f.person_id = m.person_id
    ON CONFLICT DO NOTHING
""")  # noqa: S608 - the part is ours


def nudge_and_lapse(session: Session, *, now: dt.datetime) -> None:
    """Nudge about what lapses within a week, and take down what has; two statements for all.

    Safe to repeat: a post is nudged once for each last day, and lapses once.
    """
    session.execute(NUDGE, {"now": now})
    session.execute(LAPSE, {"now": now})
