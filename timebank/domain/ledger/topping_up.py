"""Members who are low: whom a coordinator rings, and a top-up from a pot under a written policy.

Being low is nothing to be ashamed of: that is what the hours are for. Nobody but coordinators sees
the number.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain.ledger.accounts import lock_accounts
from timebank.domain.ledger.telling import tell_hours_moved
from timebank.domain.ledger.transfers import find_transfer
from timebank.domain.ledger.transfers import record
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import TopUpPolicy
from timebank.models import Transfer
from timebank.models import TransferKind

YEAR = dt.timedelta(days=365)
LEAST_MINUTES = 15
MOST_MINUTES = 1440
MOST_A_YEAR = 12
LONGEST_WORDS = 500


class NoPolicy(Refused):
    """Write down first when members are topped up, and from which pot."""


class SayThePolicy(Refused):
    """Say in 500 letters at most when somebody is topped up."""


class NoSuchTopUp(Refused):
    """From a quarter of an hour to a day, once to twelve times a year."""


class ToppedUpEnough(Conflict):
    """They've been topped up as often as the policy allows this year."""


class NotLow(Conflict):
    """They aren't low any more."""


@dataclass(frozen=True, slots=True)
class Low:
    """A member to ring.

    Attributes:
        full_name, phone: For coordinators, whose job is to ring.
        last_on: The day of their last entry of any kind; None: there is none.
        topped_up: How often in the last twelve months.
    """

    membership_id: int
    account_id: int
    full_name: str
    phone: str
    email: str
    balance_minutes: int
    soft_floor_minutes: int
    last_on: dt.date | None
    topped_up: int


LOW = sa.text("""
SELECT m.id, a.id, p.full_name, coalesce(p.phone, ''), coalesce(p.email, ''), a.balance,
       a.soft_floor,
       greatest((SELECT max(happened_on) FROM transfer WHERE credit_id = a.id),
                (SELECT max(happened_on) FROM transfer WHERE debit_id = a.id)),
       (SELECT count(*) FROM transfer t WHERE t.credit_id = a.id AND t.kind = 'top_up'
           AND t.created_at > :since
           AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id))
  FROM account a
  JOIN membership m ON m.id = a.membership_id AND m.standing <> 'left'
  JOIN profile p ON p.person_id = m.person_id
 WHERE a.community_id = :community_id AND a.kind = 'member' AND a.balance <= a.soft_floor
   AND a.closed_at IS NULL AND (CAST(:membership_id AS bigint) IS NULL OR m.id = :membership_id)
 ORDER BY a.balance, m.id
 LIMIT 200
""")


def read_low(
    session: Session, *, community_id: int, now: dt.datetime, membership_id: int | None = None
) -> list[Low]:
    """Read who is at or below their soft floor, the lowest first, in one statement."""
    values = {"community_id": community_id, "since": now - YEAR, "membership_id": membership_id}
    return [Low(*row) for row in session.execute(LOW, values)]


def policy_of(session: Session, *, community_id: int) -> TopUpPolicy | None:
    """Read what a community has decided about topping up."""
    return session.get(TopUpPolicy, community_id)


def set_policy(
    session: Session,
    *,
    pot: Account,
    minutes: int,
    most_a_year: int,
    words: str,
    by: int,
    now: dt.datetime,
) -> None:
    """Write down when members are topped up, how much, how often and from which pot.

    Raises:
        NotFound: It is no pot.
        SayThePolicy: Without words.
        NoSuchTopUp: Too much, too little or too often.
    """
    if pot.kind is not AccountKind.POT or pot.closed_at is not None:
        raise NotFound
    if not 0 < len(words) <= LONGEST_WORDS:
        raise SayThePolicy(field="words")
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        raise NoSuchTopUp(field="minutes")
    if not 1 <= most_a_year <= MOST_A_YEAR:
        raise NoSuchTopUp(field="most_a_year")
    decided = {
        "pot_id": pot.id,
        "minutes": minutes,
        "most_a_year": most_a_year,
        "words": words,
        "changed_by": by,
        "changed_at": now,
    }
    session.execute(
        insert(TopUpPolicy)
        .values(community_id=pot.community_id, **decided)
        .on_conflict_do_update(index_elements=[TopUpPolicy.community_id], set_=decided)
    )
    session.expire_all()


def top_up(
    session: Session,
    *,
    community_id: int,
    membership_id: int,
    by: int,
    key: uuid.UUID,
    today: dt.date,
    now: dt.datetime,
) -> Transfer:
    """Top a member up from the policy's pot, as the policy says; the same key again is the same.

    Raises:
        NoPolicy: Nothing is written down.
        NotLow: They are above their soft floor.
        ToppedUpEnough: As often as the policy allows.
        OwnHours, BelowFloor, AboveCeiling, AccountClosed, ReadOnly: see `record`.
    """
    known = find_transfer(session, key=key)
    if known is not None and known.community_id == community_id:
        return known
    policy = policy_of(session, community_id=community_id)
    if policy is None:
        raise NoPolicy
    whose = sa.select(Account.id).where(Account.membership_id == membership_id)
    # One at a time for a member, or two coordinators would top up once too often.
    lock_accounts(session, [policy.pot_id, *session.scalars(whose)])
    low = read_low(session, community_id=community_id, now=now, membership_id=membership_id)
    if not low:
        raise NotLow
    if low[0].topped_up >= policy.most_a_year:
        raise ToppedUpEnough
    done = record(
        session,
        key=key,
        community_id=community_id,
        debit_id=policy.pot_id,
        credit_id=low[0].account_id,
        minutes=policy.minutes,
        kind=TransferKind.TOP_UP,
        happened_on=today,
        created_by=by,
        now=now,
    )
    tell_hours_moved(session, transfer_ids=[done.id], now=now)
    return done
