"""Priya reads no e-mail: Sam acts for her, her papers tell her, and her card checks her in."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.mails import link
from tests.mails import mail
from timebank.models import NoticeKind

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
THE_DAY = dt.datetime(2027, 5, 1, 7, 50, tzinfo=dt.UTC)
AFTERWARDS = dt.datetime(2027, 5, 1, 9, 45, tzinfo=dt.UTC)
EVENT = "/e/danson-saturday-stroll/2027-05-01"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def priya(session, walk):
    priya = builders.a_member(session, walk.community, "Priya Sharma", email=None)
    session.commit()
    return priya


@pytest.fixture
def screens(app, walk, priya):
    """The browsers of Ama, Nadia and Sam."""
    return [Browser(app).sign_in(one) for one in (walk.ama, walk.nadia, walk.sam)]


def let_sam_act(ama, walk, priya):
    ama.open(f"/people/{priya.id}/acting?named=Sam")
    ama.press("Let them act", helper=walk.sam.id, how_agreed="Both were here on 20 April")


def test_from_the_yes_to_her_hours(session, walk, priya, screens, clock):
    ama, nadia, sam = screens
    let_sam_act(ama, walk, priya)
    told = mail(session, NoticeKind.ACTING_FOR, to=walk.sam)
    assert told.subject == "You may act for Priya S"
    assert "Until 19 October 2027 you can see Priya S’s turns and time account" in told.text
    sam.open(link(told, "/for"))
    sam.follow("Priya S")
    sam.follow("See what Priya could do")
    sam.press("Take it for Priya: Tail walker")
    assert "Priya is in." in sam.words

    ama.open("/people/without-email")
    ama.press("Print their letter: Priya Sharma")
    assert "Saturday 1 May, 9am to 10:30am Tail walker" in ama.words
    assert "Sam T may act for you from Tuesday 20 April to Tuesday 19 October" in ama.words
    assert "Tue 20 April: Sam T took a turn: Tail walker, Danson Saturday Stroll" in ama.words

    clock.move_to(THE_DAY)
    session.expire_all()
    nadia.open(f"/c/{priya.card_code}")
    nadia.press("Check in Priya")
    assert "Priya is checked in." in nadia.words
    clock.move_to(AFTERWARDS)
    nadia.open(f"{EVENT}/checkin")
    nadia.press("Finish and credit hours")
    assert "1½ hours credited to 1 neighbour." in nadia.words

    sam.open(f"/me/for/{priya.id}")
    assert "Priya has 1½ hours" in sam.words
    sam.follow("Print their statement")
    assert "Danson Saturday Stroll, Tail walker +1½ 1½" in sam.words


def test_she_changes_her_mind_and_rings(session, walk, priya, screens):
    ama, _nadia, sam = screens
    let_sam_act(ama, walk, priya)
    sam.open(f"/me/for/{priya.id}")
    ama.press("End it now: Sam T")
    told = mail(session, NoticeKind.ACTING_FOR, to=walk.sam)
    assert told.subject == "You no longer act for Priya S"
    sam.open(f"/me/for/{priya.id}")
    assert sam.statuses == [404]
    sam.open("/me/for")
    assert "Priya S Over" in sam.words
    assert "You, for Priya S: looked at the turns and the time account" in sam.words
    ama.open(f"/people/{priya.id}/letter")
    assert "Sam T no longer acts for you, since Tuesday 20 April." in ama.words


def test_half_a_year_later_it_is_over_by_itself(walk, priya, screens, app, clock):
    ama, *_others = screens
    let_sam_act(ama, walk, priya)
    clock.move_to(dt.datetime(2027, 10, 19, 12, tzinfo=dt.UTC))
    sam = Browser(app).sign_in(walk.sam)
    sam.open(f"/me/for/{priya.id}")
    assert sam.statuses == [200]
    clock.move_to(dt.datetime(2027, 10, 20, 12, tzinfo=dt.UTC))
    sam.open(f"/me/for/{priya.id}")
    assert sam.statuses == [404]


def test_who_reads_mail_hears_of_their_helper_as_well(session, walk, screens, app):
    ama, *_others = screens
    ama.open(f"/people/{walk.bela.id}/acting?named=Sam")
    ama.press("Let them act", helper=walk.sam.id, how_agreed="She asked for it")
    told = mail(session, NoticeKind.ACTING_FOR, to=walk.bela)
    assert told.subject == "Sam T may act for you"
    assert "you can end it any day" in told.text
    bela = Browser(app).sign_in(walk.bela)
    bela.open(link(told, "/for"))
    bela.press("End it now: Sam T")
    assert mail(session, NoticeKind.ACTING_FOR, to=walk.bela).subject == (
        "Sam T no longer acts for you"
    )
