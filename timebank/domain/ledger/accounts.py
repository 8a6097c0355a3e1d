"""Whose account is whose, and opening one for a pot or a cause."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.models import Account
from timebank.models import AccountKind


def find_account(session: Session, *, community_id: int, account_id: int) -> Account:
    """Find an account of this community.

    Raises:
        NotFound: No such account here.
    """
    found = session.get(Account, account_id)
    if found is None or found.community_id != community_id:
        raise NotFound
    return found


def account_of(session: Session, *, membership_id: int) -> Account:
    """Find a member's time account."""
    return session.scalars(sa.select(Account).where(Account.membership_id == membership_id)).one()


def commons(session: Session, *, community_id: int) -> Account:
    """Find the account that issues a community's earned hours."""
    return _only(session, community_id, AccountKind.COMMUNITY)


def opening_account(session: Session, *, community_id: int) -> Account:
    """Find the account that hours brought forward come from."""
    return _only(session, community_id, AccountKind.OPENING)


def _only(session: Session, community_id: int, kind: AccountKind) -> Account:
    return session.scalars(
        sa.select(Account).where(Account.community_id == community_id, Account.kind == kind)
    ).one()


def lock_accounts(session: Session, account_ids: Collection[int]) -> None:
    """Lock several accounts in the order of their numbers, as everybody does who moves minutes."""
    session.execute(
        sa.select(Account.id)
        .where(Account.id == sa.any_(sa.literal(list(account_ids), sa.ARRAY(sa.BigInteger))))
        .order_by(Account.id)
        .with_for_update(key_share=True)
    )
