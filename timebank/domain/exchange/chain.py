"""What every rule about exchanges needs: find one, lock it, tell whose side somebody is on.

One order of locks everywhere, so that no two can wait for each other: the exchange, the members
(by number), the post, the accounts that a transfer locks. What needs none of one leaves it out.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import communities
from timebank.domain.ledger.transfers import KeyReused
from timebank.models import Account
from timebank.models import Block
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import ExchangeStep
from timebank.models import Membership
from timebank.models import Post
from timebank.models import Standing
from timebank.models import StepKind
from timebank.models import Transfer
from timebank.models import TransferKind

LONGEST_WHAT = 120
LONGEST_WORDS = 500
MOST_MINUTES = 1440
UNDO_DAYS = 14
# Hours moved for it, and as long as any stand they can be put right.
THANKED_FOR = frozenset({
    ExchangeState.THANKED, ExchangeState.DISPUTED, ExchangeState.STANDS, ExchangeState.SETTLED,
})  # fmt: skip


class HowLong(Refused):
    """Say how long it took: from a minute to 24 hours."""


class TooManyWords(Refused):
    """Keep it to 500 letters."""


class SayWhatFor(Refused):
    """Say what it’s about, in 120 letters at most."""


class Side(enum.StrEnum):
    """On which side of an exchange somebody is: who helps, or who is helped."""

    HELPER = "helper"
    HELPED = "helped"

    @property
    def opposite(self) -> Side:
        """The other one."""
        return Side.HELPED if self is Side.HELPER else Side.HELPER


def find(session: Session, *, community_id: int, exchange_id: int) -> Exchange:
    """Find an exchange of this community.

    Raises:
        NotFound: There is none.
    """
    found = session.get(Exchange, exchange_id)
    if found is None or found.community_id != community_id:
        raise NotFound
    return found


def side_of(session: Session, exchange: Exchange, member: Membership) -> Side | None:
    """Tell on which side a member is; None: on neither.

    A group that is helped is spoken for by whoever runs it.
    """
    if member.community_id != exchange.community_id or member.standing is Standing.LEFT:
        return None
    if member.id == exchange.helper_id:
        return Side.HELPER
    if member.id == exchange.helped_id:
        return Side.HELPED
    if exchange.helped_id is None and speaks_for_pot(session, exchange.payer_id, member):
        return Side.HELPED
    return None


def require_side(session: Session, exchange: Exchange, member: Membership) -> Side:
    """Tell on which side a member is.

    Raises:
        NotFound: On neither: a stranger learns nothing.
    """
    side = side_of(session, exchange, member)
    if side is None:
        raise NotFound
    return side


def speaks_for_pot(session: Session, account_id: int, member: Membership) -> bool:
    """Tell whether a member may spend a pot: who runs its group; a coordinator any."""
    if member.standing is Standing.COORDINATOR:
        return True
    group_id = session.get_one(Account, account_id).group_id
    return group_id is not None and communities.may_organise(
        session, membership=member, group_id=group_id
    )


def is_blocked(session: Session, one: int, other: int | None) -> bool:
    """Tell whether one of two members does not want to hear from the other."""
    between = sa.exists().where(
        Block.by_id.in_((one, other)), Block.against_id.in_((one, other)), Block.ended_at.is_(None)
    )
    return other is not None and bool(session.scalar(sa.select(between)))


def may_undo(session: Session, exchange: Exchange, member: Membership) -> bool:
    """Tell whether a member may take the hours back: either side, or who wrote it for them."""
    if side_of(session, exchange, member) is not None:
        return True
    wrote = session.scalar(
        sa.select(ExchangeStep.by_id)
        .where(ExchangeStep.exchange_id == exchange.id, ExchangeStep.step == StepKind.THANKED)
        .order_by(ExchangeStep.id.desc())
        .limit(1)
    )
    return wrote == member.id and member.standing is Standing.COORDINATOR


def lock(session: Session, exchange: Exchange) -> None:
    """Keep everybody else's hands off an exchange, and read where it stands by now."""
    session.refresh(exchange, with_for_update={"key_share": True})


def lock_post(session: Session, post_id: int | None) -> Post | None:
    """Find the offer or ask that an exchange grew from, and lock it before the accounts."""
    if post_id is None:
        return None
    return session.get(Post, post_id, with_for_update=True, populate_existing=True)


def lock_post_of(
    session: Session, post_id: int | None, *, between: tuple[int, int | None]
) -> Post | None:
    """Lock the offer or ask that one of these two posted, before something grows from it.

    Raises:
        NotFound: It is neither's.
    """
    post = lock_post(session, post_id)
    if post_id is not None and (post is None or post.membership_id not in between):
        raise NotFound
    return post


def check_words(words: str | None, *, field: str = "words") -> None:
    """Refuse more words than are kept.

    Raises:
        TooManyWords: More than 500 letters.
    """
    if words and len(words) > LONGEST_WORDS:
        raise TooManyWords(field=field)


def check_about(*, what: str, minutes: int) -> None:
    """Refuse what an exchange cannot be about.

    Raises:
        SayWhatFor: Nothing, or more than a line.
        HowLong: No time at all, or more than a day.
    """
    if not 0 < len(what) <= LONGEST_WHAT:
        raise SayWhatFor(field="what")
    if not 0 < minutes <= MOST_MINUTES:
        raise HowLong(field="minutes")


