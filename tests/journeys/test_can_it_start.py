"""Nobody is tail walker, and Thursday evening is the time to decide."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.domain.rota import claiming
from timebank.domain.rota import outlook
from timebank.models import Series

EVENT = "/e/danson-saturday-stroll/2027-05-01"
FEED = "/e/danson-saturday-stroll/calendar.ics"
NOW = dt.datetime(2027, 4, 29, 20, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def thursday_evening():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    session.execute(sa.update(Series).values(decide_hours_before=36))
    claiming.claim_slot(session, slot_id=walk.marshal.id, membership_id=walk.sam.id, now=NOW)
    outlook.judge_dates(session, now=NOW)
    session.commit()
    return walk


def test_neighbours_and_their_calendars_are_told_that_it_is_not_certain(app, walk):
    dov = Browser(app)
    assert "It isn’t certain yet that this takes place." in dov.open(EVENT)
    feed = dov.client.get(FEED, base_url=dov.base)
    assert "STATUS:TENTATIVE" in feed.get_data(as_text=True)


def test_the_organiser_sees_who_could_do_what_and_says_that_it_is_on(app, walk, session):
    nadia = Browser(app).sign_in(walk.nadia)
    page = nadia.open(f"{EVENT}/decide")
    assert "1 person who is coming could cover the job it can’t start without." in page
    assert "Sam T: Tail walker" in page
    page = nadia.press("It’s on", because="")
    assert "Say why, in a few words" in page
    nadia.press("It’s on", because="We know the way")
    assert "It isn’t certain yet" not in Browser(app).open(EVENT)


def test_nobody_else_decides(app, walk):
    sam = Browser(app).sign_in(walk.sam)
    sam.open(f"{EVENT}/decide")
    assert sam.statuses == [404]
