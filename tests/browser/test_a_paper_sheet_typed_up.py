"""A sheet of paper comes back from the park: printed, typed up, looked through, written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from tests import builders
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.strolls import Stroll
from tests.strolls import a_stroll
from timebank.core import clock

pytestmark = pytest.mark.browser
STORY = "paper-sheet"
SAMPLE = Path(__file__).parent.parent / "samples" / "paper-sheet.csv"
SMALLEST = Look(320, "light")
PHONE = Look(390, "light")
DESK = Look(1280, "dark")


def yesterday() -> dt.date:
    return clock.local_date(clock.now(), builders.LONDON) - dt.timedelta(days=1)


@pytest.fixture
def stroll(session: Session) -> Stroll:
    return a_stroll(session, yesterday())


def sample() -> dict[str, object]:
    """The sample, its date moved to the walk's."""
    text = SAMPLE.read_text(encoding="utf-8").replace("05/12/2026", f"{yesterday():%d/%m/%Y}")
    return {"name": "paper-sheet.csv", "mimeType": "text/csv", "buffer": text.encode()}


@pytest.mark.parametrize("look", [PHONE, DESK], ids=str)
def test_the_sample_is_taken_in_every_untidy_line_asked_about(
    stroll: Stroll, open_screen: OpenScreen, look: Look
) -> None:
    here = f"/e/danson-saturday-stroll/{yesterday()}"
    ama = open_screen(STORY, look, of=stroll.walk.ama)
    ama.open(f"{here}/print")
    ama.reads("Sheet DS-0001")
    ama.see("printed")
    ama.follow("Type it up afterwards")
    ama.see("sheets")
    ama.follow("Type it up")
    ama.page.locator("summary", has_text="Or paste it, or send a file").click()
    ama.page.get_by_label("The sheet, saved as CSV").set_input_files([sample()])
    ama.see("bring")
    ama.page.get_by_role("button", name="See what we understood").last.click()
    ama.reads("Nothing is written yet.", "7 lines", "Which sheet is it?", "Who is “Imran”?")
    ama.reads("When did Grace L leave?", "Is it the same turn?", "Which hours count for Nadia K?")
    expect(ama.page.get_by_label("When did Grace L leave?")).to_have_value("10:15am")
    ama.see("understood")
    ama.page.get_by_label("Which hours count for Nadia K?").select_option(
        label="As on the sheet: 2 hours 40 minutes"
    )
    ama.press("Looks right")
    ama.reads("Some lines still need a word from you.")
    ama.see("which-sheet")
    ama.page.get_by_label("This is DS-0001. Which sheet is it?").select_option(
        label="A sheet of its own: DS-0412"
    )
    ama.page.get_by_label("Which job is “Marshal”?").select_option(label="Marshal: far end")
    ama.press("Looks right")
    ama.reads("Thank you! 9 hours 10 minutes credited to 6 neighbours.", "7 lines typed up")
    ama.see("written")
    ama.follow("Who’s here?")
    ama.reads("From sheet DS-0412, line 3")
    ama.see("who-was-here")


@pytest.mark.parametrize("look", [SMALLEST, PHONE, DESK], ids=str)
def test_nadia_types_it_line_by_line_and_her_own_line_waits(
    stroll: Stroll, open_screen: OpenScreen, look: Look
) -> None:
    here = f"/e/danson-saturday-stroll/{yesterday()}"
    nadia = open_screen("paper-lines", look, of=stroll.walk.nadia)
    nadia.open(f"{here}/print")
    nadia.open(f"{here}/sheets/DS-0001")
    first = nadia.page.get_by_role("group", name="Line 1,")
    first.get_by_label("Came").check()
    tom = nadia.page.get_by_role("group", name="Line 2,")
    expect(tom.get_by_label("Name")).to_have_value("Tom B")
    tom.get_by_label("In").fill("7.45")
    tom.get_by_label("Out").fill("9.30")
    spare = nadia.page.get_by_role("group", name="Line 8")
    spare.get_by_label("Name").fill("Kwame")
    spare.get_by_label("Job").select_option(label="Finish tokens")
    spare.get_by_label("Came").check()
    nadia.see("typed")
    nadia.press("See what we understood")
    nadia.reads("Your own line: it waits for another organiser", "Who is “Kwame”?")
    nadia.reads("On the rota, and not down as here", "Grace L, Marshal: boathouse")
    nadia.see("understood")
    nadia.press("Looks right")
    nadia.reads("Your own turn needs another organiser’s tap")
    nadia.reads("waits for another organiser: nobody confirms their own hours")
    nadia.see("written")
