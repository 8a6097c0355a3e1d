"""Putting an entry right: its reversal, and a new entry with the right minutes."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.domain.ledger.telling import tell_hours_moved
from timebank.domain.ledger.transfers import record
from timebank.domain.ledger.transfers import reverse
from timebank.models import Transfer
from timebank.models import TransferKind


class NothingToCorrect(Refused):
    """That's what the entry says already."""


class CannotCorrect(Refused):
    """A correction can't be corrected. Put the entry itself right."""


def correct(
    session: Session,
    *,
    transfer: Transfer,
    minutes: int,
    by: int,
    key: uuid.UUID,
    memo: str,
    now: dt.datetime,
) -> Transfer | None:
    """Take an entry back and post it anew with other minutes (0: not at all) -> the new entry.

    Both stand in the books for ever, with the reason; the day they are about stays the same, so
    that each month adds up. The same key again is the same correction.

    Args:
        by: The coordinator who corrects it; never the one whose hours they are.
        memo: Why, for the statements of both.

    Raises:
        CannotCorrect: When it is a reversal.
        NothingToCorrect: When the minutes are the same.
        AlreadyReversed: When somebody has taken it back.
        OwnHours, BelowFloor, AccountClosed, ReadOnly, SoManyHours: see `record`.
    """
    if transfer.kind is TransferKind.REVERSAL:
        raise CannotCorrect
    if minutes == transfer.minutes:
        raise NothingToCorrect(field="minutes")
    reverse(session, transfer=transfer, by=by, key=key, now=now, memo=memo)
    if not minutes:
        return None
    return record(
        session,
        key=uuid.uuid5(key, "anew"),
        community_id=transfer.community_id,
        debit_id=transfer.debit_id,
        credit_id=transfer.credit_id,
        minutes=minutes,
        kind=_kind_anew(transfer.kind),
        happened_on=transfer.happened_on,
        created_by=by,
        now=now,
        claim_id=transfer.claim_id,
        exchange_id=transfer.exchange_id,
        revision=None if transfer.revision is None else transfer.revision + 1,
        batch_id=transfer.batch_id,
        memo=memo,
    )


def put_right(
    session: Session,
    *,
    transfer: Transfer,
    minutes: int,
    by: int,
    key: uuid.UUID,
    memo: str,
    now: dt.datetime,
) -> Transfer | None:
    """Correct an entry as `correct` does, with its refusals, and tell both whose hours moved."""
    anew = correct(session, transfer=transfer, minutes=minutes, by=by, key=key, memo=memo, now=now)
    mirror = session.scalars(sa.select(Transfer).where(Transfer.idempotency_key == key)).one()
    moved = [one.id for one in (mirror, anew) if one is not None]
    tell_hours_moved(session, transfer_ids=moved, now=now)
    return anew


def _kind_anew(kind: TransferKind) -> TransferKind:
    return TransferKind.ADJUST if kind is TransferKind.EARN else kind


def is_taken_back(session: Session, *, transfer_id: int) -> bool:
    """Tell whether an entry was taken back."""
    found = sa.exists().where(Transfer.reverses_id == transfer_id)
    return bool(session.scalar(sa.select(found)))
