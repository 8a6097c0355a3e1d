"""Whatever the rhythm, the season and the zone: dates ascend, keep their time, and come once."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests import builders
from tests.drafts import a_draft
from timebank.core import clock
from timebank.domain import events
from timebank.models import Event
from timebank.models import Frequency
from timebank.models import SeriesState
from timebank.models import Slot

# North and south, half hours and quarters, changes at midnight, and none at all.
ZONES = (
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "America/St_Johns",
)
RHYTHM = (
    "frequency",
    "first_on",
    "last_on",
    "season_from",
    "season_until",
    "starts_time",
    "ends_time",
)
FIRST = dt.date(2027, 1, 1)
months = st.integers(1, 12)
times = st.tuples(st.integers(0, 23 * 60 + 58), st.integers(1, 600)).map(
    lambda drawn: (drawn[0], min(drawn[0] + drawn[1], 24 * 60 - 1))
)


def at(minutes):
    return dt.time(minutes // 60, minutes % 60)


@st.composite
def drafts(draw):
    """A draft of any rhythm, with or without a season and a last date."""
    starts, ends = draw(times)
    first_on = FIRST + dt.timedelta(days=draw(st.integers(0, 730)))
    lasts = draw(st.none() | st.integers(0, 1200))
    season = draw(st.none() | st.tuples(months, months))
    return a_draft(
        frequency=draw(st.sampled_from(Frequency)),
        first_on=first_on,
        last_on=None if lasts is None else first_on + dt.timedelta(days=lasts),
        season_from=season and season[0],
        season_until=season and season[1],
        starts=at(starts),
        ends=at(ends),
    )


@given(plan=drafts(), zone=st.sampled_from(ZONES))
@settings(max_examples=400, deadline=None)
def test_days_ascend_within_their_limits_and_keep_the_time_of_the_clock_on_the_wall(plan, zone):
    until = plan.first_on + dt.timedelta(days=800)
    days = list(events.days_of(plan, until=until))
    assert days == sorted(set(days))
    limit = min(until, plan.last_on or until)
    assert all(plan.first_on <= day <= limit for day in days)
    if plan.season_from is not None:
        width = (plan.season_until - plan.season_from) % 12
        assert all((day.month - plan.season_from) % 12 <= width for day in days)
    spans = [events.span_on(day, plan.starts_time, plan.ends_time, zone) for day in days]
    for day, (starts_at, ends_at) in zip(days, spans, strict=True):
        assert dt.timedelta(0) < ends_at - starts_at <= dt.timedelta(hours=24)
        local = starts_at.astimezone(ZoneInfo(zone))
        if clock.exists_locally(day, plan.starts_time, zone):
            assert (local.date(), local.time()) == (day, plan.starts_time)
        else:
            assert local.replace(tzinfo=None) > dt.datetime.combine(day, plan.starts_time)
    starts = [starts_at for starts_at, _ in spans]
    assert starts == sorted(set(starts))


@pytest.fixture
def walk(session):
    """Bexley's walk, as a draft: it gets no dates of its own."""
    walk = builders.a_walk(session)
    walk.series.state = SeriesState.DRAFT
    session.commit()
    return walk


@given(plan=drafts(), zone=st.sampled_from(ZONES), weeks=st.lists(st.integers(0, 120), max_size=3))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_made_ahead_again_and_again_every_date_is_made_once(session, walk, plan, zone, weeks):
    trial = session.begin_nested()
    walk.community.timezone = zone
    series = builders.a_series(session, group=walk.group, organiser=walk.nadia, slug="any")
    for name in RHYTHM:
        setattr(series, name, getattr(plan, name))
    builders.a_role(session, series, duration_minutes=30)
    for week in sorted(weeks):
        now = dt.datetime(2027, 1, 4, 12, tzinfo=dt.UTC) + dt.timedelta(weeks=week)
        events.extend_dates(session, now=now)
        assert events.extend_dates(session, now=now) == 0
    made = session.scalars(
        sa.select(Event).where(Event.series_id == series.id).order_by(Event.occurs_on)
    ).all()
    meant = set(events.days_of(plan, until=dt.date(2032, 1, 1)))
    assert {event.occurs_on for event in made} <= meant
    assert [event.starts_at for event in made] == sorted(
        events.span_on(event.occurs_on, plan.starts_time, plan.ends_time, zone)[0]
        for event in made
    )
    slots = sa.select(sa.func.count(Slot.id)).where(Slot.series_id == series.id)
    assert session.scalar(slots) == len(made)
    trial.rollback()
