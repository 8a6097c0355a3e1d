from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.models import Venue

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    session.execute(sa.update(Venue).values(area="Bexleyheath"))
    session.add(Venue(community_id=walk.community.id, name="Library", area="Crayford"))
    session.commit()
    return walk


def chips(browser):
    """The words of the chips, each with whether it is chosen."""
    return {
        words: f'href="{url.replace("&", "&amp;")}" aria-current="true"' in browser.page
        for words, url in browser.links()
        if url.startswith("/could-do")
    }


def test_chips_choose_and_take_back_and_combine(walk, browser):
    browser.open("/could-do")
    assert chips(browser) == {
        "Soonest first": True,
        **dict.fromkeys(
            (
                "Needed first", "Bexleyheath", "Crayford", "Weekends", "Weekday mornings",
                "Weekday afternoons", "Weekday evenings", "Outdoors", "Food & company",
                "Making & mending", "Step-free",
            ),
            False,
        ),
    }  # fmt: skip
    for chip in ("Needed first", "Bexleyheath", "Weekends", "Weekday mornings", "Outdoors"):
        browser.follow(chip)
    assert browser.answer.request.full_path == (
        "/could-do?near=Bexleyheath&free=mornings&free=weekends&kind=outdoors&first=needed"
    )
    assert [words for words, is_chosen in chips(browser).items() if is_chosen] == [
        "Needed first",
        "Bexleyheath",
        "Weekends",
        "Weekday mornings",
        "Outdoors",
    ]
    browser.follow("Weekends")
    browser.follow("Bexleyheath")
    assert browser.answer.request.full_path == (
        "/could-do?free=mornings&kind=outdoors&first=needed"
    )


def test_nothing_found_says_so_and_shows_a_way_out(walk, browser):
    browser.open("/could-do?near=Crayford&first=needed")
    assert "Nothing in Crayford in the next four weeks." in browser.words
    browser.follow("Try the whole borough")
    assert browser.answer.request.full_path == "/could-do?first=needed"
    browser.open("/could-do?free=evenings")
    assert "Nothing like that in the next four weeks." in browser.words
    browser.follow("See everything you could do")
    assert browser.has_button("I’ll do it") is False
    assert "Tail walker" in browser.words


def test_a_borough_without_open_jobs_says_just_come_along(walk, session, browser):
    session.execute(sa.text("UPDATE slot SET closed_at = now()"))
    session.commit()
    browser.open("/could-do")
    assert "Nothing that wants you just now." in browser.words


def test_visitors_get_links_to_the_claim_page(walk, browser):
    browser.open("/could-do")
    browser.follow("I’ll do it : Tail walker, Saturday 1 May")
    assert browser.path == f"/e/danson-saturday-stroll/2027-05-01/claim/{walk.tail_walker.id}"


def test_chi_visiting_from_another_community_may_take_what_everybody_may(walk, session, app):
    chi = Browser(app).sign_in(builders.an_elsewhere(session).chi)
    chi.open("/could-do")
    chi.press("I’ll do it: Tail walker")
    assert "You’re in." in chi.words


def test_the_list_costs_two_statements_however_long_it_is(walk, session, browser):
    browser.sign_in(walk.bela)
    counted = []
    for number in range(3):
        browser.open("/could-do")  # a session of this thread's own
        with count_statements() as count:
            browser.open("/could-do")
        counted.append(count.total)
        for weeks in (1, 2):
            day = walk.event.occurs_on + dt.timedelta(weeks=weeks, days=number)
            builders.a_slot(
                session, builders.an_event(session, walk.series, day), walk.marshal.role
            )
        session.commit()
    assert counted == [2, 2, 2]


def test_more_jobs_are_a_page_away(walk, session, browser):
    for number in range(25):
        role = builders.a_role(session, walk.series, name=f"Job {number}", position=number)
        builders.a_slot(session, walk.event, role)
    session.commit()
    browser.open("/could-do")
    first = browser.page.count('<li class="slot"')
    browser.follow("More jobs")
    assert (first, browser.page.count('<li class="slot"')) == (20, 7)
    assert "More jobs" not in browser.words
