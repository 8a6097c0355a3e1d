"""Story 1: a shared link, two taps, and one more in the e-mail."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.conftest import SECRET
from timebank.core import ids
from timebank.domain.rota import claiming
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Notice

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def claims(session):
    session.expire_all()
    return session.scalars(sa.select(Claim).order_by(Claim.id)).all()


def mail_link(claim, action):
    return f"/t/{ids.signed_token(SECRET, 'claim', claim.id)}/{action}"


def test_a_newcomer_takes_a_place_and_confirms_it_from_the_mail(walk, session, browser):
    browser.open("/e/danson-saturday-stroll")
    assert browser.path == "/e/danson-saturday-stroll/2027-05-01"
    browser.follow("I’ll do it : Tail walker")
    browser.press("Count me in", name="Sam  Tran", email="Sam.Tran@Example.com")
    assert browser.statuses == [303, 200]
    assert "Nearly there, Sam." in browser.words
    assert "held until 1pm, Wed 21 April" in browser.words
    assert "Sam T (confirming)" in browser.words
    [held] = claims(session)
    assert [n.kind.value for n in session.scalars(sa.select(Notice))] == ["confirm_claim"]

    browser.open(mail_link(held, "confirm"))
    assert claims(session)[0].state is ClaimState.HELD  # opening the link changes nothing
    browser.press("Yes, it’s me")
    assert claims(session)[0].state is ClaimState.CONFIRMED
    assert browser.path == "/me"
    assert "Hello, Sam" in browser.words
    assert "Tail walker" in browser.words


def test_no_password_exists_anywhere(walk, browser):
    for address in ("/sign-in", "/e/danson-saturday-stroll", "/sign-in/code"):
        assert 'type="password"' not in browser.open(address)


def test_somebody_signed_in_takes_a_place_in_one_tap_and_can_undo(walk, session, browser):
    browser.sign_in(walk.bela)
    browser.open("/e/danson-saturday-stroll/2027-05-01")
    browser.press("I’ll do it: Tail walker")
    assert "You’re in. Thank you!" in browser.words
    assert "This one’s yours." in browser.words
    browser.press("Undo")
    assert "You’re off the rota for Sat 1 May. We’ll let Nadia know." in browser.words
    assert [claim.state for claim in claims(session)] == [ClaimState.WITHDRAWN]


def test_a_lost_race_names_the_winner_and_offers_the_next_best_place(walk, session, app, browser):
    ama, sam = Browser(app).sign_in(walk.ama), browser.sign_in(walk.sam)
    for one in (ama, sam):
        one.open("/e/danson-saturday-stroll/2027-05-01")
    ama.press("I’ll do it: Tail walker")
    sam.press("I’ll do it: Tail walker")
    assert sam.statuses == [409]
    assert "Ama O got there a moment before you." in sam.words
    assert "Marshal is still open" in sam.words
    sam.press("I’ll do that one")
    assert "You’re in." in sam.words


def test_two_neighbours_with_the_same_job_each_see_their_own_turn(walk, session, app, browser):
    ama, sam = Browser(app).sign_in(walk.ama), browser.sign_in(walk.sam)
    for one in (ama, sam):
        one.open("/e/danson-saturday-stroll/2027-05-01")
        one.press("I’ll do it: Marshal")
    for one in (ama, sam):
        one.open("/e/danson-saturday-stroll/2027-05-01")
        one.press("I can’t make it")
        assert "You’re off the rota" in one.words


def test_a_second_tap_is_told_kindly_that_the_place_is_theirs(walk, session, browser):
    browser.sign_in(walk.sam)
    browser.open("/e/danson-saturday-stroll/2027-05-01")
    token = browser.forms()[0].fields["csrf_token"][0]
    here = f"/e/danson-saturday-stroll/2027-05-01/claim/{walk.tail_walker.id}"
    for _ in range(2):
        browser.post(here, csrf_token=token)
        assert browser.statuses == [303, 200]
    assert "This one’s yours already." in browser.words


def test_a_place_is_taken_at_its_own_address_only(walk, session, browser):
    browser.sign_in(walk.sam)
    browser.open("/e/danson-saturday-stroll/2027-05-01")
    token = browser.forms()[0].fields["csrf_token"][0]
    for address in ("no-such-event/2027-05-01", "danson-saturday-stroll/1999-01-01"):
        browser.post(f"/e/{address}/claim/{walk.tail_walker.id}", csrf_token=token)
        assert browser.statuses == [404]
    assert claims(session) == []


def test_a_late_yes_after_the_sweep_still_signs_its_owner_in(walk, session, browser):
    browser.open(f"/e/danson-saturday-stroll/2027-05-01/claim/{walk.tail_walker.id}")
    browser.press("Count me in", name="Dee Okafor", email="dee@example.com")
    [held] = claims(session)
    claiming.lapse_holds(session, now=NOW + dt.timedelta(hours=25))
    session.commit()
    browser.open(mail_link(held, "confirm"))
    browser.press("Yes, it’s me")
    assert "Hello, Dee" in browser.words


def test_no_host_of_a_strangers_choosing_gets_onto_a_kept_page(walk, session, app):
    session.execute(sa.text("UPDATE community SET host = NULL"))
    session.commit()
    Browser(app, host="evil.example").open("/e/danson-saturday-stroll/2027-05-01")
    assert "evil.example" not in Browser(app).open("/e/danson-saturday-stroll/2027-05-01")


def test_a_typed_address_never_tells_whose_it_is(walk, session, browser):
    browser.open(f"/e/danson-saturday-stroll/2027-05-01/claim/{walk.tail_walker.id}")
    browser.press("Count me in", name="Stranger Danger", email="bela@example.com")
    assert "Stranger D (confirming)" in browser.words
    assert "Bela" not in browser.words


def test_the_owner_of_an_address_has_the_last_word_about_their_name(walk, session, browser):
    here = f"/e/danson-saturday-stroll/2027-05-01/claim/{walk.tail_walker.id}"
    browser.open(here)
    browser.press("Count me in", name="Silly Joke", email="dee@example.com")
    browser.open(f"/e/danson-saturday-stroll/2027-05-01/claim/{walk.marshal.id}")
    browser.open(mail_link(claims(session)[0], "cant"))
    browser.press("I can’t make it")
    browser.open(here)
    browser.press("Count me in", name="Dee Okafor", email="dee@example.com")
    browser.open(mail_link(claims(session)[1], "confirm"))
    browser.press("Yes, it’s me")
    assert "Hello, Dee" in browser.words


def test_a_second_turn_at_that_time_looks_the_same_to_a_stranger(walk, session, browser):
    here = f"/e/danson-saturday-stroll/2027-05-01/claim/{walk.tail_walker.id}"
    builders.a_claim(session, walk.marshal, walk.bela)
    session.commit()
    browser.open(here)
    browser.press("Count me in", name="Bela Novak", email="bela@example.com")
    assert "Nearly there, Bela." in browser.words
    assert [claim.slot_id for claim in claims(session)] == [walk.marshal.id]
    assert [n.kind.value for n in session.scalars(sa.select(Notice))] == ["sign_in"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": "", "email": "sam@example.com"}, "Tell us your name, like Sam Tran"),
        ({"name": "123", "email": "sam@example.com"}, "Tell us your name, like Sam Tran"),
        ({"name": "x" * 81, "email": "sam@example.com"}, "That name is too long for us"),
        ({"name": "Sam", "email": ""}, "Enter your e-mail, like sam@example.com"),
        ({"name": "Sam", "email": "a@x.org, b@x.org"}, "Enter your e-mail"),
        ({"name": "Sam", "email": "sam@example.com\nBcc: all@example.com"}, "Enter your e-mail"),
    ],
)
def test_each_slip_has_its_own_sentence_and_nothing_typed_is_lost(walk, browser, typed, sentence):
    browser.open(f"/e/danson-saturday-stroll/2027-05-01/claim/{walk.tail_walker.id}")
    browser.press("Count me in", note="I’ll bring a whistle", **typed)
    assert browser.statuses == [422]
    assert sentence in browser.words
    assert "I’ll bring a whistle" in browser.page
    assert "Error:" in browser.page.partition("</title>")[0]


def test_a_link_that_is_not_ours_leads_nowhere(walk, browser):
    for token in ("1-abc", "x", "999999-" + "a" * 32, "1-é", "99999999999999999999-a"):
        browser.open(f"/t/{token}/confirm")
        assert browser.statuses == [404]


def test_the_mail_can_also_say_no(walk, session, browser):
    claim = builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    browser.open(mail_link(claim, "cant"))
    browser.press("I can’t make it")
    assert "You’re off the rota for Sat 1 May." in browser.words
    browser.press("Undo")
    assert "You’re back on the rota." in browser.words
