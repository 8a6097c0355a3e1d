"""The demo's mailbox, read by Dov, who is signed out, and found by nobody outside the demo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests import builders
from tests.browsing import Browser
from timebank.adapters import maildir
from timebank.adapters.mail import mail_folder
from timebank.app import create_app
from timebank.core.settings import Settings
from timebank.db import db
from timebank.jobs import notices
from timebank.jobs import tools
from timebank.jobs.tools import Tools

ADDRESSES = ("/demo/mail", "/demo/mail/x", "/demo/mail/x/page")


@pytest.fixture
def mine(settings: Settings) -> Iterator[Tools]:
    opened = tools.open_tools(settings)
    tools.bind(opened)
    yield opened
    opened.engine.dispose()
    tools._bound.clear()


def test_mailbox_is_empty_at_first(browser: Browser, session: Session) -> None:
    builders.a_walk(session)
    browser.open("/demo/mail")
    assert browser.statuses == [200]
    assert "No mail yet" in browser.words


def test_sign_in_mail_can_be_read_and_its_link_used(
    browser: Browser, session: Session, settings: Settings, mine: Tools
) -> None:
    builders.a_walk(session)
    browser.open("/sign-in")
    browser.press("Send me a link", email="bela@example.com")
    notices.drain()
    browser.open("/demo/mail")
    assert "To bela@example.com" in browser.words
    browser.follow("Your way in to Bexley")
    assert "Hello Bela, here’s your way in" in browser.words
    policy = browser.answer.headers["Content-Security-Policy"]
    assert policy.endswith("; frame-src 'self'")
    [mail] = maildir.newest_mail(mail_folder(settings.smtp_url))
    browser.open(f"/demo/mail/{mail.key}/page")
    assert '<base target="_top">' in browser.page
    policy = browser.answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "frame-ancestors 'self'" in policy
    browser.follow("Sign in")
    browser.press("Sign me in")
    assert browser.path == "/me"


def test_script_in_a_message_stays_words(
    browser: Browser, session: Session, mine: Tools, settings: Settings
) -> None:
    walk = builders.a_walk(session)
    walk.community.phone = "<script>alert(1)</script>"
    session.commit()
    browser.open("/sign-in")
    browser.press("Send me a link", email="bela@example.com")
    notices.drain()
    [mail] = maildir.newest_mail(mail_folder(settings.smtp_url))
    browser.open(f"/demo/mail/{mail.key}/page")
    assert "<script>" not in browser.page
    browser.open(f"/demo/mail/{mail.key}")
    assert "<script>alert" not in browser.page


@pytest.mark.parametrize("address", ADDRESSES[1:])
def test_message_that_is_not_there(browser: Browser, session: Session, address: str) -> None:
    builders.a_walk(session)
    browser.open(address)
    assert browser.statuses == [404]


@pytest.fixture(params=["not a demo", "a mail server"])
def app_without_mailbox(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Flask]:
    other = {"not a demo": {"demo": False}, "a mail server": {"smtp_url": "smtp://localhost"}}
    app = create_app(replace(settings, **other[request.param]))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_reads_mail_outside_the_demo(
    app_without_mailbox: Flask, session: Session, address: str
) -> None:
    builders.a_walk(session)
    dov = Browser(app_without_mailbox)
    dov.open(address)
    assert dov.statuses == [404]
