"""Bela brings Sam Field along: a name is enough, and a place is kept for him."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.models import Claim

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
EVENT = "/e/danson-saturday-stroll/2027-05-01"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def bela(app, walk):
    """Bela, who has just taken a marshal's place of two."""
    bela = Browser(app).sign_in(walk.bela)
    bela.open(EVENT)
    bela.press("I’ll do it: Marshal")
    return bela


def bring(bela, name="Sam Field", **more):
    bela.open(EVENT)
    bela.follow("Put them down too")
    bela.press("Put them down", name=name, **more)


def live(session):
    session.expire_all()
    return session.query(Claim).filter(Claim.live).count()


def test_a_friend_is_put_down_right_after_the_claim(walk, app, session, bela):
    assert "Bringing a friend?" in bela.words
    bela.follow("Put them down too")
    assert "They need no account." in bela.words
    bela.press("Put them down", name="Sam Field")
    assert "Sam comes along with you. Thank you, both of you!" in bela.words
    visitor, nadia = Browser(app), Browser(app).sign_in(walk.nadia)
    visitor.open(EVENT)
    nadia.open(EVENT)
    assert "Sam F" in visitor.words
    assert "with Bela" not in visitor.words
    assert "Sam Field" not in visitor.words
    assert "Sam F, with Bela" in nadia.words
    nadia.open(f"{EVENT}/checkin")
    assert "Sam F, with Bela" in nadia.words


def test_on_my_turns_a_friend_is_shown_and_taken_off(walk, session, bela):
    bring(bela)
    bela.open("/me")
    assert "Sam Field comes along: Marshal" in bela.words
    bela.press("Take them off: Sam Field")
    assert "Your friend is off the rota. The place is free again." in bela.words
    assert live(session) == 1


def test_a_full_job_shows_the_others(walk, session, bela):
    bring(bela)
    bela.open(f"{EVENT}/friend/{walk.marshal.id}")
    assert "Every place of this job is taken. Your friend could do another one:" in bela.words
    bela.follow("Tail walker, 9am to 10:30am")
    bela.press("Put them down", name="Ann")
    assert live(session) == 3


def test_the_last_place_went_a_moment_before(walk, app, session, bela):
    bela.follow("Put them down too")
    rival = Browser(app).sign_in(walk.sam)
    rival.open(EVENT)
    rival.press("I’ll do it: Marshal")
    bela.press("Put them down", name="Sam Field")
    assert "Somebody got there a moment before you." in bela.words
    assert bela.statuses == [409]


def test_an_age_is_said_by_the_host(walk, session, bela):
    walk.marshal.role.minimum_age = 16
    session.commit()
    bring(bela)
    assert "Tell us that your friend is old enough." in bela.words
    assert "Sam Field" in bela.page
    bela.press("Put them down", is_old_enough="y")
    assert live(session) == 2


def test_who_has_no_turn_there_takes_one_first(walk, app):
    sam = Browser(app).sign_in(walk.sam)
    sam.open(f"{EVENT}/friend/{walk.marshal.id}")
    sam.press("Put them down", name="Ann")
    assert "Take a turn on that date yourself first" in sam.words


def test_nobody_else_takes_my_friend_off(walk, app, session, bela):
    bring(bela)
    friend = session.query(Claim).filter(Claim.guest_of == walk.bela.id).one()
    for stranger in (walk.sam, builders.an_elsewhere(session).chi):
        browser = Browser(app).sign_in(stranger)
        browser.open("/calendar")
        token = browser.forms()[0].fields["csrf_token"][0]
        browser.post(f"/me/friends/{friend.id}/take-off", csrf_token=token)
        assert browser.statuses == [404]
    assert live(session) == 2
