"""Story: an organiser says when people are reminded; one of them goes by times of her own."""

from __future__ import annotations

import pytest

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look

pytestmark = pytest.mark.browser
STORY = "reminders"


@pytest.fixture
def walk(session):
    walk = days.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    return walk


def test_for_one_date_and_for_all_of_them(walk, open_screen: OpenScreen, look: Look) -> None:
    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open(f"/e/danson-saturday-stroll/{walk.event.occurs_on}/change")
    nadia.reads("People are reminded two days before and on the evening before")
    nadia.choose("That morning")
    nadia.press("Save the reminders")
    nadia.reads("This date has its own reminders.")
    nadia.see("date")
    nadia.open("/e/danson-saturday-stroll/edit")
    nadia.page.locator("summary", has_text="House rules").click()
    nadia.choose("A week before")
    nadia.see("editor")
    nadia.press("Save")
    nadia.reads("keeps its own reminders.", "other reminders can be for some dates only")
    nadia.see("which-dates")
    nadia.press("Save")
    nadia.reads("Saved.")


def test_a_neighbour_has_times_of_her_own(walk, open_screen: OpenScreen, look: Look) -> None:
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/me/mail")
    bela.choose("A week before")
    bela.press("Save")
    bela.reads("Choose “As I tick here”, or untick these")
    bela.see("own-error")
    bela.choose("As I tick here")
    bela.press("Save")
    bela.reads("Saved. It counts from the next e-mail on.")
    bela.see("own")
