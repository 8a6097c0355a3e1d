"""Story: Bela has Saturday mornings, and wants to see in one list what she could do."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.models import Venue


@pytest.fixture(autouse=True)
def a_tuesday():
    with time_machine.travel(dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def walk(session):
    """The walk in Bexleyheath, and on Monday evening a choir in Crayford that wants a grown-up."""
    walk = builders.a_walk(session)
    session.execute(sa.update(Venue).values(area="Bexleyheath"))
    choir = builders.a_series(
        session,
        group=walk.group,
        organiser=walk.nadia,
        title="Crayford choir",
        slug="crayford-choir",
        first_on=dt.date(2027, 4, 26),
        starts=dt.time(19),
        ends=dt.time(20),
    )
    choir.venue.area = "Crayford"
    event = builders.an_event(session, choir)
    for name, age in (("Keys", 18), ("Tea", None)):
        role = builders.a_role(session, choir, name=name, duration_minutes=60)
        role.minimum_age = age
        builders.a_slot(session, event, role)
    session.commit()
    return walk


def jobs(browser):
    return [
        words.removeprefix("I’ll do it: ").partition(",")[0]
        for form in browser.forms()
        for words in form.buttons
        if words.startswith("I’ll do it")
    ]


def test_bela_finds_what_she_may_do_and_takes_it_with_one_tap(walk, app):
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/me")
    bela.follow("See what I could do")
    assert jobs(bela) == ["Tea", "Marshal", "Tail walker"]  # the keys are for grown-ups
    bela.follow("Needed first")
    assert jobs(bela)[0] == "Tail walker"
    bela.follow("Weekends")
    bela.press("I’ll do it: Tail walker")
    assert "You’re in. Thank you!" in bela.words
    assert bela.answer.request.full_path == "/could-do?free=weekends&first=needed"
    assert "Nothing like that in the next four weeks." in bela.words  # she walks last by then
    bela.follow("See everything you could do")
    assert jobs(bela) == ["Tea"]


def test_sam_looks_near_home_on_weekday_evenings(walk, app):
    sam = Browser(app).sign_in(walk.sam)
    sam.open("/could-do")
    sam.follow("Crayford")
    sam.follow("Weekday evenings")
    assert jobs(sam) == ["Tea"]
    sam.follow("Weekday evenings")
    sam.follow("Weekday mornings")
    assert "Nothing in Crayford in the next four weeks." in sam.words
    sam.follow("Try the whole borough")
    assert "Nothing like that in the next four weeks." in sam.words


def test_dov_who_is_signed_out_sees_all_of_it_from_whats_on(walk, session, browser):
    with time_machine.travel(dt.datetime(2027, 4, 24, 12, tzinfo=dt.UTC), tick=False):
        browser.open("/")
        browser.follow("See everything I could do")
        assert "Jobs of the next four weeks with a place going spare." in browser.words
        for job in ("Keys", "Tea", "Marshal", "Tail walker"):
            assert f"I’ll do it : {job}" in browser.words
        browser.follow("I’ll do it : Keys")
        assert "For people of 18 or over." in browser.words


def test_somebody_who_was_quicker_is_named_and_the_next_best_job_offered(walk, app):
    bela, sam = Browser(app).sign_in(walk.bela), Browser(app).sign_in(walk.sam)
    for one in (bela, sam):
        one.open("/could-do")
    sam.press("I’ll do it: Tail walker")
    bela.press("I’ll do it: Tail walker")
    assert bela.statuses == [409]
    assert "Sam T got there a moment before you." in bela.words
