"""Tell the two sides of an exchange, and the coordinators, what became of it."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain import outbox
from timebank.domain.exchange.chain import Side
from timebank.domain.ledger.transfers import tell_coordinators
from timebank.models import Account
from timebank.models import Exchange
from timebank.models import ExchangeStep
from timebank.models import GroupOrganiser
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import Standing

WORTH_TELLING = dt.timedelta(days=14)  # as long as either can undo it


def tell(
    session: Session,
    exchange: Exchange,
    *,
    sides: tuple[Side, ...],
    kind: NoticeKind,
    step: ExchangeStep,
    now: dt.datetime,
) -> None:
    """Owe each side a notice about a step, once."""
    messages = [
        outbox.Message(
            community_id=exchange.community_id,
            person_id=person_id,
            kind=kind,
            dedupe_key=f"{kind}:{step.id}:{side}:{person_id}",
            not_before=now,
            expires_at=now + WORTH_TELLING,
            facts=facts_of(exchange, step, side),
        )
        for side in sides
        for person_id in _people(session, exchange, side)
    ]
    outbox.post_notices(session, messages)


def tell_those_who_settle(
    session: Session, exchange: Exchange, *, step: ExchangeStep, now: dt.datetime
) -> None:
    """Owe every coordinator a notice that somebody says it isn't right."""
    tell_coordinators(
        session,
        community_id=exchange.community_id,
        kind=NoticeKind.EXCHANGE_DISPUTED,
        subject=str(step.id),
        facts={"exchange_id": str(exchange.id), "step_id": str(step.id)},
        now=now,
    )


def facts_of(exchange: Exchange, step: ExchangeStep, side: Side) -> dict[str, str]:
    """Name the exchange, the step and the reader's side: all else is looked up when it is sent."""
    return {"exchange_id": str(exchange.id), "step_id": str(step.id), "side": side.value}


def _people(session: Session, exchange: Exchange, side: Side) -> list[int]:
    """Find who is on a side: a member, or those who run the group that is helped."""
    member_id = exchange.helper_id if side is Side.HELPER else exchange.helped_id
    people = sa.select(Membership.person_id).where(Membership.standing != Standing.LEFT)
    if member_id is not None:
        people = people.where(Membership.id == member_id)
    else:
        runs = (
            sa.select(GroupOrganiser.membership_id)
            .join(Account, Account.group_id == GroupOrganiser.group_id)
            .where(Account.id == exchange.payer_id)
        )
        people = people.where(Membership.id.in_(runs))
    return list(session.scalars(people.order_by(Membership.person_id)))
