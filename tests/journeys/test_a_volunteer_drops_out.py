"""Story 3: one tap gives the place back, and ten minutes take it back again."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    return walk


def test_my_turns_shows_the_turn_and_one_tap_drops_it(walk, app, browser):
    browser.sign_in(walk.bela)
    browser.open("/me")
    assert "Tail walker" in browser.words
    browser.press("I can’t make it")
    assert "You’re off the rota for Sat 1 May. We’ll let Nadia know." in browser.words
    assert "No turns yet." in browser.words
    rival = Browser(app).sign_in(walk.sam)
    rival.open("/e/danson-saturday-stroll/2027-05-01")
    assert rival.has_button("I’ll do it: Tail walker")


def test_undo_brings_it_back(walk, browser):
    browser.sign_in(walk.bela)
    browser.open("/me")
    browser.press("I can’t make it")
    browser.press("Undo")
    assert "You’re back on the rota." in browser.words
    assert "Tail walker" in browser.words


def test_undo_after_ten_minutes_says_so(walk, browser, clock):
    browser.sign_in(walk.bela)
    browser.open("/me")
    browser.press("I can’t make it")
    clock.shift(dt.timedelta(minutes=11))
    browser.press("Undo")
    assert "can’t be undone any more" in browser.words.replace("'", "’")


def test_undo_after_somebody_else_took_it_says_so(walk, app, browser):
    browser.sign_in(walk.bela)
    browser.open("/me")
    browser.press("I can’t make it")
    rival = Browser(app).sign_in(walk.sam)
    rival.open("/e/danson-saturday-stroll/2027-05-01")
    rival.press("I’ll do it: Tail walker")
    browser.press("Undo")
    assert "Somebody got there a moment before you." in browser.words


@pytest.mark.parametrize("action", ["cant", "undo"])
def test_nobody_can_drop_or_undo_anothers_turn(walk, app, session, action):
    elsewhere = builders.an_elsewhere(session)
    for stranger in (walk.sam, elsewhere.chi):
        browser = Browser(app).sign_in(stranger)
        browser.open("/me")
        token = browser.forms()[0].fields.get("csrf_token", [""])[0]
        browser.post(f"/me/turns/1/{action}", csrf_token=token)
        assert browser.statuses == [404]
