"""Signing in by an e-mailed link or six digits, and out again."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.conftest import SECRET
from timebank.domain import identity
from timebank.models import Notice
from timebank.models import SignIn
from timebank.models import SignInRequest

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def newest_request(session):
    session.expire_all()
    return session.scalars(sa.select(SignInRequest).order_by(SignInRequest.id.desc())).first()


def ask(browser, email="bela@example.com", address="/sign-in"):
    browser.open(address)
    browser.press("Send me a link", email=email)


def link_of(session):
    token = identity.sign_in_link_token(newest_request(session), secret_key=SECRET)
    return f"/sign-in/{token}"


def code_of(session):
    return identity.sign_in_code(newest_request(session), secret_key=SECRET)


def test_the_link_signs_in_once_and_leads_where_one_was_going(walk, session, browser):
    browser.open("/me")
    assert browser.path == "/sign-in"
    browser.press("Send me a link", email=" Bela@Example.com ")
    assert browser.path == "/sign-in/code"
    [notice] = session.scalars(sa.select(Notice))
    assert (notice.kind.value, notice.person_id) == ("sign_in", walk.bela.person_id)
    link = link_of(session)
    browser.open(link)
    browser.open(link)  # a mail scanner was here first
    browser.press("Sign me in")
    assert (browser.path, "Hello, Bela" in browser.words) == ("/me", True)
    browser.open(link)
    assert browser.statuses == [404]
    assert "This link has run out" in browser.words


def test_the_six_digits_do_the_same(walk, session, browser):
    ask(browser)
    code = code_of(session)
    browser.press("Sign in", code=f"{code[:3]} {code[3:]}")
    assert browser.path == "/me"


def test_five_wrong_codes_end_the_request(walk, session, browser):
    ask(browser)
    right = code_of(session)
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        browser.press("Sign in", code=wrong)
        assert browser.statuses == [422]
    browser.press("Sign in", code=right)
    assert (browser.statuses, browser.path) == ([422], "/sign-in/code")


def test_fifteen_minutes_later_both_have_run_out(walk, session, browser, clock):
    ask(browser)
    link, code = link_of(session), code_of(session)
    clock.shift(dt.timedelta(minutes=15))
    browser.press("Sign in", code=code)
    assert browser.statuses == [422]
    browser.open(link)
    assert browser.statuses == [404]


def test_a_new_request_voids_the_one_before(walk, session, browser):
    ask(browser)
    earlier = link_of(session)
    ask(browser)
    browser.open(earlier)
    assert browser.statuses == [404]


def test_a_sixth_message_within_an_hour_is_not_sent_and_nobody_can_tell(
    walk, session, browser, clock
):
    for _ in range(6):
        ask(browser)
        assert browser.path == "/sign-in/code"
        clock.shift(dt.timedelta(minutes=1))
    assert len(session.scalars(sa.select(SignInRequest)).all()) == 5


def test_the_cookie_of_an_unknown_address_looks_like_any_other(walk, session, app, browser):
    seen = []
    for email in ("bela@example.com", "nobody@example.com"):
        ask(browser, email=email)
        with browser.client.session_transaction(base_url=browser.base) as kept:
            seen.append(kept["sign_in_request"])
    assert [len(one) for one in seen] == [36, 36]


def test_an_unknown_address_sees_the_very_same_pages(walk, session, browser):
    ask(browser)
    known = browser.words
    browser.press("Sign in", code="12345x")
    browser.press("Sign in", code="000000")
    known_wrong = browser.words
    ask(browser, email="nobody@example.com")
    assert browser.words == known
    browser.press("Sign in", code="000000")
    assert browser.words == known_wrong


def test_signing_out_ends_the_copied_cookie_too(walk, session, app, browser):
    browser.sign_in(walk.bela)
    browser.open("/me")
    stolen = browser.client.get_cookie("goodturn").value
    browser.press("Sign out")
    assert "You’re signed out." in browser.words
    thief = app.test_client()
    thief.set_cookie("goodturn", stolen)
    assert thief.get("/me").status_code == 303
    assert session.scalars(sa.select(SignIn.ended_at)).one() is not None


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "///evil.example",
        "https:evil.example",
        "https://evil.example/me",
        "/\tevil",
        "/me\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "x" * 400,
    ],
)
def test_next_never_leads_off_the_site(walk, session, browser, elsewhere):
    browser.client.get("/sign-in", query_string={"next": elsewhere}, base_url=browser.base)
    browser.open("/sign-in")
    token = browser.forms()[0].fields["csrf_token"][0]
    browser._go(
        browser.client.post(
            "/sign-in",
            query_string={"next": elsewhere},
            data={"csrf_token": token, "email": "bela@example.com"},
            base_url=browser.base,
        )
    )
    browser.open(link_of(session))
    browser.press("Sign me in")
    assert browser.path == "/me"
