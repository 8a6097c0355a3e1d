"""Leave single dates out, while nobody has a turn on them, and put them back.

A date that is left out stays a row and stays in calendars as cancelled, so that subscribers see
it go; neighbours find no page of it.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.domain import events
from timebank.domain.rota import changing
from timebank.domain.rota import fitting
from timebank.domain.rota import following
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Membership
from timebank.models import Series
from timebank.models import SeriesState

HAS_TURNS = sa.text("""
SELECT e.occurs_on, array_agg(DISTINCT coalesce(c.held_as, p.full_name, '')) AS names
  FROM event e
  JOIN claim c ON c.event_id = e.id AND c.live
  LEFT JOIN profile p ON p.person_id = c.person_id
 WHERE e.id = ANY (:event_ids)
 GROUP BY e.id
 ORDER BY e.occurs_on
 LIMIT 1
""")


class DateHasTurns(Refused):
    """Somebody has a turn on this date. Cancel it instead: then they are told."""


class DateIsNotLeftOut(Conflict):
    """This date isn’t left out."""


def leave_out(session: Session, *, event: Event, by: Membership, now: dt.datetime) -> None:
    """Leave one date out.

    Raises:
        NotFound: `by` does not run the group.
        DateHasBegun, DateIsCancelled, DateIsLeftOut, TurnsAreDone: It can’t be changed any more.
        DateHasTurns: Somebody has a turn on it; it names them.
    """
    changing.lock_changeable(session, event, by=by, now=now)
    following.let_go_of_lapsed_holds(session, event_ids=[event.id], now=now)
    found = session.execute(HAS_TURNS, {"event_ids": [event.id]}).one_or_none()
    if found is not None:
        names = following.list_names(found.names)
        have = "have" if len(found.names) > 1 else "has"
        raise DateHasTurns(
            f"{names} {have} a turn on this date. Cancel it instead: then they are told.",
            field="skip",
        )
    _leave_out(event, now)
    session.flush()


def put_back(session: Session, *, event: Event, by: Membership, now: dt.datetime) -> None:
    """Let a date that was left out take place after all.

    Raises:
        NotFound: `by` does not run the group.
        DateIsNotLeftOut: It takes place, or was called off for good.
        DateHasBegun: It would have begun by now.
    """
    changing.lock_event(session, event, by=by)
    if event.state is not EventState.SKIPPED:
        raise DateIsNotLeftOut
    if event.starts_at <= now:
        raise changing.DateHasBegun
    event.state = EventState.PLANNED
    event.sequence = Event.sequence + 1
    event.updated_at = now
    session.flush()
    if not event.own_jobs:
        wanted = fitting.of_jobs([event.id])
        following.retime_slots(session, fitting.fit_slots(session, wanted, role_ids=[], now=now))
    session.refresh(event)


def follow_rhythm(
    session: Session, *, series: Series, dates: Sequence[Event], now: dt.datetime
) -> None:
    """Leave out the dates that a new season or last date no longer has, and make those it adds.

    Raises:
        DateHasTurns: Somebody has a turn on such a date; it names them.
    """
    last = max((event.occurs_on for event in dates), default=series.first_on)
    days = set(events.days_of(series, until=last))
    surplus = [
        event
        for event in dates
        if event.occurs_on not in days and event.state is EventState.PLANNED
    ]
    found = session.execute(HAS_TURNS, {"event_ids": [event.id for event in surplus]}).first()
    if found is not None:
        have = "have" if len(found.names) > 1 else "has"
        day = f"{found.occurs_on.day} {calendar.month_name[found.occurs_on.month]}"
        raise DateHasTurns(
            f"{following.list_names(found.names)} {have} a turn on {day}. "
            "Cancel that date first, or keep it in.",
            field="last" if series.last_on and found.occurs_on > series.last_on else "season_from",
        )
    for event in surplus:
        _leave_out(event, now)
    session.flush()
    if series.state is SeriesState.PUBLISHED:
        events.make_missing_dates(session, series=series, now=now)


def _leave_out(event: Event, now: dt.datetime) -> None:
    event.state = EventState.SKIPPED
    event.sequence = Event.sequence + 1
    event.updated_at = now
