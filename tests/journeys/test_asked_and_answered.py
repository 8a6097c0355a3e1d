"""Somebody is asked by e-mail, and says yes or no by a link; or said yes on the phone."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.conftest import SECRET
from tests.mails import link
from tests.mails import mail
from timebank.core import ids
from timebank.domain.rota import claiming
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Notice
from timebank.models import NoticeKind

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
EVENT = "/e/danson-saturday-stroll/2027-05-01"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def nadia(app, walk):
    return Browser(app).sign_in(walk.nadia)


def ask(nadia, job="Tail walker", name="Sam Tran", **more):
    nadia.open(EVENT)
    nadia.follow(f"Put somebody down : {job}")
    nadia.press("Put them down", name=name, **more)
    if "Who is it?" in nadia.words:
        nadia.press("Put them down", who=re.search(r'name="who"[^>]*value="(\d+)"', nadia.page)[1])


def the_claim(session):
    session.expire_all()
    return session.query(Claim).order_by(Claim.id.desc()).first()


def test_pencilled_in_asked_and_accepted(walk, app, session, nadia, browser):
    ask(nadia)
    assert "Pencilled in. We’ve asked Sam Tran by e-mail." in nadia.words
    assert "Sam T (asked)" in nadia.words
    browser.open(EVENT)
    assert "Somebody’s been asked" in browser.words
    assert "Sam T" not in browser.words
    browser.open(f"{EVENT}/claim/{walk.tail_walker.id}")
    assert "Somebody has this one." in browser.words
    words = mail(session, NoticeKind.ASKED)
    assert words.subject == "Could you be tail walker on Sat 1 May?"
    assert "Nadia K asks whether you’d do tail walker at Danson Saturday Stroll." in words.text
    browser.open(link(words, "/asked/yes"))
    assert the_claim(session).state is ClaimState.HELD
    browser.press("I’ll do it")
    assert "It’s yours. Thank you!" in browser.words
    assert the_claim(session).state is ClaimState.CONFIRMED
    browser.open(link(words, "/asked/yes"))
    assert "This one’s yours already." in browser.words


def test_not_this_time_frees_the_place_and_tells_nadia(walk, session, nadia, browser):
    ask(nadia)
    browser.open(link(mail(session, NoticeKind.ASKED), "/asked/no"))
    browser.press("Not this time")
    assert "That’s fine. We’ve let them know" in browser.words
    words = mail(session, NoticeKind.ASK_DECLINED)
    assert words.subject == "Sam T can’t, this time: tail walker, Sat 1 May"
    assert "The place is free again." in words.text
    nadia.open(EVENT)
    assert nadia.has_button("I’ll do it: Tail walker")


def test_a_question_shows_on_my_turns_and_is_answered_there(walk, app, session, nadia):
    ask(nadia)
    sam = Browser(app).sign_in(walk.sam)
    sam.open("/me")
    assert (
        "Nadia asks whether you’d do this. It’s kept for you until 1pm, Fri 23 April." in sam.words
    )
    sam.press("I’ll do it")
    assert the_claim(session).state is ClaimState.CONFIRMED


def test_nadia_takes_her_question_back_and_the_link_says_so(walk, session, nadia, browser):
    ask(nadia)
    words = mail(session, NoticeKind.ASKED)
    nadia.open(f"{EVENT}/ask/{walk.tail_walker.id}")
    assert "Asked by Nadia, until 1pm, Fri 23 Apr" in nadia.words
    nadia.press("Take off")
    assert "Off the rota. The place is free again." in nadia.words
    browser.open(link(words, "/asked/yes"))
    assert "That has been settled another way." in browser.words


def test_a_question_that_ran_out_can_be_answered_while_there_is_room(
    walk, session, nadia, browser, clock
):
    ask(nadia)
    words = mail(session, NoticeKind.ASKED)
    clock.shift(dt.timedelta(days=4))
    claiming.lapse_holds(session, now=NOW + dt.timedelta(days=4))
    session.commit()
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    browser.open(link(words, "/asked/yes"))
    browser.press("I’ll do it")
    assert "This link has run out, and somebody else has taken the place." in browser.words
    assert "Marshal is still open" in browser.words


def test_what_came_in_between_is_said_kindly_with_what_is_possible(
    walk, app, session, nadia, browser
):
    ask(nadia)
    words = mail(session, NoticeKind.ASKED)
    sam = Browser(app).sign_in(walk.sam)
    sam.open(EVENT)
    sam.press("I’ll do it: Marshal")
    browser.open(link(words, "/asked/yes"))
    browser.press("I’ll do it")
    assert "You already have a turn at that time." in browser.words


def test_joan_without_an_address_is_put_down_at_once(walk, session, nadia):
    ask(nadia, name="Joan Field", how="ask")
    assert "We have no e-mail for them." in nadia.words.replace("'", "’")
    nadia.press("Put them down", name="Joan Field", how="down")
    assert "Joan Field is down for it. Thank you!" in nadia.words
    assert "Joan F" in nadia.words
    assert the_claim(session).made_by == walk.nadia.id
    assert session.query(Notice).count() == 0


def test_sam_said_yes_on_the_phone_and_is_told(walk, session, nadia, browser):
    ask(nadia, how="down")
    words = mail(session, NoticeKind.PUT_DOWN)
    assert words.subject == "You’re down for tail walker, Sat 1 May, 9am"
    browser.open(link(words, "/cant"))
    browser.press("I can’t make it")
    assert the_claim(session).state is ClaimState.WITHDRAWN


def test_a_rule_says_no_and_nadia_says_why_all_the_same(walk, session, nadia):
    walk.tail_walker.role.minimum_age = 18
    session.commit()
    ask(nadia, how="down")
    assert "Tail walker is for people of 18 or over." in nadia.words
    assert "Let them all the same, because" in nadia.words
    nadia.press("Put them down", because="She’s nineteen, I asked")
    assert "Sam Tran is down for it." in nadia.words
    nadia.open(f"{EVENT}/ask/{walk.tail_walker.id}")
    assert "Nadia let them have it: “She’s nineteen, I asked”" in nadia.words


def test_the_reason_is_shown_to_organisers_and_to_nobody_else(walk, app, session, nadia, clock):
    walk.tail_walker.role.minimum_age = 18
    session.commit()
    ask(nadia, how="down")
    nadia.press("Put them down", because="She’s nineteen, I asked")
    assert "She’s nineteen, I asked" in nadia.words
    bela = Browser(app).sign_in(walk.bela)
    bela.open(EVENT)
    assert "nineteen" not in bela.words
    nadia.open(f"{EVENT}/checkin")
    assert "She’s nineteen, I asked" in nadia.words


def test_nobody_answers_for_somebody_else(walk, app, session, nadia):
    ask(nadia)
    claim = the_claim(session)
    forged = ids.signed_token("another secret", "asked", claim.id)
    other = ids.signed_token(SECRET, "claim", claim.id)
    bela = Browser(app).sign_in(walk.bela)
    for token in (forged, other, "nonsense"):
        bela.open(f"/t/{token}/asked/yes")
        assert bela.statuses == [404]
    bela.open("/me")
    token = bela.forms()[0].fields["csrf_token"][0]
    bela.post(f"/me/turns/{claim.id}/asked/yes", csrf_token=token)
    assert bela.statuses == [404]
    bela.open(f"{EVENT}/ask/{walk.tail_walker.id}")
    assert bela.statuses == [404]
    assert the_claim(session).state is ClaimState.HELD
