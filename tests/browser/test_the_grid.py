"""The rota as a grid: one tap, no mouse, every width, and on paper."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.browser.seeing import Screen

pytestmark = pytest.mark.browser
ROTA = "/e/danson-saturday-stroll/rota"
SMALLEST = Look(320, "light")
DESK = Look(1280, "light")
A_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
FOCUSED = "document.activeElement.textContent.replace(/\\s+/g, ' ').trim()"


@pytest.fixture
def walk(session: Session) -> builders.Walk:
    """The walk on twelve Saturdays, with a dozen jobs; Bela marshals on the first."""
    walk = days.a_walk(session)
    jobs = [
        builders.a_role(session, walk.series, name=f"Marshal {n}", places=2, position=n)
        for n in range(3, 13)
    ]
    for weeks in range(12):
        event = walk.event
        if weeks:
            day = walk.event.occurs_on + dt.timedelta(weeks=weeks)
            event = builders.an_event(session, walk.series, day)
            for first in (walk.marshal.role, walk.tail_walker.role):
                builders.a_slot(session, event, first)
        for job in jobs:
            builders.a_slot(session, event, job)
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    return walk


def test_one_tap_takes_a_place_and_shows_it_where_it_was(
    walk: builders.Walk, open_screen: OpenScreen, look: Look
) -> None:
    sam = open_screen("the-grid", look, of=walk.sam)
    sam.open(f"{ROTA}?dates=12")
    sam.see("before")
    sam.press("I’ll do it: Marshal 12")
    sam.is_at(ROTA)
    sam.reads("You’re in. Thank you! We’ll remind you in good time.")
    mine = sam.page.get_by_role("link", name=re.compile("^You ?: Marshal 12"))
    expect(mine).to_be_in_viewport()
    expect(sam.page.get_by_text("You’re in. Thank you!")).to_be_in_viewport()
    expect(sam.page.get_by_role("button", name="Undo")).to_be_in_viewport()
    sam.see("taken")


def test_a_list_that_was_folded_is_open_again_after_a_tap(
    walk: builders.Walk, open_screen: OpenScreen
) -> None:
    sam = open_screen("the-grid-folded", Look(390, "light"), of=walk.sam)
    sam.open(ROTA)
    third = sam.page.locator("details.day").nth(2)
    third.locator("summary").click()
    with sam.page.expect_navigation():
        third.get_by_role("button", name=re.compile("Tail walker")).click()
    expect(third).to_have_attribute("open", "")
    expect(third.get_by_role("link", name=re.compile("^You ?: Tail walker"))).to_be_in_viewport()


def test_nobody_needs_a_mouse_and_arrow_keys_go_from_cell_to_cell(
    walk: builders.Walk, open_screen: OpenScreen
) -> None:
    sam = open_screen("the-grid-keyboard", DESK, of=walk.sam)
    sam.open(ROTA)
    keys = sam.page.keyboard
    region = sam.page.get_by_role("region", name="Rota, jobs by date. Scrolls sideways.")
    region.focus()
    for _ in range(14):
        keys.press("Tab")
        if "I’ll do it: Marshal," in sam.page.evaluate(FOCUSED):
            break
    first = sam.page.evaluate(FOCUSED)
    assert first.startswith("I’ll do it: Marshal,")
    for key, job in (("ArrowDown", "Tail walker"), ("ArrowDown", "Marshal 3")):
        keys.press(key)
        assert sam.page.evaluate(FOCUSED).startswith(f"I’ll do it: {job},")
    keys.press("ArrowRight")
    second = sam.page.evaluate(FOCUSED)
    assert second.startswith("I’ll do it: Marshal 3,")
    keys.press("ArrowLeft")
    keys.press("ArrowUp")
    keys.press("ArrowUp")
    assert sam.page.evaluate(FOCUSED) == first
    for _ in range(11):  # past the last row it stays where it is
        keys.press("ArrowDown")
    last = sam.page.locator(":focus")
    expect(last).to_be_in_viewport(ratio=1)
    with sam.page.expect_navigation():
        keys.press("Enter")
    expect(sam.page.get_by_role("link", name=re.compile("^You ?: Marshal 12"))).to_be_in_viewport()


def test_heads_and_jobs_stay_in_sight_and_cover_nothing_that_has_the_focus(
    walk: builders.Walk, open_screen: OpenScreen
) -> None:
    sam = open_screen("the-grid-sticky", DESK, of=walk.sam)
    sam.open(f"{ROTA}?dates=12")
    region = sam.page.get_by_role("region", name="Rota, jobs by date. Scrolls sideways.")
    region.evaluate("box => { box.scrollIntoView(); box.scrollTo(9999, 9999); }")
    expect(sam.page.locator("td .take").last).to_be_in_viewport(ratio=1)
    expect(sam.page.locator("tbody th").last).to_be_in_viewport()
    expect(sam.page.locator("thead th").last).to_be_in_viewport()
    near = sam.page.locator("tbody tr").nth(5).locator(".take").first
    near.focus()
    boxes = [sam.page.locator("tbody th").nth(5).bounding_box(), near.bounding_box()]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    sam.picture("far")


def test_everything_fits_the_smallest_screen_and_a_desk(
    walk: builders.Walk, open_screen: OpenScreen
) -> None:
    pages = {
        "rota": f"{ROTA}?dates=26",
        "noticeboard": f"{ROTA}/print?dates=12",
        "could-do": "/could-do?first=needed",
        "nothing": "/could-do?free=evenings",
    }
    of_organisers = {
        "rota": ROTA,
        "coverage": "/coverage",
        "tick-sheet": f"/e/danson-saturday-stroll/{walk.event.occurs_on}/print",
    }
    for look in (SMALLEST, DESK):
        for name, addresses in ((None, pages), ("bela", pages), ("nadia", of_organisers)):
            of = getattr(walk, name) if name else None
            screen = open_screen(f"the-grid-{name or 'dov'}", look, of=of)
            for step, address in addresses.items():
                screen.open(address)
                screen.see(step)


def pages_of(screen: Screen, name: str) -> int:
    """Print what is on the screen -> how many sheets of paper it takes."""
    paper = screen.page.pdf(prefer_css_page_size=True, path=f"shots/{name}.pdf")
    return len(A_PAGE.findall(paper))


def test_the_tick_sheet_of_twenty_two_places_is_one_page(
    walk: builders.Walk, open_screen: OpenScreen, session: Session
) -> None:
    walk.series.first_timers = (
        "Find Nadia in the yellow scarf by the boathouse. Say it’s your first."
    )
    session.commit()
    nadia = open_screen("tick-sheet", DESK, of=walk.nadia)
    nadia.open(f"/e/danson-saturday-stroll/{walk.event.occurs_on}/print")
    assert nadia.page.locator(".box").count() == 3 + 20 + 5
    assert pages_of(nadia, "tick-sheet") == 1


def test_the_noticeboard_is_a_page_for_each_six_dates(
    walk: builders.Walk, open_screen: OpenScreen
) -> None:
    dov = open_screen("noticeboard", DESK)
    dov.open(f"{ROTA}/print?dates=12")
    assert pages_of(dov, "noticeboard") == 2
