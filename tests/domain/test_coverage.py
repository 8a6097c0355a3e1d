from __future__ import annotations

import datetime as dt

import pytest

from tests import builders
from tests.statements import count_statements
from timebank.domain.rota import coverage
from timebank.domain.rota.coverage import Light
from timebank.models import ClaimState
from timebank.models import EventState
from timebank.models import HeldFor
from timebank.models import Outlook

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)  # eleven days before the walk


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def read(session, walk, *, group_ids=None, now=NOW):
    session.flush()
    return coverage.read_coverage(
        session, community_id=walk.community.id, group_ids=group_ids, now=now
    )


def only_date(session, walk, *, now=NOW):
    [series] = read(session, walk, now=now)
    [date] = series.dates
    return date


def test_a_date_says_how_full_it_is_and_what_it_lacks(session, walk):
    builders.a_claim(session, walk.marshal, walk.bela)
    builders.a_claim(
        session,
        walk.marshal,
        walk.sam,
        place=2,
        state=ClaimState.HELD,
        held_until=NOW,
        held_for=HeldFor.ASKED,
        made_by=walk.nadia,
    )
    assert only_date(session, walk) == coverage.CoveredDate(
        occurs_on=dt.date(2027, 5, 1),
        starts_at=walk.event.starts_at,
        is_cancelled=False,
        is_late=False,
        filled=2,
        places=3,
        needed=1,
        unsure=1,
        lacking=1,
        lacks=("Tail walker",),
    )


def test_who_was_only_asked_does_not_count_yet(session, walk):
    asked = {"held_until": NOW, "held_for": HeldFor.ASKED, "made_by": walk.nadia}
    builders.a_claim(session, walk.tail_walker, walk.bela, state=ClaimState.HELD, **asked)
    date = only_date(session, walk)
    assert (date.filled, date.unsure, date.lacking, date.lacks) == (1, 1, 1, ("Tail walker",))
    assert date.light is Light.AMBER


def test_a_filled_date_is_green_whenever_it_is(session, walk):
    builders.a_claim(session, walk.tail_walker, walk.bela)
    late = walk.event.starts_at - dt.timedelta(hours=1)
    assert [only_date(session, walk, now=now).light for now in (NOW, late)] == [Light.GREEN] * 2


def test_what_lacks_somebody_is_amber_until_two_days_before(session, walk):
    two_days = walk.event.starts_at - dt.timedelta(hours=48)
    before = two_days - dt.timedelta(minutes=1)
    assert only_date(session, walk, now=before).light is Light.AMBER
    assert only_date(session, walk, now=two_days).light is Light.RED


def test_the_day_to_decide_turns_it_red_earlier(session, walk):
    walk.series.decide_hours_before = 72
    three_days = walk.event.starts_at - dt.timedelta(hours=72)
    assert only_date(session, walk, now=three_days).light is Light.RED


@pytest.mark.parametrize("outlook", [Outlook.AT_RISK, Outlook.NO_GO])
def test_a_date_judged_at_risk_is_red(session, walk, outlook):
    walk.event.outlook = outlook
    walk.event.sequence += 1
    assert only_date(session, walk).light is Light.RED


def test_who_said_that_it_starts_anyway_is_not_shown_red(session, walk):
    walk.event.go_anyway_by, walk.event.go_anyway_because = walk.nadia.id, "I’ll walk last"
    late = walk.event.starts_at - dt.timedelta(hours=1)
    assert only_date(session, walk, now=late).light is Light.AMBER


def test_a_cancelled_date_has_no_light_and_a_left_out_one_is_not_there(session, walk):
    walk.event.state, walk.event.reason, walk.event.sequence = EventState.CANCELLED, "Flood", 1
    week = dt.timedelta(weeks=1)
    later = builders.an_event(session, walk.series, walk.event.occurs_on + week)
    later.state, later.sequence = EventState.SKIPPED, 1
    assert only_date(session, walk).light is None


def test_a_job_taken_off_the_date_is_not_wanted(session, walk):
    walk.tail_walker.closed_at = NOW
    found = only_date(session, walk)
    assert (found.places, found.lacks, found.light) == (2, (), Light.GREEN)


def test_the_series_with_the_nearest_red_date_comes_first(session, walk):
    fair = builders.a_series(
        session, group=walk.group, organiser=walk.nadia, title="A fair", slug="fair"
    )
    fete = builders.a_series(
        session, group=walk.group, organiser=walk.nadia, title="A fete", slug="fete"
    )
    for series, needed in ((fair, 0), (fete, 1)):
        role = builders.a_role(session, series, needed=needed)
        builders.a_slot(session, builders.an_event(session, series, dt.date(2027, 4, 22)), role)
    assert [series.title for series in read(session, walk)] == [
        "A fete",
        "Danson Saturday Stroll",
        "A fair",
    ]


def test_only_what_ones_groups_run_is_shown_and_nothing_of_another_community(session, walk):
    builders.an_elsewhere(session)
    assert read(session, walk, group_ids=[walk.group.id]) == read(session, walk)
    assert read(session, walk, group_ids=[]) == []


def test_it_is_one_statement_for_eight_dates_of_each_series(session, walk):
    for number in range(1, 12):
        day = walk.event.occurs_on + dt.timedelta(weeks=number)
        builders.a_slot(
            session, builders.an_event(session, walk.series, day), walk.tail_walker.role
        )
    session.flush()
    with count_statements() as count:
        [series] = read(session, walk)
    assert (len(series.dates), count.total) == (8, 1)
