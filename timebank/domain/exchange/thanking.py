"""Thank a neighbour: the hours move at once, and for 14 days either side can undo it.

Who was helped records it, or a coordinator for somebody at the telephone; never the one whose
hours they are. The same key with the same details again is the same thanks.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotAllowed
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import ledger
from timebank.domain.communities import neighbours
from timebank.domain.communities import require_member
from timebank.domain.exchange import chain
from timebank.domain.exchange import posting
from timebank.domain.exchange import telling
from timebank.domain.exchange.chain import Side
from timebank.domain.ledger.transfers import KeyReused
from timebank.domain.ledger.transfers import OwnHours
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import ExchangeStep
from timebank.models import GroupOrganiser
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import Standing
from timebank.models import StepKind
from timebank.models import TransferKind

EARLIEST_DAYS = 60


class ThatsYou(Refused):
    """That’s one and the same person. Choose who helped."""


class NotThatDay(Refused):
    """Choose a day from the last 60, or today."""


class NotForOthers(NotAllowed):
    """Only whoever was helped can say thanks, or a coordinator for them."""


class WordsNotPassedOn(Refused):
    """We can’t pass words on between you two. Leave them out, and the hours still go."""


class ThankedAlready(Conflict):
    """That’s been thanked for already. Have a look at it first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thanks:
    """Help that was given, and how long it took.

    Attributes:
        helper_id: The membership of who helped.
        helped_id: Who was helped; None: a group, whose pot `payer_id` pays.
        payer_id: The account that pays: the helped member's, or a pot.
        what: What it was, in a line; `is_typed` when somebody wrote that themselves.
        words: A word of thanks for the helper.
        post_id: The offer or ask it grew from.
    """

    helper_id: int
    helped_id: int | None
    payer_id: int
    minutes: int
    happened_on: dt.date
    what: str
    is_typed: bool = True
    words: str | None = None
    post_id: int | None = None


def thank(
    session: Session,
    *,
    thanks: Thanks,
    by: Membership,
    key: uuid.UUID,
    today: dt.date,
    now: dt.datetime,
) -> Exchange:
    """Thank for help that nothing was agreed about beforehand.

    Raises:
        NotFound: One of the two is no member here.
        GuestOfTheRota: No coordinator has said yes to them yet: they take turns here, no more.
        NotForOthers: `by` was not the one who was helped, and does not coordinate.
        OwnHours: `by` is the one who helped.
        ThatsYou: The two are one.
        HowLong, NotThatDay, SayWhatFor, TooManyWords: What was typed can't be so.
        WordsNotPassedOn: One of the two does not want to hear from the other.
        BelowFloor: The account can't give so many hours just now.
        KeyReused: The key was used for other details.
    """
    exchange = Exchange(
        community_id=by.community_id,
        helper_id=thanks.helper_id,
        helped_id=thanks.helped_id,
        payer_id=thanks.payer_id,
        post_id=thanks.post_id,
        what=thanks.what,
        minutes=thanks.minutes,
        happened_on=thanks.happened_on,
        thanked_at=now,
        state=ExchangeState.THANKED,
        revision=0,
        created_by=by.id,
        created_at=now,
    )
    first = chain.First(step=StepKind.THANKED, words=thanks.words, by=by, key=key)
    known = chain.find_begun(session, exchange, first)
    if known is not None:
        return known
    _check_all(session, thanks, by, today)
    sides = (thanks.helper_id, thanks.helped_id)
    post = chain.lock_post_of(session, thanks.post_id, between=sides)
    if post is not None:
        posting.finish(session, post=post, now=now)
    step = chain.begin(session, exchange, first, now=now)
    if step is None:
        return chain.require_begun(session, exchange, first)
    _move(session, exchange, step, by, memo=thanks.what if thanks.is_typed else None)
    return exchange


def _check_all(session: Session, thanks: Thanks, by: Membership, today: dt.date) -> None:
    require_member(by)
    _check(thanks, today)
    _check_sides(session, thanks, by)
    _check_heard(session, thanks.words, thanks.helper_id, thanks.helped_id)


