"""Without scripts, without a mouse, on paper, in one’s own colours."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests import builders
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from tests.browser.seeing import Screen

pytestmark = pytest.mark.browser
PHONE = Look(390, "light")
DESK = Look(1280, "light")
RING = "getComputedStyle(document.activeElement).outlineStyle"


@pytest.fixture
def walk(session):
    walk = days.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    return walk


def test_a_newcomer_needs_no_script(walk, open_screen: OpenScreen, post: Post) -> None:
    sam = open_screen("without-scripts", PHONE, java_script_enabled=False)
    sam.open("/e/danson-saturday-stroll")
    sam.follow("I’ll do it: Tail walker")
    sam.type("What should we call you?", "Sam Tran")
    sam.press("Count me in")
    sam.reads("Enter your e-mail, like sam@example.com")
    sam.type("E-mail", "sam@example.com")
    sam.press("Count me in")
    sam.reads("Nearly there, Sam.")
    post.deliver()
    sam.open("/demo/mail")
    sam.follow(post.newest().subject)
    sam.page.frame_locator("iframe").get_by_role("link", name="Yes, it’s me").click()
    sam.press("Yes, it’s me")
    sam.reads("Hello, Sam", "Tail walker")
    sam.picture("my-turns")
    assert sam.faults == []


def press_key_until(screen: Screen, words: str, *, most: int = 40) -> None:
    """Go from one thing to the next with Tab until the focus is on what is called so."""
    for _ in range(most):
        screen.page.keyboard.press("Tab")
        on_it = screen.page.locator(":focus")
        assert screen.page.evaluate(RING) == "solid", "the focus cannot be seen"
        if words in " ".join(on_it.inner_text().split()):
            return
    raise AssertionError(f"the Tab key never came to {words!r}")


def press_enter(screen: Screen) -> None:
    with screen.page.expect_navigation():
        screen.page.keyboard.press("Enter")


def test_a_newcomer_needs_no_mouse(walk, open_screen: OpenScreen, post: Post) -> None:
    sam = open_screen("keyboard", DESK)
    keys = sam.page.keyboard
    sam.open("/e/danson-saturday-stroll")
    keys.press("Tab")
    expect(sam.page.get_by_role("link", name="Skip to main content")).to_be_focused()
    expect(sam.page.get_by_role("link", name="Skip to main content")).to_be_in_viewport()
    sam.picture("skip-link")
    keys.press("Enter")
    expect(sam.page.locator("main")).to_be_focused()
    press_key_until(sam, "I’ll do it")
    sam.picture("focus")
    press_enter(sam)
    press_key_until(sam, "More about this job")
    keys.press("Tab")
    expect(sam.page.get_by_label("What should we call you?")).to_be_focused()
    keys.type("Sam Tran")
    press_enter(sam)
    expect(sam.page.locator(".errors")).to_be_focused()
    press_key_until(sam, "Enter your e-mail")
    keys.press("Enter")
    expect(sam.page.get_by_label("E-mail")).to_be_focused()
    keys.type("sam@example.com")
    press_enter(sam)
    sam.reads("Nearly there, Sam.")

    post.deliver()
    sam.open(_link_in(post))
    press_key_until(sam, "Yes, it’s me")
    press_enter(sam)
    sam.reads("Hello, Sam")


def _link_in(post: Post) -> str:
    words = post.newest().text.split()
    return next(word for word in words if word.endswith("/confirm"))


def test_an_event_on_paper_has_nothing_to_tap(walk, open_screen: OpenScreen) -> None:
    nadia = open_screen("paper", Look(1280, "dark"), of=walk.nadia)
    nadia.page.emulate_media(media="print")
    nadia.open("/e/danson-saturday-stroll")
    nadia.reads("Danson Saturday Stroll", "Marshal", "Bela N", "Tail walker")
    for part in (
        "header",
        "nav",
        "footer",
        "form",
        "button",
        ".btn",
        ".garland",
        ".link",
        ".sheet",
    ):
        for one in nadia.page.locator(part).all():
            expect(one).to_be_hidden()
    assert nadia.page.evaluate("getComputedStyle(document.body).color") == "rgb(22, 38, 30)"
    nadia.picture("event")


def test_somebody_s_own_colours_keep_every_edge(walk, open_screen: OpenScreen) -> None:
    bela = open_screen("own-colours", PHONE, of=walk.bela, forced_colors="active")
    for step, address in {"event": "/e/danson-saturday-stroll", "my-turns": "/me"}.items():
        bela.open(address)
        for card in bela.page.locator(".card, .slot").all():
            assert card.evaluate("it => getComputedStyle(it).borderTopStyle") != "none"
        bela.see(step, judges_contrast=False)


def test_an_address_is_copied_at_a_tap(walk, open_screen: OpenScreen) -> None:
    dov = open_screen("calendar", PHONE, permissions=["clipboard-read", "clipboard-write"])
    dov.open("/calendar")
    dov.page.get_by_role("button", name="Copy").first.click()
    dov.reads("Copied")
    copied = dov.page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith("/calendar/all.ics")
    dov.see("copied")
