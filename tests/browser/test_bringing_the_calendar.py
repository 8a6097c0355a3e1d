"""Nadia brings her group's calendar as a file, looks it through, takes it in, and undoes it."""

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

pytestmark = pytest.mark.browser
STORY = "calendar-comes-in"
PHONE = Look(390, "light")
DESK = Look(1280, "dark")
A_WEEK = dt.timedelta(weeks=1)


@pytest.fixture
def walk(session: Session) -> builders.Walk:
    walk = days.a_walk(session)
    session.commit()
    return walk


def calendar() -> bytes:
    """A stroll every Saturday with one date later, a tea without a place, and a camp."""
    first = days.saturday() + A_WEEK
    later = f"{first + 2 * A_WEEK:%Y%m%d}"
    in_london = "TZID=Europe/London:"
    return a_calendar(
        an_entry(
            "UID:stroll", "SUMMARY:Riverside stroll", "LOCATION:Erith Pier\\, DA8 1QY",
            f"DTSTART;{in_london}{first:%Y%m%d}T093000", "DURATION:PT90M", "RRULE:FREQ=WEEKLY",
            f"EXDATE;{in_london}{first + A_WEEK:%Y%m%d}T093000",
        ),
        an_entry(
            "UID:stroll", "SUMMARY:Riverside stroll",
            f"RECURRENCE-ID;{in_london}{later}T093000", f"DTSTART;{in_london}{later}T130000",
            "DURATION:PT90M",
        ),
        an_entry("UID:tea", "SUMMARY:Tea", f"DTSTART:{later}T150000", "DURATION:PT2H"),
        an_entry("UID:camp", "SUMMARY:Summer camp", f"DTSTART;VALUE=DATE:{later}"),
    )  # fmt: skip


@pytest.mark.parametrize("look", [PHONE, DESK], ids=str)
def test_a_calendar_is_looked_through_taken_in_and_undone_whole(
    walk, open_screen: OpenScreen, look: Look
) -> None:
    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open("/e/new")
    nadia.follow("Or bring the calendar that you keep already")
    nadia.see("choose")
    nadia.press("See what we understood")
    nadia.reads("Choose a file, or paste the address of the calendar.")
    nadia.see("nothing-chosen")
    nadia.page.get_by_label("The calendar as a file").set_input_files(
        [{"name": "walks.ics", "mimeType": "text/calendar", "buffer": calendar()}]
    )
    nadia.press("See what we understood")
    nadia.reads("2 new events", "Saturdays at 9:30am", "It lasts all day")
    nadia.page.locator("summary", has_text="1 date by itself").click()
    nadia.see("understood")
    nadia.press("Looks right")
    nadia.reads("Say where people should meet")
    nadia.type("Where do the others meet?", "The old library")
    nadia.page.get_by_label("Which jobs does “Riverside stroll” come with?").select_option(
        label="Jobs: Walk or run"
    )
    nadia.press("Looks right")
    nadia.reads("The events are in.", "2 new events")
    nadia.see("taken-in")
    nadia.follow("Riverside stroll")
    nadia.reads("Tail walker")
    nadia.open("/calendar/import")
    nadia.reads("Taken in before")
    nadia.follow("walks.ics")
    nadia.press("Undo all of it")
    nadia.reads("All of it has been undone.")
    nadia.see("undone")
    nadia.open("/")
    nadia.reads_nothing_of("Riverside stroll")
