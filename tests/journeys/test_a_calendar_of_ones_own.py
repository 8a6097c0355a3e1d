"""Sam tells us of a calendar of his own; a turn that clashes is pointed out, and he takes it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.domain.test_busy import DURING_THE_WALK
from tests.incoming import a_calendar
from tests.incoming import serving
from timebank.models import BusyCalendar
from timebank.models import BusySpan
from timebank.models import Claim

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
DATE = "/e/danson-saturday-stroll/2027-05-01"


@pytest.fixture(autouse=True)
def three_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def sam(walk, browser, app):
    app.extensions["timebank.settings"] = replace(
        app.extensions["timebank.settings"], fetches_locally=True
    )
    browser.sign_in(walk.sam)
    browser.open("/me")
    browser.follow("Your own calendar")
    return browser


def turns(session):
    session.expire_all()
    return session.scalar(sa.select(sa.func.count(Claim.id)).where(Claim.live))


def tap(browser, slot, **more):
    """Tap on “I'll do it”, with the form of that job and nothing else."""
    browser.open(DATE)
    action = f"{DATE}/claim/{slot.id}"
    token = next(form.fields["csrf_token"][0] for form in browser.forms() if form.fields)
    browser.post(action, csrf_token=token, **more)


def test_a_clash_is_pointed_out_and_the_turn_may_be_taken(sam, walk, session):
    with serving(a_calendar(DURING_THE_WALK)) as server:
        sam.press("Look at it", address=f"{server.address}/secret-of-sams.ics")
    assert "We see 1 time at which you’re busy." in sam.words
    assert "We look at a calendar at 127.0.0.1" in sam.words
    assert "secret-of-sams" not in sam.page
    tap(sam, walk.marshal)
    assert sam.statuses == [422]
    assert "Your own calendar shows something at that time." in sam.words
    assert "Dentist" not in sam.page
    assert turns(session) == 0
    sam.press("I’ll do it all the same")
    assert "You’re in. Thank you!" in sam.words
    assert turns(session) == 1


def test_what_was_said_is_said_on_with_it(sam, walk, session):
    session.execute(sa.text("UPDATE role SET minimum_age = 16"))
    session.commit()
    with serving(a_calendar(DURING_THE_WALK)) as server:
        sam.press("Look at it", address=server.address)
    tap(sam, walk.marshal)
    while "You’re in." not in sam.words:
        if "I’ll do it all the same" in sam.page:
            sam.press("I’ll do it all the same")
        else:
            assert "old_enough" in sam.page
            sam.press("Count me in", old_enough="y")
        assert len(sam.page) > 0
    assert turns(session) == 1


def test_one_tap_forgets_it_with_all_that_came_of_it(sam, walk, session):
    with serving(a_calendar(DURING_THE_WALK)) as server:
        sam.press("Look at it", address=server.address)
    sam.press("Stop, and forget all of it")
    assert "We’ve forgotten your calendar." in sam.words
    assert session.scalars(sa.select(BusyCalendar)).all() == []
    assert session.scalars(sa.select(BusySpan)).all() == []
    tap(sam, walk.marshal)
    assert turns(session) == 1


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(sam):
    sam.press("Look at it", address="")
    assert "Paste the whole address" in sam.words
    with serving(b"<html>") as server:
        sam.press("Look at it", address=server.address)
        assert sam.statuses == [422]
        assert "That isn’t a calendar." in sam.words
        assert f'value="{server.address}"' in sam.page


def test_it_is_nobody_elses_business(sam, walk):
    with serving(a_calendar(DURING_THE_WALK)) as server:
        sam.press("Look at it", address=server.address)
    for other in (walk.bela, walk.nadia, walk.ama):
        sam.sign_in(other)
        assert "127.0.0.1" not in sam.open("/me/busy")
    sam.sign_in(walk.bela)
    tap(sam, walk.marshal)
    assert "You’re in. Thank you!" in sam.words
