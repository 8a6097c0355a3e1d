"""Pots and causes: what hours are given to, what a group spends, and a statement for everybody.

A pot belongs to a group, or to the community as a whole; its organisers spend from it. A cause
only takes: hours given to it are given away for good. Neither goes below nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain.ledger.accounts import commons
from timebank.domain.ledger.accounts import find_account
from timebank.domain.ledger.accounts import lock_accounts
from timebank.domain.ledger.telling import tell_hours_moved
from timebank.domain.ledger.transfers import record
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Transfer
from timebank.models import TransferKind

LONGEST_NAME = 80
LONGEST_ABOUT = 500
MOST_POTS = 100
OPEN_TO_GIFTS = frozenset({AccountKind.POT, AccountKind.CAUSE})


class NameItself(Refused):
    """Give it a name of up to 80 letters that isn't taken."""


class SayWhatFor(Refused):
    """Say what it's for, in 500 letters at most."""


class SoManyPots(Refused):
    """A hundred pots and causes are plenty. Close one first."""


@dataclass(frozen=True, slots=True)
class Pot:
    """A pot or a cause as everybody sees it.

    Attributes:
        balance_minutes: What is in it now.
        given_minutes: What was ever given to it, corrections taken off.
        givers: How many neighbours have given; None while they are fewer than five.
        group_id: Whose it is; None for a cause, and for a pot of the whole community.
    """

    id: int
    kind: AccountKind
    name: str
    about: str
    group_id: int | None
    balance_minutes: int
    given_minutes: int
    givers: int | None
    is_closed: bool


POTS = sa.text("""
SELECT a.id, a.kind, a.name, coalesce(a.about, ''), a.group_id, a.balance,
       coalesce(gifts.minutes, 0)::bigint, gifts.givers, a.closed_at IS NOT NULL
  FROM account a
  LEFT JOIN LATERAL (
    SELECT sum(t.minutes) AS minutes, count(DISTINCT giver.membership_id) AS givers
      FROM transfer t JOIN account giver ON giver.id = t.debit_id
     WHERE t.credit_id = a.id AND t.kind IN ('gift', 'closing', 'share')
       AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id)) gifts ON true
 WHERE a.community_id = :community_id AND a.kind IN ('pot', 'cause')
   AND (a.closed_at IS NULL OR a.id = :account_id)
   AND (CAST(:account_id AS bigint) IS NULL OR a.id = :account_id)
 ORDER BY a.kind, lower(a.name), a.id
""")
FEW = 5  # a crowd that nobody can be picked out of


def read_pots(session: Session, *, community_id: int) -> list[Pot]:
    """Read the open pots and causes of a community, causes first, in one statement."""
    values = {"community_id": community_id, "account_id": None}
    return [_pot(row) for row in session.execute(POTS, values)]


def read_pot(session: Session, *, community_id: int, account_id: int) -> Pot:
    """Read one, closed or not.

    Raises:
        NotFound: No such pot or cause here.
    """
    values = {"community_id": community_id, "account_id": account_id}
    row = session.execute(POTS, values).one_or_none()
    if row is None:
        raise NotFound
    return _pot(row)


def _pot(row: sa.Row[Any]) -> Pot:
    key, kind, name, about, group_id, balance, given, givers, is_closed = tuple(row)
    crowd = givers if givers is not None and givers >= FEW else None
    return Pot(
        key, AccountKind(kind), name, about, group_id, balance, given, crowd, is_closed
    )  # fmt: skip


def find_pot(session: Session, *, community_id: int, account_id: int) -> Account:
    """Find the account of a pot or a cause.

    Raises:
        NotFound: No such pot or cause here.
    """
    found = find_account(session, community_id=community_id, account_id=account_id)
    if found.kind not in OPEN_TO_GIFTS:
        raise NotFound
    return found


def make_pot(
    session: Session, *, community_id: int, kind: AccountKind, name: str, about: str
) -> Account:
    """Open a pot of the whole community, or a cause.

    Raises:
        NameItself, SayWhatFor: see `_look`.
        SoManyPots: There are a hundred open ones.
    """
    _look(session, community_id, name, about)
    is_open = (Account.community_id == community_id, Account.kind.in_(OPEN_TO_GIFTS))
    count = sa.select(sa.func.count()).where(*is_open, Account.closed_at.is_(None))
    if (session.scalar(count) or 0) >= MOST_POTS:
        raise SoManyPots
    made = Account(community_id=community_id, kind=kind, name=name, about=about or None, floor=0)
    session.add(made)
    session.flush()
    return made


def describe_pot(session: Session, *, pot: Account, name: str, about: str) -> None:
    """Give a pot or cause another name, or say anew what it is for.

    Raises:
        NameItself, SayWhatFor: see `_look`.
    """
    _look(session, pot.community_id, name, about, but=pot.id)
    pot.name, pot.about = name, about or None
    session.flush()


def _look(
    session: Session, community_id: int, name: str, about: str, but: int | None = None
) -> None:
    taken = sa.exists().where(
        Account.community_id == community_id,
        sa.func.lower(Account.name) == name.lower(),
        Account.closed_at.is_(None),
        Account.id.is_distinct_from(but),
    )
    if not 0 < len(name) <= LONGEST_NAME or session.scalar(sa.select(taken)):
        raise NameItself(field="name")
    if not 0 < len(about) <= LONGEST_ABOUT:
        raise SayWhatFor(field="about")


def close_pot(
    session: Session, *, pot: Account, by: int, key: uuid.UUID, today: dt.date, now: dt.datetime
) -> Transfer | None:
    """Close a pot or cause for good -> what was left in it, which goes to the community, or None.

    Closing it again changes nothing.
    """
    if pot.closed_at is not None:
        return None
    left = None
    here = commons(session, community_id=pot.community_id).id
    lock_accounts(session, (here, pot.id))
    session.refresh(pot)
    if pot.balance:  # below nothing after a correction, the community makes it up
        payer, payee = (pot.id, here) if pot.balance > 0 else (here, pot.id)
        left = record(
            session,
            key=key,
            community_id=pot.community_id,
            debit_id=payer,
            credit_id=payee,
            minutes=abs(pot.balance),
            kind=TransferKind.CLOSING,
            happened_on=today,
            created_by=by,
            now=now,
        )
        session.refresh(pot)
    pot.closed_at = now
    session.flush()
    return left


def spend(
    session: Session,
    *,
    pot: Account,
    to_account_id: int,
    minutes: int,
    by: int,
    key: uuid.UUID,
    memo: str | None,
    today: dt.date,
    now: dt.datetime,
) -> Transfer:
    """Spend hours from a pot: to a neighbour, another pot or a cause; never to who spends them.

    Raises:
        NotFound: A cause spends nothing; no such account here.
        OwnHours: To oneself.
        BelowFloor: More than there is.
        AccountClosed, AboveCeiling, ReadOnly, KeyReused, ToOneself: see `record`.
    """
    payee = find_account(session, community_id=pot.community_id, account_id=to_account_id)
    if pot.kind is not AccountKind.POT or payee.kind not in {*OPEN_TO_GIFTS, AccountKind.MEMBER}:
        raise NotFound
    spent = record(
        session,
        key=key,
        community_id=pot.community_id,
        debit_id=pot.id,
        credit_id=payee.id,
        minutes=minutes,
        kind=TransferKind.GIFT,
        happened_on=today,
        created_by=by,
        now=now,
        memo=memo,
    )
    tell_hours_moved(session, transfer_ids=[spent.id], now=now)
    return spent
