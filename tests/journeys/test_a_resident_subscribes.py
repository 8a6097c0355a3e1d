"""Story 6: a resident follows what's on, one event, or their own turns, in their own calendar."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Event as Vevent
from sqlalchemy.orm import Session

from tests.browsing import Browser
from tests.builders import Walk
from tests.builders import a_claim
from tests.builders import a_walk
from tests.builders import an_event
from tests.calendars import events_of
from timebank.core import clock
from timebank.domain.rota import changing

NOW = dt.datetime(2027, 3, 20, 12, tzinfo=dt.UTC)
SATURDAY, NEXT_SATURDAY = dt.date(2027, 3, 27), dt.date(2027, 4, 3)


@pytest.fixture(autouse=True)
def watch():
    with time_machine.travel(NOW, tick=False) as watch:
        yield watch


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = a_walk(session, day=SATURDAY)
    an_event(session, walk.series, NEXT_SATURDAY)
    a_claim(session, walk.marshal, walk.bela)
    session.commit()
    return walk


class Calendar:
    """The calendar on somebody's phone: it keeps what it has until it is told otherwise."""

    def __init__(self, app: Flask, address: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.address = re.sub("^(https?|webcal)://localhost", "", address)
        self.etag = ""
        self.events: dict[str, Vevent] = {}

    def look(self) -> int:
        answer = self.client.get(self.address, headers={"If-None-Match": self.etag})
        if answer.status_code == 200:
            self.etag = answer.headers["ETag"]
            self.events = {event["UID"]: event for event in events_of(answer.data)}
        return answer.status_code

    @property
    def shows(self) -> list[str]:
        events = sorted(self.events.values(), key=lambda event: event.start)
        return [f"{event.start:%a %d %b %H:%M} {event['SUMMARY']}" for event in events]


def address_of(browser: Browser, ending: str) -> str:
    return re.search(rf'value="(http://localhost/[^"]*{ending})"', browser.page)[1]


def test_everything_moves_and_is_called_off_in_the_resident_s_calendar(
    app: Flask, browser: Browser, session: Session, walk: Walk, watch: time_machine.Traveller
) -> None:
    browser.open("/")
    browser.follow("Calendar")
    calendar = Calendar(app, address_of(browser, "all.ics"))
    assert calendar.look() == 200
    assert calendar.shows == [
        "Sat 27 Mar 09:00 Danson Saturday Stroll",
        "Sat 03 Apr 09:00 Danson Saturday Stroll",
    ]
    assert calendar.look() == 304
    kept = set(calendar.events)

    watch.shift(60)
    changing.move_event(
        session,
        event=walk.event,
        starts_at=dt.datetime(2027, 3, 28, 9, tzinfo=dt.UTC),
        ends_at=dt.datetime(2027, 3, 28, 10, 30, tzinfo=dt.UTC),
        reason="the park is closed on Saturday",
        by=walk.nadia,
        now=clock.now(),
    )
    session.commit()
    assert calendar.look() == 200
    assert calendar.shows == [
        "Sun 28 Mar 10:00 Danson Saturday Stroll",
        "Sat 03 Apr 09:00 Danson Saturday Stroll",
    ]

    watch.shift(60)
    changing.cancel_event(
        session, event=walk.event, reason="the path is flooded", by=walk.nadia, now=clock.now()
    )
    session.commit()
    assert calendar.look() == 200
    assert calendar.shows == [
        "Sun 28 Mar 10:00 Cancelled: Danson Saturday Stroll",
        "Sat 03 Apr 09:00 Danson Saturday Stroll",
    ]
    assert set(calendar.events) == kept
    assert calendar.look() == 304


def test_one_event_is_followed_and_one_date_is_kept(
    app: Flask, browser: Browser, walk: Walk
) -> None:
    browser.open("/calendar")
    calendar = Calendar(app, address_of(browser, "danson-saturday-stroll/calendar.ics"))
    assert calendar.look() == 200
    assert len(calendar.shows) == 2
    browser.open("/e/danson-saturday-stroll/2027-03-27")
    browser.follow("Just this date (.ics)")
    assert browser.answer.headers["Content-Disposition"].startswith("attachment")
    (event,) = events_of(browser.answer.data)
    assert event["UID"] in calendar.events


def test_own_turns_follow_their_date_and_a_turn_given_back_goes(
    app: Flask, browser: Browser, session: Session, walk: Walk
) -> None:
    browser.sign_in(walk.bela).open("/me")
    browser.follow("Put my turns in my calendar")
    browser.press("Make my address")
    calendar = Calendar(app, address_of(browser, r"me/[a-z2-7]+\.ics"))
    assert calendar.look() == 200
    assert calendar.shows == ["Sat 27 Mar 08:45 Marshal: Danson Saturday Stroll"]
    browser.open("/me")
    browser.press("I can’t make it")
    assert calendar.look() == 200
    assert calendar.shows == []
    browser.press("Undo")
    assert calendar.look() == 200
    assert calendar.shows == ["Sat 27 Mar 08:45 Marshal: Danson Saturday Stroll"]
    changing.cancel_event(
        session, event=walk.event, reason="flooded", by=walk.nadia, now=clock.now()
    )
    session.commit()
    assert calendar.look() == 200
    assert calendar.shows == ["Sat 27 Mar 08:45 Cancelled: Marshal: Danson Saturday Stroll"]
