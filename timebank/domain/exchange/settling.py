"""When one of the two says it isn't right: both statements, and a coordinator who settles it.

It can be said, and settled, as long as there are hours to put right: the 14 days in which either
side can take them back by itself are no end of it. What a coordinator finds wrong without anybody
saying so is settled the same way.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotAllowed
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import ledger
from timebank.domain.exchange import chain
from timebank.domain.exchange import telling
from timebank.domain.exchange.agreeing import is_coordinator_of
from timebank.domain.exchange.chain import Side
from timebank.domain.exchange.undoing import LookedInto
from timebank.domain.ledger import departed
from timebank.domain.ledger.transfers import KeyReused
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import ExchangeStep
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import StepKind
from timebank.models import Transfer
from timebank.models import TransferKind

LONGEST_REASON = 200  # it goes beside the correction in the books


class SayWhatIsWrong(Refused):
    """Say in a sentence what isn’t right."""


class SayHowItWas(Refused):
    """Say in a sentence how it was."""


class SayWhy(Refused):
    """Say why in a few words, 200 letters at most. Both of them read it."""


class SaidAlready(Conflict):
    """You’ve said how it was already. A coordinator will be in touch."""


class NothingToSettle(Conflict):
    """There’s nothing to settle there any more. Have a look at it again."""


class MovedOn(Conflict):
    """Something was said or done about it since. Have a look, then settle it."""


class YourOwnExchange(NotAllowed):
    """You’re part of that one. Another coordinator has to settle it."""


class Outcome(enum.StrEnum):
    """How a coordinator settles: the hours stay, become others, or go back."""

    KEEP = "keep"
    CHANGE = "change"
    TAKE_BACK = "take_back"


STEPS = {
    Outcome.KEEP: StepKind.KEPT,
    Outcome.CHANGE: StepKind.CHANGED,
    Outcome.TAKE_BACK: StepKind.TAKEN_BACK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a coordinator settles it.

    Attributes:
        minutes: How long it was, where the hours change.
        reason: Why; both sides read it, and it goes beside the correction in the books.
        last_step: The newest step that the coordinator had read; None: none.
    """

    outcome: Outcome
    reason: str
    last_step: int | None
    minutes: int | None = None


def dispute(
    session: Session,
    *,
    exchange: Exchange,
    words: str,
    by: Membership,
    key: uuid.UUID,
    now: dt.datetime,
) -> None:
    """Say that it isn't right, also much later; the other side is asked, the coordinators told.

    Raises:
        NotFound: `by` is on neither side.
        SayWhatIsWrong, TooManyWords: No sentence, or a long one.
        LookedInto: The other side has said so already.
        NothingToSettle: It was undone, or no hours stand for it.
        KeyReused: The key was used for other words.
    """
    side = chain.require_side(session, exchange, by)
    if not words:
        raise SayWhatIsWrong(field="words")
    chain.check_words(words)
    chain.lock(session, exchange)
    if chain.is_done(session, exchange, key=key, step=StepKind.DISPUTED, by=by, words=words):
        return
    if exchange.state is ExchangeState.DISPUTED:
        raise LookedInto
    if exchange.state not in chain.THANKED_FOR or chain.standing_thanks(session, exchange) is None:
        raise NothingToSettle
    exchange.state = ExchangeState.DISPUTED
    session.flush()
    step = _write(session, exchange, StepKind.DISPUTED, by=by, key=key, now=now, words=words)
    telling.tell(
        session, exchange, sides=(side.opposite,), kind=NoticeKind.STATEMENT_WANTED, step=step,
        now=now,
    )  # fmt: skip
    telling.tell_those_who_settle(session, exchange, step=step, now=now)


