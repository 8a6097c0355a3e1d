"""Leaving a community: turns are given back, hours go somewhere, and every door is closed.

The account stays under its number, and so does the membership, as `left`. What happens is told
before the button is pressed (`look_ahead`), in the same figures.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import acting
from timebank.domain import identity
from timebank.domain import ledger
from timebank.domain import outbox
from timebank.domain.calendar import addresses
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import chain
from timebank.domain.exchange import leaving as exchange
from timebank.domain.messages import hearing
from timebank.domain.rota import handing_over
from timebank.domain.rota import reading
from timebank.domain.rota import waiting
from timebank.domain.rota import withdrawing
from timebank.domain.rota.locking import lock_person
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import ActingFor
from timebank.models import BusyCalendar
from timebank.models import Claim
from timebank.models import Community
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import GroupOrganiser
from timebank.models import Handover
from timebank.models import HandoverState
from timebank.models import Invitation
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import Post
from timebank.models import PostState
from timebank.models import Slot
from timebank.models import Standing
from timebank.models import StandingTurn
from timebank.models import TransferKind
from timebank.models import Waiting

WORTH_TELLING = dt.timedelta(days=7)


class Whereto(enum.StrEnum):
    """Where the hours go that somebody has when they leave."""

    COMMUNITY = "community"
    POT = "pot"
    KEEP = "keep"


class LastCoordinator(Refused):
    """You're the only coordinator here. Somebody else has to be one first."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What leaving will do, for the page that asks.

    Attributes:
        balance_minutes: What is on the account; below zero the community takes it over.
        turns: The turns still to come, which others will be asked to take.
        lines: How many waiting lists they stand on.
        promises: How many standing turns end.
        posts: How many offers and asks come down from the board.
        agreed: How much help that is agreed on is called off.
        pots: (number, name) of what the hours can be given to.
        is_last_coordinator: They can't go yet.
    """

    balance_minutes: int
    turns: tuple[reading.Turn, ...]
    lines: int
    promises: int
    posts: int
    agreed: int
    pots: tuple[tuple[int, str], ...]
    is_last_coordinator: bool


def look_ahead(session: Session, *, member: Membership, now: dt.datetime) -> Ahead:
    """Tell what would happen if a member left now. Nothing is changed."""
    lines = sa.select(sa.func.count()).where(
        Waiting.membership_id == member.id, Waiting.ended_at.is_(None)
    )
    promises = sa.select(sa.func.count()).where(
        StandingTurn.membership_id == member.id, StandingTurn.ended_at.is_(None)
    )
    posts = sa.select(sa.func.count()).where(
        Post.membership_id == member.id, Post.state.in_([PostState.OPEN, PostState.MATCHED])
    )
    agreed = sa.select(sa.func.count()).where(_agreed_with(member))
    return Ahead(
        balance_minutes=ledger.balance(session, membership_id=member.id),
        turns=tuple(reading.coming_turns(session, membership_id=member.id, now=now)),
        lines=session.scalar(lines) or 0,
        promises=session.scalar(promises) or 0,
        posts=session.scalar(posts) or 0,
        agreed=session.scalar(agreed) or 0,
        pots=_pots(session, member.community_id),
        is_last_coordinator=_is_last_coordinator(session, member),
    )


def leave(
    session: Session,
    *,
    member: Membership,
    whereto: Whereto,
    pot_id: int | None = None,
    key: uuid.UUID,
    now: dt.datetime,
) -> None:
    """Let a member go. Leaving twice moves what they kept the first time, and nothing else.

    Args:
        session: The session.
        member: Who.
        whereto: Where the hours go that they have; below zero the community takes them over.
        pot_id: Which pot or cause, where they go to one.
        key: Of the transfer.
        now: When.

    Raises:
        LastCoordinator: Nobody would run the community any more.
        NotFound: No such pot in this community.
        ReadOnly: The books of their account or the pot are being looked into.
    """
    is_going = member.standing is not Standing.LEFT
    if is_going:
        _lock(session, member, now)
        if _is_last_coordinator(session, member):
            raise LastCoordinator
        _give_back_turns(session, member, now)
        _end_promises(session, member, now)
        _leave_the_exchange(session, member, now)
        _forget_own_calendar(session, member)
    heir = _heir(session, member, whereto, pot_id)
    facts = _settle_account(session, member, heir, key=key, now=now)
    if is_going:
        _close_doors(session, member, now)
        member.standing = Standing.LEFT
        member.left_at = now
        member.approved_at = member.paused_at = member.paused_until = None
        session.flush()
        _say_goodbye(session, member, facts, now)


_EVENTS = sa.text("""
SELECT id FROM event WHERE id IN (
    SELECT c.event_id FROM claim c
     WHERE c.membership_id = :member AND c.live AND c.ends_at > :now
    UNION SELECT s.event_id FROM waiting w JOIN slot s ON s.id = w.slot_id
     WHERE w.membership_id = :member AND w.ended_at IS NULL
    UNION SELECT c.event_id FROM handover h JOIN claim c ON c.id = h.claim_id
     WHERE h.to_membership_id = :member AND h.state = 'open')
 ORDER BY id FOR NO KEY UPDATE
