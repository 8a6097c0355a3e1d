"""Thanks that a helper says for somebody: by the same rules, and written down.

As with a turn, it is done as its person would do it, and the exchange and the hours say nothing of
the helper: `acted` does. It is never about the helper's own hours, in or out.
"""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.domain import acting
from timebank.domain.exchange import chain
from timebank.domain.exchange import thanking
from timebank.domain.exchange import undoing
from timebank.domain.exchange.thanking import Thanks
from timebank.domain.ledger.transfers import OwnHours
from timebank.models import ActedWhat
from timebank.models import ActingFor
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import Membership


def thank_for(
    session: Session,
    *,
    grant: ActingFor,
    thanks: Thanks,
    key: uuid.UUID,
    today: dt.date,
    now: dt.datetime,
) -> Exchange:
    """Thank for help that somebody had; the same key again is the same thanks, written down once.

    Raises:
        NotFound: It was somebody else who was helped.
        OwnHours: The helper thanks themselves.
        The refusals of `thank`.
    """
    if thanks.helped_id != grant.member_id:
        raise NotFound
    if thanks.helper_id == grant.helper_id:
        raise OwnHours
    member = session.get_one(Membership, grant.member_id)
    done = thanking.thank(session, thanks=thanks, by=member, key=key, today=today, now=now)
    what = ActedWhat.THANKED
    acting.write_down(session, acting=grant, what=what, exchange_id=done.id, today=today, now=now)
    return done


def undo_for(
    session: Session, *, grant: ActingFor, exchange: Exchange, today: dt.date, now: dt.datetime
) -> None:
    """Take thanks of theirs back, within 14 days; twice is the same as once.

    Raises:
        NotFound: It was somebody else who was helped, or the helper's own hours.
        The refusals of `undo`.
    """
    if exchange.helped_id != grant.member_id or exchange.helper_id == grant.helper_id:
        raise NotFound
    chain.lock(session, exchange)
    if exchange.state is ExchangeState.UNDONE:
        return
    member = session.get_one(Membership, grant.member_id)
    undoing.undo(session, exchange=exchange, by=member, now=now)
    what = ActedWhat.UNDID_THANKS
    acting.write_down(
        session, acting=grant, what=what, exchange_id=exchange.id, today=today, now=now
    )
