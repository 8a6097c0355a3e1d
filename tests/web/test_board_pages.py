"""The board's pages: what they ask of the database, filters, pages, and who sees what."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.boards import a_post
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.domain.exchange import contacting
from timebank.domain.exchange import posting
from timebank.models import Block
from timebank.models import Category
from timebank.models import Message
from timebank.models import PostKind

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def crowd(session, walk, number):
    """Three more neighbours, each with an ask and an offer that others have written about."""
    for count in range(3):
        member = builders.a_member(session, walk.community, f"P{number}x{count} Q")
        posts = [a_post(session, member, f"{kind} {count}", kind=kind) for kind in PostKind]
        for post in (*posts, *session.query(type(posts[0])).filter_by(membership_id=walk.bela.id)):
            for by in (walk.bela, member):
                if by.id != post.membership_id:
                    contacting.answer_post(
                        session, post=post, by=by, words="Hello", wants_a_ring=True,
                        intent=None, now=NOW - dt.timedelta(days=2 * number),
                    )  # fmt: skip
    session.commit()


@pytest.mark.parametrize(
    ("who", "address", "statements"),
    [
        (None, "/neighbours", 3),
        ("bela", "/neighbours", 3),
        ("ama", "/neighbours", 4),
        ("bela", "/neighbours?q=hedge&category=garden", 3),
        (None, "/neighbours/1", 2),
        ("bela", "/neighbours/1", 8),
        ("sam", "/neighbours/1", 6),
        ("bela", "/neighbours/yours", 3),
        ("ama", "/neighbours/to-ring", 5),
    ],
)
def test_a_page_costs_the_same_however_much_there_is(session, browser, who, address, statements):
    walk = builders.a_walk(session)
    a_post(session, walk.bela)
    if who:
        browser.sign_in(getattr(walk, who))
    counted = []
    for number in range(3):
        with count_statements() as count:
            browser.open(address)
        assert browser.statuses == [200]
        counted.append(count.total)
        crowd(session, walk, number)
    assert counted == [statements] * 3


def test_pages_of_twenty_follow_each_other(walk, session, browser):
    for number in range(13):
        a_post(session, walk.bela, f"Ask no. {number:02}")
        a_post(session, walk.sam, f"Offer no. {number:02}", kind=PostKind.OFFER)
    browser.open("/neighbours")
    assert "Ask no. 12" in browser.words
    assert "Offer no. 06" in browser.words
    assert "Offer no. 05" not in browser.words
    browser.follow("See more")
    assert "Offer no. 05" in browser.words
    assert "Ask no." not in browser.words
    assert "See more" not in browser.words


def test_the_next_page_of_a_search_keeps_to_what_was_meant(walk, session, browser):
    for number in range(21):
        a_post(session, walk.bela if number % 2 else walk.sam, f"Hedges {number:02}")
    browser.open("/neighbours?q=hegdes&area=Crayford&kind=ask")
    assert "Nothing for “hegdes”. Here’s what we have for “hedges”." in browser.words
    browser.follow("See more")
    assert "Hedges 00" in browser.words
    assert "Hedges 01" not in browser.words


def test_chips_keep_what_is_looked_for(walk, session, browser):
    a_post(session, walk.bela, "My hedge")
    a_post(session, walk.sam, "Any hedge", kind=PostKind.OFFER)
    a_post(session, walk.sam, "Any phone", kind=PostKind.OFFER, category=Category.COMPUTERS)
    browser.open("/neighbours?q=hedge")
    browser.follow("Offered")
    assert "Any hedge" in browser.words
    assert "My hedge" not in browser.words
    assert "Any phone" not in browser.words


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/neighbours", "Nothing on the board yet."),
        ("/neighbours?q=trombone", "Nothing like that just now."),
        ("/neighbours?after=offer-1", "That’s everything."),
        ("/neighbours?kind=swap&category=magic&after=x-1", "Nothing on the board yet."),
    ],
)
def test_an_empty_board_says_what_to_do(walk, browser, address, said):
    browser.open(address)
    assert said in browser.words


def test_words_cannot_leave_their_place(walk, session, app):
    a_post(session, walk.bela, "<b>Hedge</b> & co", words="<script>alert(1)</script>\nTwo lines")
    sam = Browser(app).sign_in(walk.sam)
    for address in ("/neighbours", "/neighbours/1"):
        sam.open(address)
        assert "<b>Hedge" not in sam.page
        assert "<script>alert" not in sam.page


def test_the_pages_for_the_owner_s_buttons_are_for_the_owner(walk, session, app):
    a_post(session, walk.bela)
    sam, ama = (Browser(app).sign_in(one) for one in (walk.sam, walk.ama))
    sam.open("/neighbours/1")
    assert not sam.has_button("Take it down")
    ama.open("/neighbours/1")
    assert ama.has_button("Take it down")
    assert ama.has_button("I can help")


def test_a_member_s_twenty_first_is_refused_with_a_sentence(walk, session, app):
    for number in range(20):
        a_post(session, walk.bela, f"Number {number}")
    bela = Browser(app).sign_in(walk.bela)
    bela.open("/neighbours/ask")
    bela.press("Put it on the board", title="One more", category="pets", area="Sidcup")
    assert bela.statuses == [422]
    assert "That’s twenty on the board already. Take one down first." in bela.words
    assert "One more" in bela.page


def test_the_first_messages_of_a_day_are_passed_on_and_then_no_more(walk, session, app):
    a_post(session, walk.bela)
    sam = Browser(app).sign_in(walk.sam)
    sam.open("/neighbours/1")
    sam.press("I can help", words="Hello")
    for number in range(19):
        sam.press("Send it", words=f"Hello {number}")
    sam.press("Send it", words="One too many")
    assert sam.statuses == [422]
    assert "That’s a lot of messages for one day." in sam.words
    assert "One too many" in sam.page


def test_words_of_a_thousand_and_one_letters_stay_in_their_box(walk, session, app):
    a_post(session, walk.bela)
    sam = Browser(app).sign_in(walk.sam)
    sam.open("/neighbours/1")
    sam.press("I can help", words="x" * 1001)
    assert "Keep it to 1000 letters" in sam.words
    assert "x" * 1001 in sam.page


@pytest.mark.parametrize("words", ["I have shears", "x" * 1001], ids=["short", "too long"])
def test_words_about_something_off_the_board_are_not_lost(walk, session, app, words):
    post = a_post(session, walk.bela)
    sam, ama = (Browser(app).sign_in(one) for one in (walk.sam, walk.ama))
    for browser in (sam, ama):
        browser.open("/neighbours/1")
    posting.take_down(session, post=post, by=walk.bela, now=NOW)
    session.commit()
    for browser in (sam, ama):  # a coordinator may see the page of it still
        browser.press("I can help", words=words)
        assert browser.statuses == [409 if len(words) < 1000 else 422]
        assert words in browser.words
    assert "It has come off the board in the meantime." in sam.words
    assert session.query(Message).count() == 0


def test_words_to_somebody_who_does_not_want_them_are_not_lost(walk, session, app):
    a_post(session, walk.bela)
    sam = Browser(app).sign_in(walk.sam)
    sam.open("/neighbours/1")
    session.add(Block(community_id=walk.community.id, by_id=walk.bela.id, against_id=walk.sam.id))
    session.commit()
    sam.press("I can help", words="I have shears")
    assert sam.statuses == [409]
    assert "We couldn’t pass that on. A coordinator can help: ring us." in sam.words
    assert "I have shears" in sam.words


def test_words_to_somebody_blocked_in_another_tab_are_not_lost(walk, session, app):
    a_post(session, walk.bela)
    sam, tab = (Browser(app).sign_in(walk.sam) for _ in range(2))
    sam.open("/neighbours/1")
    sam.press("I can help", words="Hello")
    tab.open(sam.path)
    tab.press("I don’t want to hear from them")
    sam.press("Send it", words="I have shears")
    assert sam.statuses == [409]
    assert "I have shears" in sam.words


def test_a_forged_or_foreign_link_finds_nothing(walk, session, app, browser):
    a_post(session, walk.bela)
    for address in ("/t/1-abc/reply", "/t/1-abc/keep", "/t/x/reply", "/t/1-/keep"):
        browser.open(address)
        assert browser.statuses == [404]
