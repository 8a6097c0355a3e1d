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
from timebank.models import Community
from timebank.models import Event
from timebank.models import Role
from timebank.models import Series
from timebank.models import SeriesState
from timebank.models import Slot

AHEAD = dt.timedelta(weeks=8)


def extend_dates(session: Session, *, now: dt.datetime) -> int:
    """Give every published series its dates of the next eight weeks -> how many are new.

    A series that has yet to begin gets the eight weeks from its first date on.
    """
    rows = session.execute(
        sa.select(Series, Community.timezone)
        .join(Community, Community.id == Series.community_id)
        .where(Series.state == SeriesState.PUBLISHED)
    )
    wanted = [row for series, zone in rows for row in dates_ahead(series, zone, now)]
    return write_dates(session, wanted)


def make_dates(
    session: Session, *, series: Series, timezone: str, first: dt.date, last: dt.date
) -> int:
    """Give one series its dates from `first` to `last`, past ones too -> how many are new."""
    days = rhythm.days_of(series.frequency, series.first_on, until=last)
    return write_dates(session, [_row(series, day, timezone) for day in days if day >= first])


def dates_ahead(series: Series, timezone: str, now: dt.datetime) -> list[dict[str, Any]]:
    """Work out the dates that a series should have by `now`, without those that have begun."""
    until = max(clock.local_date(now, timezone), series.first_on) + AHEAD
    days = rhythm.days_of(series.frequency, series.first_on, until=until)
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


def make_slots(session: Session, *, event_ids: Iterable[int]) -> None:
    """Give dates a slot for each job of their series that they lack, in one statement."""
    starts_at = Event.starts_at + sa.func.make_interval(0, 0, 0, 0, 0, Role.starts_after_minutes)
    wanted = (
        sa.select(
            Event.community_id,
            Event.series_id,
            Event.id,
            Role.id,
            starts_at,
            starts_at + sa.func.make_interval(0, 0, 0, 0, 0, Role.duration_minutes),
            Role.needed,
            Role.places,
        )
        .join(Role, Role.series_id == Event.series_id)
        .where(Event.id.in_(list(event_ids)), Role.retired_at.is_(None))
        .order_by(Event.id, Role.position)
    )
    columns = [
        "community_id",
        "series_id",
        "event_id",
        "role_id",
        "starts_at",
        "ends_at",
        "needed",
        "places",
    ]
    session.execute(
        insert(Slot)
        .from_select(columns, wanted)
        .on_conflict_do_nothing(index_elements=["event_id", "role_id", "turn"])
    )


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
