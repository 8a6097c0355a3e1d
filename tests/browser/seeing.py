"""What one person does at a screen, and what must hold of every page they see."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import ConsoleMessage
from playwright.sync_api import Page
from playwright.sync_api import Response
from playwright.sync_api import expect

from tests.browser.judging import Judge

SHOTS = Path(__file__).resolve().parents[2] / "shots"
HEIGHTS = {320: 640, 390: 844, 768: 1024, 1280: 900}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody's screen is set: its width in pixels, and light or dark.

    `is_seen_by_day`: the same story is told by day as well, at the same width, and what is no
    matter of colours is judged there.
    """

    width: int
    scheme: str
    is_seen_by_day: bool = False

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"

    @property
    def viewport(self) -> dict[str, int]:
        return {"width": self.width, "height": HEIGHTS[self.width]}


LOOKS = [
    Look(width, scheme, is_seen_by_day=scheme == "dark")
    for width in (390, 1280)
    for scheme in ("light", "dark")
]


class Screen:
    """One person's browser. What goes wrong in it (`faults`) is asserted by every `see`."""

    def __init__(self, page: Page, *, story: str, look: Look) -> None:
        self.page = page
        self.story = story
        self.look = look
        self.faults: list[str] = []
        self._judge = Judge(page)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("response", self._receive)

    def open(self, address: str) -> None:
        self.page.goto(address)

    def follow(self, words: str) -> None:
        """Tap the first link whose name begins so."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=_beginning(words)).first.click()

    def press(self, words: str) -> None:
        """Tap the first button whose name begins so, and wait for the page that it leads to."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=_beginning(words)).first.click()

    def type(self, label: str, text: str) -> None:
        self.page.get_by_label(label).first.fill(text)

    def choose(self, words: str) -> None:
        """Tap a chip."""
        self.page.locator("label", has_text=words).click()

    def reads(self, *sentences: str) -> None:
        """The page shows these words, to the eye and to a screen reader alike."""
        for sentence in sentences:
            expect(self.page.get_by_text(sentence).filter(visible=True).first).to_be_visible()

    def reads_nothing_of(self, *sentences: str) -> None:
        for sentence in sentences:
            expect(self.page.get_by_text(sentence)).to_have_count(0)

    def is_at(self, path: str) -> None:
        expect(self.page).to_have_url(re.compile(re.escape(path) + r"([?#].*)?$"))

    def see(self, step: str, *, judges_contrast: bool = True) -> None:
        """Look at the page: take its picture, and find nothing wrong with it.

        axe reads our colours where the system's own are shown: there it cannot judge contrast.
        """
        self.picture(step)
        self.finds_nothing_wrong(judges_contrast=judges_contrast)

    def picture(self, step: str) -> None:
        """Take a picture for people to look at, unless there will be nobody (NO_PICTURES=1)."""
        if os.environ.get("NO_PICTURES") == "1":
            return
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{self.story}-{step}-{self.look}.png", full_page=True)

    def finds_nothing_wrong(self, *, judges_contrast: bool = True) -> None:
        """No finding of axe, nothing that scrolls sideways, no complaint of the browser."""
        found = self._judge.violations(
            judges_contrast=judges_contrast, of_colours_only=self.look.is_seen_by_day
        )
        assert found == [], _findings(found)
        assert self.page.evaluate(SIDEWAYS) <= 0, f"{self.page.url} scrolls sideways"
        assert self.faults == []

    def _hear(self, message: ConsoleMessage) -> None:
        """Keep what the browser complains of: scripts that fail, and breaches of our policy."""
        is_about_an_answer = message.text.startswith("Failed to load resource")
        if message.type == "error" and not is_about_an_answer:
            self.faults.append(f"{self.page.url}: {message.text}")

    def _receive(self, answer: Response) -> None:
        """A page may refuse what was typed; what it is made of must be there."""
        if answer.status >= 400 and not answer.request.is_navigation_request():
            self.faults.append(f"{answer.status} {answer.url}")
        if answer.status >= 500:
            self.faults.append(f"{answer.status} {answer.url}")


def _beginning(words: str) -> re.Pattern[str]:
    """What is said to screen readers only ("I’ll do it: Tail walker") stands a space apart."""
    return re.compile("^" + re.escape(words).replace(":", " ?:"))


def _findings(violations: list[dict]) -> str:
    return "\n".join(
        f"{one['id']}: {one['help']}\n  {node['html'][:300]}\n  {node['failureSummary']}"
        for one in violations
        for node in one["nodes"]
    )