def thank_again(
    session: Session,
    *,
    exchange: Exchange,
    minutes: int,
    happened_on: dt.date,
    words: str | None,
    by: Membership,
    key: uuid.UUID,
    today: dt.date,
    now: dt.datetime,
) -> None:
    """Thank for what was agreed beforehand, or for what was undone, in hours that are right now.

    Raises:
        NotFound: `by` is on neither side, and does not coordinate.
        NotForOthers: `by` is the one who helped.
        ThankedAlready: It stands in the books.
        HowLong, NotThatDay, TooManyWords, WordsNotPassedOn, BelowFloor, KeyReused: As in `thank`.
    """
    _check_teller(session, exchange, by)
    chain.check_about(what=exchange.what, minutes=minutes)
    chain.check_words(words)
    _check_day(happened_on, today)
    _check_heard(session, words, exchange.helper_id, exchange.helped_id)
    chain.lock(session, exchange)
    if chain.is_done(
        session, exchange, key=key, step=StepKind.THANKED, by=by, minutes=minutes, words=words
    ):
        return
    if exchange.state not in {ExchangeState.AGREED, ExchangeState.UNDONE}:
        raise ThankedAlready
    post = chain.lock_post(session, exchange.post_id)
    if post is not None:
        posting.finish(session, post=post, now=now)
    exchange.revision = chain.next_revision(session, exchange)
    exchange.state, exchange.thanked_at = ExchangeState.THANKED, now
    exchange.minutes, exchange.happened_on = minutes, happened_on
    session.flush()
    step = chain.write_step(
        session, exchange, step=StepKind.THANKED, by_id=by.id, key=key, now=now,
        minutes=minutes, words=words,
    )  # fmt: skip
    if step is None:
        raise KeyReused
    _move(session, exchange, step, by, memo=exchange.what)


def _move(
    session: Session, exchange: Exchange, step: ExchangeStep, by: Membership, *, memo: str | None
) -> None:
    """Move the hours, and tell both sides unless they did it themselves."""
    ledger.record(
        session,
        key=uuid.uuid5(step.key, "hours"),
        community_id=exchange.community_id,
        debit_id=exchange.payer_id,
        credit_id=ledger.account_of(session, membership_id=exchange.helper_id).id,
        minutes=exchange.minutes,
        kind=TransferKind.THANKS,
        happened_on=exchange.happened_on or step.created_at.date(),
        created_by=by.id,
        now=step.created_at,
        exchange_id=exchange.id,
        revision=exchange.revision,
        memo=memo,
    )
    is_theirs = chain.side_of(session, exchange, by) is Side.HELPED
    sides = (Side.HELPER,) if is_theirs else (Side.HELPER, Side.HELPED)
    telling.tell(
        session, exchange, sides=sides, kind=NoticeKind.THANKED, step=step, now=step.created_at
    )


def _check_heard(
    session: Session, words: str | None, helper_id: int, helped_id: int | None
) -> None:
    """Refuse a word of thanks where one of the two does not want to hear from the other."""
    if words and chain.is_blocked(session, helper_id, helped_id):
        raise WordsNotPassedOn(field="words")


def _check(thanks: Thanks, today: dt.date) -> None:
    chain.check_about(what=thanks.what, minutes=thanks.minutes)
    chain.check_words(thanks.words)
    _check_day(thanks.happened_on, today)


def earliest_day(today: dt.date) -> dt.date:
    """Tell for which day thanks can be said at the earliest."""
    return today - dt.timedelta(days=EARLIEST_DAYS)


def _check_day(happened_on: dt.date, today: dt.date) -> None:
    if not earliest_day(today) <= happened_on <= today:
        raise NotThatDay(field="happened_on")


def _check_sides(session: Session, thanks: Thanks, by: Membership) -> None:
    """Refuse who can't be thanked, and who can't say so."""
    if thanks.helper_id == thanks.helped_id:
        raise ThatsYou(field="who")
    if by.id == thanks.helper_id:
        raise OwnHours
    for membership_id in filter(None, (thanks.helper_id, thanks.helped_id)):
        neighbours.find_member(session, community_id=by.community_id, membership_id=membership_id)
    if thanks.helped_id is None:
        payer = ledger.find_account(
            session, community_id=by.community_id, account_id=thanks.payer_id
        )
        if payer.kind is not AccountKind.POT:
            raise NotFound
        may_say = chain.speaks_for_pot(session, payer.id, by)
    else:
        may_say = by.id == thanks.helped_id or by.standing is Standing.COORDINATOR
    if not may_say or by.standing is Standing.LEFT:
        raise NotForOthers


def _check_teller(session: Session, exchange: Exchange, by: Membership) -> None:
    """Let whoever was helped say thanks, and a coordinator for them."""
    side = chain.side_of(session, exchange, by)
    if side is Side.HELPER:
        raise NotForOthers
    if side is None and not (
        by.standing is Standing.COORDINATOR and by.community_id == exchange.community_id
    ):
        raise NotFound


def pots_of(session: Session, *, member: Membership) -> list[Account]:
    """Find the pots of the groups that a member runs, by name."""
    if member.standing is Standing.LEFT:
        return []
    runs = sa.select(GroupOrganiser.group_id).where(GroupOrganiser.membership_id == member.id)
    return list(
        session.scalars(
            sa.select(Account)
            .where(
                Account.community_id == member.community_id,
                Account.kind == AccountKind.POT,
                Account.closed_at.is_(None),
                Account.group_id.in_(runs),
            )
            .order_by(Account.name, Account.id)
        )
    )
