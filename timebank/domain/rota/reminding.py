"""Say for one date when those who are down for it are reminded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy.orm import Session

from timebank.domain.events import leads
from timebank.domain.rota import changing
from timebank.models import Event
from timebank.models import Lead
from timebank.models import Membership


def remind(
    session: Session,
    *,
    event: Event,
    wanted: Collection[Lead] | None,
    by: Membership,
    now: dt.datetime,
) -> None:
    """Note when people are reminded of one date; it counts for what waits to be sent, too.

    Args:
        session: The session.
        event: The date.
        wanted: When; empty: never. None: as on the other dates of its series.
        by: Who says so.
        now: When they do.

    Raises:
        NotFound: `by` does not run the group.
        DateHasBegun, DateIsCancelled, DateIsLeftOut, TurnsAreDone: It can’t be changed any more.
    """
    changing.lock_changeable(session, event, by=by, now=now)
    event.leads = None if wanted is None else leads.written(wanted)
    session.flush()
