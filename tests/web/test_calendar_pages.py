from __future__ import annotations

import datetime as dt
import re

from sqlalchemy.orm import Session

from tests.browsing import Browser
from tests.builders import a_claim
from tests.builders import a_series
from tests.builders import a_walk
from tests.builders import an_elsewhere
from tests.builders import an_event
from tests.statements import count_statements
from timebank.core import clock
from timebank.domain import communities
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
    assert "A calendar read it just now." in browser.words


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
    for address in (
        "/calendar/own/turns",
        "/calendar/own/turns/off",
        "/calendar/own/turns/choices",
        "/calendar/narrowed/new",
        "/calendar/mail",
    ):
        browser.post(address, csrf_token=token)
        assert browser.statuses[0] == 303
        assert browser.path == "/sign-in"
    stranger = Browser(app).sign_in(chi)
    stranger.open("/calendar")
    token = next(f for form in stranger.forms() if (f := form.fields.get("csrf_token")))[0]
    for address in ("/calendar/own/turns", "/calendar/mail"):
        stranger.post(address, csrf_token=token)
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


def addresses_in(page: str) -> list[str]:
    return re.findall(r'value="http://localhost(/(?:me|f/[a-z-]+)/[a-z2-7]{32}\.ics)"', page)


def test_each_kind_of_ones_own_is_made_shown_once_and_switched_off_alone(
    session: Session, browser: Browser
) -> None:
    walk = a_walk(session, day=SOON)
    browser.sign_in(walk.nadia).open("/calendar")
    kinds = {
        "household": "Your household’s turns",
        "organising": "What you organise",
        "exchanges": "Help you agreed on",
    }
    made = {}
    for kind, heading in kinds.items():
        browser.press(f"Make my address: {heading}")
        (made[kind],) = addresses_in(browser.page)
        assert made[kind].startswith(f"/f/{kind}/")
        assert "Scan it with your phone" in browser.words
        browser.open("/calendar")
        assert addresses_in(browser.page) == []
    browser.press("Switch it off: What you organise")
    for kind, address in made.items():
        browser.open(address)
        assert browser.answer.status_code == (410 if kind == "organising" else 200)


def test_only_who_runs_something_is_offered_what_they_organise(
    session: Session, browser: Browser
) -> None:
    walk = a_walk(session, day=SOON)
    browser.sign_in(walk.bela).open("/calendar")
    assert "Help you agreed on" in browser.words
    assert "What you organise" not in browser.words


def test_an_address_that_is_emptied_shows_nothing_before_it_is_gone(
    session: Session, browser: Browser
) -> None:
    walk = a_walk(session, day=SOON)
    a_claim(session, walk.marshal, walk.bela)
    session.commit()
    browser.sign_in(walk.bela).open("/calendar")
    browser.press("Make my address")
    (address,) = addresses_in(browser.page)
    assert "BEGIN:VEVENT" in browser.open(address)
    browser.open("/calendar")
    browser.press("Switch it off and empty it")
    assert "For 14 days it shows nothing" in browser.words
    assert "BEGIN:VEVENT" not in browser.open(address)
    assert browser.answer.status_code == 200


def test_choices_are_kept_and_nonsense_is_refused(session: Session, browser: Browser) -> None:
    walk = a_walk(session, day=SOON)
    browser.sign_in(walk.bela).open("/calendar")
    browser.press("Make my address")
    browser.press("Save", **{"turns-cancelled": "drop", "turns-alarm": "60"})
    assert "Saved." in browser.words
    (feed,) = session.query(Feed).all()
    assert (feed.cancelled, feed.alarm_minutes) == ("drop", 60)
    for wrong in ({"cancelled": "shout"}, {"alarm": "61"}, {"alarm": "²"}, {"cancelled": "\x00"}):
        browser.press("Save", **{f"turns-{name}": value for name, value in wrong.items()})
        assert "That wasn’t one of the choices" in browser.words
    session.expire_all()
    assert (feed.cancelled, feed.alarm_minutes) == ("drop", 60)


def test_a_calendar_is_put_together_and_changed_while_its_address_stays(
    session: Session, browser: Browser
) -> None:
    walk = a_walk(session, day=SOON)
    tea = a_series(session, group=walk.group, organiser=walk.nadia, title="Tea", slug="tea")
    tea.scene = "tea"
    an_event(session, tea, SOON)
    session.commit()
    browser.sign_in(walk.bela).open("/calendar")
    browser.follow("Put one together")
    browser.press("Make the calendar", shows="gaps", role="Marshal", scene="park")
    assert browser.statuses == [303, 200]
    (address,) = addresses_in(browser.page)
    assert address.startswith("/f/gaps/")
    assert "Still needed: Park, Marshal" in browser.words
    assert "2 needed: Marshal" in browser.open(address)
    browser.open("/calendar")
    assert "A calendar read it just now." in browser.words
    browser.follow("Change what it shows")
    browser.press("Save", role="Tail walker", cancelled="mark")
    assert "Saved." in browser.words
    assert "1 needed: Tail walker" in browser.open(address)
    browser.open("/calendar")
    browser.press("Make a new address: Still needed")
    (renewed,) = addresses_in(browser.page)
    browser.open(address)
    assert browser.answer.status_code == 410
    assert "1 needed: Tail walker" in browser.open(renewed)
    browser.open("/calendar")
    browser.press("Switch it off: Still needed")
    browser.open(renewed)
    assert browser.answer.status_code == 410


