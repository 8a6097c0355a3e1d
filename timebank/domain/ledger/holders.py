"""Whose an account is, in words: for coordinators, who see the number and the whole name."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.text import former_member
from timebank.models import AccountKind

HOLDER = sa.text("""
SELECT a.id, a.kind, a.membership_id, coalesce(p.full_name, a.name, ''), a.balance, a.floor,
       a.soft_floor, a.ceiling, a.closed_at, a.read_only_since
  FROM account a
  LEFT JOIN membership m ON m.id = a.membership_id
  LEFT JOIN profile p ON p.person_id = m.person_id
 WHERE a.id = :account_id AND a.community_id = :community_id
""")


@dataclass(frozen=True, slots=True)
class Holder:
    """An account with its numbers, in minutes; `name` is empty for the community's two."""

    account_id: int
    kind: AccountKind
    membership_id: int | None
    name: str
    balance_minutes: int
    floor_minutes: int | None
    soft_floor_minutes: int | None
    ceiling_minutes: int | None
    closed_at: dt.datetime | None
    read_only_since: dt.datetime | None


def read_holder(session: Session, *, community_id: int, account_id: int) -> Holder:
    """Read whose an account is, and its numbers, in one statement.

    Raises:
        NotFound: No such account here.
    """
    values = {"community_id": community_id, "account_id": account_id}
    row = session.execute(HOLDER, values).one_or_none()
    if row is None:
        raise NotFound
    key, kind, membership_id, name, *numbers = tuple(row)
    if membership_id is not None and not name:
        name = former_member(membership_id)
    return Holder(key, AccountKind(kind), membership_id, name, *numbers)
