"""Members who left and closed their account: hours that move there later go on after the others.

A correction, or a turn that is counted late, must always be possible, and a closed account is
empty. So what it leaves there goes where the balance went when they left: a pot, or the community.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.domain.ledger import transfers
from timebank.domain.ledger.accounts import lock_accounts
from timebank.models import Account
from timebank.models import Community
from timebank.models import TransferKind

CLOSED = sa.text("""
SELECT a.id, a.community_id, a.closed_at, coalesce(heir.id, commons.id), commons.id
  FROM account a
  JOIN account commons ON commons.community_id = a.community_id AND commons.kind = 'community'
  LEFT JOIN LATERAL (
    SELECT CASE WHEN t.debit_id = a.id THEN t.credit_id ELSE t.debit_id END AS id
      FROM transfer t
     WHERE t.kind = 'closing' AND (t.debit_id = a.id OR t.credit_id = a.id)
       AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id)
     ORDER BY t.id DESC LIMIT 1) went ON true
  LEFT JOIN account heir ON heir.id = went.id AND heir.closed_at IS NULL
       AND heir.read_only_since IS NULL
 WHERE a.id = ANY(:account_ids) AND a.kind = 'member' AND a.closed_at IS NOT NULL
 ORDER BY a.id
""")


@dataclass(frozen=True, slots=True)
class Departed:
    """The account of somebody who left, and where its hours went: a pot, or the community."""

    account_id: int
    community_id: int
    closed_at: dt.datetime
    heir_id: int
    commons_id: int


def open_up(session: Session, account_ids: Collection[int]) -> list[Departed]:
    """Lock these accounts, and open those of them that departed members closed, for a moment.

    Whoever calls this posts what there is to post, and then calls `close_again`.
    """
    ahead = _read(session, account_ids)
    heirs = {number for one in ahead for number in (one.heir_id, one.commons_id)}
    lock_accounts(session, {*account_ids, *heirs})
    departed = _read(session, account_ids)  # somebody may have left while this waited
    if departed:
        _set_closed(session, departed, None)
    return departed


def close_again(
    session: Session,
    departed: Sequence[Departed],
    *,
    key: uuid.UUID,
    happened_on: dt.date,
    by: int,
    now: dt.datetime,
) -> None:
    """Send on what is left in these accounts, and close them as they were.

    Args:
        session: The session.
        departed: What `open_up` gave.
        key: Of the intent that moved hours there.
        happened_on: The day of those hours; nothing goes on before the day somebody left.
        by: Who moved them.
        now: When.

    Raises:
        ReadOnly: When the books of an account are being looked into.
    """
    for one in departed:
        account = session.get_one(Account, one.account_id, populate_existing=True)
        if account.balance:
            _send_on(session, account, one, key=key, happened_on=happened_on, by=by, now=now)
        account.closed_at = one.closed_at
        session.flush()


def _send_on(
    session: Session,
    account: Account,
    one: Departed,
    *,
    key: uuid.UUID,
    happened_on: dt.date,
    by: int,
    now: dt.datetime,
) -> None:
    other = _other(session, one, account.balance)
    debit, credit = (account.id, other) if account.balance > 0 else (other, account.id)
    zone = session.get_one(Community, one.community_id).timezone
    transfers.record(
        session,
        key=uuid.uuid5(key, f"onward:{account.id}"),
        community_id=one.community_id,
        debit_id=debit,
        credit_id=credit,
        minutes=abs(account.balance),
        kind=TransferKind.CLOSING,
        happened_on=max(happened_on, clock.local_date(one.closed_at, zone)),
        created_by=by,
        now=now,
    )
    session.refresh(account)


def _other(session: Session, one: Departed, minutes: int) -> int:
    """Choose where hours go; a pot that hasn't enough to give back is helped by the community."""
    heir = session.get_one(Account, one.heir_id, populate_existing=True)
    is_enough = heir.floor is None or heir.balance + minutes >= heir.floor
    return heir.id if is_enough else one.commons_id


def _read(session: Session, account_ids: Collection[int]) -> list[Departed]:
    rows = session.execute(CLOSED, {"account_ids": list(account_ids)})
    return [Departed(*row) for row in rows]


def _set_closed(
    session: Session, departed: Sequence[Departed], closed_at: dt.datetime | None
) -> None:
    session.execute(
        sa.update(Account)
        .where(Account.id.in_([one.account_id for one in departed]))
        .values(closed_at=closed_at)
        .execution_options(synchronize_session="fetch")
    )
