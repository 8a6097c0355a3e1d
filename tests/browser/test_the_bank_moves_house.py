"""A coordinator takes the whole bank along, and can see that it is whole."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from timebank.jobs import balances

pytestmark = pytest.mark.browser
STORY = "bank"
TOOL = Path(__file__).parents[2] / "tools" / "verify_ledger.py"


def test_a_coordinator_downloads_the_bank(
    session, open_screen: OpenScreen, post, look: Look, tmp_path: Path
) -> None:
    walk = days.a_walk(session)
    balances.prove_books()
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/books")
    ama.reads("Take the bank along")
    ama.see("books")
    ama.follow("Take the bank along")
    ama.reads("Everybody’s name, e-mail and telephone number is in it.")
    ama.see("export")
    with ama.page.expect_download() as downloading:
        ama.page.keyboard.press("Tab")
        ama.page.get_by_role("button", name="Download the bank").focus()
        ama.page.keyboard.press("Enter")
    file = tmp_path / "bank.zip"
    downloading.value.save_as(file)
    assert downloading.value.suggested_filename.startswith("bexley-bank-")
    assert runpy.run_path(str(TOOL))["main"]([str(file)]) == 0


def test_at_320_pixels_nothing_hides(session, open_screen: OpenScreen, post) -> None:
    walk = days.a_walk(session)
    ama = open_screen(STORY, Look(320, "light"), of=walk.ama)
    ama.open("/bank/export")
    ama.see("export")
