"""How low and how high an account may go, and every change of that.

The floor binds: the database refuses to go below it, however many gifts come at once. The soft
floor only speaks: a kind word to the member, a line in the coordinator's call list.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.models import Account
from timebank.models import LimitChange


class SayWhyLimits(Refused):
    """Say why in a few words, 200 letters at most. It's kept with the change."""


class FloorAboveBalance(Refused):
    """The account is lower than that already. Choose a lower limit."""


class LimitsOutOfOrder(Refused):
    """The kind word comes before the limit: choose a number between the limit and nought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an account may hold, in minutes.

    Attributes:
        floor: The lowest balance that somebody may choose to leave; 0 or below.
        soft_floor: From here down there is a kind word; between the floor and 0; None: never.
        ceiling: The highest balance that a gift may leave; None: no limit.
    """

    floor: int
    soft_floor: int | None = None
    ceiling: int | None = None


LONGEST_REASON = 200
LOWEST_FLOOR_MINUTES = -60_000  # a thousand hours
REFUSALS = {
    "floor_not_above_balance": FloorAboveBalance,
    "account_soft_floor": LimitsOutOfOrder,
    "account_floor": LimitsOutOfOrder,
    "account_ceiling": LimitsOutOfOrder,
}


def set_limits(
    session: Session, *, account: Account, limits: Limits, reason: str, by: int, now: dt.datetime
) -> LimitChange:
    """Change what an account may hold, and keep why; the account follows by trigger.

    Raises:
        SayWhyLimits: Without a reason.
        FloorAboveBalance: When the account is lower already.
        LimitsOutOfOrder: When the soft floor is not between the floor and nought.
    """
    if not 0 < len(reason) <= LONGEST_REASON:
        raise SayWhyLimits(field="reason")
    if not LOWEST_FLOOR_MINUTES <= limits.floor <= 0:
        raise LimitsOutOfOrder(field="floor")
    change = LimitChange(
        community_id=account.community_id,
        account_id=account.id,
        floor=limits.floor,
        soft_floor=limits.soft_floor,
        ceiling=limits.ceiling,
        reason=reason,
        created_by=by,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(change)
            session.flush()
    except IntegrityError as error:
        refusal = REFUSALS.get(error.orig.diag.constraint_name)  # type: ignore[union-attr]
        if refusal is None:
            raise
        raise refusal(field="floor") from error
    session.expire(account)
    return change


def limit_log(session: Session, *, account_id: int, limit: int = 20) -> list[LimitChange]:
    """Read how an account's limits changed, the newest first."""
    return list(
        session.scalars(
            sa.select(LimitChange)
            .where(LimitChange.account_id == account_id)
            .order_by(LimitChange.id.desc())
            .limit(limit)
        )
    )
