"""Story 1: a shared link, two taps, and one more in the e-mail."""

from __future__ import annotations

import pytest

from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look

pytestmark = pytest.mark.browser
STORY = "newcomer"


@pytest.fixture
def walk(session):
    return days.a_walk(session)


def test_a_newcomer_takes_a_place_and_confirms_it_from_the_mail(
    walk, open_screen: OpenScreen, post: Post, look: Look
) -> None:
    sam = open_screen(STORY, look)
    sam.open("/e/danson-saturday-stroll")
    sam.see("event")
    sam.follow("I’ll do it: Tail walker")
    sam.see("claim")
    sam.type("What should we call you?", "Sam Tran")
    sam.press("Count me in")
    sam.reads("Enter your e-mail, like sam@example.com")
    sam.see("claim-error")
    sam.type("E-mail", "sam@example.com")
    sam.press("Count me in")
    sam.reads("Nearly there, Sam.", "Sam T (confirming)")
    sam.see("held")

    post.deliver()
    sam.open("/demo/mail")
    sam.see("mailbox")
    sam.follow(post.newest().subject)
    sam.see("mail")
    sam.page.frame_locator("iframe").get_by_role("link", name="Yes, it’s me").click()
    sam.page.wait_for_url("**/confirm")
    sam.see("confirm")
    sam.press("Yes, it’s me")
    sam.is_at("/me")
    sam.reads("Hello, Sam", "Tail walker")
    sam.see("my-turns")
