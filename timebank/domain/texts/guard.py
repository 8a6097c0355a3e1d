"""The guard over what text messages cost: a month's limit is never passed, whoever sends.

The price is put aside before a message leaves, by one statement: two workers that reach for the
last penny wait for each other, and the database refuses what is beyond the limit (`TextMonth`). It
is given back where the message certainly did not go. Months and moments are the database's own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text_gateway import Texts

NEARLY = Decimal("0.8")
HELD_FOR = dt.timedelta(minutes=10)  # longer than any worker holds a notice
THIS_MONTH = "(date_trunc('month', now() AT TIME ZONE 'UTC'))::date"

# What the operator set lower meanwhile counts from the next message on.
PUT_ASIDE = f"""
WITH paid AS (
  INSERT INTO text_month AS t (month, most_pence, spent_pence)
  SELECT {THIS_MONTH}, :most, :pence WHERE CAST(:pence AS numeric) <= CAST(:most AS numeric)
      ON CONFLICT (month) DO UPDATE
     SET most_pence = greatest(:most, t.spent_pence + :pence),
         spent_pence = t.spent_pence + :pence
   WHERE t.spent_pence + :pence <= :most
  RETURNING month
)
INSERT INTO text_sent (month, notice_id, parts, pence)
SELECT month, :notice_id, :parts, :pence FROM paid
RETURNING id
"""  # noqa: S608 - the part is ours
GIVE_BACK = """
WITH returned AS (
  UPDATE text_sent SET returned_at = now() WHERE id = :text_id AND returned_at IS NULL
  RETURNING month, pence
)
UPDATE text_month t SET spent_pence = t.spent_pence - returned.pence
  FROM returned WHERE t.month = returned.month
"""
# Once: whose price was given back meanwhile has slept too long, and lets nothing out.
PAY = """
UPDATE text_sent SET handed_at = now()
 WHERE id = :text_id AND returned_at IS NULL AND handed_at IS NULL
"""
LEFT_ASIDE = """
SELECT id FROM text_sent
 WHERE handed_at IS NULL AND returned_at IS NULL AND created_at < now() - :within ORDER BY id
"""
MONTH = f"""
SELECT coalesce(max(t.spent_pence), 0) AS pence,
       (SELECT count(*) FROM text_sent s
         WHERE s.month = {THIS_MONTH} AND s.returned_at IS NULL) AS messages
  FROM text_month t WHERE t.month = {THIS_MONTH}
"""  # noqa: S608
WRONG = """
SELECT t.month FROM text_month t
 WHERE t.spent_pence <> (SELECT coalesce(sum(s.pence), 0) FROM text_sent s
                          WHERE s.month = t.month AND s.returned_at IS NULL)
 ORDER BY t.month
"""


@dataclass(frozen=True, slots=True)
class Spent:
    """What text messages have cost this month.

    Attributes:
        messages: How many went.
        pence: What they cost.
        most_pence: The limit.
        part_pence: The price of one part.
    """

    messages: int
    pence: Decimal
    most_pence: Decimal
    part_pence: Decimal

    @property
    def is_used_up(self) -> bool:
        """Whether there is no money for another message."""
        return self.pence + self.part_pence > self.most_pence

    @property
    def is_nearly_used_up(self) -> bool:
        """Whether four fifths are gone."""
        return self.pence >= NEARLY * self.most_pence


def put_aside(session: Session, *, texts: Texts, notice_id: int, parts: int) -> int | None:
    """Put the price of a message aside -> its number; None: the month's limit would be passed."""
    values = {
        "most": texts.most_a_month,
        "pence": texts.price * parts,
        "notice_id": notice_id,
        "parts": parts,
    }
    found: int | None = session.scalar(sa.text(PUT_ASIDE), values)
    return found


def pay(session: Session, *, text_id: int) -> bool:
    """Pay what was put aside, right before the message leaves; False: it's given back, or paid."""
    return session.execute(sa.text(PAY), {"text_id": text_id}).rowcount == 1  # type: ignore[attr-defined, no-any-return]


def give_back(session: Session, *, text_id: int) -> None:
    """Give back the price of a message that certainly did not go; twice is the same as once."""
    session.execute(sa.text(GIVE_BACK), {"text_id": text_id})


def give_back_left_aside(session: Session) -> int:
    """Give back what was put aside by a worker that died before the fence -> how many.

    It can be paid no more, so its worker, should it wake up, sends nothing.
    """
    found = session.scalars(sa.text(LEFT_ASIDE), {"within": HELD_FOR}).all()
    for text_id in found:
        give_back(session, text_id=text_id)
    return len(found)


def spent(session: Session, *, texts: Texts) -> Spent:
    """Read what this month's messages have cost."""
    row = session.execute(sa.text(MONTH)).one()
    return Spent(row.messages, row.pence, texts.most_a_month, texts.price)


def months_that_do_not_add_up(session: Session) -> list[dt.date]:
    """List the months whose sum is not that of their messages; there should be none."""
    return list(session.scalars(sa.text(WRONG)))
