"""Story 6: a job is full; somebody waits, is offered the place, and says yes from the mail."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from timebank.core import clock
from timebank.models import ClaimState
from timebank.models import Profile
from timebank.models import Role

pytestmark = pytest.mark.browser
STORY = "waiting"
EVENT = "/e/danson-saturday-stroll"


@pytest.fixture
def walk(session):
    walk = days.a_walk(session)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    return walk


def test_a_neighbour_waits_and_takes_the_place_that_comes_up(
    walk, post: Post, open_screen: OpenScreen, look: Look
) -> None:
    sam = open_screen(STORY, look, of=walk.sam)
    sam.open(EVENT)
    sam.see("full")
    sam.press("Tell me if it opens: Tail walker")
    sam.reads("You’re on the list.", "You’re next in line", "Marshal is still open")
    sam.see("in-line")
    sam.open("/me")
    sam.reads("What you’re waiting for", "May organisers ask me for help now and then?")
    sam.see("my-turns")

    bela = open_screen(STORY, look, of=walk.bela)
    bela.open(EVENT)
    bela.press("I can’t make it: Tail walker")
    sam.open(EVENT)
    sam.reads("Kept for you", "It’s kept for you until")
    sam.see("offered")

    phone = open_screen(STORY, look)
    post.deliver()
    mail = post.newest()
    assert mail.subject.startswith("A place has come up: tail walker")
    phone.open(re.search(r"http://localhost:\d+(/t/\S+/offer)", mail.text)[1])
    phone.see("offer-by-mail")
    phone.press("I’ll do it")
    phone.reads("It’s yours. Thank you!", "This one’s yours.")
    phone.see("taken")


def test_a_passer_by_waits_with_name_and_e_mail(walk, open_screen: OpenScreen, look: Look) -> None:
    dov = open_screen(STORY, look)
    dov.open(EVENT)
    dov.follow("Tell me if it opens")
    dov.see("sign-up")
    dov.press("Tell me if it opens")
    dov.reads("Tell us your name, like Sam Tran")
    dov.see("sign-up-error")
    dov.type("What should we call you?", "Dov Peretz")
    dov.type("E-mail", "dov@example.com")
    dov.press("Tell me if it opens")
    dov.reads("Nearly there, Dov.")


def test_an_organiser_calls_for_help_and_somebody_says_yes(
    walk, session, post: Post, open_screen: OpenScreen, look: Look
) -> None:
    names = ("Ann Lee", "Ben Ode", "Cleo Pym-Featherstonehaugh", "Dan Quist")
    helped(session, walk, names)
    nadia = open_screen("help", look, of=walk.nadia)
    nadia.open(EVENT)
    nadia.see("something-missing")
    nadia.follow("Call for help")
    nadia.reads("Ann L", "has done Marshal before")
    nadia.see("whom")
    nadia.type("Anything you’d like to say?", "Lovely morning by the lake, and there’s cake.")
    nadia.press("Ask them")
    nadia.reads("Asked 4, filled 0.")
    nadia.see("asked")

    post.deliver()
    mail = post.newest()
    assert "Could you be" in mail.subject
    ann = open_screen("help", look)
    ann.open(re.search(r"http://localhost:\d+(/t/\S+/help)", mail.text)[1])
    ann.reads("Nadia K writes:")
    ann.see("asked-by-mail")
    ann.press("I’ll do it")
    ann.reads("You’re in. Thank you!")
    nadia.open(f"{EVENT}/{walk.event.occurs_on}/help")
    nadia.reads("Asked 4, filled 1.")
    nadia.see("filled")
    ann.open(re.search(r"http://localhost:\d+(/t/\S+/help)", mail.text)[1])
    ann.see("this-one-is-yours")


def helped(session, walk, names) -> None:
    """They marshalled a week ago."""
    role = session.get_one(Role, walk.marshal.role_id)
    last = builders.an_event(session, walk.series, walk.event.occurs_on - dt.timedelta(days=7))
    slot = builders.a_slot(session, last, role)
    slot.places = len(names)
    session.flush()
    for place, name in enumerate(names, 1):
        member = builders.a_member(session, walk.community, name)
        builders.a_claim(session, slot, member, place=place).state = ClaimState.ATTENDED
        session.get_one(Profile, member.person_id).email_confirmed_at = clock.now()
    session.commit()
