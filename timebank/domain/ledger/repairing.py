"""Putting a balance right by hand, and reading what was found and how it was repaired."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import BalanceDifference
from timebank.models import BalanceRepair
from timebank.models import Membership
from timebank.models import Profile
from timebank.models import Reconciliation
from timebank.models import Transfer

LONGEST_REASON = 200
LONGEST_NAME = 80


class SayWhyRepair(Refused):
    """Say why in a few words, 200 letters at most, and who you are. Everybody reads the reason."""


class NothingToRepair(Conflict):
    """That balance is the sum of its entries, and nothing stops its hours. There's no repair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An account that is read-only now, and by how much it differed when that was found.

    Attributes:
        holder: The member's full name, or what the pot is called; None: the community's own.
        stored, summed: Minutes.
        since_transfer_id: Both agreed up to this transfer.
    """

    account_id: int
    kind: AccountKind
    holder: str | None
    membership_id: int | None
    stored: int
    summed: int
    since_transfer_id: int
    read_only_since: dt.datetime

    @property
    def minutes(self) -> int:
        """How many minutes the balance says too many; below zero, too few."""
        return self.stored - self.summed


def repair_balance(
    session: Session, *, account_id: int, reason: str, by: str, now: dt.datetime
) -> BalanceRepair:
    """Add a balance up anew from its transfers and open the account again; the reason is kept.

    The trigger does it, under lock. Only the owner of the tables may: the application's own role
    has no right to.

    Args:
        by: Who decided it, as the coordinators read it.

    Raises:
        SayWhyRepair: Without a reason or a name.
        NotFound: No such account.
        NothingToRepair: When the balance is right and the account is not read-only.
    """
    if not (0 < len(reason) <= LONGEST_REASON and 0 < len(by) <= LONGEST_NAME):
        raise SayWhyRepair
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound
    repair = BalanceRepair(
        community_id=account.community_id,
        account_id=account.id,
        stored=0,
        summed=0,
        reason=reason,
        by=by,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(repair)
            session.flush()
    except IntegrityError as error:
        if error.orig.diag.constraint_name == "repair_needs_a_difference":  # type: ignore[union-attr]
            raise NothingToRepair from error
        raise
    session.refresh(repair)
    session.expire(account)
    return repair


def open_differences(session: Session, *, community_id: int | None) -> list[Difference]:
    """Read which accounts are read-only, and what was found first in each.

    Args:
        community_id: Of which community; None: of all.
    """
    here = sa.true() if community_id is None else Account.community_id == community_id
    first = (
        sa.select(BalanceDifference)
        .join(Reconciliation, Reconciliation.id == BalanceDifference.reconciliation_id)
        .where(
            BalanceDifference.account_id == Account.id,
            Reconciliation.ran_at >= Account.read_only_since,
        )
        .order_by(BalanceDifference.id)
        .limit(1)
        .lateral()
    )
    rows = session.execute(
        sa.select(
            Account.id.label("account_id"),
            Account.kind,
            sa.func.coalesce(Profile.full_name, Account.name).label("holder"),
            Account.membership_id,
            sa.func.coalesce(first.c.stored, Account.balance).label("stored"),
            sa.func.coalesce(first.c.summed, Account.balance).label("summed"),
            sa.func.coalesce(first.c.since_transfer_id, 0).label("since_transfer_id"),
            Account.read_only_since,
        )
        .outerjoin(Membership, Membership.id == Account.membership_id)
        .outerjoin(Profile, Profile.person_id == Membership.person_id)
        .outerjoin(first, sa.true())
        .where(here, Account.read_only_since.is_not(None))
        .order_by(Account.id)
    )
    return [Difference(**row) for row in rows.mappings()]


def transfers_since(
    session: Session, *, differences: list[Difference], limit: int
) -> list[Transfer]:
    """Read the newest transfers of accounts that differ since both figures last agreed."""
    legs = [
        sa.and_(
            Transfer.id > one.since_transfer_id,
            sa.or_(Transfer.debit_id == one.account_id, Transfer.credit_id == one.account_id),
        )
        for one in differences
    ]
    if not legs:
        return []
    return list(
        session.scalars(
            sa.select(Transfer).where(sa.or_(*legs)).order_by(Transfer.id.desc()).limit(limit)
        )
    )


def latest_repairs(session: Session, *, community_id: int, limit: int) -> list[BalanceRepair]:
    """Read what was put right by hand, the newest first."""
    return list(
        session.scalars(
            sa.select(BalanceRepair)
            .where(BalanceRepair.community_id == community_id)
            .order_by(BalanceRepair.id.desc())
            .limit(limit)
        )
    )
