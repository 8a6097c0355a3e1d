"""Tell coordinators that letters are to be printed, once a fortnight, or somebody to be rung."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.models import NoticeKind

DAYS_APART = 14
RUNG_WITHIN = dt.timedelta(days=14)  # the next letter may be as far away

# About something to come: worth nothing once that has passed, and rung where it is near.
TO_COME = frozenset(
    {
        NoticeKind.EVENT_CANCELLED,
        NoticeKind.EVENT_MOVED,
        NoticeKind.PUT_DOWN,
        NoticeKind.TURN_TAKEN,
        NoticeKind.TURN_YIELDED,
        NoticeKind.EXCHANGE_CANCELLED,
        NoticeKind.POST_LAPSING,
    }
)
# For the others coordinators have a page of the board, where they can be kept or taken down, too.
RUNG = TO_COME - {NoticeKind.POST_LAPSING}

# Whoever has had no letter for a fortnight, by the days of the community; or since they came.
DUE = """
SELECT m.community_id, count(*) AS letters
  FROM membership m
  JOIN community t ON t.id = m.community_id
  JOIN profile p ON p.person_id = m.person_id AND p.email IS NULL
  LEFT JOIN LATERAL (
    SELECT max(l.printed_at) AS printed_at FROM printed_letter l WHERE l.membership_id = m.id
  ) AS letter ON true
 WHERE m.standing <> 'left'
   AND (coalesce(letter.printed_at, m.created_at) AT TIME ZONE t.timezone)::date
       <= ({now} AT TIME ZONE t.timezone)::date - {apart}
 GROUP BY m.community_id
"""
# A letter printed for one person in between puts nobody off, and brings no second word either.
SAY = f"""
INSERT INTO notice (community_id, person_id, kind, dedupe_key, not_before, expires_at)
SELECT t.id, c.person_id, 'letters_due',
       format('letters-due-%s-%s-%s', t.id, (:now AT TIME ZONE t.timezone)::date, c.person_id),
       :now, :now + interval '7 days'
  FROM ({DUE.format(now=":now", apart=DAYS_APART)}) AS due
  JOIN community t ON t.id = due.community_id
  JOIN membership c ON c.community_id = t.id AND c.standing = 'coordinator'
  JOIN profile p ON p.person_id = c.person_id AND p.email IS NOT NULL
 WHERE NOT EXISTS (
   SELECT FROM notice n
    WHERE n.kind = 'letters_due' AND n.community_id = t.id AND NOT n.facts ? 'ring'
      AND (n.not_before AT TIME ZONE t.timezone)::date
          > (:now AT TIME ZONE t.timezone)::date - {DAYS_APART})
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - the parts are ours
# Of a notice `n` to somebody whose profile is `p`: no letter or call has told it. Whoever has no
# e-mail is rung, too, where nobody knows whether a text has reached them.
UNTOLD = """
(n.state = 'on_paper' OR n.state = 'uncertain' AND n.way = 'text' AND p.email IS NULL)"""
NEAR = f"""
{UNTOLD} AND n.kind = ANY (:kinds) AND n.expires_at > now()
AND least(n.expires_at,
          coalesce(CAST(n.facts ->> 'earlier_starts_at' AS timestamptz), n.expires_at))
    < now() + :within
"""
# One word for all who are to be rung by now; another only when somebody joins them.
RING = f"""
INSERT INTO notice (community_id, person_id, kind, dedupe_key, facts, not_before, expires_at)
SELECT t.id, c.person_id, 'letters_due',
       format('to-ring-%s-%s-%s', t.id, waits.newest, c.person_id),
       '{{"ring": "yes"}}', now(), now() + interval '2 days'
  FROM (SELECT n.community_id, max(n.id) AS newest
          FROM notice n JOIN profile p ON p.person_id = n.person_id
         WHERE {NEAR} GROUP BY n.community_id) AS waits
  JOIN community t ON t.id = waits.community_id
  JOIN membership c ON c.community_id = t.id AND c.standing = 'coordinator'
  JOIN profile p ON p.person_id = c.person_id AND p.email IS NOT NULL
    ON CONFLICT DO NOTHING
"""  # noqa: S608
COUNT_RINGS = f"""
SELECT count(DISTINCT n.person_id) FROM notice n JOIN profile p ON p.person_id = n.person_id
 WHERE n.community_id = (SELECT community_id FROM notice WHERE id = :notice_id) AND {NEAR}
"""  # noqa: S608
COUNT = f"""
SELECT coalesce(sum(due.letters), 0)
  FROM ({DUE.format(now="now()", apart=DAYS_APART)}) AS due
  JOIN notice n ON n.community_id = due.community_id AND n.id = :notice_id
"""  # noqa: S608


def say(session: Session, *, now: dt.datetime) -> int:
    """Owe every coordinator word of letters that are due, once a fortnight -> how many."""
    return session.execute(sa.text(SAY), {"now": now}).rowcount  # type: ignore[attr-defined, no-any-return]


def say_whom_to_ring(session: Session) -> int:
    """Owe every coordinator word that somebody is to be rung before a letter comes -> how many."""
    values = {"kinds": [kind.value for kind in RUNG], "within": RUNG_WITHIN}
    return session.execute(sa.text(RING), values).rowcount  # type: ignore[attr-defined, no-any-return]


def read(session: Session, *, kind: NoticeKind, notice_id: int, facts: Mapping[str, str]) -> int:
    """Count the letters or calls that such a notice tells of; 0 for others, and once done."""
    if kind is not NoticeKind.LETTERS_DUE:
        return 0
    if "ring" in facts:
        values = {
            "notice_id": notice_id,
            "kinds": [one.value for one in RUNG],
            "within": RUNG_WITHIN,
        }
        return int(session.scalar(sa.text(COUNT_RINGS), values) or 0)
    return int(session.scalar(sa.text(COUNT), {"notice_id": notice_id}) or 0)


def reason_to_drop(kind: NoticeKind, count: int) -> str | None:
    """Tell why nobody needs to be told any more, or None."""
    return "they are printed, or rung" if kind is NoticeKind.LETTERS_DUE and not count else None
