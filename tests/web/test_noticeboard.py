from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from timebank.models import ClaimState
from timebank.web.rota.qr import code_of

BOARD = "/e/danson-saturday-stroll/rota/print"


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    builders.a_claim(
        session,
        walk.tail_walker,
        walk.sam,
        state=ClaimState.HELD,
        held_until=dt.datetime(2027, 4, 21, tzinfo=dt.UTC),
    )
    session.commit()
    return walk


def test_it_has_short_names_and_a_line_for_each_place_going_spare(walk, browser):
    browser.open(BOARD)
    assert "Bela N" in browser.words
    assert "Sam T (confirming)" in browser.words
    assert "Novak" not in browser.page
    assert browser.page.count('class="blank"') == 1


def test_a_member_prints_names_not_you(walk, browser):
    browser.sign_in(walk.bela).open(BOARD)
    assert "Bela N" in browser.words
    assert "You" not in browser.words.split("Job")[1]


def test_a_job_with_many_places_gets_three_lines_and_the_rest_in_words(walk, session, browser):
    role = builders.a_role(session, walk.series, name="Litter picker", places=20, needed=2)
    builders.a_slot(session, walk.event, role)
    session.commit()
    browser.open(BOARD)
    assert "Litter picker * Needed and 17 more" in browser.words


def test_twelve_dates_go_on_two_sheets(walk, session, browser):
    for weeks in range(1, 12):
        day = walk.event.occurs_on + dt.timedelta(weeks=weeks)
        builders.a_slot(session, builders.an_event(session, walk.series, day), walk.marshal.role)
    session.commit()
    browser.open(f"{BOARD}?dates=12")
    assert browser.page.count("<article") == 2
    assert browser.page.count("<h1") == 1
    assert "Sat 1 May to Sat 5 June" in browser.words
    assert "Sat 12 June to Sat 17 July" in browser.words


def test_it_leads_to_the_rota_by_its_code(walk, browser):
    code = code_of("http://localhost/e/danson-saturday-stroll/rota")
    assert f'd="{code.path}"' in browser.open(BOARD)


def test_a_series_without_dates_to_come_says_so(walk, browser):
    browser.open(f"{BOARD}?from=2030-01-01")
    assert "No dates to come." in browser.words


def test_a_code_is_square_with_a_quiet_border():
    code = code_of("http://localhost/")
    assert code.size == 25 + 2 * 4
    assert code.path.startswith("M4 4h1v1h-1z")
