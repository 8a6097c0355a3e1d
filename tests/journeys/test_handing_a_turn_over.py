"""A turn goes to somebody by name, or to whoever will; until then it stays where it is."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.mails import link
from tests.mails import mail
from timebank.models import Claim
from timebank.models import NoticeKind

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
EVENT = "/e/danson-saturday-stroll/2027-05-01"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    return walk


@pytest.fixture
def bela(app, walk):
    return Browser(app).sign_in(walk.bela)


def holder(session, walk):
    session.expire_all()
    [claim] = session.query(Claim).filter(Claim.slot_id == walk.tail_walker.id, Claim.live)
    return claim.membership_id


def offer_to_sam(bela):
    bela.open("/me")
    bela.follow("Hand it over")
    bela.press("Ask them", name="Sam")
    assert "We’ve asked Sam. The turn stays yours until they say yes." in bela.words


def test_offered_by_name_and_taken_by_a_link(walk, session, bela, browser):
    offer_to_sam(bela)
    assert "You’ve asked Sam T. It’s yours until they say yes." in bela.words
    words = mail(session, NoticeKind.TURN_OFFERED)
    assert words.subject == "Could you take over from Bela: tail walker, Sat 1 May?"
    browser.open(link(words, "/yes"))
    assert holder(session, walk) == walk.bela.id
    browser.press("I’ll take it over")
    assert "It’s yours now, and Bela knows. Thank you!" in browser.words
    assert holder(session, walk) == walk.sam.id
    taken = mail(session, NoticeKind.TURN_TAKEN)
    assert taken.subject == "Sam T has your turn: tail walker, Sat 1 May"
    bela.open("/me")
    assert "No turns yet." in bela.words
    browser.open(link(words, "/yes"))
    assert "Somebody has taken that turn over already." in browser.words


def test_declined_it_is_still_hers_and_she_is_told(walk, session, bela, browser):
    offer_to_sam(bela)
    browser.open(link(mail(session, NoticeKind.TURN_OFFERED), "/no"))
    browser.press("Not this time")
    assert holder(session, walk) == walk.bela.id
    words = mail(session, NoticeKind.ASK_DECLINED, walk.bela)
    assert "They can’t, this time. The turn is still yours." in words.text
    bela.open("/me")
    assert bela.has_button("I can’t make it")


def test_sam_sees_it_on_my_turns_and_takes_it_there(walk, app, session, bela):
    offer_to_sam(bela)
    sam = Browser(app).sign_in(walk.sam)
    sam.open("/me")
    assert "Bela N asks you" in sam.words
    sam.press("I’ll take it over: Tail walker")
    assert holder(session, walk) == walk.sam.id


def test_who_of_two_sams_is_asked_is_a_choice(walk, session, bela):
    other = builders.a_member(session, walk.community, "Sam Tully", email="tully@example.com")
    session.commit()
    bela.open("/me")
    bela.follow("Hand it over")
    bela.press("Ask them", name="Sam")
    assert "Who is it?" in bela.words
    assert "Someone new" not in bela.words
    numbers = re.findall(r'name="who"[^>]*value="(\d+)"', bela.page)
    assert sorted(map(int, numbers)) == sorted([walk.sam.id, other.id])
    bela.press("Ask them", who=str(other.id))
    assert mail(session, NoticeKind.TURN_OFFERED, other) is not None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Zebedee", "We know nobody of that name here. Ask everybody instead?"),
        ("Bela", "This turn is yours already. Choose somebody else."),
        ("Joan", "We can’t write to them. Ask them yourself, or ask everybody."),
        ("77", "Type the name of the neighbour you mean"),
    ],
)
def test_nobody_to_ask_is_said_beside_the_name(walk, session, bela, name, sentence):
    builders.a_member(session, walk.community, "Joan Field", email=None)
    session.commit()
    bela.open("/me")
    bela.follow("Hand it over")
    bela.press("Ask them", name=name)
    if "Who is it?" in bela.words:
        bela.press("Ask them", who=re.search(r'name="who"[^>]*value="(\d+)"', bela.page)[1])
    assert sentence in bela.words
    assert bela.statuses == [422]


def test_offered_to_everybody_and_taken_from_the_event_page(walk, app, session, bela):
    bela.open("/me")
    bela.follow("Hand it over")
    bela.press("Ask everybody")
    assert "You’re asking for cover. It’s yours until somebody has it." in bela.words
    words = mail(session, NoticeKind.COVER_WANTED, walk.nadia)
    assert words.subject == "Bela N asks for cover: tail walker, Sat 1 May"
    sam, ama = Browser(app).sign_in(walk.sam), Browser(app).sign_in(walk.ama)
    for browser in (sam, ama):
        browser.open(EVENT)
        assert "Bela N is looking for somebody." in browser.words
    sam.press("I’ll take it over: Tail walker")
    assert "It’s yours now, and Bela knows." in sam.words
    ama.press("I’ll take it over: Tail walker")
    assert "Somebody has taken that turn over already." in ama.words
    assert "Marshal is still open" in ama.words
    assert holder(session, walk) == walk.sam.id
    assert mail(session, NoticeKind.COVER_WANTED, walk.nadia) is None


def test_a_visitor_is_led_to_sign_in_and_finds_the_one_button(walk, app, bela, browser):
    bela.open("/me")
    bela.follow("Hand it over")
    bela.press("Ask everybody")
    browser.open(EVENT)
    browser.follow("I’ll take it over")
    assert browser.path == "/sign-in"
    browser.sign_in(walk.sam)
    browser.open(f"{EVENT}/cover/1")
    browser.press("I’ll take it over")
    assert "It’s yours now" in browser.words


def test_who_did_it_lately_takes_it_over_from_the_mail(walk, session, bela, browser):
    before = builders.an_event(session, walk.series, dt.date(2027, 4, 10))
    slot = builders.a_slot(session, before, walk.tail_walker.role)
    builders.a_claim(session, slot, walk.sam, state="attended")
    session.commit()
    bela.open("/me")
    bela.follow("Hand it over")
    bela.press("Ask everybody")
    words = mail(session, NoticeKind.COVER_WANTED, walk.sam)
    assert words.subject == "Could you be tail walker on Sat 1 May?"
    browser.open(link(words, "/yes"))
    browser.press("I’ll take it over")
    assert holder(session, walk) == walk.sam.id


def test_she_keeps_it_after_all(walk, app, session, bela):
    offer_to_sam(bela)
    bela.press("I’ll do it after all")
    assert "It’s still yours, and we’ve stopped asking." in bela.words
    assert mail(session, NoticeKind.TURN_OFFERED) is None


def test_a_job_with_an_age_asks_the_taker(walk, app, session, bela):
    walk.tail_walker.role.minimum_age = 18
    session.commit()
    bela.open("/me")
    bela.follow("Hand it over")
    bela.press("Ask everybody")
    sam = Browser(app).sign_in(walk.sam)
    sam.open(EVENT)
    sam.press("I’ll take it over: Tail walker")
    assert "Tell us that you are." in sam.words
    sam.press("I’ll take it over", old_enough="y")
    assert holder(session, walk) == walk.sam.id


def test_nobody_else_touches_an_offer(walk, app, session, bela):
    offer_to_sam(bela)
    elsewhere = builders.an_elsewhere(session)
    for stranger in (walk.ama, elsewhere.chi):
        browser = Browser(app).sign_in(stranger)
        browser.open("/calendar")
        token = browser.forms()[0].fields["csrf_token"][0]
        for address in (
            "/me/offers/1/yes",
            "/me/offers/1/no",
            "/me/turns/1/keep",
            "/me/turns/1/hand-over",
            "/me/turns/1/hand-over/all",
        ):
            browser.post(address, csrf_token=token, name="Sam")
            assert browser.statuses == [404], address
    assert holder(session, walk) == walk.bela.id
