from __future__ import annotations

from tests import builders


def test_the_forty_first_mail_within_an_hour_from_one_address_waits(session, browser):
    builders.a_walk(session)
    browser.open("/sign-in")
    for number in range(41):
        browser.open("/sign-in")
        browser.press("Send me a link", email=f"somebody{number}@example.com")
    assert browser.statuses == [429]
