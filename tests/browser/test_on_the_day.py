"""Story 4: two organisers' phones, ticks, somebody new, and everybody's hours, once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from timebank.models import Transfer

pytestmark = pytest.mark.browser
STORY = "on-the-day"


@pytest.fixture
def walk(session):
    walk = days.a_walk(session)
    builders.a_member(session, walk.community, "Tom Baker")
    return walk


def test_two_organisers_tick_add_somebody_and_finish(
    walk, session, open_screen: OpenScreen, look: Look
) -> None:
    event = days.a_walk_under_way(session, walk)
    nadia, ama = (open_screen(STORY, look, of=one) for one in (walk.nadia, walk.ama))
    nadia.open(f"/e/danson-saturday-stroll/{event.occurs_on}")
    nadia.follow("Who’s here?")
    nadia.reads("0 of 2 here.", "First turn")
    nadia.see("expected")

    nadia.press("Here: Bela N")
    ama.open(f"/e/danson-saturday-stroll/{event.occurs_on}/checkin")
    ama.reads("1 of 2 here.")
    ama.press("Here: Sam T")
    nadia.type("Their name", "Tom")
    nadia.press("Add them")
    nadia.reads("Have they been here before?")
    nadia.see("who-is-it")
    nadia.choose("Tom B, who hasn’t come before")
    nadia.press("Add them")
    nadia.reads("Added and ticked. Thank you for coming!", "3 of 3 here.")
    nadia.see("everybody-here")

    nadia.press("Finish and credit hours")
    nadia.reads("Thank you! 4½ hours credited to 3 neighbours.")
    nadia.see("finished")
    ama.press("Finish and credit hours")
    ama.reads("Everybody ticked has their hours already.")
    assert session.scalar(sa.select(sa.func.count(Transfer.id))) == 3


def test_the_day_needs_no_script(walk, session, open_screen: OpenScreen) -> None:
    event = days.a_walk_under_way(session, walk)
    nadia = open_screen(
        "without-scripts", Look(390, "light"), of=walk.nadia, java_script_enabled=False
    )
    nadia.open(f"/e/danson-saturday-stroll/{event.occurs_on}/checkin")
    nadia.press("Here: Bela N")
    nadia.type("Their name", "Priya Sharma")
    nadia.press("Add them")
    nadia.reads("Added and ticked. Thank you for coming!", "2 of 3 here.")
    nadia.press("Finish and credit hours")
    nadia.reads("Thank you! 3 hours credited to 2 neighbours.")
    nadia.picture("finished")
    assert nadia.faults == []
