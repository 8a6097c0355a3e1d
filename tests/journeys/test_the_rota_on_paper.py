"""Story: no signal at the park. A sheet to tick on the day, and the rota on a noticeboard."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.web.rota.qr import code_of

WALK = "/e/danson-saturday-stroll"


@pytest.fixture(autouse=True)
def friday_evening():
    with time_machine.travel(dt.datetime(2027, 4, 30, 17, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    return walk


def test_nadia_prints_the_sheet_for_tomorrow(walk, app):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"{WALK}/rota")
    nadia.follow("Print : Saturday 1 May")
    assert "Marshal 8:45am to 10:15am Bela N" in nadia.words
    assert nadia.page.count('class="box"') == 3 + 5  # every place, and five lines to spare
    assert "Scan to see the rota and take a place" in nadia.words
    assert code_of(f"http://localhost{WALK}/2027-05-01").path in nadia.page


def test_what_the_code_on_the_sheet_opens_lets_dov_take_a_place(walk, browser):
    browser.open(f"{WALK}/2027-05-01")
    browser.follow("I’ll do it : Tail walker, Saturday 1 May")
    assert "What should we call you?" in browser.words


def test_anybody_prints_the_rota_for_the_noticeboard(walk, browser):
    browser.open(f"{WALK}/rota")
    browser.follow("Print for a noticeboard")
    assert "Sat 1 May · Danson Park, by the boathouse" in browser.words
    assert "Marshal Bela N" in browser.words
    assert "Novak" not in browser.page
    assert code_of(f"http://localhost{WALK}/rota").path in browser.page


def test_the_boards_own_way_back_leads_to_the_rota(walk, browser):
    browser.open(f"{WALK}/rota/print")
    browser.follow("The rota")
    assert browser.path == f"{WALK}/rota"