def give_statement(
    session: Session,
    *,
    exchange: Exchange,
    words: str,
    by: Membership,
    key: uuid.UUID,
    now: dt.datetime,
) -> None:
    """Say how it was, as the other side; once.

    Raises:
        NotFound: `by` is on neither side.
        SayHowItWas, TooManyWords: No sentence, or a long one.
        NothingToSettle: Nobody says that it isn't right, or it was settled.
        SaidAlready: This side has said something already.
        KeyReused: The key was used for other words.
    """
    side = chain.require_side(session, exchange, by)
    if not words:
        raise SayHowItWas(field="words")
    chain.check_words(words)
    chain.lock(session, exchange)
    if chain.is_done(session, exchange, key=key, step=StepKind.STATED, by=by, words=words):
        return
    if exchange.state is not ExchangeState.DISPUTED:
        raise NothingToSettle
    if side in sides_heard(session, exchange):
        raise SaidAlready
    _write(session, exchange, StepKind.STATED, by=by, key=key, now=now, words=words)


def sides_heard(session: Session, exchange: Exchange) -> set[Side]:
    """Tell which sides have said how it was, since it was last settled."""
    of_this = ExchangeStep.exchange_id == exchange.id
    settled = sa.select(sa.func.coalesce(sa.func.max(ExchangeStep.id), 0)).where(
        of_this, ExchangeStep.step.in_(STEPS.values())
    )
    said = session.scalars(
        sa.select(ExchangeStep.by_id).where(
            of_this,
            ExchangeStep.step.in_((StepKind.DISPUTED, StepKind.STATED)),
            ExchangeStep.id > settled.scalar_subquery(),
        )
    )
    return {Side.HELPER if one == exchange.helper_id else Side.HELPED for one in said}


def settle(
    session: Session,
    *,
    exchange: Exchange,
    verdict: Verdict,
    by: Membership,
    key: uuid.UUID,
    now: dt.datetime,
) -> None:
    """Settle it: keep the hours, make them others, or take them back. Both are told why.

    A correction must always be possible, so this asks for no complaint, knows no last day, and
    can put right what was settled wrongly.

    Raises:
        NotFound: `by` does not coordinate there.
        YourOwnExchange: `by` is one of the two.
        SayWhy: Without a reason.
        HowLong, NothingToCorrect: With no other minutes, when the hours change.
        MovedOn: Somebody has said or done something since `by` looked.
        NothingToSettle: It was undone or never thanked for, or can't be settled in that way.
        BelowFloor: The one who was helped can't give so many hours.
        KeyReused: The key was used for another outcome.
    """
    _check_settler(exchange, by)
    if not 0 < len(verdict.reason) <= LONGEST_REASON:
        raise SayWhy(field="reason")
    chain.lock(session, exchange)
    hours = chain.standing_thanks(session, exchange)
    kind, words = STEPS[verdict.outcome], verdict.reason
    new = _minutes_after(exchange, hours, verdict)
    if chain.is_done(session, exchange, key=key, step=kind, by=by, minutes=new, words=words):
        return
    if verdict.outcome not in ways_to_settle(exchange, hours):
        raise NothingToSettle
    if verdict.last_step != chain.last_step(session, exchange):
        raise MovedOn
    if verdict.outcome is not Outcome.KEEP:
        _put_right(session, exchange, hours, minutes=new, reason=words, by=by, key=key, now=now)
    exchange.state = ExchangeState.SETTLED
    session.flush()
    step = _write(session, exchange, kind, by=by, key=key, now=now, minutes=new, words=words)
    telling.tell(
        session, exchange, sides=tuple(Side), kind=NoticeKind.EXCHANGE_SETTLED, step=step, now=now
    )


def ways_to_settle(exchange: Exchange, hours: Transfer | None) -> tuple[Outcome, ...]:
    """Tell in which ways it can be settled; none while nothing was thanked for, or it was undone.

    Args:
        exchange: The exchange.
        hours: The thanks that stand in the books for it.
    """
    if exchange.state not in chain.THANKED_FOR:
        return ()
    is_disputed = exchange.state is ExchangeState.DISPUTED
    keep = (Outcome.KEEP,) if is_disputed and hours else ()
    back = (Outcome.TAKE_BACK,) if is_disputed or hours else ()
    return (*keep, Outcome.CHANGE, *back)


