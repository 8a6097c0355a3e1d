"""Story 3 of the rota: asked and answered, a friend, every Saturday, and a turn handed over."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look

pytestmark = pytest.mark.browser
STORY = "turns"
EVENT = "/e/danson-saturday-stroll"
NARROW = Look(320, "light")


def link_in(post: Post, ending: str) -> str:
    post.deliver()
    return re.search(rf"http://localhost:\d+(\S+{ending})\s", post.newest().text)[1]


def test_sam_is_asked_and_says_yes(
    session, open_screen: OpenScreen, post: Post, look: Look
) -> None:
    walk = days.a_walk(session)
    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open(EVENT)
    nadia.follow("Put somebody down : Tail walker")
    nadia.see("ask")
    nadia.type("Their name", "Sam Tran")
    nadia.press("Put them down")
    nadia.reads("Who is it?")
    nadia.see("ask-who")
    nadia.choose("Sam T, who hasn’t come before")
    nadia.press("Put them down")
    nadia.reads("Pencilled in. We’ve asked Sam Tran by e-mail.", "Sam T (asked)")
    nadia.see("asked-event")
    nadia.follow("Put somebody down : Tail walker")
    nadia.reads("Asked by Nadia")
    nadia.see("asked-list")
    sam = open_screen(STORY, look)
    sam.open(EVENT)
    sam.reads("Somebody’s been asked")
    sam.see("asked-public")
    sam.open(link_in(post, "/asked/yes"))
    sam.see("question")
    sam.press("I’ll do it")
    sam.reads("It’s yours. Thank you!")


def test_a_rule_gives_way_to_a_reason(session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    walk.tail_walker.role.minimum_age = 18
    session.commit()
    nadia = open_screen(STORY, look, of=walk.nadia)
    nadia.open(EVENT)
    nadia.follow("Put somebody down : Tail walker")
    nadia.type("Their name", "Joan Field")
    nadia.choose("They said yes: put them down")
    nadia.press("Put them down")
    nadia.reads("A rule says no.")
    nadia.see("rule")
    nadia.type("Let them all the same, because …", "She’s seventy, I’ve known her for years")
    nadia.press("Put them down")
    nadia.reads("Joan Field is down for it. Thank you!")
    nadia.see("overruled")


def test_bela_brings_a_friend_and_comes_every_saturday(
    session, open_screen: OpenScreen, look: Look
) -> None:
    walk = days.a_walk(session)
    later = builders.an_event(session, walk.series, walk.event.occurs_on + dt.timedelta(weeks=1))
    builders.a_slot(session, later, walk.marshal.role)
    session.commit()
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open(EVENT)
    bela.press("I’ll do it: Marshal")
    bela.reads("Bringing a friend?")
    bela.see("taken")
    bela.follow("Put them down too")
    bela.see("friend")
    bela.type("Your friend’s name", "Sam Field")
    bela.press("Put them down")
    bela.reads("Sam comes along with you.")
    bela.open("/me")
    bela.page.get_by_text("Swap it, bring a friend, or come every time").first.click()
    bela.see("my-turns")
    bela.follow("Do this every time")
    bela.see("every-time")
    bela.choose("Every date")
    bela.press("Count me in")
    bela.reads("Every date")
    bela.see("standing")


def test_bela_hands_her_turn_over(
    session, open_screen: OpenScreen, post: Post, look: Look
) -> None:
    walk = days.a_walk(session)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    bela, sam = (open_screen(STORY, look, of=one) for one in (walk.bela, walk.sam))
    bela.open("/me")
    bela.page.get_by_text("Swap it, bring a friend, or come every time").first.click()
    bela.follow("Hand it over")
    bela.see("hand-over")
    bela.type("Their name", "Sam")
    bela.press("Ask them")
    bela.reads("You’ve asked Sam T. It’s yours until they say yes.")
    bela.see("looking")
    sam.open("/me")
    sam.reads("Bela N asks you")
    sam.see("offered")
    sam.open(link_in(post, "/yes"))
    sam.see("offer")
    bela.press("Ask everybody")
    bela.open(EVENT)
    bela.see("cover-own")
    sam.open(EVENT)
    sam.reads("Bela N is looking for somebody.")
    sam.see("cover")
    sam.press("I’ll take it over: Tail walker")
    sam.reads("It’s yours now, and Bela knows.")
    sam.see("taken-over")


def test_every_page_of_a_turn_fits_a_narrow_screen(session, open_screen: OpenScreen) -> None:
    walk = days.a_walk(session)
    claim = builders.a_claim(session, walk.tail_walker, walk.nadia)
    session.commit()
    nadia = open_screen(STORY, NARROW, of=walk.nadia)
    day = walk.event.occurs_on
    for page in (
        "/me",
        f"{EVENT}/{day}",
        f"{EVENT}/{day}/ask/{walk.marshal.id}",
        f"{EVENT}/{day}/friend/{walk.marshal.id}",
        f"/me/turns/{claim.id}/hand-over",
        f"/me/turns/{claim.id}/every-time",
    ):
        nadia.open(page)
        nadia.finds_nothing_wrong()