def test_nonsense_for_a_calendar_is_refused_and_what_was_chosen_stays(
    session: Session, browser: Browser
) -> None:
    walk = a_walk(session, day=SOON)
    browser.sign_in(walk.bela).open("/calendar/narrowed/new")
    wrong = [
        {"shows": "turns"},
        {"group": "-1"},
        {"group": "²"},
        {"series": "99999999999999999999"},
        {"scene": "moon"},
        {"area": "\x00"},
        {"role": "x" * 5000},
        {"cancelled": ""},
    ]
    for typed in wrong:
        browser.open("/calendar/narrowed/new")
        browser.press("Make the calendar", **{"scene": "park", "cancelled": "mark", **typed})
        assert browser.answer.status_code == 422
        assert "Choose one of these" in browser.words
    assert session.query(Feed).count() == 0


def test_the_twenty_first_calendar_is_refused(session: Session, browser: Browser) -> None:
    walk = a_walk(session, day=SOON)
    browser.sign_in(walk.bela)
    for _ in range(20):
        browser.open("/calendar/narrowed/new")
        browser.press("Make the calendar")
    browser.open("/calendar/narrowed/new")
    browser.press("Make the calendar")
    assert browser.answer.status_code == 422
    assert "That’s twenty calendars already." in browser.words


def test_nobody_changes_somebody_elses_calendar(session: Session, app, browser: Browser) -> None:
    walk = a_walk(session, day=SOON)
    browser.sign_in(walk.bela).open("/calendar/narrowed/new")
    browser.press("Make the calendar")
    (feed,) = session.query(Feed).all()
    sam = Browser(app).sign_in(walk.sam)
    sam.open(f"/calendar/narrowed/{feed.id}")
    assert sam.answer.status_code == 404
    sam.open("/calendar")
    token = next(f for form in sam.forms() if (f := form.fields.get("csrf_token")))[0]
    for ending in ("", "/off", "/renew"):
        sam.post(f"/calendar/narrowed/{feed.id}{ending}", csrf_token=token)
        assert sam.answer.status_code == 404
    session.expire_all()
    assert feed.revoked_at is None


def test_groups_are_listed_once_there_are_two(session: Session, browser: Browser) -> None:
    walk = a_walk(session, day=SOON)
    browser.open("/calendar")
    assert "Just one group" not in browser.words
    group = communities.create_group(
        session, community=walk.community, slug="tea", name="Tea", organisers=[walk.sam]
    )
    tea = a_series(session, group=group, organiser=walk.sam, title="Tea", slug="tea")
    an_event(session, tea, SOON)
    session.commit()
    browser.open("/calendar")
    assert 'value="http://localhost/g/tea/calendar.ics"' in browser.page


def test_statements_of_the_page_do_not_grow_with_ones_calendars(
    session: Session, browser: Browser
) -> None:
    walk = a_walk(session, day=SOON)
    browser.sign_in(walk.bela)
    totals = []
    for more in (2, 8):
        for _ in range(more):
            browser.open("/calendar/narrowed/new")
            browser.press("Make the calendar", group=walk.group.id, series=walk.series.id)
        with count_statements() as count:
            browser.open("/calendar")
        totals.append(count.total)
    assert totals[0] == totals[1] <= 4


def test_whether_turns_come_by_mail_is_each_members_own_choice(
    session: Session, browser: Browser
) -> None:
    walk = a_walk(session, day=SOON)
    session.commit()
    assert "Or with our e-mails" not in browser.open("/calendar")
    browser.sign_in(walk.bela).open("/calendar")
    browser.press("Leave my calendar alone")
    assert browser.statuses == [303, 200]
    assert "A turn that is in it already is kept right." in browser.words
    session.refresh(walk.bela)
    session.refresh(walk.sam)
    assert (walk.bela.turns_by_mail, walk.sam.turns_by_mail) == (False, True)
    token = browser.forms()[0].fields["csrf_token"][0]
    for odd in ("", "maybe", "yes\x00", "\uff11"):  # anything but a yes is a no
        browser.post("/calendar/mail", csrf_token=token, wanted=odd)
        assert browser.statuses == [303, 200]
        session.refresh(walk.bela)
        assert not walk.bela.turns_by_mail
    browser.press("Bring my turns along")
    session.refresh(walk.bela)
    assert walk.bela.turns_by_mail
