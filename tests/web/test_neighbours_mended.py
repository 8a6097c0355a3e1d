"""The board and thanks: what strangers can't find out, and refusals that keep what was typed."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine

from tests import builders
from tests.boards import a_post
from timebank.domain.exchange import searching
from timebank.domain.exchange import suggesting
from timebank.domain.exchange.searching import Wanted
from timebank.models import Block
from timebank.models import Exchange
from timebank.models import Post
from timebank.models import PostKind
from timebank.models import PostState

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
THANKS = {"length": "60", "what": "Soup and bread", "happened_on": "2027-04-28"}


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def send(browser, address, **typed):
    """Send a form with the token of a page that was open, whatever the form offered."""
    page = browser.open("/neighbours/ask")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page).group(1)
    return browser.post(address, csrf_token=token, **typed)


def test_words_do_not_show_to_somebody_of_another_community(session, walk, browser):
    ask = a_post(session, walk.bela, words="The key is under the pot.")
    browser.sign_in(builders.an_elsewhere(session).chi)
    assert "under the pot" not in browser.open(f"/neighbours/{ask.id}")


def test_strangers_find_titles_and_categories_and_no_hidden_words(session, walk):
    a_post(session, walk.bela, "Cutting back a hedge", words="The key is under the flowerpot.")

    def found(words, viewer_id):
        return len(searching.search(
            session, community_id=walk.community.id, wanted=Wanted(words=words),
            viewer_id=viewer_id, limit=5,
        ).cards)  # fmt: skip

    words = ("hedge", "garden", "flowerpot", "flowerpit")
    assert [found(one, walk.sam.id) for one in words] == [1, 1, 1, 1]
    assert [found(one, None) for one in words] == [1, 1, 0, 0]


def pause(session, member):
    member.paused_at, member.paused_until = NOW, NOW + dt.timedelta(days=9)
    session.commit()


def test_whoever_pauses_is_neither_suggested_nor_named_nor_asked(session, walk, browser):
    ask = a_post(session, walk.bela)
    a_post(session, walk.sam, kind=PostKind.OFFER)
    assert len(suggesting.suggest(session, post=ask, now=NOW)) == 1
    pause(session, walk.sam)
    assert suggesting.suggest(session, post=ask, now=NOW) == []
    browser.sign_in(walk.bela)
    address = f"/neighbours/{ask.id}/invite/{walk.sam.id}"
    assert "Sam" not in browser.open(address)
    page = send(browser, address, words="Could you help us?")
    assert browser.statuses[-1] == 422
    assert "ask them just now" in page
    assert "Could you help us?" in page
    assert "Sam O" not in page


@pytest.mark.parametrize("form", ["thank", "agree"])
def test_a_form_takes_no_title_that_its_reader_may_not_see(session, walk, browser, form):
    ask = a_post(session, walk.bela, "A very private matter")
    browser.sign_in(walk.sam)
    assert "very private" in browser.open(f"/neighbours/{form}?post={ask.id}")
    ask.state, ask.ended_at = PostState.WITHDRAWN, NOW
    session.commit()
    assert "very private" not in browser.open(f"/neighbours/{form}?post={ask.id}")


def test_thanking_oneself_by_telephone_keeps_what_was_typed(session, walk, browser):
    browser.sign_in(walk.ama)
    page = send(browser,
        "/neighbours/thank", who=str(walk.ama.id), helped="somebody",
        for_who=str(walk.sam.id), **THANKS,
    )  # fmt: skip
    assert browser.statuses[-1] == 422
    assert "Soup and bread" in page


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_at_the_ends_of_time_are_refused(session, walk, browser, day):
    walk.community.timezone = "Pacific/Auckland" if day < "1" else "America/New_York"
    session.commit()
    browser.sign_in(walk.bela)
    typed = {"who": str(walk.sam.id), "length": "60", "what": "Soup", "way": "they"}
    send(browser, "/neighbours/agree", planned_on=day, planned_from="23:30", **typed)
    assert browser.statuses[-1] == 422
    send(browser, "/neighbours/thank", happened_on=day, ask="coordinator", **typed)
    assert browser.statuses[-1] == 422


def test_a_stale_choice_does_not_post_for_somebody_else(session, walk, browser):
    browser.sign_in(walk.ama)
    typed = {"title": "Shopping", "category": "garden", "area": "Sidcup"}
    send(browser, "/neighbours/ask", whom="Bela", who=str(walk.sam.id), **typed)
    assert all(one.membership_id != walk.sam.id for one in session.query(Post))


def test_a_choice_shows_again_after_another_fields_error(session, walk, browser):
    browser.sign_in(walk.ama)
    typed = {"title": "", "category": "garden", "area": "Sidcup"}
    page = send(browser, "/neighbours/ask", whom="Sam", who=str(walk.sam.id), **typed)
    assert f'value="{walk.sam.id}"' in page


def test_a_post_of_neither_side_is_let_go(session, walk, browser):
    ask = a_post(session, walk.nadia)
    browser.sign_in(walk.bela)
    send(browser, "/neighbours/thank", who=str(walk.sam.id), post=str(ask.id), **THANKS)
    assert 404 not in browser.statuses
    assert session.query(Exchange.post_id).all() == [(None,)]


def test_words_of_thanks_do_not_pass_a_block(session, walk, browser):
    browser.sign_in(walk.bela)
    typed = {**THANKS, "who": str(walk.sam.id), "words": "You know what I mean"}
    send(browser, "/neighbours/thank", **typed)
    number = session.query(Exchange.id).scalar()
    browser.sign_in(walk.sam)
    assert "You know what I mean" in browser.open(f"/neighbours/thanks/{number}")
    session.add(Block(community_id=walk.community.id, by_id=walk.sam.id, against_id=walk.bela.id))
    session.commit()
    assert "You know what I mean" not in browser.open(f"/neighbours/thanks/{number}")
    browser.sign_in(walk.ama)
    assert "You know what I mean" in browser.open(f"/bank/exchanges/{number}")