def find_step(session: Session, *, key: uuid.UUID) -> ExchangeStep | None:
    """Find the step that was taken under this key."""
    return session.scalars(sa.select(ExchangeStep).where(ExchangeStep.key == key)).one_or_none()


def is_done(
    session: Session,
    exchange: Exchange,
    *,
    key: uuid.UUID,
    step: StepKind,
    by: Membership,
    minutes: int | None = None,
    words: str | None = None,
) -> bool:
    """Tell whether this step was taken before, under the same key with the same details.

    Raises:
        KeyReused: Under the same key, with others.
    """
    known = find_step(session, key=key)
    if known is None:
        return False
    said = (known.exchange_id, known.step, known.by_id, known.minutes)
    if said != (exchange.id, step, by.id, minutes) or known.words != (words or None):
        raise KeyReused
    return True


def write_step(
    session: Session,
    exchange: Exchange,
    *,
    step: StepKind,
    by_id: int,
    key: uuid.UUID,
    now: dt.datetime,
    minutes: int | None = None,
    words: str | None = None,
) -> ExchangeStep | None:
    """Write down a step; None: somebody took one under the same key a moment before."""
    return session.scalars(
        insert(ExchangeStep)
        .values(
            community_id=exchange.community_id,
            exchange_id=exchange.id,
            step=step,
            by_id=by_id,
            minutes=minutes,
            words=words or None,
            key=key,
            created_at=now,
        )
        .on_conflict_do_nothing(constraint="same_step_once")
        .returning(ExchangeStep)
    ).one_or_none()


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The step that an exchange begins with: agreed or thanked for, by whom, with which words.

    `key` is the sender's own name for the intent.
    """

    step: StepKind
    words: str | None
    by: Membership
    key: uuid.UUID


def find_begun(session: Session, wanted: Exchange, first: First) -> Exchange | None:
    """Find the exchange that stands for this key, if any; `wanted` is as asked for, not written.

    Raises:
        KeyReused: The key stands for other details.
    """
    known = find_step(session, key=first.key)
    if known is None:
        return None
    exchange = session.get_one(Exchange, known.exchange_id)
    was = (known.step, known.by_id, known.minutes, known.words)
    said = (first.step, first.by.id, wanted.minutes, first.words or None)
    if was != said or _facts(exchange, first.step) != _facts(wanted, first.step):
        raise KeyReused
    return exchange


def _facts(exchange: Exchange, step: StepKind) -> tuple[object, ...]:
    when = exchange.planned_at if step is StepKind.AGREED else exchange.happened_on
    return exchange.helper_id, exchange.payer_id, exchange.what, when


def begin(
    session: Session, exchange: Exchange, first: First, *, now: dt.datetime
) -> ExchangeStep | None:
    """Write an exchange and its first step; neither, and None, when the key is known by now."""
    with session.begin_nested() as both:
        session.add(exchange)
        session.flush()
        step = write_step(
            session, exchange, step=first.step, by_id=first.by.id, key=first.key, now=now,
            minutes=exchange.minutes, words=first.words,
        )  # fmt: skip
        if step is None:
            both.rollback()
    return step


def require_begun(session: Session, wanted: Exchange, first: First) -> Exchange:
    """Find the exchange that a rival began a moment before, under the same key.

    Raises:
        KeyReused: With other details, or it is gone again.
    """
    begun = find_begun(session, wanted, first)
    if begun is None:
        raise KeyReused
    return begun


def lock_agreed(session: Session, *, membership_id: int) -> None:
    """Lock all that a member has agreed on: an exchange comes before its people."""
    session.execute(
        sa.text("""
SELECT FROM exchange WHERE state = 'agreed' AND (helper_id = :member OR helped_id = :member)
 ORDER BY id FOR NO KEY UPDATE"""),
        {"member": membership_id},
    )


def last_step(session: Session, exchange: Exchange) -> int | None:
    """Tell which step about it is the newest, by its number."""
    return session.scalar(
        sa.select(sa.func.max(ExchangeStep.id)).where(ExchangeStep.exchange_id == exchange.id)
    )


def next_revision(session: Session, exchange: Exchange) -> int:
    """Number its next thanks: one more than any that the books have of it, taken back or not."""
    newest = session.scalar(
        sa.select(sa.func.max(Transfer.revision)).where(Transfer.exchange_id == exchange.id)
    )
    return 0 if newest is None else newest + 1


def standing_thanks(session: Session, exchange: Exchange) -> Transfer | None:
    """Find the transfer that thanks for it and was not taken back."""
    back = sa.orm.aliased(Transfer)
    taken_back = sa.exists().where(back.reverses_id == Transfer.id)
    return session.scalars(
        sa.select(Transfer).where(
            Transfer.exchange_id == exchange.id,
            Transfer.kind == TransferKind.THANKS,
            ~taken_back,
        )
    ).one_or_none()


def can_still_undo(exchange: Exchange, now: dt.datetime) -> bool:
    """Tell whether the 14 days since it was thanked for are not over."""
    if exchange.thanked_at is None:
        return False
    return now <= exchange.thanked_at + dt.timedelta(days=UNDO_DAYS)