""")


def _lock(session: Session, member: Membership, now: dt.datetime) -> None:
    """Queue up at every date concerned, in the order that all keep, then at the person.

    Coordinators queue up at their community first: two who go at once would both see the other.
    """
    if member.standing is Standing.COORDINATOR:
        here = sa.select(Community.id).where(Community.id == member.community_id)
        session.execute(here.with_for_update(key_share=True))
    session.execute(_EVENTS, {"member": member.id, "now": now})
    chain.lock_agreed(session, membership_id=member.id)
    lock_person(session, member.person_id)
    session.refresh(member, with_for_update={"key_share": True})


def _is_last_coordinator(session: Session, member: Membership) -> bool:
    if member.standing is not Standing.COORDINATOR:
        return False
    others = sa.exists().where(
        Membership.community_id == member.community_id,
        Membership.standing == Standing.COORDINATOR,
        Membership.id != member.id,
    )
    return not session.scalar(sa.select(others))


def _give_back_turns(session: Session, member: Membership, now: dt.datetime) -> None:
    """Drop what is to come: organisers hear, whoever waits has the place. What was done stays."""
    coming = sa.select(Claim.id).where(
        Claim.membership_id == member.id,
        Claim.live,
        Claim.ends_at > now,
        Claim.arrived_at.is_(None),
    )
    for claim_id in session.scalars(coming.order_by(Claim.event_id, Claim.id)).all():
        withdrawing.withdraw_claim(session, claim_id=claim_id, now=now, for_good=True)


def _end_promises(session: Session, member: Membership, now: dt.datetime) -> None:
    """End standing turns, helping and news, leave every line, turn down what is on offer."""
    session.execute(
        sa.update(StandingTurn)
        .where(StandingTurn.membership_id == member.id, StandingTurn.ended_at.is_(None))
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
    hearing.stop_all(session, membership_id=member.id)
    theirs = sa.or_(ActingFor.helper_id == member.id, ActingFor.member_id == member.id)
    for grant in session.scalars(sa.select(ActingFor).where(theirs, ActingFor.ended_at.is_(None))):
        acting.end(session, acting=grant, by=member, now=now)
    lines = (
        sa.select(Waiting.slot_id)
        .join(Slot, Slot.id == Waiting.slot_id)
        .where(Waiting.membership_id == member.id, Waiting.ended_at.is_(None))
        .order_by(Slot.event_id, Slot.id)
    )
    for slot_id in session.scalars(lines).all():
        waiting.leave_waiting(session, slot_id=slot_id, membership_id=member.id, now=now)
    offered = sa.select(Handover.id).where(
        Handover.to_membership_id == member.id, Handover.state == HandoverState.OPEN
    )
    for handover_id in session.scalars(offered.order_by(Handover.id)).all():
        handing_over.decline(session, handover_id=handover_id, membership_id=member.id, now=now)


def _forget_own_calendar(session: Session, member: Membership) -> None:
    """Forget when they are busy, and where we knew it from."""
    session.execute(
        sa.delete(BusyCalendar)
        .where(BusyCalendar.membership_id == member.id)
        .execution_options(synchronize_session=False)
    )


def _agreed_with(member: Membership) -> sa.ColumnElement[bool]:
    theirs = sa.or_(Exchange.helper_id == member.id, Exchange.helped_id == member.id)
    return sa.and_(theirs, Exchange.state == ExchangeState.AGREED)


def _leave_the_exchange(session: Session, member: Membership, now: dt.datetime) -> None:
    """Take their offers and asks down, and call off what is agreed and has not happened."""
    agreed = sa.select(Exchange).where(_agreed_with(member))
    today = _today(session, member, now)
    for one in session.scalars(agreed.order_by(Exchange.id)).all():
        agreeing.cancel(session, exchange=one, by=member, today=today, now=now)
    exchange.leave(session, membership_id=member.id, now=now)


def _settle_account(
    session: Session, member: Membership, heir: Account | None, *, key: uuid.UUID, now: dt.datetime
) -> dict[str, str]:
    """Move what is left, and close the account unless it is kept -> what is told about it.

    Args:
        session: The session.
        member: Whose account.
        heir: Where hours go; None: they are kept. What is below zero the community takes over.
        key: Of the transfer.
        now: When.
    """
    account = ledger.account_of(session, membership_id=member.id)
    community = _commons(session, member)
    ledger.lock_accounts(session, {account.id, community.id, heir.id if heir else community.id})
    session.refresh(account)
    minutes = account.balance
    if minutes > 0 and heir is None:
        return {"whereto": "kept", "minutes": str(minutes)}
    facts: dict[str, str] = {}
    if minutes:
        # A turn of theirs may have been credited after they left: such an account was closed.
        account.closed_at = None
        session.flush()
        other = heir if heir and minutes > 0 else community
        debit, credit = (account, other) if minutes > 0 else (other, account)
        ledger.record(
            session,
            key=key,
            community_id=member.community_id,
            debit_id=debit.id,
            credit_id=credit.id,
            minutes=abs(minutes),
            kind=TransferKind.CLOSING,
            happened_on=_today(session, member, now),
            created_by=member.id,
            now=now,
        )
        facts = _told(minutes, other)
    session.refresh(account)
    account.closed_at = account.closed_at or now
    session.flush()
    return facts


def _told(minutes: int, other: Account) -> dict[str, str]:
    if minutes < 0:
        return {"whereto": "taken_over", "minutes": str(-minutes)}
    if other.name is None:
        return {"whereto": "community", "minutes": str(minutes)}
    return {"whereto": "pot", "minutes": str(minutes), "pot": other.name}


def _heir(
    session: Session, member: Membership, whereto: Whereto, pot_id: int | None
) -> Account | None:
    """Find where the hours go; None: they are kept.

    Raises:
        NotFound: No such pot or cause in this community.
    """
    if whereto is Whereto.KEEP:
        return None
    if whereto is Whereto.COMMUNITY:
        return _commons(session, member)
    if pot_id is None or pot_id not in {key for key, _ in _pots(session, member.community_id)}:
        raise NotFound
    return session.get_one(Account, pot_id)


def _commons(session: Session, member: Membership) -> Account:
    return ledger.commons(session, community_id=member.community_id)


def _pots(session: Session, community_id: int) -> tuple[tuple[int, str], ...]:
    rows = session.execute(
        sa.select(Account.id, Account.name)
        .where(
            Account.community_id == community_id,
            Account.kind.in_([AccountKind.POT, AccountKind.CAUSE]),
            Account.closed_at.is_(None),
        )
        .order_by(sa.func.lower(Account.name), Account.id)
    )
    return tuple((key, name or "") for key, name in rows)


def _today(session: Session, member: Membership, now: dt.datetime) -> dt.date:
    return clock.local_date(now, session.get_one(Community, member.community_id).timezone)


def _close_doors(session: Session, member: Membership, now: dt.datetime) -> None:
    """Switch off the calendar, end sign-ins, invitations and letters, and what they organise."""
    addresses.revoke_all(session, membership_id=member.id, now=now)
    identity.end_all_sign_ins(session, person_id=member.person_id, now=now)
    quietly = {"synchronize_session": False}
    session.execute(
        sa.delete(GroupOrganiser).where(GroupOrganiser.membership_id == member.id),
        execution_options=quietly,
    )
    session.execute(
        sa.update(Invitation)
        .where(
            Invitation.invited_by == member.id,
            Invitation.used_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=now),
        execution_options=quietly,
    )
    session.execute(
        sa.update(Notice)
        .where(
            Notice.community_id == member.community_id,
            Notice.person_id == member.person_id,
            Notice.state.in_([*outbox.CAN_BE_TAKEN_BACK, NoticeState.ON_PAPER]),
            Notice.kind != NoticeKind.GIVEN_BACK,  # it takes their turns out of their calendar
        )
        .values(state=NoticeState.CANCELLED),
        execution_options=quietly,
    )


def _say_goodbye(
    session: Session, member: Membership, facts: dict[str, str], now: dt.datetime
) -> None:
    message = outbox.Message(
        community_id=member.community_id,
        person_id=member.person_id,
        kind=NoticeKind.LEFT,
        dedupe_key=f"membership-{member.id}.left.{now:%Y%m%d%H%M%S%f}",
        not_before=now,
        expires_at=now + WORTH_TELLING,
        facts=facts,
    )
    outbox.post_notices(session, [message])
