"""Three taps for thanks; and when two see it differently, a page with both statements."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from tests import builders
from tests.boards import a_post
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.browser.seeing import Screen
from timebank.core import clock
from timebank.models import Exchange
from timebank.models import PostState
from timebank.models import Transfer

pytestmark = pytest.mark.browser
STORY = "thanks"


def sam_chip(screen: Screen) -> None:
    """Tap the first Sam."""
    screen.page.locator("label.chip", has_text="Sam T").first.click()


def says_thanks(bela: Screen) -> None:
    bela.open("/me")
    bela.follow("Say thanks")
    bela.see("empty")
    bela.type("Who helped?", "Sam")
    bela.choose("2 hours")
    bela.type("What was it?", "Hemming curtains")
    bela.press("Say thanks")
    bela.reads("Choose whom you mean", "here since")
    bela.see("which-sam")
    sam_chip(bela)
    bela.press("Say thanks")
    bela.reads("2 hours to Sam T. Thank you!", "That’s what it’s for.")
    bela.see("said")


def says_it_in_three_taps(bela: Screen) -> None:
    bela.open("/neighbours/thank")
    sam_chip(bela)
    bela.choose("3 hours")
    bela.press("Say thanks")
    bela.reads("3 hours to Sam T. Thank you!")


def thanks_for_more_than_there_is(bela: Screen) -> None:
    bela.open("/neighbours/thank")
    sam_chip(bela)
    bela.type("Or write how long", "12h")
    bela.press("Say thanks")
    bela.reads("That’s more than the time account can give just now.")
    bela.see("short")
    bela.press("Ask a coordinator")
    bela.reads("It’s noted, and a coordinator will sort it out with you.")
    bela.see("noted")
    bela.open("/neighbours/thanks")
    bela.see("mine")


def test_a_neighbour_is_thanked(session: Session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    builders.a_member(session, walk.community, "Sam Tully", email="tully@example.com")
    session.commit()
    bela = open_screen(STORY, look, of=walk.bela)
    says_thanks(bela)
    says_it_in_three_taps(bela)
    thanks_for_more_than_there_is(bela)


def sees_it_differently(sam: Screen, address: str) -> None:
    sam.open(address)
    sam.reads("Bela N said thanks: 2 hours.")
    sam.page.locator("summary", has_text="That’s not right?").click()
    sam.type("What isn’t right?", "It was three hours, with the lining")
    sam.see("wrong")
    sam.press("That’s not right")


def settles_it(ama: Screen) -> None:
    ama.open("/bank/exchanges")
    ama.reads("Seen differently", "both have spoken")
    ama.see("to-look-at")
    ama.follow("Sam")
    ama.reads("It was three hours, with the lining", "I forgot the lining. Three it is.")
    ama.choose("Change them")
    ama.type("How long was it?", "3")
    ama.type("Why?", "Both say so")
    ama.see("settle")
    ama.press("Settle it")
    ama.reads("Settled. We’ve told both.")


def test_two_see_it_differently(session: Session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/neighbours/thank")
    bela.type("Who helped?", "Sam")
    bela.choose("2 hours")
    bela.type("What was it?", "Hemming curtains")
    bela.press("Say thanks")
    address = f"/neighbours/thanks/{session.query(Exchange).one().id}"
    sam = open_screen(STORY, look, of=walk.sam)
    sees_it_differently(sam, address)
    bela.open(address)
    bela.type("How was it?", "I forgot the lining. Three it is.")
    bela.see("how-was-it")
    bela.press("Say how it was")
    settles_it(open_screen(STORY, look, of=walk.ama))
    sam.open(address)
    sam.reads("Ama O settled it: it’s 3 hours.")
    sam.see("settled")


def test_agreed_beforehand(session: Session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    bela = open_screen("agreed", look, of=walk.bela)
    bela.open("/neighbours/agree")
    bela.type("With whom?", "Nadia")
    bela.type("What’s it about?", "The hedge")
    bela.choose("1½ hours")
    bela.see("form")
    bela.press("Note it")
    bela.reads("It’s noted, and they know.", "Nadia K for you")
    bela.see("noted")
    bela.follow("Say thanks")
    bela.reads("Did it happen? How long did it take?")
    bela.see("did-it-happen")
    bela.press("It didn’t happen")
    bela.reads("It’s called off, and they know.")


def test_put_right_unasked(session: Session, open_screen: OpenScreen, look: Look) -> None:
    """A coordinator finds thanks wrong in an account; the helper doesn't agree."""
    walk = days.a_walk(session)
    bela = open_screen("put-right", look, of=walk.bela)
    bela.open("/neighbours/thank")
    bela.type("Who helped?", "Sam")
    bela.choose("2 hours")
    bela.type("What was it?", "Hemming curtains")
    bela.press("Say thanks")
    entry = session.query(Transfer).one()
    ama = open_screen("put-right", look, of=walk.ama)
    ama.open(f"/bank/accounts/{entry.credit_id}/entries/{entry.id}")
    ama.see("entry")
    ama.follow("See what it’s about, and put it right")
    ama.choose("Change them")
    ama.type("How long was it?", "1")
    ama.type("Why?", "Sam rang: it was an hour")
    ama.see("unasked")
    ama.press("Settle it")
    ama.reads("Settled. We’ve told both.")
    sam = open_screen("put-right", look, of=walk.sam)
    sam.open(f"/me/statement/{entry.id}")
    sam.follow("See what it’s about, and say if it’s not right")
    sam.reads("Ama O settled it: it’s 1 hour.", "That’s not right?")
    sam.see("still-not-right")


def test_said_for_somebody(session: Session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    first = clock.now().date() - dt.timedelta(days=7)
    builders.acting_for(
        session, helper=walk.sam, member=walk.bela, by=walk.ama, starts_on=first,
        ends_on=first + dt.timedelta(days=90),
    )  # fmt: skip
    session.commit()
    sam = open_screen("thanks-for-somebody", look, of=walk.sam)
    sam.open(f"/me/for/{walk.bela.id}")
    sam.follow("Say thanks for Bela")
    sam.see("form")
    sam.type("Who helped?", "Nadia")
    sam.choose("1 hour")
    sam.press("Say thanks")
    sam.reads("1 hour to Nadia K, from Bela. Thank you!", "said thanks to Nadia K")
    sam.see("said")


def test_words_that_cannot_be_sent(session: Session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    post = a_post(session, walk.bela)
    sam = open_screen("not-sent", look, of=walk.sam)
    sam.open(f"/neighbours/{post.id}")
    post.state, post.ended_at = PostState.WITHDRAWN, post.created_at
    session.commit()
    sam.type("What would you like to say?", "I have shears, and Tuesday off")
    sam.press("I can help")
    sam.reads("It has come off the board in the meantime.", "I have shears, and Tuesday off")
    sam.see("kept")
