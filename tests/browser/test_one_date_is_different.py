"""A change that asks which dates, and one date with jobs of its own, seen in a real browser."""

from __future__ import annotations

import pytest

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.browser.seeing import Screen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
STORY = "dates"


def test_a_season_is_published_and_a_date_differs(session, open_screen: OpenScreen, look: Look):
    walk = days.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    nadia = open_screen(STORY, look, of=walk.nadia)
    _look_at_the_editor(nadia)
    _move_the_series(nadia)
    _give_a_date_its_own_jobs(nadia)
    _leave_a_date_out(nadia, session, walk)


def _look_at_the_editor(nadia: Screen) -> None:
    nadia.open("/e/danson-saturday-stroll/edit")
    for words in ("Seasons and last date", "House rules", "Share it out in turns"):
        nadia.page.locator("summary", has_text=words).first.click()
    nadia.see("editor-unfolded")
    nadia.page.get_by_label("Minutes a turn").first.fill("5")
    nadia.page.get_by_label("A turn begins every (minutes)").first.fill("3")
    nadia.press("Save")
    nadia.reads("Turns of 5 minutes begin at least 5 minutes apart.")
    nadia.see("editor-refused")


def _move_the_series(nadia: Screen) -> None:
    nadia.open("/e/danson-saturday-stroll/edit")
    nadia.page.locator("#starts").fill("09:30")
    nadia.page.locator("#ends").fill("11:00")
    nadia.press("Save")
    nadia.reads("Change which dates?", "1 turn moves", "Bela N")
    nadia.see("which-dates")
    nadia.press("Save")
    nadia.reads("We’ll tell 1 person whose turn has changed.")


def _give_a_date_its_own_jobs(nadia: Screen) -> None:
    nadia.open(f"/e/danson-saturday-stroll/{days.soon()}/change")
    nadia.see("change-a-date")
    nadia.follow("Change its jobs")
    nadia.page.locator("#roles-0-starts").fill("09:30")
    nadia.press("Save")
    nadia.reads("1 turn moves")
    nadia.see("date-jobs")
    nadia.press("Save and tell them")
    nadia.reads("We’ll tell 1 person whose turn has changed.")


def _leave_a_date_out(nadia: Screen, session, walk: builders.Walk) -> None:
    event = builders.an_event(session, walk.series, days.soon() + days.dt.timedelta(weeks=1))
    session.commit()
    nadia.open(f"/e/danson-saturday-stroll/{event.occurs_on}/change")
    nadia.press("Leave this date out")
    nadia.reads("You’ve left this date out.")
    nadia.see("left-out")
    nadia.press("Put it back")
    nadia.reads("It’s back on the rota.")
