"""Agree on help beforehand, call it off, and ask afterwards whether it happened.

Nothing moves yet: an agreement is a note that both sides and the coordinators can see. Locks are
taken in the order of `timebank.domain.exchange.chain`.
"""

from __future__ import annotations

import datetime as dt
import uuid
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import ledger
from timebank.domain.communities import neighbours
from timebank.domain.communities import require_member
from timebank.domain.exchange import chain
from timebank.domain.exchange import posting
from timebank.domain.exchange import telling
from timebank.domain.exchange.chain import Side
from timebank.domain.exchange.posting import TooManyPosts
from timebank.domain.exchange.thanking import NotForOthers
from timebank.domain.exchange.thanking import ThatsYou
from timebank.models import AccountKind
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import Post
from timebank.models import Standing
from timebank.models import StepKind

EARLIEST_DAYS = 60
LATEST_DAYS = 366
MOST_AGREED = 50


class NotThen(Refused):
    """Choose a day within the next year."""


class TooManyAgreed(Refused):
    """That’s fifty things agreed already. Say thanks for some, or call them off."""


class NotBetweenYou(Conflict):
    """We couldn’t note that. A coordinator can help: ring us."""


class HappenedAlready(Conflict):
    """That’s been thanked for, so it can’t be called off. It can be undone instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Help that two have agreed on.

    Attributes:
        helped_id: Who is to be helped; None: a group, whose pot `payer_id` pays.
        planned_at: When, where that is known.
        minutes: How long it is to take.
        words: What else there is to say, for both and for coordinators.
    """

    helper_id: int
    helped_id: int | None
    payer_id: int
    what: str
    minutes: int
    planned_at: dt.datetime | None = None
    post_id: int | None = None
    words: str | None = None


def agree(
    session: Session, *, agreement: Agreement, by: Membership, key: uuid.UUID, now: dt.datetime
) -> Exchange:
    """Note what two have agreed on; the other side is told. The same key again is the same note.

    Raises:
        NotFound: One of the two is no member here.
        GuestOfTheRota: No coordinator has said yes to them yet: they take turns here, no more.
        NotForOthers: `by` is neither of them, and does not coordinate.
        ThatsYou: The two are one.
        NotBetweenYou: One of them does not want to hear from the other.
        HowLong, NotThen, SayWhatFor, TooManyWords: What was typed can't be so.
        TooManyAgreed: `by` has noted fifty that are still to happen.
        KeyReused: The key was used for other details.
    """
    exchange = Exchange(
        community_id=by.community_id,
        helper_id=agreement.helper_id,
        helped_id=agreement.helped_id,
        payer_id=agreement.payer_id,
        post_id=agreement.post_id,
        what=agreement.what,
        planned_at=agreement.planned_at,
        minutes=agreement.minutes,
        state=ExchangeState.AGREED,
        revision=0,
        created_by=by.id,
        created_at=now,
    )
    first = chain.First(step=StepKind.AGREED, words=agreement.words, by=by, key=key)
    known = chain.find_begun(session, exchange, first)
    if known is not None:
        return known
    require_member(by)
    _check(agreement, now)
    _check_sides(session, agreement, by)
    _lock_noter(session, by)
    sides = (agreement.helper_id, agreement.helped_id)
    post = chain.lock_post_of(session, agreement.post_id, between=sides)
    if post is not None:
        posting.match(session, post=post)
    step = chain.begin(session, exchange, first, now=now)
    if step is None:
        return chain.require_begun(session, exchange, first)
    side = chain.side_of(session, exchange, by)
    told = tuple(one for one in Side if one is not side)
    telling.tell(
        session, exchange, sides=told, kind=NoticeKind.EXCHANGE_AGREED, step=step, now=now
    )
    return exchange


def cancel(
    session: Session, *, exchange: Exchange, by: Membership, today: dt.date, now: dt.datetime
) -> None:
    """Call an agreement off: either side, or a coordinator. The ask is on the board again.

    Raises:
        NotFound: `by` is on neither side, and does not coordinate.
        HappenedAlready: It was thanked for.
    """
    side = chain.side_of(session, exchange, by)
    if side is None and not is_coordinator_of(exchange, by):
        raise NotFound
    chain.lock(session, exchange)
    if exchange.state is ExchangeState.CANCELLED:
        return
    if exchange.state is not ExchangeState.AGREED:
        raise HappenedAlready
    exchange.state = ExchangeState.CANCELLED
    session.flush()
    _put_back(session, exchange, today)
    step = chain.write_step(
        session, exchange, step=StepKind.CANCELLED, by_id=by.id, key=uuid.uuid4(), now=now
    )
    if step is not None:
        told = tuple(one for one in Side if one is not side)
        telling.tell(
            session, exchange, sides=told, kind=NoticeKind.EXCHANGE_CANCELLED, step=step, now=now
        )


def is_coordinator_of(exchange: Exchange, by: Membership) -> bool:
    """Tell whether somebody coordinates where an exchange belongs."""
    return by.standing is Standing.COORDINATOR and by.community_id == exchange.community_id


def _put_back(session: Session, exchange: Exchange, today: dt.date) -> None:
    """Put the ask on the board again, unless somebody else helps with it, or it is full."""
    if exchange.post_id is None:
        return
    others = sa.exists().where(
        Exchange.post_id == exchange.post_id, Exchange.state != ExchangeState.CANCELLED
    )
    post = session.get_one(Post, exchange.post_id)
    posting.lock(session, post=post)
    if not session.scalar(sa.select(others)):
        with suppress(TooManyPosts):
            posting.reopen(session, post=post, today=today)


