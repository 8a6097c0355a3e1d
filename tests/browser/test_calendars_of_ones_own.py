"""Nadia puts her own calendars together, on a phone and at a desk."""

from __future__ import annotations

import pytest

from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look

pytestmark = pytest.mark.browser
STORY = "calendars"


def test_an_organiser_makes_narrows_and_switches_off_her_calendars(
    session, open_screen: OpenScreen, look: Look
) -> None:
    walk = days.a_walk(session)
    session.commit()
    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open("/calendar")
    nadia.reads("Put it in your calendar", "What you organise", "As you like it")
    nadia.see("page")
    nadia.press("Make my address: What you organise")
    nadia.reads("We show it this once")
    nadia.page.get_by_text("Scan it with your phone").click()
    nadia.page.get_by_text("How it tells things").click()
    nadia.see("fresh")
    nadia.open("/calendar")
    nadia.reads("No calendar has read it yet.")
    nadia.follow("Put one together")
    nadia.see("narrow")
    nadia.choose("Where somebody is needed")
    nadia.press("Make the calendar")
    nadia.reads("Still needed: everything")
    nadia.see("narrowed")


def test_an_organiser_sees_a_change_in_calendars_before_she_saves_it(
    session, open_screen: OpenScreen, look: Look
) -> None:
    walk = days.a_walk(session)
    session.commit()
    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open(f"/e/{walk.series.slug}/{walk.event.occurs_on}/change")
    nadia.page.get_by_label("From").first.fill("10:00")
    nadia.page.get_by_label("To", exact=True).first.fill("11:30")
    nadia.type("Why?", "The café opens later")
    nadia.press("See it in calendars first: another time or place")
    nadia.reads("What your subscribers will see", "Nothing is saved yet.")
    nadia.see("preview")
