from __future__ import annotations

import datetime as dt
import re

from sqlalchemy.orm import Session

from tests.browsing import Browser
from tests.builders import a_series
from tests.builders import a_walk
from tests.builders import an_elsewhere
from tests.builders import an_event
from tests.statements import count_statements
from timebank.core import clock
from timebank.models import Feed

SOON = clock.local_date(clock.now(), "Europe/London") + dt.timedelta(days=6)


def test_subscribing_needs_no_account(session: Session, browser: Browser) -> None:
    a_walk(session, day=SOON)
    browser.open("/calendar")
    assert browser.answer.status_code == 200
    addresses = dict(browser.links())
    assert addresses["iPhone, Mac or Outlook"] in {
        "webcal://localhost/calendar/all.ics",
        "webcal://localhost/e/danson-saturday-stroll/calendar.ics",
    }
    assert 'value="http://localhost/calendar/all.ics"' in browser.page
    assert 'value="http://localhost/e/danson-saturday-stroll/calendar.ics"' in browser.page
    assert "r?cid=webcal%3A//localhost/calendar/all.ics" in browser.page
    assert "Every 4 to 24 hours" in browser.words
    assert not browser.has_button("Make my address")


def test_only_series_with_dates_to_come_are_listed(session: Session, browser: Browser) -> None:
    walk = a_walk(session, day=SOON)
    a_series(session, group=walk.group, organiser=walk.nadia, title="Old tea", slug="old-tea")
    session.commit()
    browser.open("/calendar")
    assert "Danson Saturday Stroll" in browser.words
    assert "Old tea" not in browser.words


def test_a_private_address_is_shown_once(session: Session, browser: Browser) -> None:
    walk = a_walk(session, day=SOON)
    browser.sign_in(walk.bela).open("/calendar")
    browser.press("Make my address")
    assert browser.statuses == [303, 200]
    token = re.search(r"http://localhost/me/([a-z2-7]{32})\.ics", browser.page)[1]
    assert browser.answer.headers["Cache-Control"] == "no-store"
    assert browser.answer.headers["Referrer-Policy"] == "same-origin"
    assert browser.open(f"/me/{token}.ics")
    browser.open("/calendar")
    assert token not in browser.page
    assert "A calendar last read it on" in browser.words


def test_making_a_new_address_and_switching_it_off_end_the_old_one(
    session: Session, browser: Browser
) -> None:
    walk = a_walk(session, day=SOON)
    browser.sign_in(walk.bela).open("/calendar")
    found = []
    for words in ("Make my address", "Make a new address"):
        browser.press(words)
        found += re.findall(r'value="http://localhost(/me/[a-z2-7]{32}\.ics)"', browser.page)
    browser.open(found[0])
    assert browser.answer.status_code == 410
    browser.open("/calendar")
    browser.press("Switch it off")
    assert "Your calendar address is switched off." in browser.words
    assert browser.has_button("Make my address")
    browser.open(found[1])
    assert browser.answer.status_code == 410
    assert session.query(Feed).filter(Feed.revoked_at.is_(None)).count() == 0


def test_strangers_and_the_signed_out_make_no_address(
    app, session: Session, browser: Browser
) -> None:
    a_walk(session, day=SOON).community.host = "localhost"
    chi = an_elsewhere(session).chi
    browser.open("/sign-in")
    token = browser.forms()[0].fields["csrf_token"][0]
    for address in ("/calendar/mine", "/calendar/mine/off"):
        browser.post(address, csrf_token=token)
        assert browser.statuses[0] == 303
        assert browser.path == "/sign-in"
    stranger = Browser(app).sign_in(chi)
    stranger.open("/calendar")
    token = next(f for form in stranger.forms() if (f := form.fields.get("csrf_token")))[0]
    stranger.post("/calendar/mine", csrf_token=token)
    assert stranger.answer.status_code == 404
    assert session.query(Feed).count() == 0


def test_statements_of_the_page_do_not_grow_with_series(
    session: Session, browser: Browser
) -> None:
    walk = a_walk(session, day=SOON)
    totals = []
    for more in (range(2), range(2, 12)):
        for number in more:
            one = a_series(session, group=walk.group, organiser=walk.nadia, slug=f"tea-{number}")
            an_event(session, one, SOON)
        session.commit()
        with count_statements() as count:
            browser.open("/calendar")
        totals.append(count.total)
    assert totals[0] == totals[1] <= 3
