"""Somebody's own calendars: for the household, for what they run, for where they are needed."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from tests.browsing import Browser
from tests.builders import Walk
from tests.builders import a_claim
from tests.builders import a_member
from tests.builders import a_walk
from tests.builders import acting_for
from tests.calendars import events_of

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def watch():
    with time_machine.travel(NOW, tick=False) as watch:
        yield watch


@pytest.fixture
def walk(session: Session) -> Walk:
    return a_walk(session)


def fresh_in(browser: Browser) -> str:
    return re.search(r'value="http://localhost(/f/[a-z-]+/[a-z2-7]{32}\.ics)"', browser.page)[1]


def shown(app: Flask, address: str) -> list[str]:
    """What a calendar shows that reads the address; it carries no cookie."""
    answer = app.test_client().get(address, headers={"User-Agent": "Google-Calendar-Importer"})
    return [str(event["SUMMARY"]) for event in events_of(answer.data)]


def test_a_carer_sees_whose_turn_it_is_until_they_act_for_them_no_more(
    app: Flask, browser: Browser, session: Session, walk: Walk
) -> None:
    priya = a_member(session, walk.community, "Priya Shah", email=None)
    a_claim(session, walk.marshal, priya)
    grant = acting_for(session, helper=walk.bela, member=priya, by=walk.ama)
    session.commit()
    browser.sign_in(walk.bela).open("/calendar")
    browser.press("Make my address: Your household’s turns")
    address = fresh_in(browser)
    assert shown(app, address) == ["Priya: Marshal: Danson Saturday Stroll"]
    browser.open("/calendar")
    assert "Google read it just now." in browser.words
    grant.ended_at, grant.ended_by = NOW, walk.bela.id
    session.commit()
    assert shown(app, address) == []


def test_an_organiser_watches_a_date_fill_up_and_a_neighbour_finds_where_to_help(
    app: Flask, browser: Browser, walk: Walk, watch: time_machine.Traveller
) -> None:
    browser.sign_in(walk.nadia).open("/calendar")
    browser.press("Make my address: What you organise")
    organising = fresh_in(browser)
    sam = Browser(app).sign_in(walk.sam)
    sam.open("/calendar")
    sam.follow("Put one together")
    sam.press("Make the calendar", shows="gaps", role="Tail walker")
    gaps = fresh_in(sam)
    assert shown(app, organising) == ["Danson Saturday Stroll: 0 of 3 filled"]
    assert shown(app, gaps) == ["1 needed: Tail walker, Danson Saturday Stroll"]
    (event,) = events_of(app.test_client().get(gaps).data)
    sam.open(str(event["URL"]).removeprefix("https://localhost").removeprefix("http://localhost"))
    sam.press("Count me in")
    assert shown(app, gaps) == []
    assert shown(app, organising) == ["Danson Saturday Stroll: 1 of 3 filled"]
    watch.shift(dt.timedelta(hours=3))
    browser.open("/calendar")
    assert "Google read it 3 hours ago." in browser.words


def test_who_leaves_leaves_no_calendar_behind(app: Flask, browser: Browser, walk: Walk) -> None:
    browser.sign_in(walk.sam).open("/calendar")
    browser.press("Make my address: Help you agreed on")
    address = fresh_in(browser)
    assert shown(app, address) == []
    browser.open("/me/leave")
    browser.press("Leave")
    assert app.test_client().get(address).status_code == 410
