"""Pages ask the database a fixed number of questions, however much there is to show."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.statements import count_statements

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def two_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def crowd(session, walk, people):
    """More dates, jobs and turns."""
    for week in range(1, 4):
        day = walk.series.first_on + dt.timedelta(days=3 * (people - 3) + week)
        event = builders.an_event(session, walk.series, day)
        role = builders.a_role(session, walk.series, name=f"Job {people} {week}", places=people)
        slot = builders.a_slot(session, event, role)
        for number in range(people):
            member = builders.a_member(session, walk.community, f"P{people}x{week}x{number} Q")
            builders.a_claim(session, slot, member, place=number + 1)
    extra = builders.a_role(session, walk.series, name=f"More {people}", places=9)
    builders.a_slot(session, walk.event, extra)
    session.commit()


PAGES = {
    "home": ("/", 3, 1),
    "event": ("/e/danson-saturday-stroll/2027-05-01", 3, 1),
}


@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize("name", PAGES)
def test_a_kept_page_costs_three_statements_cold_and_one_warm(
    walk, session, browser, name, signed_in
):
    address, cold, warm = PAGES[name]
    if signed_in:
        browser.sign_in(walk.bela)
    counted = []
    for _ in range(3):
        with count_statements() as first:
            browser.open(address)
        with count_statements() as second:
            browser.open(address)
        counted.append((first.total, second.total))
        crowd(session, walk, people=2 + len(counted))
    assert counted == [(cold, warm)] * 3


def test_my_turns_costs_the_same_however_many_there_are(walk, session, browser):
    browser.sign_in(walk.bela)
    counted = []
    for week in range(1, 4):
        with count_statements() as count:
            browser.open("/me")
        counted.append(count.total)
        day = walk.series.first_on + dt.timedelta(weeks=week)
        event = builders.an_event(session, walk.series, day)
        builders.a_claim(session, builders.a_slot(session, event, walk.marshal.role), walk.bela)
        session.commit()
    assert counted == [10, 10, 10]


def test_taking_a_place_costs_one_statement(walk, browser):
    browser.sign_in(walk.bela)
    browser.open("/e/danson-saturday-stroll/2027-05-01")
    here = f"/e/danson-saturday-stroll/2027-05-01/claim/{walk.tail_walker.id}"
    token = browser.forms()[0].fields["csrf_token"][0]
    with count_statements() as count:
        answer = browser.client.post(here, data={"csrf_token": token}, base_url=browser.base)
    assert (answer.status_code, count.total) == (303, 1)


def test_a_kept_page_changes_the_moment_somebody_takes_a_place(walk, app, browser):
    rival = Browser(app).sign_in(walk.sam)
    assert "1 of 3 places filled" not in browser.open("/e/danson-saturday-stroll/2027-05-01")
    rival.open("/e/danson-saturday-stroll/2027-05-01")
    rival.press("I’ll do it: Tail walker")
    browser.open("/e/danson-saturday-stroll/2027-05-01")
    assert "1 of 3 places filled" in browser.words
    assert "Sam T" in browser.words
