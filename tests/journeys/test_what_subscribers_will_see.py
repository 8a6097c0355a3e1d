"""A story: before Nadia moves a date or calls it off, she sees what it does to calendars."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.models import EventState
from timebank.models import Notice

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
DATE = "/e/danson-saturday-stroll/2027-05-01"
SEEN = "What your subscribers will see"


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    return walk


@pytest.fixture
def nadia(walk, browser):
    return browser.sign_in(walk.nadia)


def test_a_moved_date_is_seen_first_and_then_saved_as_it_was_typed(walk, session, nadia):
    nadia.open(f"{DATE}/change")
    assert SEEN not in nadia.words
    typed = {"starts": "10:00", "ends": "11:30", "reason": "The café opens later"}
    nadia.press("See it in calendars first: another", **typed)
    assert nadia.statuses == [200]
    assert SEEN in nadia.words
    assert "9am to 10:30am" in nadia.words
    assert "10am to 11:30am" in nadia.words
    session.expire_all()
    assert walk.event.starts_at.hour == 8
    assert session.query(Notice).count() == 0
    nadia.press("Change this date")
    assert nadia.statuses == [303, 200]
    session.expire_all()
    assert walk.event.starts_at.hour == 9


def test_a_date_called_off_is_seen_first_and_nobody_is_told(walk, session, nadia):
    nadia.open(f"{DATE}/change")
    nadia.press("See it in calendars first: called off", kind="weather", cancel_reason="Flooded")
    assert SEEN in nadia.words
    assert "Cancelled: Danson Saturday Stroll" in nadia.words
    session.expire_all()
    assert walk.event.state is EventState.PLANNED
    assert session.query(Notice).count() == 0
    nadia.press("Cancel this date")
    session.expire_all()
    assert walk.event.state is EventState.CANCELLED


def test_nonsense_is_refused_before_anything_is_tried(walk, session, nadia):
    nadia.open(f"{DATE}/change")
    nadia.press("See it in calendars first: another", starts="soon", reason="x")
    assert nadia.answer.status_code == 422
    assert SEEN not in nadia.words
    nadia.press("See it in calendars first: called off", kind="weather", cancel_reason="")
    assert nadia.answer.status_code == 422
    assert SEEN not in nadia.words


def test_another_time_of_a_series_is_seen_where_it_asks_which_dates(walk, session, nadia):
    builders.an_event(session, walk.series, dt.date(2027, 5, 8))
    session.commit()
    nadia.open("/e/danson-saturday-stroll/edit")
    nadia.press("Save", starts="09:30")
    assert "Change which dates?" in nadia.words
    assert SEEN in nadia.words
    assert "9:30am to 10:30am" in nadia.words
    session.expire_all()
    assert walk.event.starts_at.hour == 8


def test_another_title_of_a_series_is_seen_first_and_then_saved(walk, session, nadia):
    nadia.open("/e/danson-saturday-stroll/edit")
    nadia.press("See it in calendars first", title="Danson Early Stroll")
    assert nadia.statuses == [200]
    assert SEEN in nadia.words
    assert "Then: Danson Early Stroll" in nadia.words
    session.expire_all()
    assert walk.series.title == "Danson Saturday Stroll"
    nadia.press("Save")
    assert nadia.statuses == [303, 200]
    session.expire_all()
    assert walk.series.title == "Danson Early Stroll"


def test_a_title_that_is_missing_is_refused_before_it_is_tried(walk, session, nadia):
    nadia.open("/e/danson-saturday-stroll/edit")
    nadia.press("See it in calendars first", title="")
    assert nadia.answer.status_code == 422
    assert SEEN not in nadia.words


def test_nobody_but_those_who_run_it_may_look(app, walk, session):
    sam = Browser(app).sign_in(walk.sam)
    sam.open("/calendar")
    token = next(f for form in sam.forms() if (f := form.fields.get("csrf_token")))[0]
    for press in ("see_move", "see_cancel"):
        sam.post(f"{DATE}/change", csrf_token=token, press=press)
        assert sam.answer.status_code == 404
    sam.post("/e/danson-saturday-stroll/edit", csrf_token=token, press="look")
    assert sam.answer.status_code == 404
