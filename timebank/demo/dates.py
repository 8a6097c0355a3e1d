"""The series of the made-up borough with their dates: half a year back, eight weeks ahead."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.demo.catalogue import PLANS
from timebank.demo.catalogue import Plan
from timebank.demo.people import Borough
from timebank.domain import events
from timebank.domain.rota import changing
from timebank.models import Event
from timebank.models import Frequency
from timebank.models import Series
from timebank.models import SeriesState

AHEAD = dt.timedelta(weeks=8)
WEEK = dt.timedelta(weeks=1)
MOVED = "Sunday table"
MOVED_BECAUSE = "There’s a christening in the hall until one."
CANCELLED = "Cray riverbank litter pick"
CANCELLED_BECAUSE = "The river is over the path."


def write_series(session: Session, borough: Borough, now: dt.datetime) -> dict[str, Plan]:
    """Publish every series with its dates, past ones too -> the plans by the series' slugs."""
    today = clock.local_date(now, borough.community.timezone)
    plans = {}
    for plan in PLANS:
        by = borough.organisers[plan.group][0]
        draft = _draft(plan, borough.groups[plan.group].id, today)
        series = events.make_series(session, draft=draft, by=by, now=now)
        series.state = SeriesState.PUBLISHED
        session.flush()
        events.make_dates(
            session,
            series=series,
            timezone=borough.community.timezone,
            first=draft.first_on,
            last=today + AHEAD,
        )
        plans[series.slug] = plan
    _change_two_dates(session, borough, now)
    return plans


def first_day(plan: Plan, today: dt.date) -> dt.date:
    """Find the first date of a plan; a monthly one keeps to the first such weekday of a month."""
    monday = today - dt.timedelta(days=today.weekday())
    day = monday + dt.timedelta(days=plan.weekday) - plan.weeks * WEEK
    if plan.frequency is Frequency.MONTHLY:
        first = day.replace(day=1)
        return first + dt.timedelta(days=(plan.weekday - first.weekday()) % 7)
    return day


def _draft(plan: Plan, group_id: int, today: dt.date) -> events.SeriesDraft:
    return events.SeriesDraft(
        group_id=group_id,
        title=plan.title,
        description=plan.description,
        venue=plan.venue,
        frequency=plan.frequency,
        first_on=first_day(plan, today),
        starts_time=plan.starts,
        ends_time=plan.ends,
        roles=plan.roles,
        scene=plan.scene,
        first_timers=plan.first_timers,
        bring=plan.bring,
        ready_made=plan.ready_made,
    )


def _change_two_dates(session: Session, borough: Borough, now: dt.datetime) -> None:
    """Move one date and call one off, before anybody has a turn on them."""
    moved = _second_date(session, MOVED, now)
    later = dt.timedelta(hours=1)
    changing.move_event(
        session,
        event=moved,
        starts_at=moved.starts_at + later,
        ends_at=moved.ends_at + later,
        reason=MOVED_BECAUSE,
        by=borough.organisers["St Aidan’s Neighbours"][0],
        now=now,
    )
    changing.cancel_event(
        session,
        event=_second_date(session, CANCELLED, now),
        reason=CANCELLED_BECAUSE,
        by=borough.organisers["Friends of the Cray"][0],
        now=now,
    )


def _second_date(session: Session, title: str, now: dt.datetime) -> Event:
    return session.scalars(
        sa.select(Event)
        .join(Series, Series.id == Event.series_id)
        .where(Series.title == title, Event.starts_at > now)
        .order_by(Event.starts_at)
        .offset(1)
        .limit(1)
    ).one()
