"""Story 2: in by an e-mailed link, a weekly event on one page, and a change of single dates."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from tests.browser.seeing import Screen

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
STORY = "organiser"
A_WEEK = dt.timedelta(weeks=1)


def test_an_organiser_makes_a_weekly_event_and_changes_two_dates(
    session, open_screen: OpenScreen, post: Post, look: Look
) -> None:
    days.a_walk(session)
    nadia = open_screen(STORY, look)
    _sign_in(nadia, post)
    _publish(nadia)
    _move_the_first_date(nadia)
    _cancel_the_second_date(nadia)


def _sign_in(nadia: Screen, post: Post) -> None:
    nadia.open("/sign-in")
    nadia.see("sign-in")
    nadia.type("E-mail", "nadia@example.com")
    nadia.press("Send me a link")
    nadia.see("code")
    post.deliver()
    nadia.open("/demo/mail")
    nadia.follow(post.newest().subject)
    nadia.page.frame_locator("iframe").get_by_role("link", name="Sign in").click()
    nadia.press("Sign me in")
    nadia.is_at("/me")


def _publish(nadia: Screen) -> None:
    nadia.follow("New event")
    nadia.see("new-event")
    nadia.follow("Walk or run")
    nadia.press("Publish")
    nadia.reads("Give it a name")
    nadia.see("editor-errors")
    nadia.type("What’s it called?", "Lake Stroll")
    nadia.type("Where do people meet?", "Danson Park, by the boathouse")
    nadia.type("First date", days.saturday().isoformat())
    nadia.press("Check the dates")
    nadia.reads("Saturdays at 9am:")
    nadia.see("editor")
    nadia.press("Publish")
    nadia.is_at("/e/lake-stroll/rota")
    nadia.reads("Lake Stroll is out. Here’s its rota.", "Run director")
    nadia.see("grid")


def _move_the_first_date(nadia: Screen) -> None:
    nadia.follow("Change: Saturday")
    nadia.see("change")
    nadia.type("From", "10:00")
    nadia.type("To", "11:30")
    nadia.type("Why?", "The café opens later")
    nadia.press("Change this date")
    nadia.reads("Changed: 10am")


def _cancel_the_second_date(nadia: Screen) -> None:
    nadia.open(f"/e/lake-stroll/{days.saturday() + A_WEEK}")
    nadia.follow("Change this date")
    nadia.choose("The weather")
    nadia.type("Why is it off?", "Flooded path")
    nadia.press("Cancel this date")
    nadia.reads("is off. Nobody had a turn that needs telling.")
    nadia.see("grid-after")
    nadia.open(f"/e/lake-stroll/{days.saturday() + A_WEEK}")
    nadia.reads("This date is cancelled.", "Flooded path")
    nadia.see("cancelled")
