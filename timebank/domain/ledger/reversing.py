"""Taking a transfer back by its mirror image."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.ledger import departed
from timebank.domain.ledger.transfers import record
from timebank.domain.ledger.transfers import tell_coordinators
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import NoticeKind
from timebank.models import Transfer
from timebank.models import TransferKind


def reverse(
    session: Session,
    *,
    transfer: Transfer,
    by: int,
    key: uuid.UUID,
    now: dt.datetime,
    memo: str | None = None,
) -> Transfer:
    """Take a transfer back by its mirror image, dated as the original, so that each month adds up.

    A correction must always be possible, so it may take a member below the floor: the
    coordinators are told when it does. What it leaves in the account of somebody who has left goes
    on to where their hours went.

    Raises:
        AlreadyReversed: When it was taken back under another key.
        KeyReused: When the key was used for something else.
        ReadOnly: When the proof found a difference in either account.
    """
    gone = departed.open_up(session, (transfer.debit_id, transfer.credit_id))
    mirror = record(
        session,
        key=key,
        community_id=transfer.community_id,
        debit_id=transfer.credit_id,
        credit_id=transfer.debit_id,
        minutes=transfer.minutes,
        kind=TransferKind.REVERSAL,
        happened_on=transfer.happened_on,
        created_by=by,
        now=now,
        reverses_id=transfer.id,
        memo=memo,
    )
    _open_again(session, mirror)
    departed.close_again(session, gone, key=key, happened_on=transfer.happened_on, by=by, now=now)
    _tell_when_below_floor(session, mirror, now)
    return mirror


def _open_again(session: Session, mirror: Transfer) -> None:
    """Open a closed pot or cause that a correction touches: it can be closed empty again."""
    session.execute(
        sa.update(Account)
        .where(
            Account.id.in_((mirror.debit_id, mirror.credit_id)),
            Account.kind.in_((AccountKind.POT, AccountKind.CAUSE)),
            Account.closed_at.is_not(None),
        )
        .values(closed_at=None)
        .execution_options(synchronize_session="fetch")
    )


def _tell_when_below_floor(session: Session, mirror: Transfer, now: dt.datetime) -> None:
    low = session.execute(
        sa.select(Account.membership_id, Account.balance).where(
            Account.id == mirror.debit_id,
            Account.kind == AccountKind.MEMBER,
            Account.balance < Account.floor,
        )
    ).one_or_none()
    if low is None:
        return
    facts = {"membership_id": str(low.membership_id), "balance_minutes": str(low.balance)}
    tell_coordinators(
        session,
        community_id=mirror.community_id,
        kind=NoticeKind.BELOW_FLOOR,
        subject=str(mirror.id),
        facts=facts,
        now=now,
    )
