"""Story: mail to Bela comes back; she reads it on her page, and Ama knows whom to ring."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.builders import Walk
from timebank.core import clock
from timebank.domain import suppression

pytestmark = pytest.mark.browser
STORY = "mail-comes-back"


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = days.a_walk(session)
    walk.bela.person.profile.phone = "020 7946 0001"
    suppression.note_refusal(
        session, person_id=walk.bela.person_id, address="bela@example.com",
        status="550 5.1.1", now=clock.now(),
    )  # fmt: skip
    session.commit()
    return walk


def test_it_is_said_to_its_person_and_to_who_rings_them(
    walk: Walk, open_screen: OpenScreen, look: Look
) -> None:
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/people/without-email")
    ama.reads("Whose e-mail comes back", "Bela Novak", "020 7946 0001", "550 5.1.1")
    ama.see("whom-to-ring")
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/me")
    bela.reads("Our e-mail to you has been coming back since", "Is bela@example.com still right?")
    bela.see("her-page")
    bela.press("It’s right: try again")
    bela.reads("Thank you. Our next message goes to that address again.")
    ama.open("/people/without-email")
    ama.reads("Nobody’s. Our mail arrives everywhere.")


def test_both_fit_a_narrow_screen(walk: Walk, open_screen: OpenScreen) -> None:
    for who, page in ((walk.bela, "/me"), (walk.ama, "/people/without-email")):
        screen = open_screen(f"narrow-{STORY}", Look(320, "light"), of=who)
        screen.open(page)
        screen.finds_nothing_wrong()
