"""Late, "I can't make it" asks for cover: the turn stays theirs until somebody has it."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.conftest import SECRET
from tests.mails import mail
from timebank.core import ids
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import NoticeKind

EVENT = "/e/danson-saturday-stroll/2027-05-01"
STARTS = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)
CUT_OFF = STARTS - dt.timedelta(hours=48)


@pytest.fixture
def clock():
    with time_machine.travel(CUT_OFF - dt.timedelta(hours=1), tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session, clock):
    walk = builders.a_walk(session)
    walk.series.drop_out_hours = 48
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    return walk


@pytest.fixture
def bela(app, walk):
    return Browser(app).sign_in(walk.bela)


def state(session):
    session.expire_all()
    return session.query(Claim).one().state


@pytest.mark.parametrize("page", ["/me", EVENT])
def test_the_button_says_which_of_the_two_it_will_be(bela, session, clock, page):
    bela.open(page)
    assert (bela.has_button("I can’t make it"), bela.has_button("Ask for cover")) == (True, False)
    clock.shift(dt.timedelta(hours=1))
    bela.open(page)
    assert (bela.has_button("I can’t make it"), bela.has_button("Ask for cover")) == (False, True)
    bela.press("Ask for cover")
    assert "we’re asking for cover for Sat 1 May. The turn stays yours" in bela.words
    assert state(session) is ClaimState.CONFIRMED


def test_in_time_it_is_given_back(bela, session):
    bela.open("/me")
    bela.press("I can’t make it")
    assert state(session) is ClaimState.WITHDRAWN


def test_cover_is_found(bela, app, walk, session, clock):
    clock.shift(dt.timedelta(hours=2))
    bela.open("/me")
    bela.press("Ask for cover")
    assert mail(session, NoticeKind.COVER_WANTED, walk.nadia) is not None
    sam = Browser(app).sign_in(walk.sam)
    sam.open(EVENT)
    sam.press("I’ll take it over: Tail walker")
    bela.open("/me")
    assert "No turns yet." in bela.words


def test_undo_keeps_the_turn_and_stops_asking(bela, session, clock):
    clock.shift(dt.timedelta(hours=2))
    bela.open("/me")
    bela.press("Ask for cover")
    bela.press("Undo")
    assert "It’s still yours, and we’ve stopped asking." in bela.words
    assert bela.has_button("Ask for cover")


def test_the_link_of_the_mail_asks_for_cover_too(walk, browser, session, clock):
    clock.shift(dt.timedelta(hours=2))
    browser.open(f"/t/{ids.signed_token(SECRET, 'claim', 1)}/cant")
    assert "It’s late to drop out, so it stays yours until somebody has it." in browser.words
    browser.press("Ask for cover")
    assert "we’re asking for cover for Sat 1 May" in browser.words
    assert state(session) is ClaimState.CONFIRMED
