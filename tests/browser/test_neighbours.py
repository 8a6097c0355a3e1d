"""A neighbour asks for help and another answers: the board, one short page, no addresses."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.boards import a_post
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from tests.browser.seeing import Screen
from tests.builders import Walk
from tests.builders import a_member
from timebank.core import clock
from timebank.models import Category
from timebank.models import PostKind

pytestmark = pytest.mark.browser
STORY = "neighbours"


def a_board(session: Session, walk: Walk) -> None:
    """What stands there before the story begins."""
    today = clock.local_date(clock.now(), "Europe/London")
    edith = a_member(session, walk.community, "Edith Marlow", None)
    for member, title, typed in (
        (walk.nadia, "Company for a walk by the river", {"category": Category.WALKS_TRIPS}),
        (edith, "A lift to the eye clinic", {"category": Category.LIFTS, "area": "Sidcup"}),
        (walk.sam, "Digging, weeding and hedges", {"kind": PostKind.OFFER}),
        (walk.ama, "Help with a new phone", {"kind": PostKind.OFFER, "area": "Welling",
                                             "category": Category.COMPUTERS}),
    ):  # fmt: skip
        a_post(session, member, title, by=walk.ama, today=today, **typed)


def test_strangers_read_the_board_without_names(
    session: Session, open_screen: OpenScreen, look: Look
) -> None:
    a_board(session, days.a_walk(session))
    dov = open_screen(STORY, look)
    dov.open("/neighbours")
    dov.reads("Could you lend a hand?", "On offer", "A lift to the eye clinic")
    dov.reads_nothing_of("Edith M", "Sam T")
    dov.see("board-signed-out")


def test_a_neighbour_asks_and_another_answers(
    session: Session, open_screen: OpenScreen, post: Post, look: Look
) -> None:
    walk = days.a_walk(session)
    a_board(session, walk)
    bela = open_screen(STORY, look, of=walk.bela)
    asks(bela)
    bela.reads("This one’s yours", "Sam offers gardening near you.")
    bela.see("own-ask")
    bela.follow("Ask Sam")
    bela.see("invite")
    bela.press("Ask Sam")
    bela.reads("We’ve asked Sam.", "In touch about it")

    post.deliver()
    sam = open_screen(STORY, look)  # signed out: the link in the mail is enough
    sam.open(next(word for word in post.newest().text.split() if word.endswith("/reply")))
    sam.reads("Bela N", "could you help with this?")
    sam.see("reply")
    sam.type("What would you like to say?", "I’d love to. Friday at ten?")
    sam.press("Send it")
    sam.reads("We’ve passed it on.")

    bela.open("/neighbours/yours")
    bela.see("yours")
    bela.follow("Sam T")
    bela.reads("I’d love to. Friday at ten?")
    bela.see("talk")


@pytest.mark.parametrize("width", [320, 768])
def test_the_board_fits_a_small_phone_and_a_tablet(
    session: Session, open_screen: OpenScreen, width: int
) -> None:
    walk = days.a_walk(session)
    a_board(session, walk)
    ama = open_screen(STORY, Look(width, "light"), of=walk.ama)
    for step, address in (
        ("found", "/neighbours?q=lift"),
        ("post", "/neighbours/1"),
        ("ask-for", "/neighbours/ask"),
    ):
        ama.open(address)
        ama.see(step)


def asks(bela: Screen) -> None:
    """Put an ask on the board, at the second try."""
    bela.open("/")
    bela.follow("Neighbours")
    bela.see("board")
    bela.follow("Ask for help")
    bela.see("ask")
    bela.press("Put it on the board")
    bela.reads("Three things to fix")
    bela.see("ask-errors")
    bela.type("In a few words", "Cutting back my hedge")
    bela.page.get_by_label("What kind of thing is it?").select_option("garden")
    bela.type("Tell us a bit more", "It’s taller than I am. We’d do it together, with tea after.")
    bela.type("Whereabouts?", "Crayford")
    bela.type("When would suit?", "weekday mornings")
    bela.press("Put it on the board")


def test_somebody_without_e_mail_is_rung(
    session: Session, open_screen: OpenScreen, look: Look
) -> None:
    walk = days.a_walk(session)
    a_board(session, walk)
    sam = open_screen(STORY, look, of=walk.sam)
    sam.open("/neighbours?q=clinci")
    sam.reads("Here’s what we have for “clinic”.")
    sam.see("found")
    sam.follow("A lift to the eye clinic")
    sam.see("answer")
    sam.type("What would you like to say?", "I have a car, and Tuesdays free.")
    sam.press("I can help")

    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/neighbours")
    ama.reads("1 neighbour waits for a coordinator.")
    ama.follow("Waiting to be rung")
    ama.reads("Edith Marlow", "I have a car, and Tuesdays free.")
    ama.see("to-ring")
    ama.type("What did they say?", "Tuesday at nine, please.")
    ama.press("I’ve rung them")
    ama.reads("Nobody waits to be rung.")
    sam.open("/neighbours/yours")
    sam.reads("Tuesday at nine, please.")
