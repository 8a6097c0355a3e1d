"""Nadia brings the spreadsheet: as a file or pasted, looked through, taken in, and undone."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.browser.seeing import Screen

pytestmark = pytest.mark.browser
STORY = "spreadsheet"
ROTA = "/e/danson-saturday-stroll/rota"
SAMPLE = Path(__file__).parent.parent / "samples" / "rota-grid.csv"
THE_SAMPLES = re.compile("Sat 5 Dec,.*,9 Jan")
PHONE = Look(390, "light")
DESK = Look(1280, "dark")


@pytest.fixture
def walk(session: Session) -> builders.Walk:
    """The walk, with somebody whom "Jo F" may mean."""
    walk = days.a_walk(session, day=days.saturday())
    builders.a_member(session, walk.community, "Joanna Field")
    session.commit()
    return walk


def saturdays() -> list[dt.date]:
    return [days.saturday() + dt.timedelta(weeks=weeks) for weeks in range(6)]


def sample() -> dict[str, object]:
    """The sample, its Saturdays moved to those that come now."""
    written = [f"Sat {day.day} {day:%b}" for day in saturdays()]
    written[3] += " (no walk)"
    written[4] = f"{saturdays()[4]:%d/%m/%Y}"
    text = THE_SAMPLES.sub(",".join(written), SAMPLE.read_text(encoding="utf-8"))
    return {"name": "rota.csv", "mimeType": "text/csv", "buffer": text.encode()}


def at_the_spreadsheet(screen: Screen) -> Screen:
    screen.open(ROTA)
    screen.follow("Bring your spreadsheet")
    return screen


@pytest.mark.parametrize("look", [PHONE, DESK], ids=str)
def test_a_file_is_looked_through_taken_in_and_undone_whole(
    walk, open_screen: OpenScreen, look: Look
) -> None:
    nadia = at_the_spreadsheet(open_screen(STORY, look, of=walk.nadia))
    nadia.page.get_by_label("The spreadsheet, saved as CSV").set_input_files([sample()])
    nadia.press("See what we understood")
    nadia.reads("Nothing is written yet.", "6 dates", "12 jobs", "Priya S, Priya Sharma")
    nadia.press("Looks right")
    nadia.reads("Say who this is")
    nadia.see("who-is-it")
    nadia.page.get_by_label("Who is “Jo F”?").select_option(label="Joanna F")
    nadia.press("Looks right")
    nadia.reads("The rota is in.", "turns taken in", "new jobs")
    nadia.see("taken-in")
    nadia.follow("The rota")
    nadia.reads("Barcode Scanning", "Joanna F", "Siân P")
    nadia.see("on-the-rota")
    nadia.follow("Bring your spreadsheet")
    nadia.reads("Taken in before")
    nadia.see("taken-in-before")
    nadia.follow("rota.csv")
    nadia.press("Undo all of it")
    nadia.reads("All of it has been undone.")
    nadia.open(ROTA)
    nadia.reads_nothing_of("Barcode Scanning", "Siân P")


def test_cells_are_pasted_and_a_day_that_is_none_is_asked_about(
    walk, open_screen: OpenScreen
) -> None:
    first, second = saturdays()[:2]
    nadia = at_the_spreadsheet(open_screen("pasted", PHONE, of=walk.nadia))
    nadia.press("See what we understood")
    nadia.reads("There is nothing in that.")
    nadia.see("nothing")
    cells = f"Job\t{first:%d %b %Y}\t99 {second:%b}\nMarshal\tCy Dee\tSam Tran\n"
    nadia.type("Or paste its cells", cells)
    nadia.press("See what we understood")
    nadia.type(f"Which day is “99 {second:%b}”?", second.isoformat())
    nadia.page.locator("summary", has_text="Somebody new: Cy Dee").click()
    expect(nadia.page.get_by_label("Who is “Cy Dee”?")).to_have_value("new")
    nadia.see("which-day")
    nadia.press("Looks right")
    nadia.reads("2 turns taken in", "1 new date", "1 new person")
    nadia.follow("The rota")
    expect(nadia.page.get_by_text("Cy D").filter(visible=True).first).to_be_visible()
