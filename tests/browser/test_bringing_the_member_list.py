"""Ama brings the member list: every untidy line is asked about, and all of it can go again."""

from __future__ import annotations

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
STORY = "member-list"
SAMPLE = Path(__file__).parent.parent / "samples" / "members.csv"
PHONE = Look(390, "light")
DESK = Look(1280, "dark")


@pytest.fixture
def walk(session: Session) -> builders.Walk:
    return days.a_walk(session)


def at_the_list(screen: Screen) -> Screen:
    screen.open("/people/qualifications")
    screen.follow("Bring your member list")
    return screen


def unfold(screen: Screen, summary: str) -> None:
    screen.page.locator("summary", has_text=summary).click()


def choose(screen: Screen, line: int, choice: str) -> None:
    screen.page.get_by_label(f"Line {line}: who is this?").select_option(label=choice)


def put_right(ama: Screen) -> None:
    """Say whom line 9 means; forget the cells of line 18 first, then type them."""
    choose(ama, 9, "Our Ama Owusu, ama@example.com")
    choose(ama, 18, "Somebody new")
    ama.press("Looks right")
    ama.reads("Three things to fix")
    expect(ama.page.get_by_label("Line 18: e-mail")).to_have_value("not-an-address")
    ama.see("to-fix")
    ama.type("Line 18: e-mail", "")
    ama.type("Line 18: joined on", "28/2/2025")
    ama.type("Line 18: hours brought forward", "1½")


@pytest.mark.parametrize("look", [PHONE, DESK], ids=str)
def test_the_list_is_looked_through_put_right_taken_in_and_undone(
    walk, open_screen: OpenScreen, look: Look
) -> None:
    ama = at_the_list(open_screen(STORY, look, of=walk.ama))
    ama.press("See what we understood")
    ama.reads("There is nothing in that.")
    ama.page.get_by_label("The list, saved as CSV").set_input_files(SAMPLE)
    ama.see("bring")
    ama.press("See what we understood")
    ama.reads("Nothing is written yet.", "5 lines to look at", "Line 4 has the same e-mail.")
    unfold(ama, "Line by line")
    ama.reads("Zoë Ńowak", "22½")
    ama.see("understood")
    put_right(ama)
    ama.press("Looks right")
    ama.reads("The list is in.", "14 new neighbours", "Left out: line 17.")
    unfold(ama, "Show the lines")
    ama.see("taken-in")
    ama.open("/people/lists")
    ama.follow("members.csv")
    ama.press("Undo all of it")
    ama.reads("All of it has been undone.")
    ama.see("undone")
    ama.open("/people/lists")
    ama.reads_nothing_of("Taken in before")


def test_what_was_noted_stands_on_the_neighbours_page(walk, open_screen: OpenScreen) -> None:
    ama = at_the_list(open_screen(STORY, PHONE, of=walk.ama))
    ama.type("Or paste its cells", "Name,Notes\nMarjorie Hall,no e-mail; her daughter helps\n")
    ama.press("See what we understood")
    ama.press("Looks right")
    unfold(ama, "Show the lines")
    ama.follow("Marjorie Hall")
    ama.reads("no e-mail; her daughter helps")
    ama.type("What should coordinators know?", "Rings back in the evening")
    ama.press("Note it")
    ama.reads("Rings back in the evening")
    ama.see("a-note")


def test_at_320_pixels_nothing_scrolls_sideways(walk, open_screen: OpenScreen) -> None:
    ama = at_the_list(open_screen(STORY, Look(320, "light"), of=walk.ama))
    ama.page.get_by_label("The list, saved as CSV").set_input_files(SAMPLE)
    ama.press("See what we understood")
    unfold(ama, "Line by line")
    ama.see("narrow")
