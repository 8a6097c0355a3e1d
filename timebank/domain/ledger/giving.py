"""Giving hours: from one's own account to a neighbour, a pot or a cause."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.domain.communities import require_member
from timebank.domain.ledger.accounts import account_of
from timebank.domain.ledger.accounts import find_account
from timebank.domain.ledger.transfers import record
from timebank.models import AccountKind
from timebank.models import Membership
from timebank.models import Transfer
from timebank.models import TransferKind

RECEIVERS = frozenset({AccountKind.MEMBER, AccountKind.POT, AccountKind.CAUSE})


def give(
    session: Session,
    *,
    giver: Membership,
    to_account_id: int,
    minutes: int,
    key: uuid.UUID,
    memo: str | None,
    today: dt.date,
    now: dt.datetime,
) -> Transfer:
    """Give hours from one's own account; the same key again is the same gift.

    Raises:
        GuestOfTheRota: They take turns here, and no coordinator has said yes to them yet.
        NotFound: No such account here, or one that nobody can give to.
        BelowFloor, AboveCeiling, AccountClosed, ReadOnly, KeyReused, ToOneself: see `record`.
    """
    require_member(giver)
    payee = find_account(session, community_id=giver.community_id, account_id=to_account_id)
    if payee.kind not in RECEIVERS:
        raise NotFound
    return record(
        session,
        key=key,
        community_id=giver.community_id,
        debit_id=account_of(session, membership_id=giver.id).id,
        credit_id=payee.id,
        minutes=minutes,
        kind=TransferKind.GIFT,
        happened_on=today,
        created_by=giver.id,
        now=now,
        memo=memo,
    )