# After its day in the community's own calendar; what has no day is asked about after two weeks.
DUE = """
 x.state = 'agreed'
 AND (coalesce(x.planned_at, x.created_at + interval '14 days') AT TIME ZONE t.timezone)::date
     < (:now AT TIME ZONE t.timezone)::date"""
ASK = sa.text(f"""
INSERT INTO notice (community_id, person_id, kind, dedupe_key, facts, not_before, expires_at)
SELECT x.community_id, m.person_id, 'exchange_due', format('exchange-due-%s', x.id),
       jsonb_build_object('exchange_id', x.id::text, 'side', 'helped'),
       :now, :now + interval '14 days'
  FROM exchange x
  JOIN community t ON t.id = x.community_id
  JOIN membership m ON m.id = coalesce(x.helped_id, x.created_by) AND m.standing <> 'left'
  JOIN profile f ON f.person_id = m.person_id AND f.email IS NOT NULL
 WHERE {DUE}
 ORDER BY x.id
    ON CONFLICT DO NOTHING
RETURNING id
""")  # noqa: S608 - the part is ours


def ask_whether_it_happened(session: Session, *, now: dt.datetime) -> int:
    """Owe everybody who was to be helped one mail: did it happen? -> how many; one statement."""
    return len(session.execute(ASK, {"now": now}).all())


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """What should have happened by now, and nobody has said so. For coordinators alone.

    Attributes:
        helper: In full, as one asks for somebody on the telephone; so is `helped`.
        phone: Of who was to be helped; None: none is known.
        has_email: Whether the mail "did it happen?" reached them.
        planned_on: The day; where none was agreed, two weeks after it was noted.
        words: What was noted beside it: that they ask a coordinator, perhaps.
    """

    exchange_id: int
    what: str
    minutes: int
    helper: str
    helper_id: int
    helped: str
    helped_id: int | None
    phone: str | None
    has_email: bool
    planned_on: dt.date
    words: str | None


OVERDUE = sa.text("""
SELECT * FROM (
  SELECT x.id AS exchange_id, x.what, x.minutes, x.helper_id, x.helped_id,
         coalesce(h.full_name, '') AS helper, coalesce(d.full_name, payer.name, '') AS helped,
         d.phone, d.email IS NOT NULL AS has_email, s.words,
         (coalesce(x.planned_at, x.created_at + interval '14 days')
          AT TIME ZONE t.timezone)::date AS planned_on
    FROM exchange x
    JOIN community t ON t.id = x.community_id
    JOIN account payer ON payer.id = x.payer_id
    JOIN membership hm ON hm.id = x.helper_id
    LEFT JOIN profile h ON h.person_id = hm.person_id
    LEFT JOIN membership dm ON dm.id = x.helped_id
    LEFT JOIN profile d ON d.person_id = dm.person_id
    LEFT JOIN LATERAL (SELECT words FROM exchange_step WHERE exchange_id = x.id
                        ORDER BY id LIMIT 1) s ON true
   WHERE x.community_id = :community_id AND x.state = 'agreed') agreed
 WHERE planned_on < :today
 ORDER BY planned_on, exchange_id
 LIMIT 200
""").columns(planned_on=sa.Date)


def should_have_happened(session: Session, *, community_id: int, today: dt.date) -> list[Overdue]:
    """Read what was agreed for a day before today and not thanked for, the oldest first."""
    values = {"community_id": community_id, "today": today}
    return [Overdue(**row) for row in session.execute(OVERDUE, values).mappings()]


def _check(agreement: Agreement, now: dt.datetime) -> None:
    chain.check_about(what=agreement.what, minutes=agreement.minutes)
    chain.check_words(agreement.words)
    at = agreement.planned_at
    earliest, latest = (dt.timedelta(days=days) for days in (EARLIEST_DAYS + 1, LATEST_DAYS))
    if at is not None and not now - earliest <= at <= now + latest:
        raise NotThen(field="planned_on")


def _check_sides(session: Session, agreement: Agreement, by: Membership) -> None:
    helper_id, helped_id = agreement.helper_id, agreement.helped_id
    if helper_id == helped_id:
        raise ThatsYou(field="who")
    for membership_id in filter(None, (helper_id, helped_id)):
        neighbours.find_member(session, community_id=by.community_id, membership_id=membership_id)
    if by.standing is Standing.LEFT:
        raise NotForOthers
    if helped_id is None:
        _check_pot(session, agreement, by)
    elif by.id not in {helper_id, helped_id} and by.standing is not Standing.COORDINATOR:
        raise NotForOthers
    elif chain.is_blocked(session, helper_id, helped_id):
        raise NotBetweenYou


def _check_pot(session: Session, agreement: Agreement, by: Membership) -> None:
    payer = ledger.find_account(
        session, community_id=by.community_id, account_id=agreement.payer_id
    )
    if payer.kind is not AccountKind.POT:
        raise NotFound
    if not chain.speaks_for_pot(session, payer.id, by):
        raise NotForOthers


def _lock_noter(session: Session, by: Membership) -> None:
    """Let nobody note more than fifty that are still to happen; the noter's row is locked."""
    session.execute(
        sa.select(Membership.id).where(Membership.id == by.id).with_for_update(key_share=True)
    )
    counted = session.scalar(
        sa.select(sa.func.count()).where(
            Exchange.created_by == by.id, Exchange.state == ExchangeState.AGREED
        )
    )
    if (counted or 0) >= MOST_AGREED and by.standing is not Standing.COORDINATOR:
        raise TooManyAgreed
