"""Nadia has done it four times running; the time bank suggests others, says why, and asks them."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.mails import link
from tests.mails import mail
from tests.statements import count_statements
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import NoticeKind
from timebank.models import Profile

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
DAY = dt.date(2027, 5, 1)
ROTA = "/e/danson-saturday-stroll/rota"
SUGGEST = "/e/danson-saturday-stroll/suggest"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    for week in range(1, 6):
        event = builders.an_event(session, walk.series, DAY - dt.timedelta(weeks=week))
        slot = builders.a_slot(session, event, walk.tail_walker.role)
        builders.a_claim(session, slot, walk.nadia, state=ClaimState.ATTENDED)
    walk.ama.may_be_asked = False
    emails = ("sam@example.com", "nadia@example.com")
    session.query(Profile).filter(Profile.email.in_(emails)).update({"email_confirmed_at": NOW})
    session.commit()
    return walk


@pytest.fixture
def nadia(app, walk):
    return Browser(app).sign_in(walk.nadia)


def test_from_a_gentle_word_to_a_yes(walk, session, nadia, browser):
    nadia.open(ROTA)
    assert "Tail walker: 5 of the last 5 by Nadia K. Ask someone new?" in nadia.words
    nadia.follow("Suggest a rota")
    assert "Tail walker: Sam T not lately, first time in this job" in nadia.words
    nadia.press("Ask them")
    assert "Pencilled in. We’ve asked for 1 turn by e-mail." in nadia.words
    browser.open(link(mail(session, NoticeKind.ASKED), "/asked/yes"))
    browser.press("I’ll do it")
    session.expire_all()
    claim = session.query(Claim).filter_by(slot_id=walk.tail_walker.id).one()
    assert (claim.membership_id, claim.state) == (walk.sam.id, ClaimState.CONFIRMED)
    nadia.open(SUGGEST)
    assert "Every such place is taken." in nadia.words


def test_whom_nobody_ticked_is_not_asked(session, nadia):
    nadia.open(SUGGEST)
    nadia.press("Ask them", ask=[])
    assert nadia.statuses == [422]
    assert "Tick at least one neighbour" in nadia.words
    assert session.query(Claim).filter_by(state=ClaimState.HELD).count() == 0


def test_a_place_that_nobody_fits_is_named(walk, session, nadia):
    walk.tail_walker.role.minimum_age = 18
    session.commit()
    nadia.open(SUGGEST)
    assert "Saturday 1 May: nobody fits Tail walker." in nadia.words
    assert not nadia.has_button("Ask them")


def test_a_place_that_was_taken_meanwhile_is_said(walk, session, nadia):
    nadia.open(SUGGEST)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    session.commit()
    nadia.press("Ask them")
    assert "Not asked. Sam T, Tail walker:" in nadia.words


def test_nobody_but_who_runs_it_sees_or_asks(walk, app, session):
    sam = Browser(app).sign_in(walk.sam)
    sam.open(SUGGEST)
    assert sam.statuses == [404]
    sam.open("/me")
    token = sam.forms()[0].fields["csrf_token"][0]
    sam.post(SUGGEST, csrf_token=token, ask=f"{walk.tail_walker.id}-{walk.sam.id}")
    assert sam.statuses == [404]
    assert session.query(Claim).filter_by(slot_id=walk.tail_walker.id).count() == 0


def test_the_page_costs_the_same_however_many_dates_there_are(walk, session, nadia):
    counted = []
    for week in (1, 2, 3):
        with count_statements() as count:
            nadia.open(f"{SUGGEST}?dates=4&all=yes")
        counted.append(count.total)
        event = builders.an_event(session, walk.series, DAY + dt.timedelta(weeks=week))
        builders.a_slot(session, event, walk.tail_walker.role)
        session.commit()
    assert counted == [counted[0]] * 3


@pytest.mark.parametrize("typed", ["x", "1-", "9" * 40 + "-1", "999999-999999", "\x00-1", "-1--1"])
def test_what_is_no_choice_of_ours_asks_nobody(session, nadia, typed):
    nadia.open(SUGGEST)
    nadia.press("Ask them", ask=typed)
    assert nadia.statuses[0] in {303, 404, 422}
    assert session.query(Claim).filter_by(state=ClaimState.HELD).count() == 0
