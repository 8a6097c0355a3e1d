"""Story 3: a turn taken in one tap, given back in one tap, and taken back again."""

from __future__ import annotations

import pytest

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look

pytestmark = pytest.mark.browser
STORY = "volunteer"
PHONE = Look(390, "light")


def test_a_volunteer_takes_a_turn_drops_it_and_takes_it_back(
    session, open_screen: OpenScreen, look: Look
) -> None:
    walk = days.a_walk(session)
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/e/danson-saturday-stroll")
    bela.press("I’ll do it: Tail walker")
    bela.reads("You’re in. Thank you!", "This one’s yours.")
    bela.see("taken")

    bela.open("/me")
    bela.see("my-turns")
    bela.press("I can’t make it: Tail walker")
    bela.reads("You’re off the rota for", "We’ll let Nadia know.", "No turns yet.")
    bela.see("dropped")

    bela.press("Undo")
    bela.reads("You’re back on the rota.", "Tail walker")
    bela.see("back-again")


def test_a_place_given_back_is_free_at_once_for_others(session, open_screen: OpenScreen) -> None:
    walk = days.a_walk(session)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    ama, bela, sam = (open_screen(STORY, PHONE, of=one) for one in (walk.ama, walk.bela, walk.sam))
    for one in (ama, sam):
        one.open("/e/danson-saturday-stroll")
    bela.open("/me")
    bela.press("I can’t make it: Tail walker")
    for one in (ama, sam):
        one.page.reload()
    ama.press("I’ll do it: Tail walker")
    sam.press("I’ll do it: Tail walker")
    sam.reads("Ama O got there a moment before you.", "Marshal is still open")
    sam.see("lost-race")
    sam.press("I’ll do that one")
    sam.reads("You’re in. Thank you!")
    bela.press("Undo")
    bela.reads("Somebody got there a moment before you.")
    bela.see("too-late-to-undo")
