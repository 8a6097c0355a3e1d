from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders

SHEET = "/e/danson-saturday-stroll/2027-05-01/print"


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    return walk


def test_the_tick_sheet_has_a_line_for_each_place_and_five_for_walk_ups(walk, browser):
    browser.sign_in(walk.nadia).open(SHEET)
    places = walk.marshal.places + walk.tail_walker.places
    assert browser.page.count('class="box"') == places + 5
    assert browser.page.count("<td>Bela N</td>") == 1
    assert "Novak" not in browser.page
    for said in ("Danson Saturday Stroll", "Saturday 1 May", "Danson Park, by the boathouse"):
        assert said in browser.words


def test_the_organiser_finds_it_from_the_date_and_from_the_rota(walk, browser):
    browser.sign_in(walk.nadia)
    for page in ("/e/danson-saturday-stroll/2027-05-01", "/e/danson-saturday-stroll/rota"):
        assert f'href="{SHEET}"' in browser.open(page)


def test_a_resident_finds_neither_the_sheet_nor_a_way_there(walk, browser):
    browser.sign_in(walk.bela)
    for page in ("/e/danson-saturday-stroll/2027-05-01", "/e/danson-saturday-stroll/rota"):
        assert SHEET not in browser.open(page)
    browser.open(SHEET)
    assert browser.statuses == [404]
