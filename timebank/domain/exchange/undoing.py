"""Take thanks back: either side can for 14 days; what nobody says anything about stands."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.domain import ledger
from timebank.domain.exchange import chain
from timebank.domain.exchange import telling
from timebank.domain.exchange.chain import Side
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import Membership
from timebank.models import NoticeKind
from timebank.models import StepKind


class TooLateToUndo(Conflict):
    """It’s more than 14 days ago, so it stands. A coordinator can still put it right."""


class LookedInto(Conflict):
    """A coordinator is looking into that one. You’ll hear from us."""


def undo(session: Session, *, exchange: Exchange, by: Membership, now: dt.datetime) -> None:
    """Take the hours back: either side can for 14 days, and a coordinator what they wrote down.

    Undone twice, it is undone once.

    Raises:
        NotFound: `by` is on neither side, and did not write it down.
        LookedInto: Somebody has said that it isn't right.
        TooLateToUndo: The 14 days are over, or a coordinator has settled it.
        ReadOnly: The proof found a difference in either account.
    """
    if not chain.may_undo(session, exchange, by):
        raise NotFound
    chain.lock(session, exchange)
    if exchange.state is ExchangeState.UNDONE:
        return
    if exchange.state is ExchangeState.DISPUTED:
        raise LookedInto
    if exchange.state is not ExchangeState.THANKED or not chain.can_still_undo(exchange, now):
        raise TooLateToUndo
    hours = chain.standing_thanks(session, exchange)
    if hours is None:  # put right by a coordinator, in the books
        raise TooLateToUndo
    key = uuid.uuid5(hours.idempotency_key, "undone")
    ledger.reverse(session, transfer=hours, by=by.id, key=key, now=now)
    exchange.state = ExchangeState.UNDONE
    session.flush()
    step = chain.write_step(
        session, exchange, step=StepKind.UNDONE, by_id=by.id, key=key, now=now,
        minutes=hours.minutes,
    )  # fmt: skip
    if step is not None:
        telling.tell(
            session, exchange, sides=tuple(Side), kind=NoticeKind.EXCHANGE_UNDONE,
            step=step, now=now,
        )  # fmt: skip


# Undone by a coordinator's correction in the meantime, it cannot stand: it is undone.
LET_STAND = sa.text("""
WITH over AS (
  SELECT id FROM exchange WHERE state = 'thanked' AND thanked_at < :before
   ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
), moved AS (
  UPDATE exchange x
     SET state = CASE WHEN EXISTS (
           SELECT FROM transfer t WHERE t.exchange_id = x.id AND t.kind = 'thanks'
              AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id))
         THEN 'stands' ELSE 'undone' END
    FROM over WHERE x.id = over.id
  RETURNING x.id, x.community_id, x.state
)
INSERT INTO exchange_step (community_id, exchange_id, step, key, created_at)
SELECT community_id, id, 'stands', gen_random_uuid(), :now FROM moved WHERE state = 'stands'
RETURNING exchange_id
""")


def let_stand(session: Session, *, now: dt.datetime) -> int:
    """Let what nobody said anything about for 14 days stand -> how many; one statement for all."""
    before = now - dt.timedelta(days=chain.UNDO_DAYS)
    return len(session.execute(LET_STAND, {"before": before, "now": now}).all())
