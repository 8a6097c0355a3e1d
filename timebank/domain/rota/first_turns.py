"""What to expect: a word to somebody before the first turn they ever have in a community."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

# Once a person and community, and about the first of their turns; when that was given back before
# the message went out, about the next; the weekly mail may have told it. A turn comes to be three
# days ahead, at ten in the morning by the community's own clock, or was taken later: then after an
# hour, so that the word does not come on the heels of the thanks. Within two hours of the start it
# would come too late.
DUE = """
INSERT INTO notice (community_id, person_id, kind, dedupe_key, claim_id, starts_at,
                    not_before, expires_at)
SELECT c.community_id, c.person_id, 'what_to_expect', format('claim-%s.what_to_expect', c.id),
       c.id, c.starts_at, moment.not_before, c.starts_at - interval '2 hours'
  FROM (SELECT DISTINCT ON (membership_id) * FROM claim
         WHERE state = 'confirmed' AND starts_at > :now AND starts_at < :now + interval '5 days'
         ORDER BY membership_id, starts_at, id) AS c
  JOIN community t ON t.id = c.community_id
  JOIN profile p ON p.person_id = c.person_id AND p.email IS NOT NULL
 CROSS JOIN LATERAL (
   SELECT greatest(((c.starts_at AT TIME ZONE t.timezone)::date - 3 + time '10:00')
                     AT TIME ZONE t.timezone,
                   c.created_at + interval '1 hour') AS not_before
 ) AS moment
 WHERE moment.not_before <= :now AND c.starts_at - interval '2 hours' > :now
   AND NOT EXISTS (SELECT FROM claim done WHERE done.membership_id = c.membership_id
                      AND done.state = 'attended')
   AND NOT EXISTS (SELECT FROM notice n
                     LEFT JOIN notice w ON w.id = n.told_in_id
                     LEFT JOIN claim k ON k.id = n.claim_id
                    WHERE n.person_id = c.person_id AND n.community_id = c.community_id
                      AND n.kind = 'what_to_expect'
                      AND coalesce(w.state, n.state) NOT IN ('cancelled', 'expired')
                      AND (w.id IS NULL
                           OR coalesce(w.sent_at, :now)
                              < least(k.starts_at, coalesce(k.withdrawn_at, 'infinity'))))
    ON CONFLICT DO NOTHING
"""


def plan_due(session: Session, *, now: dt.datetime) -> int:
    """Write every such word whose moment has come, in one statement -> how many."""
    return session.execute(sa.text(DUE), {"now": now}).rowcount  # type: ignore[attr-defined, no-any-return]
