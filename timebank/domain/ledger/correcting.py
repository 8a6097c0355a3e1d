"""Putting an entry right: its reversal, and a new entry with the right minutes."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.domain.ledger import departed
from timebank.domain.ledger.reversing import reverse
from timebank.domain.ledger.telling import tell_hours_moved
from timebank.domain.ledger.transfers import KeyReused
from timebank.domain.ledger.transfers import OwnHours
from timebank.domain.ledger.transfers import find_transfer
from timebank.domain.ledger.transfers import record
from timebank.models import Account
from timebank.models import Transfer
from timebank.models import TransferKind


class NothingToCorrect(Refused):
    """That's what the entry says already."""


class CannotCorrect(Refused):
    """A correction can't be corrected. Put the entry itself right."""


class OnlyWhole(Refused):
    """What was left behind can only be taken back whole: write 0."""


class GoneWithThem(Refused):
    """They have left, and so have their hours. Should they come back, it can be taken back."""


class ThanksElsewhere(Refused):
    """Thanks are put right by the two neighbours, or where you settle them."""


LOCK_EVENT = sa.text("""
SELECT FROM event WHERE id = (SELECT event_id FROM claim WHERE id = :claim_id) FOR NO KEY UPDATE
""")
LOCK_TURN = sa.text("SELECT FROM claim WHERE id = :claim_id FOR NO KEY UPDATE")
# A turn without hours is no turn that was done, as when its hours are taken back at check-in.
NOT_DONE = sa.text("""
UPDATE claim SET state = 'missed', arrived_at = NULL, arrived_by = NULL, minutes_done = NULL,
       minutes_by = NULL
 WHERE id = :claim_id
""")


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
    that each month adds up. The same key again is the same correction. What it leaves in the
    account of somebody who has left goes on, at once, to where their hours went.

    Args:
        by: The coordinator who corrects it; never the one whose hours they are.
        memo: Why, for the statements of both.

    Raises:
        CannotCorrect: When it is a reversal.
        OnlyWhole: When it is what was left behind, and would be other minutes.
        GoneWithThem: When it is what a member left behind, and they have not come back.
        KeyReused: When the key was used for other minutes.
        NothingToCorrect: When the minutes are the same.
        AlreadyReversed: When somebody has taken it back.
        OwnHours, BelowFloor, AccountClosed, ReadOnly, SoManyHours: see `record`.
    """
    _require_correctable(transfer, minutes)
    known = find_transfer(session, key=key)
    if known is not None:
        return _same(session, known, transfer, minutes)
    if minutes == transfer.minutes:
        raise NothingToCorrect(field="minutes")
    if transfer.claim_id is not None:  # the order of locks: date, turn, accounts
        session.execute(LOCK_EVENT, {"claim_id": transfer.claim_id})
        session.execute(LOCK_TURN, {"claim_id": transfer.claim_id})
    gone = departed.open_up(session, (transfer.debit_id, transfer.credit_id))
    if gone and transfer.kind is TransferKind.CLOSING:
        raise GoneWithThem(field="minutes")
    reverse(session, transfer=transfer, by=by, key=key, now=now, memo=memo)
    anew = None
    if minutes:
        anew = _post_anew(
            session, transfer, minutes=minutes, by=by, key=_key_anew(key), memo=memo, now=now
        )
    elif transfer.claim_id is not None:
        session.execute(NOT_DONE, {"claim_id": transfer.claim_id})
    departed.close_again(session, gone, key=key, happened_on=transfer.happened_on, by=by, now=now)
    return anew


def _require_correctable(transfer: Transfer, minutes: int) -> None:
    if transfer.kind is TransferKind.REVERSAL:
        raise CannotCorrect
    if transfer.kind is TransferKind.CLOSING and minutes:
        raise OnlyWhole(field="minutes")


def _post_anew(
    session: Session,
    transfer: Transfer,
    *,
    minutes: int,
    by: int,
    key: uuid.UUID,
    memo: str,
    now: dt.datetime,
) -> Transfer:
    return record(
        session,
        key=key,
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
    """Correct an entry as `correct` does, with its refusals, and tell both whose hours moved.

    Raises:
        OwnHours: When they are hours of `by`, in or out.
        ThanksElsewhere: When it is thanks between neighbours.
    """
    if transfer.kind is TransferKind.THANKS:
        raise ThanksElsewhere
    accounts = (transfer.debit_id, transfer.credit_id)
    if session.scalar(
        sa.select(sa.exists().where(Account.id.in_(accounts), Account.membership_id == by))
    ):
        raise OwnHours
    anew = correct(session, transfer=transfer, minutes=minutes, by=by, key=key, memo=memo, now=now)
    mirror = find_transfer(session, key=key)
    moved = [one.id for one in (mirror, anew) if one is not None]
    tell_hours_moved(session, transfer_ids=moved, now=now)
    return anew


def _key_anew(key: uuid.UUID) -> uuid.UUID:
    return uuid.uuid5(key, "anew")


def _same(session: Session, known: Transfer, transfer: Transfer, minutes: int) -> Transfer | None:
    anew = find_transfer(session, key=_key_anew(known.idempotency_key))
    if known.reverses_id != transfer.id or (anew.minutes if anew else 0) != minutes:
        raise KeyReused
    return anew


def _kind_anew(kind: TransferKind) -> TransferKind:
    return TransferKind.ADJUST if kind is TransferKind.EARN else kind