def _minutes_after(exchange: Exchange, hours: Transfer | None, verdict: Verdict) -> int:
    if verdict.outcome is Outcome.TAKE_BACK:
        return 0
    if verdict.outcome is Outcome.KEEP:
        return hours.minutes if hours else 0
    chain.check_about(what=exchange.what, minutes=verdict.minutes or 0)
    return verdict.minutes or 0


def _put_right(
    session: Session,
    exchange: Exchange,
    hours: Transfer | None,
    *,
    minutes: int,
    reason: str,
    by: Membership,
    key: uuid.UUID,
    now: dt.datetime,
) -> None:
    """Take back the hours that stand, if any do, and post those that are right, if any are."""
    revision, of_hours = chain.next_revision(session, exchange), uuid.uuid5(key, "hours")
    if hours is not None:
        ledger.correct(
            session, transfer=hours, minutes=minutes, by=by.id, key=of_hours, memo=reason, now=now
        )
    elif minutes:
        helper_id = ledger.account_of(session, membership_id=exchange.helper_id).id
        happened_on = exchange.happened_on or now.date()
        gone = departed.open_up(session, (exchange.payer_id, helper_id))
        ledger.record(
            session,
            key=of_hours,
            community_id=exchange.community_id,
            debit_id=exchange.payer_id,
            credit_id=helper_id,
            minutes=minutes,
            kind=TransferKind.THANKS,
            happened_on=happened_on,
            created_by=by.id,
            now=now,
            exchange_id=exchange.id,
            revision=revision,
            memo=reason,
        )
        departed.close_again(
            session, gone, key=of_hours, happened_on=happened_on, by=by.id, now=now
        )
    if minutes:
        exchange.minutes, exchange.revision = minutes, revision


def _check_settler(exchange: Exchange, by: Membership) -> None:
    if not is_coordinator_of(exchange, by):
        raise NotFound
    if by.id in {exchange.helper_id, exchange.helped_id}:
        raise YourOwnExchange


def _write(
    session: Session,
    exchange: Exchange,
    step: StepKind,
    *,
    by: Membership,
    key: uuid.UUID,
    now: dt.datetime,
    words: str,
    minutes: int | None = None,
) -> ExchangeStep:
    written = chain.write_step(
        session, exchange, step=step, by_id=by.id, key=key, now=now, minutes=minutes, words=words
    )
    if written is None:  # the key is that of a step of another exchange
        raise KeyReused
    return written


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """What a coordinator is to settle. Names in full, for coordinators alone.

    Attributes:
        since: When one of them said that it isn't right.
        words: What they said.
        is_answered: Whether the other side has said how it was.
    """

    exchange_id: int
    what: str
    minutes: int
    helper: str
    helped: str
    since: dt.datetime
    words: str | None
    is_answered: bool


DISPUTED = sa.text("""
SELECT x.id AS exchange_id, x.what, x.minutes, coalesce(h.full_name, '') AS helper,
       coalesce(d.full_name, payer.name, '') AS helped, s.created_at AS since, s.words,
       EXISTS (SELECT FROM exchange_step a WHERE a.exchange_id = x.id AND a.step = 'stated'
                  AND a.id > s.id) AS is_answered
  FROM exchange x
  JOIN account payer ON payer.id = x.payer_id
  JOIN membership hm ON hm.id = x.helper_id
  LEFT JOIN profile h ON h.person_id = hm.person_id
  LEFT JOIN membership dm ON dm.id = x.helped_id
  LEFT JOIN profile d ON d.person_id = dm.person_id
  JOIN LATERAL (SELECT id, created_at, words FROM exchange_step
                 WHERE exchange_id = x.id AND step = 'disputed'
                 ORDER BY id DESC LIMIT 1) s ON true
 WHERE x.community_id = :community_id AND x.state = 'disputed'
 ORDER BY s.created_at, x.id
 LIMIT 200
""")


def disputed(session: Session, *, community_id: int) -> list[Disputed]:
    """Read what is to be settled, the oldest first."""
    rows = session.execute(DISPUTED, {"community_id": community_id}).mappings()
    return [Disputed(**row) for row in rows]
