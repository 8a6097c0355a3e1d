"""Story: Ama sees on one page which dates of the borough can't start yet, and what they lack."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.domain import communities

NOW = dt.datetime(2027, 4, 30, 8, tzinfo=dt.UTC)  # a day before the walk


@pytest.fixture(autouse=True)
def a_friday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    """The walk, tomorrow and for two weeks; and a swap shop that another group runs."""
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    for weeks in (1, 2):
        day = walk.event.occurs_on + dt.timedelta(weeks=weeks)
        event = builders.an_event(session, walk.series, day)
        slot = builders.a_slot(session, event, walk.tail_walker.role)
        if weeks == 2:
            builders.a_claim(session, slot, walk.sam)
    swap = communities.create_group(
        session, community=walk.community, slug="swap", name="Swap shop", organisers=[walk.sam]
    )
    series = builders.a_series(
        session, group=swap, organiser=walk.sam, title="A swap shop", slug="swap-shop"
    )
    builders.a_slot(
        session, builders.an_event(session, series), builders.a_role(session, series, name="Rail")
    )
    session.commit()
    return walk


def test_nadia_sees_the_walk_in_red_amber_and_green_with_words(walk, app):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open("/me")
    nadia.follow("Coverage at a glance")
    for said in (
        "Can’t start yet: 1. Somebody needed, still time: 1. Ready: 1.",
        "Sat 1 May : Danson Saturday Stroll Can’t start yet 1 of 3, lacks Tail walker",
        "Sat 8 May : Danson Saturday Stroll 1 needed 0 of 1, lacks Tail walker",
        "Sat 15 May : Danson Saturday Stroll Ready 1 of 1",
    ):
        assert said in nadia.words
    assert "swap shop" not in nadia.words
    nadia.follow("Call for help : Danson Saturday Stroll, Sat 1 May")
    assert nadia.statuses == [200]
    assert nadia.path.startswith("/e/danson-saturday-stroll/2027-05-01/")
    nadia.open("/coverage")
    nadia.follow("Sat 1 May")
    assert nadia.path == "/e/danson-saturday-stroll/2027-05-01"


def test_ama_who_coordinates_sees_everything_the_most_urgent_first(walk, app):
    ama = Browser(app).sign_in(walk.ama)
    ama.open("/coverage")
    assert ama.words.index("Danson Saturday Stroll") < ama.words.index("A swap shop")
    ama.follow("A swap shop")
    assert ama.path == "/e/swap-shop/rota"


def test_nadia_sees_the_same_in_the_heads_of_the_rota_and_a_tap_turns_it_green(walk, app):
    nadia, bela = Browser(app).sign_in(walk.nadia), Browser(app).sign_in(walk.bela)
    nadia.open("/e/danson-saturday-stroll/rota")
    assert "Can’t start without: Tail walker" in nadia.words
    sam = Browser(app).sign_in(walk.sam)
    sam.open("/e/danson-saturday-stroll/rota")
    sam.press("I’ll do it: Tail walker, Saturday 1 May")
    nadia.open("/e/danson-saturday-stroll/rota")
    assert "Can’t start without" not in nadia.words
    assert "Sat 1 May 2 of 3 All needed jobs filled" in nadia.words
    bela.open("/coverage")
    assert bela.statuses == [404]


def test_it_costs_two_statements_whatever_one_runs(walk, app):
    counted = []
    for who in (walk.nadia, walk.ama):
        browser = Browser(app).sign_in(who)
        browser.open("/coverage")
        with count_statements() as count:
            browser.open("/coverage")
        counted.append(count.total)
    assert counted == [2, 2]
