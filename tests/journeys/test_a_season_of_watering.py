"""A story: the beds want water twice a day from June to August, and nobody at Christmas."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.domain import events
from timebank.models import Event
from timebank.models import Series
from timebank.models import Slot

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
WATERING = {
    "title": "Watering the beds",
    "where": "Howbury Lane plot",
    "often": "daily",
    "first": "2027-06-01",
    "starts": "08:00",
    "ends": "19:00",
    "season_from": "6",
    "season_until": "8",
    "last": "2029-08-31",
    "roles-0-name": "Watering",
    "roles-0-places": "1",
    "roles-0-starts": "08:00",
    "roles-0-ends": "19:00",
    "roles-0-turn": "60",
    "roles-0-every": "600",
}


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def nadia(walk, browser):
    return browser.sign_in(walk.nadia)


def test_a_season_of_watering_twice_a_day(walk, session, nadia, app):
    nadia.open("/e/new")
    nadia.press("Check the dates", **WATERING)
    assert (
        "Every day from June to August at 8am: 1, 2, 3, 4, 5 June and so on until 31 August 2029."
        in nadia.words
    )
    nadia.press("Publish")
    assert "Watering the beds is out." in nadia.words
    series = session.scalars(sa.select(Series).filter_by(slug="watering-the-beds")).one()
    days = session.scalars(
        sa.select(Event.occurs_on).filter_by(series_id=series.id).order_by(Event.occurs_on)
    ).all()
    assert (days[0], days[-1], len(days)) == (dt.date(2027, 6, 1), dt.date(2027, 7, 27), 57)

    bela = Browser(app).sign_in(walk.bela)
    bela.open("/e/watering-the-beds/2027-06-01")
    assert "every day" in bela.words
    bela.press("I’ll do it: Watering, 6pm, Tuesday 1 June")
    bela.open("/me")
    assert "6pm, Howbury Lane plot" in bela.words


def test_next_summer_is_made_when_this_one_is_over_and_nothing_between(walk, session, nadia):
    nadia.open("/e/new")
    nadia.press("Publish", **WATERING)
    series = session.scalars(sa.select(Series).filter_by(slug="watering-the-beds")).one()
    for day in (dt.date(2027, 8, 20), dt.date(2027, 9, 1), dt.date(2027, 12, 24)):
        now = dt.datetime.combine(day, dt.time(3), dt.UTC)
        events.extend_dates(session, now=now)
    months = session.scalars(
        sa.select(Event.occurs_on).filter_by(series_id=series.id).order_by(Event.occurs_on)
    )
    assert {(day.year, day.month) for day in months} == {
        (2027, 6),
        (2027, 7),
        (2027, 8),
        (2028, 6),
        (2028, 7),
    }
    slots = sa.select(sa.func.count(Slot.id)).filter_by(series_id=series.id, turn=2)
    dates = sa.select(sa.func.count(Event.id)).filter_by(series_id=series.id)
    assert session.scalar(slots) == session.scalar(dates)


@pytest.mark.parametrize(
    ("changes", "sentence", "field"),
    [
        ({"last": "2199-12-31"}, "That’s more than ten years away.", "last"),
        ({"last": "2027-05-31"}, "That’s before the first date.", "last"),
        ({"season_until": ""}, "Say both months of the season, or none.", "season_from"),
        (
            {"often": "weekly", "season_from": "7", "last": "2027-06-20"},
            "No Tuesday falls in the season.",
            "season_from",
        ),
        ({"roles-0-turn": "5", "roles-0-every": ""}, "That makes 132 turns", "roles-0-turn"),
        ({"roles-0-every": "30"}, "begin at least 60 minutes apart", "roles-0-every"),
        ({"roles-0-needed": "2"}, "You can’t need more than 1", "roles-0-needed"),
        ({"expected": "0"}, "Write a number from 1 to 9999", "expected"),
        ({"most_a_week": "15"}, "Write a number from 1 to 14", "most_a_week"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(nadia, session, changes, sentence, field):
    nadia.open("/e/new")
    nadia.press("Publish", **{**WATERING, **changes})
    assert nadia.statuses == [422]
    beside = nadia.page.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    assert sentence in beside
    assert 'value="Watering the beds"' in nadia.page
    assert session.scalar(sa.select(sa.func.count(Series.id))) == 1
