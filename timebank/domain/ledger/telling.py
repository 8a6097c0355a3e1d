"""Whoever's hours somebody else moved hears of it: a part of an occasion, a top-up, a correction.

Thanks between neighbours and the hours of a turn have letters of their own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain import outbox
from timebank.models import NoticeKind

WORTH_TELLING = dt.timedelta(days=7)

# One message a person, of all that these transfers moved for them together; nothing to who moved
# it, and nothing where it comes to nought. The entry to look at is the last of them.
MOVED = sa.text("""
SELECT t.community_id, m.person_id, max(t.id) AS transfer_id,
       sum(CASE WHEN t.credit_id = a.id THEN t.minutes ELSE -t.minutes END) AS minutes,
       max(coalesce(batch.title, pot.name, '')) AS what,
       bool_or(t.kind = 'reversal') AS is_put_right
  FROM transfer t
  JOIN account a ON a.id IN (t.debit_id, t.credit_id)
  JOIN membership m ON m.id = a.membership_id AND m.id <> t.created_by AND m.standing <> 'left'
  LEFT JOIN batch ON batch.id = t.batch_id
  LEFT JOIN account pot ON pot.id IN (t.debit_id, t.credit_id) AND pot.kind IN ('pot', 'cause')
 WHERE t.id = ANY(:transfer_ids)
 GROUP BY t.community_id, m.person_id
HAVING sum(CASE WHEN t.credit_id = a.id THEN t.minutes ELSE -t.minutes END) <> 0
""")


def tell_hours_moved(session: Session, *, transfer_ids: Collection[int], now: dt.datetime) -> None:
    """Owe every member whose hours these transfers moved one message, however often asked."""
    rows = session.execute(MOVED, {"transfer_ids": list(transfer_ids)})
    outbox.post_notices(
        session,
        [
            outbox.Message(
                community_id=row.community_id,
                person_id=row.person_id,
                kind=NoticeKind.HOURS_MOVED,
                dedupe_key=f"hours-moved:{row.transfer_id}:{row.person_id}",
                not_before=now,
                expires_at=now + WORTH_TELLING,
                facts={
                    "transfer_id": str(row.transfer_id),
                    "minutes": str(row.minutes),
                    "what": row.what,
                    "is_put_right": "yes" if row.is_put_right else "",
                },
            )
            for row in rows
        ],
    )
