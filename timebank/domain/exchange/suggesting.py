"""Suggest neighbours for an ask, each with a reason that anybody may read.

Who has blocked whom, who would rather not be asked and who was asked a moment ago decides behind
the scenes who is suggested; a reason never says so.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import public_name
from timebank.domain.communities.pausing import IS_AROUND
from timebank.models import Post
from timebank.models import PostKind

ASKED_LATELY = dt.timedelta(days=14)
MOST = 3

# Whoever offers that kind of help, or says so in the words of their offer; one line a neighbour,
# from the offer that fits best; the hundred best are looked at closely. Helped: hours came to them
# and were not taken back again.
CANDIDATES = sa.text(f"""
WITH ask AS MATERIALIZED (
  SELECT p.id, p.community_id, p.membership_id, p.category, lower(p.area) AS area,
         replace(plainto_tsquery('english', unaccented(p.title))::text, '&', '|')::tsquery AS words
    FROM post p WHERE p.id = :post_id
), fits AS (
  SELECT DISTINCT ON (o.membership_id)
         o.membership_id, o.id AS offer_id, o.title, m.person_id,
         o.category = ask.category AS is_same_kind,
         lower(o.area) = ask.area AS is_near, ask.id AS ask_id
    FROM ask
    JOIN post o ON o.community_id = ask.community_id AND o.kind = 'offer' AND o.state = 'open'
               AND o.membership_id <> ask.membership_id
               AND (o.category = ask.category OR o.search @@ ask.words)
    JOIN membership m ON m.id = o.membership_id AND m.standing <> 'left' AND m.may_be_asked
                     AND {IS_AROUND}
   WHERE NOT EXISTS (SELECT FROM block b WHERE b.ended_at IS NULL
                        AND b.by_id IN (o.membership_id, ask.membership_id)
                        AND b.against_id IN (o.membership_id, ask.membership_id))
     AND NOT EXISTS (SELECT FROM conversation c
                      WHERE c.post_id = ask.id AND c.other_id = o.membership_id)
   ORDER BY o.membership_id, is_same_kind DESC, is_near DESC, o.id DESC
), best AS (
  SELECT * FROM fits ORDER BY is_same_kind DESC, is_near DESC, offer_id DESC LIMIT 100
)
SELECT f.membership_id, f.offer_id, f.title, f.is_same_kind, f.is_near, n.full_name,
       helped.last_on
  FROM best f
  JOIN profile n ON n.person_id = f.person_id
  LEFT JOIN account a ON a.membership_id = f.membership_id
  LEFT JOIN LATERAL (
    SELECT max(t.happened_on) AS last_on FROM transfer t
     WHERE t.credit_id = a.id AND t.kind IN ('earn', 'adjust', 'thanks')
       AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id)) AS helped ON true
  CROSS JOIN LATERAL (
    SELECT count(*) AS times FROM conversation c
     WHERE c.other_id = f.membership_id AND c.begun_by_owner AND c.created_at > :lately) AS asked
 ORDER BY f.is_same_kind DESC, asked.times, f.is_near DESC, helped.last_on DESC NULLS LAST,
          f.membership_id
 LIMIT :most
""")  # noqa: S608 - IS_AROUND is ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A neighbour who may help, and why.

    Attributes:
        offer_id: Their offer that fits.
        offer: Its title.
        is_same_kind: Whether it is of the same category, not only in the same words.
        is_near: Whether it is for the same area.
        last_helped_on: When they last did something for somebody; None: not yet.
    """

    membership_id: int
    name: str
    offer_id: int
    offer: str
    is_same_kind: bool
    is_near: bool
    last_helped_on: dt.date | None


def suggest(
    session: Session, *, post: Post, now: dt.datetime, most: int = MOST
) -> list[Suggestion]:
    """Suggest neighbours for an open ask: near, helping lately, not asked often; nobody twice.

    One statement. Never the asker, nobody between whom and the asker a block stands, nobody who
    was asked about it already, nobody who would rather not be asked, and nobody who pauses.
    """
    if post.kind is not PostKind.ASK:
        return []
    values = {"post_id": post.id, "lately": now - ASKED_LATELY, "now": now, "most": most}
    return [
        Suggestion(
            membership_id=row.membership_id,
            name=public_name(row.full_name),
            offer_id=row.offer_id,
            offer=row.title,
            is_same_kind=row.is_same_kind,
            is_near=row.is_near,
            last_helped_on=row.last_on,
        )
        for row in session.execute(CANDIDATES, values)
    ]
