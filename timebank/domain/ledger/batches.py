"""Several transfers of one occasion, posted together: all of them, or none."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.text import public_name
from timebank.domain.ledger import departed
from timebank.domain.ledger.accounts import lock_accounts
from timebank.domain.ledger.reversing import reverse
from timebank.domain.ledger.telling import tell_hours_moved
from timebank.domain.ledger.transfers import KeyReused
from timebank.domain.ledger.transfers import record
from timebank.models import Batch
from timebank.models import BatchKind
from timebank.models import Transfer
from timebank.models import TransferKind

Reversal = sa.orm.aliased(Transfer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One transfer of a batch."""

    debit_id: int
    credit_id: int
    minutes: int
    kind: TransferKind = TransferKind.SHARE
    memo: str | None = None

    @property
    def facts(self) -> tuple[int, int, int, TransferKind]:
        """What may not differ when the same batch is sent again."""
        return self.debit_id, self.credit_id, self.minutes, self.kind


def post_batch(
    session: Session,
    *,
    key: uuid.UUID,
    community_id: int,
    kind: BatchKind,
    title: str,
    happened_on: dt.date,
    legs: Sequence[Leg],
    by: int,
    now: dt.datetime,
) -> Batch:
    """Post the legs of one occasion once: the same key with the same legs again is the same batch.

    Raises:
        KeyReused: When the key was used for other legs.
        BelowFloor, AccountClosed, ReadOnly, OwnHours, SoManyHours: see `record`; then none is.
    """
    facts = {
        "community_id": community_id,
        "kind": kind,
        "title": title,
        "happened_on": happened_on,
        "created_by": by,
    }
    with session.begin_nested():
        made = session.scalars(
            insert(Batch)
            .values(**facts, idempotency_key=key, created_at=now)
            .on_conflict_do_nothing(constraint="same_batch_once")
            .returning(Batch)
        ).one_or_none()
        if made is None:
            return _known(session, key, facts, legs)
        _queue(session, legs)
        posted = [_post(session, made, leg, number) for number, leg in enumerate(legs)]
    tell_hours_moved(session, transfer_ids=posted, now=now)
    return made


def _queue(session: Session, legs: Sequence[Leg]) -> None:
    """Lock all accounts in the order of their numbers, as everybody does who locks several.

    Then the legs may stand in any order: what comes into a pot before what goes out of it.
    """
    lock_accounts(session, {number for leg in legs for number in (leg.debit_id, leg.credit_id)})


def _post(session: Session, batch: Batch, leg: Leg, number: int) -> int:
    return record(
        session,
        key=uuid.uuid5(batch.idempotency_key, str(number)),
        community_id=batch.community_id,
        debit_id=leg.debit_id,
        credit_id=leg.credit_id,
        minutes=leg.minutes,
        kind=leg.kind,
        happened_on=batch.happened_on,
        created_by=batch.created_by,
        now=batch.created_at,
        batch_id=batch.id,
        memo=leg.memo,
    ).id


def _known(
    session: Session, key: uuid.UUID, facts: dict[str, object], legs: Sequence[Leg]
) -> Batch:
    known = session.scalars(sa.select(Batch).where(Batch.idempotency_key == key)).one()
    first = [uuid.uuid5(key, str(number)) for number in range(len(legs) + 1)]
    posted = session.execute(
        sa.select(Transfer.debit_id, Transfer.credit_id, Transfer.minutes, Transfer.kind).where(
            Transfer.batch_id == known.id, Transfer.idempotency_key.in_(first)
        )
    )
    is_same = all(getattr(known, name) == value for name, value in facts.items())
    if not is_same or Counter(map(tuple, posted)) != Counter(leg.facts for leg in legs):
        raise KeyReused
    return known


def take_back_batch(
    session: Session, *, batch: Batch, by: int, key: uuid.UUID, memo: str | None, now: dt.datetime
) -> int:
    """Take back every transfer of a batch that still stands -> how many that were.

    The same key again is the same correction, and takes back nothing more.
    """
    standing = session.scalars(
        sa.select(Transfer)
        .where(
            Transfer.batch_id == batch.id,
            Transfer.kind != TransferKind.REVERSAL,
            ~sa.exists().where(Reversal.reverses_id == Transfer.id),
        )
        .order_by(Transfer.id)
    ).all()
    accounts = {number for one in standing for number in (one.debit_id, one.credit_id)}
    gone = departed.open_up(session, accounts)
    mirrors = [
        reverse(
            session, transfer=one, by=by, key=uuid.uuid5(key, str(one.id)), now=now, memo=memo
        ).id
        for one in standing
    ]
    departed.close_again(session, gone, key=key, happened_on=batch.happened_on, by=by, now=now)
    tell_hours_moved(session, transfer_ids=mirrors, now=now)
    return len(standing)


LINES = sa.text("""
WITH entry AS (
  SELECT t.*, EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id) AS is_back
    FROM transfer t WHERE t.batch_id = :batch_id AND t.kind <> 'reversal'
), standing AS (
  -- What was put right stands as it is now; taken back whole, as it was.
  SELECT * FROM entry WHERE NOT is_back OR NOT EXISTS (SELECT FROM entry e WHERE NOT e.is_back))
SELECT coalesce(p.full_name, a.name, c.name), a.membership_id,
       sum(CASE WHEN t.credit_id = a.id THEN t.minutes ELSE -t.minutes END)::bigint,
       bool_and(t.is_back)
  FROM standing t
  JOIN account a ON a.id IN (t.debit_id, t.credit_id)
  JOIN community c ON c.id = a.community_id
  LEFT JOIN membership m ON m.id = a.membership_id
  LEFT JOIN profile p ON p.person_id = m.person_id
 GROUP BY a.id, p.full_name, a.name, c.name
 ORDER BY a.membership_id IS NULL, 3 DESC, 1
""")


@dataclass(frozen=True, slots=True)
class Line:
    """What a posted batch meant for one account: minutes in (above zero) or out."""

    name: str
    minutes: int
    is_taken_back: bool


def read_lines(session: Session, *, batch_id: int) -> list[Line]:
    """Read what a batch meant for each of its accounts, people first, in one statement."""
    rows = session.execute(LINES, {"batch_id": batch_id})
    return [
        Line(public_name(name) if member else name, minutes, is_back)
        for name, member, minutes, is_back in rows
    ]
