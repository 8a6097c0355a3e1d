"""Explain a figure: one entry of an account, down to the turn and the tick that earned it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.text import name_or_number
from timebank.core.text import public_name
from timebank.models import TransferKind

# One entry seen from one of its two accounts; the balance after it is that of its day, in the
# order of the statement.
EXPLANATION = sa.text("""
SELECT t.id, t.kind, t.minutes, t.debit_id = :account_id AS went_out, t.happened_on, t.created_at,
       memo.words, writer.full_name AS written_by, t.created_by, batch.title AS batch_title,
       batch.kind AS batch_kind,
       other.id AS other_id, other.kind AS other_kind, other.name AS other_name,
       other.membership_id AS other_member, holder.full_name AS other_full_name,
       t.reverses_id, back.id AS reversed_by,
       coalesce(t.exchange_id, original.exchange_id) AS exchange_id,
       series.title, series.slug, event.occurs_on, role.name AS job, slot.minutes AS planned,
       claim.arrived_at, seer.full_name AS seen_by,
       (SELECT coalesce(sum(CASE WHEN l.credit_id = :account_id THEN l.minutes
                                 ELSE -l.minutes END), 0)
          FROM transfer l WHERE :account_id IN (l.credit_id, l.debit_id)
           AND (l.happened_on, l.id) <= (t.happened_on, t.id))::bigint AS balance
  FROM transfer t
  LEFT JOIN memo ON memo.transfer_id = t.id
  LEFT JOIN batch ON batch.id = t.batch_id
  LEFT JOIN membership by_whom ON by_whom.id = t.created_by
  LEFT JOIN profile writer ON writer.person_id = by_whom.person_id
  JOIN account other ON other.id IN (t.debit_id, t.credit_id) AND other.id <> :account_id
  LEFT JOIN membership neighbour ON neighbour.id = other.membership_id
  LEFT JOIN profile holder ON holder.person_id = neighbour.person_id
  LEFT JOIN transfer back ON back.reverses_id = t.id
  LEFT JOIN transfer original ON original.id = t.reverses_id
  LEFT JOIN claim ON claim.id = coalesce(t.claim_id, original.claim_id)
  LEFT JOIN slot ON slot.id = claim.slot_id
  LEFT JOIN role ON role.id = slot.role_id
  LEFT JOIN event ON event.id = claim.event_id
  LEFT JOIN series ON series.id = event.series_id
  LEFT JOIN membership ticker ON ticker.id = claim.arrived_by
  LEFT JOIN profile seer ON seer.person_id = ticker.person_id
 WHERE t.id = :transfer_id AND t.community_id = :community_id
   AND :account_id IN (t.debit_id, t.credit_id)
""").columns(happened_on=sa.Date, occurs_on=sa.Date)


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn behind an entry: the job, the tick, and the page of its date.

    Attributes:
        planned_minutes: How long the job was meant to take.
        seen_at: When somebody ticked them as there; None: nobody did, an organiser finished it.
    """

    title: str
    slug: str
    occurs_on: dt.date
    job: str
    planned_minutes: int
    seen_at: dt.datetime | None
    seen_by: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One entry as the owner of one of its accounts may read it.

    Attributes:
        minutes: Signed: above zero came in.
        balance_minutes: The balance after it, in the order of the days that things happened.
        other: Who is on the other side, by public name; empty for the community.
        batch_title: The occasion that it is part of, or empty.
        reverses_id: The entry that it takes back.
        reversed_by: The entry that took it back.
        exchange_id: The help between neighbours that it thanks for, or takes thanks back for.
    """

    id: int
    kind: TransferKind
    minutes: int
    balance_minutes: int
    happened_on: dt.date
    written_at: dt.datetime
    written_by: str
    memo: str
    other: str
    batch_title: str
    reverses_id: int | None
    reversed_by: int | None
    exchange_id: int | None
    turn: Turn | None


def explain(
    session: Session, *, community_id: int, transfer_id: int, account_id: int
) -> Explanation:
    """Explain an entry from the side of one of its accounts, in one statement.

    Raises:
        NotFound: No such entry here, or one that moved nothing of this account.
    """
    values = {
        "community_id": community_id,
        "transfer_id": transfer_id,
        "account_id": account_id,
    }
    row = session.execute(EXPLANATION, values).one_or_none()
    if row is None:
        raise NotFound
    return Explanation(
        id=row.id,
        kind=TransferKind(row.kind),
        minutes=-row.minutes if row.went_out else row.minutes,
        balance_minutes=row.balance,
        happened_on=row.happened_on,
        written_at=row.created_at,
        written_by=_name(row.written_by, row.created_by),
        memo=row.words or "",
        other=_other(row),
        batch_title=row.batch_title or "",
        reverses_id=row.reverses_id,
        reversed_by=row.reversed_by,
        exchange_id=row.exchange_id,
        turn=_turn(row),
    )


def _turn(row: sa.Row[tuple[object, ...]]) -> Turn | None:
    if row.title is None:
        return None
    return Turn(
        title=row.title,
        slug=row.slug,
        occurs_on=row.occurs_on,
        job=row.job,
        planned_minutes=row.planned,
        seen_at=row.arrived_at,
        seen_by=public_name(row.seen_by or ""),
    )


def _other(row: sa.Row[tuple[object, ...]]) -> str:
    if row.other_member is not None:
        return _name(row.other_full_name, row.other_member)
    return row.other_name or ""


def _name(full_name: str | None, membership_id: int) -> str:
    return name_or_number(full_name, membership_id)
