"""Make the dates of a series: each a real row, with the slots of its jobs.

Safe to repeat, in any number of processes: a date that exists is left as it is, moved or
cancelled too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.domain.events import rhythm
from timebank.domain.events.slots import make_slots
from timebank.models import Community
from timebank.models import Event
from timebank.models import Series
from timebank.models import SeriesState

AHEAD = dt.timedelta(weeks=8)


def extend_dates(session: Session, *, now: dt.datetime) -> int:
    """Give every published series its dates of the next eight weeks -> how many are new.

    A series that has yet to begin, or is out of season, gets the eight weeks from its next date
    on. Until the commit nobody changes when a series is; one that is being changed at this moment
    is passed over, for that gives it its dates itself, or tomorrow does.
    """
    rows = session.execute(
        sa.select(Series, Community.timezone)
        .join(Community, Community.id == Series.community_id)
        .where(Series.state == SeriesState.PUBLISHED)
        .with_for_update(of=Series, key_share=True, skip_locked=True)
    )
    wanted = [row for series, zone in rows for row in dates_ahead(series, zone, now)]
    return write_dates(session, wanted)


def make_dates(
    session: Session, *, series: Series, timezone: str, first: dt.date, last: dt.date
) -> int:
    """Give one series its dates from `first` to `last`, past ones too -> how many are new."""
    days = rhythm.days_of(series, until=last)
    return write_dates(session, [_row(series, day, timezone) for day in days if day >= first])


def make_days(session: Session, *, series: Series, timezone: str, days: Iterable[dt.date]) -> int:
    """Give one series dates on these days, usual ones or not -> how many are new."""
    return write_dates(session, [_row(series, day, timezone) for day in days])


def make_missing_dates(session: Session, *, series: Series, now: dt.datetime) -> int:
    """Give one published series its dates of the next eight weeks -> how many are new."""
    timezone = session.get_one(Community, series.community_id).timezone
    return write_dates(session, dates_ahead(series, timezone, now))


def dates_ahead(series: Series, timezone: str, now: dt.datetime) -> list[dict[str, Any]]:
    """Work out the dates that a series should have by `now`, without those that have begun.

    They are those of the coming eight weeks; where there are none, those from the next one on.
    """
    today = clock.local_date(now, timezone)
    next_on = rhythm.next_day(series, today=today)
    if next_on is None:
        return []
    until = max(today, series.first_on) + AHEAD
    until = until if next_on <= until else next_on + AHEAD
    days = (day for day in rhythm.days_of(series, until=until) if day >= today)
    return [row for day in days if (row := _row(series, day, timezone))["starts_at"] > now]


def write_dates(session: Session, rows: Iterable[dict[str, Any]]) -> int:
    """Insert the dates that are missing, and the slots of each -> how many were missing."""
    rows = list(rows)
    if not rows:
        return 0
    made = session.scalars(
        insert(Event)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["series_id", "occurs_on"])
        .returning(Event.id)
    ).all()
    make_slots(session, event_ids=made)
    return len(made)


def _row(series: Series, day: dt.date, timezone: str) -> dict[str, Any]:
    starts_at, ends_at = rhythm.span_on(day, series.starts_time, series.ends_time, timezone)
    return {
        "community_id": series.community_id,
        "series_id": series.id,
        "venue_id": series.venue_id,
        "occurs_on": day,
        "starts_at": starts_at,
        "ends_at": ends_at,
    }
