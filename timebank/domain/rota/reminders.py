"""Which notices a turn owes: at once when it is taken, and before it begins.

What is owed at once is written in the same transaction as the claim. A reminder is written when
its moment has come, from the turns as they are by then: so nothing has to be taken back when a
turn is given up, a moved turn is reminded of at its new time, and when to remind may be changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.models import NoticeKind

REMINDERS = (
    NoticeKind.REMINDER_WEEK,
    NoticeKind.REMINDER_TWO_DAYS,
    NoticeKind.REMINDER_EVE,
    NoticeKind.REMINDER_MORNING,
)

# People without e-mail get none, nor does whom an organiser asks or puts down: that is told by a
# notice of its own. The key ends in the start in UTC.
OWED = """
INSERT INTO notice (community_id, person_id, kind, dedupe_key, claim_id, starts_at,
                    not_before, expires_at)
SELECT c.community_id, c.person_id, due.kind,
       format('claim-%s.%s.%s', c.id, due.kind,
              to_char(c.starts_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MI')),
       c.id, c.starts_at, :now, due.expires_at
  FROM {claims} c
  JOIN profile p ON p.person_id = c.person_id AND p.email IS NOT NULL
 CROSS JOIN LATERAL (VALUES
   ('confirm_claim', c.held_until, c.state = 'held' AND c.held_for = 'yes'),
   ('place_offered', c.held_until, c.state = 'held' AND c.held_for = 'offered'),
   ('you_are_in', c.starts_at, c.state = 'confirmed' AND (c.held_for IS NOT NULL
      OR num_nonnulls(c.made_by, c.standing_id, c.import_id) = 0))
 ) AS due (kind, expires_at, owed)
 WHERE due.owed AND due.expires_at > :now
    ON CONFLICT DO NOTHING
"""

# The same of turns that somebody takes for themselves and for good, in the statement that makes
# them: no notice of them can be there yet.
OWED_AT_ONCE = """
INSERT INTO notice (community_id, person_id, kind, dedupe_key, claim_id, starts_at,
                    not_before, expires_at)
SELECT c.community_id, c.person_id, 'you_are_in',
       format('claim-%s.you_are_in.%s', c.id,
              to_char(c.starts_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MI')),
       c.id, c.starts_at, :now, c.starts_at
  FROM {claims} c
  JOIN profile p ON p.person_id = c.person_id AND p.email IS NOT NULL
 WHERE c.starts_at > :now
"""

# Days and hours are the community's own, so that clock changes come out right. A reminder that
# would follow another message about the same turn by less than half a day is not worth a mail; the
# one on the eve is worth it after three hours. A message that never went does not count, and one
# that was put back counts from when it was due at first. Who chose nothing is reminded as the date
# says, else as its series, else as usual.
# Who reads no e-mail and agreed to texts is reminded on the eve.
DUE = """
INSERT INTO notice (community_id, person_id, kind, dedupe_key, claim_id, starts_at,
                    not_before, expires_at)
SELECT c.community_id, c.person_id, due.kind,
       format('claim-%s.%s.%s', c.id, due.kind,
              to_char(c.starts_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MI')),
       c.id, c.starts_at, due.not_before, due.expires_at
  FROM claim c
  JOIN community t ON t.id = c.community_id
  JOIN profile p ON p.person_id = c.person_id
  JOIN event e ON e.id = c.event_id
  JOIN series x ON x.id = e.series_id
  LEFT JOIN mail_choice chosen ON chosen.membership_id = c.membership_id
 CROSS JOIN LATERAL (
   SELECT (day - 7 + time '10:00') AT TIME ZONE t.timezone AS week,
          (day - 2 + time '10:00') AT TIME ZONE t.timezone AS two_days,
          (day - 1 + time '18:00') AT TIME ZONE t.timezone AS eve,
          least((day + time '07:00') AT TIME ZONE t.timezone,
                c.starts_at - interval '2 hours') AS morning
     FROM (SELECT (c.starts_at AT TIME ZONE t.timezone)::date AS day) AS local
 ) AS moments
 CROSS JOIN LATERAL (VALUES
   ('week', 'reminder_week', week, two_days, interval '12 hours'),
   ('two_days', 'reminder_two_days', two_days, eve, interval '12 hours'),
   ('eve', 'reminder_eve', eve, c.starts_at, interval '3 hours'),
   ('morning', 'reminder_morning', morning, c.starts_at, interval '3 hours')
 ) AS due (lead, kind, not_before, expires_at, apart)
 WHERE c.state = 'confirmed' AND c.starts_at > :now AND c.starts_at < :now + interval '9 days'
   AND CASE WHEN p.email IS NOT NULL
            THEN due.lead = ANY (coalesce(chosen.leads, e.leads, x.leads, '{two_days,eve}'))
            ELSE due.lead = 'eve' AND EXISTS (
              SELECT FROM text_number n WHERE n.membership_id = c.membership_id) END
   AND due.not_before <= :now AND due.expires_at > :now
   AND due.not_before > c.created_at + due.apart
   AND NOT EXISTS (SELECT FROM notice n
                    WHERE n.claim_id = c.id AND n.kind <> due.kind
                      AND n.state NOT IN ('expired', 'failed')
                      AND coalesce(n.due_at, n.not_before) > due.not_before - due.apart)
    ON CONFLICT DO NOTHING
"""


def plan_notices(session: Session, *, claim_ids: Collection[int], now: dt.datetime) -> None:
    """Write what these turns owe at once; safe to repeat."""
    chosen = "(SELECT * FROM claim WHERE id = ANY (:claim_ids))"
    values = {"claim_ids": list(claim_ids), "now": now}
    session.execute(sa.text(OWED.format(claims=chosen)), values)


def plan_due(session: Session, *, now: dt.datetime) -> int:
    """Write every reminder whose moment has come, in one statement -> how many; safe to repeat."""
    return session.execute(sa.text(DUE), {"now": now}).rowcount  # type: ignore[attr-defined, no-any-return]
