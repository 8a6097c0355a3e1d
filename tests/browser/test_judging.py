"""The judge of our pages sees what is wrong with one, on the first page as on a later one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from tests.browser.judging import Judge

pytestmark = pytest.mark.browser

BAD = """<!doctype html><html lang="en"><title>Bad</title><main><h1>Bad</h1>
<p style="color: #999; background: #fff">Hard to read</p><p><input></p></main></html>"""
GOOD = BAD.replace("#999", "#000").replace("<input>", "<label>Name <input></label>")


@pytest.fixture
def page(chromium: Chromium) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def names(violations: list[dict[str, object]]) -> set[object]:
    return {one["id"] for one in violations}


def test_it_finds_what_is_wrong_and_nothing_else(page: Page) -> None:
    judge = Judge(page)
    page.set_content(GOOD)
    assert judge.violations() == []
    page.set_content(BAD)
    assert names(judge.violations()) == {"color-contrast", "label"}
    assert names(judge.violations(judges_contrast=False)) == {"label"}
    assert names(judge.violations(of_colours_only=True)) == {"color-contrast"}
    assert judge.violations(judges_contrast=False, of_colours_only=True) == []


def test_it_is_there_on_whatever_page_comes_next(page: Page, tmp_path) -> None:
    judge = Judge(page)
    (tmp_path / "bad.html").write_text(BAD)
    bad = (tmp_path / "bad.html").as_uri()
    for address in (bad, "about:blank", bad, "data:text/html,fine", bad, bad):
        page.goto(address)
        assert ("color-contrast" in names(judge.violations())) == (address == bad)
