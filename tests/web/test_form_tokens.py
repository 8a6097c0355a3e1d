"""No form of anybody else's making is let in, nor one of another browser or an earlier visit."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.app import create_app
from timebank.db import db
from timebank.db import reader

PAGE = "/e/danson-saturday-stroll/2027-05-01"
NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def two_days_before():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def claim(walk):
    return f"{PAGE}/claim/{walk.tail_walker.id}"


@pytest.fixture
def public_app(settings):
    app = create_app(replace(settings, public_url="https://goodturn.example"))
    yield app
    with app.app_context():
        db.engine.dispose()
    reader.bind("")


def token_on(browser, address=PAGE):
    browser.open(address)
    return next(found for form in browser.forms() if (found := form.fields.get("csrf_token")))[0]


def statuses(browser, address, **fields):
    browser.post(address, **fields)
    return browser.statuses


def test_every_form_of_a_sign_in_carries_the_same_token_and_the_next_sign_in_another(
    walk, app, browser
):
    browser.sign_in(walk.bela)
    first = {token_on(browser, address) for address in (PAGE, "/me", "/calendar", PAGE)}
    assert len(first) == 1
    browser.sign_in(walk.bela)
    again, sams = token_on(browser), token_on(Browser(app).sign_in(walk.sam))
    assert len({*first, again, sams}) == 3


@pytest.mark.parametrize("forged", ["", "x", "½", "\ud7ff", "a" * 32, "\ue001token\ue002"])
def test_a_made_up_token_is_refused_and_takes_nothing(walk, app, browser, claim, forged):
    browser.sign_in(walk.bela)
    token_on(browser)
    assert statuses(browser, claim, csrf_token=forged) == [400]
    assert "Let’s try that again" in browser.words
    assert browser.sign_in(walk.bela).open("/me").count("Tail walker") == 0


def test_the_token_of_another_browser_is_refused(walk, app, browser, claim):
    sams = token_on(Browser(app).sign_in(walk.sam))
    strangers = token_on(Browser(app), "/sign-in")
    browser.sign_in(walk.bela)
    assert [statuses(browser, claim, csrf_token=it) for it in (sams, strangers)] == [[400], [400]]
    assert statuses(browser, claim, csrf_token=token_on(browser)) == [303, 200]


def test_a_token_ends_with_its_sign_in(walk, app, browser, claim):
    browser.sign_in(walk.bela)
    earlier = token_on(browser)
    browser.press("Sign out")
    assert statuses(browser, claim, csrf_token=earlier) == [400]
    browser.sign_in(walk.bela)
    assert statuses(browser, claim, csrf_token=earlier) == [400]


def test_a_token_may_not_come_in_the_address(walk, browser, claim):
    browser.sign_in(walk.bela)
    assert statuses(browser, f"{claim}?csrf_token={token_on(browser)}") == [400]


def test_somebody_signed_out_has_a_token_too_and_another_browser_has_another(walk, app, browser):
    own = token_on(browser, "/sign-in")
    assert token_on(browser, "/sign-in") == own != token_on(Browser(app), "/sign-in")
    assert statuses(Browser(app), "/sign-in", csrf_token=own, email="a@example.com") == [400]
    assert statuses(browser, "/sign-in", csrf_token=own, email="a@example.com") == [303, 200]


def test_a_page_without_a_form_leaves_no_cookie_behind(walk, browser):
    browser.open(PAGE)
    assert browser.client.get_cookie("goodturn") is None


@pytest.mark.parametrize(
    ("comes_from", "expected"),
    [
        ("https://goodturn.example/e/danson-saturday-stroll/2027-05-01", 303),
        (None, 400),
        ("https://evil.example/", 400),
        ("https://goodturn.example.evil.example/", 400),
        ("http://goodturn.example/", 400),
        ("https://goodturn.example:444/", 400),
    ],
)
def test_over_https_a_form_must_come_from_a_page_of_ours(
    walk, public_app, claim, comes_from, expected
):
    browser = Browser(public_app)
    browser.base = "https://goodturn.example"
    browser.sign_in(walk.bela)
    token = token_on(browser)
    answer = browser.client.post(
        claim,
        data={"csrf_token": token},
        base_url=browser.base,
        headers={"Referer": comes_from} if comes_from else {},
    )
    assert answer.status_code == expected
