"""Sam's own calendar: how it is asked for, and what is said when a turn clashes with it."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.incoming import a_calendar
from tests.incoming import an_entry
from timebank.core import clock
from timebank.domain.calendar.incoming import busy

pytestmark = pytest.mark.browser
STORY = "busy-calendar"
PHONE = Look(390, "light")
DESK = Look(1280, "dark")


@pytest.fixture
def walk(session: Session) -> builders.Walk:
    """The walk, at a time at which Sam's own calendar shows something."""
    walk = days.a_walk(session)
    starts = walk.event.starts_at + dt.timedelta(minutes=10)
    busy.subscribe(
        session,
        member=walk.sam,
        address="https://calendar.example/secret.ics",
        raw=a_calendar(an_entry("UID:1", f"DTSTART:{starts:%Y%m%dT%H%M%SZ}", "DURATION:PT1H")),
        etag="",
        now=clock.now(),
    )
    session.commit()
    return walk


@pytest.mark.parametrize("look", [PHONE, DESK], ids=str)
def test_a_clash_is_pointed_out_and_forgetting_is_one_tap(
    walk, open_screen: OpenScreen, look: Look
) -> None:
    sam = open_screen(STORY, look, of=walk.sam)
    sam.open("/me")
    sam.follow("Your own calendar")
    sam.reads("We look at a calendar at calendar.example")
    sam.reads_nothing_of("secret.ics")
    sam.see("followed")
    sam.press("Look at this one instead")
    sam.reads("Paste the whole address")
    sam.open(f"/e/{walk.series.slug}/{walk.event.occurs_on}")
    sam.page.locator(f"form[action$='/claim/{walk.marshal.id}'] button").first.click()
    sam.reads("Your own calendar shows something at that time.")
    sam.see("clash")
    sam.press("I’ll do it all the same")
    sam.reads("You’re in. Thank you!")
    sam.open("/me/busy")
    sam.press("Stop, and forget all of it")
    sam.reads("We’ve forgotten your calendar.")
    sam.see("forgotten")
