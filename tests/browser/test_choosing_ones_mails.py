"""Choosing one's mails at a screen: the page, what is wrong with it, and one tap from a mail."""

from __future__ import annotations

import re

import pytest

from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from tests.notices import owe
from timebank.models import NoticeKind
from timebank.models import Venue

pytestmark = pytest.mark.browser
STORY = "mails"


def test_everything_is_on_one_page(session, open_screen: OpenScreen, look: Look) -> None:
    walk = days.a_walk(session)
    session.get(Venue, walk.event.venue_id).area = "Danson"
    session.commit()
    bela = open_screen(STORY, look, of=walk.bela)
    bela.open("/me")
    bela.follow("Choose which e-mails you get")
    bela.reads("Your e-mails", "What you need always comes")
    bela.see("choices")
    bela.page.get_by_role("group", name="Hours and thanks").get_by_text("In the weekly").click()
    bela.page.get_by_text("As I tick here").click()
    bela.page.get_by_role("group", name="My own times").get_by_text("A week").click()
    bela.page.get_by_text("Send me what’s on and what’s needed").click()
    bela.type("Quiet from", "21:00")
    bela.press("Save")
    bela.reads("Write both, from when until when it should be quiet")
    bela.see("choices-wrong")
    bela.type("Until", "07:00")
    bela.press("Save")
    bela.reads("Saved. It counts from the next e-mail on.")
    bela.see("choices-saved")


def test_one_tap_in_a_mail_ends_its_like(
    session, open_screen: OpenScreen, post: Post, look: Look
) -> None:
    walk = days.a_walk(session)
    owe(session, walk.bela, NoticeKind.HOURS_MOVED, minutes="90", what="Bread", is_put_right="")
    post.deliver()
    way_out = re.search(r"http://localhost:\d+(/t/\S+/stop/hours)", post.newest().text)[1]
    dov = open_screen(STORY, look)
    dov.open(way_out)
    dov.reads("No more e-mails about hours and thanks?")
    dov.see("stop")
    dov.press("No more of these")
    dov.reads("That’s done")
    dov.see("stopped")


def test_the_gallery_shows_every_kind(session, open_screen: OpenScreen, look: Look) -> None:
    days.a_walk(session)
    dov = open_screen(STORY, look)
    dov.open("/demo/mail")
    dov.follow("Look at every kind there is")
    dov.see("kinds")
    for kind in ("weekly", "reminders"):
        dov.open(f"/demo/mail/kinds/{kind}")
        dov.see(f"kind-{kind}")
        dov.open(f"/demo/mail/kinds/{kind}/page")
        dov.picture(f"page-{kind}")  # shut off: no script runs in it, axe's neither
