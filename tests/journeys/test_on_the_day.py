"""Story 4: who is here, finish and credit hours, once, whatever is tapped twice."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.models import Claim
from timebank.models import Notice
from timebank.models import Transfer

CHECKIN = "/e/danson-saturday-stroll/2027-05-01/checkin"
STARTS = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)


@pytest.fixture
def clock():
    with time_machine.travel(STARTS - dt.timedelta(minutes=10), tick=False) as clock:
        yield clock


@pytest.fixture
def walk(session, clock):
    walk = builders.a_walk(session)
    builders.a_claim(session, walk.marshal, walk.bela)
    builders.a_claim(session, walk.tail_walker, walk.sam)
    session.commit()
    return walk


def test_from_the_first_tick_to_the_hours_in_an_account(app, walk, session, clock):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open("/e/danson-saturday-stroll/2027-05-01")
    nadia.follow("Who’s here?")
    nadia.press("Here: Bela N")
    nadia.press("Add them", name="Joan Field", slot=str(walk.marshal.id))
    assert "2 of 3 here." in nadia.words

    clock.move_to(STARTS + dt.timedelta(hours=2))
    nadia.open(CHECKIN)
    nadia.press("Finish and credit hours")
    assert "Thank you! 3 hours credited to 2 neighbours." in nadia.words
    nadia.press("Finish and credit hours")
    assert "Everybody ticked has their hours already." in nadia.words
    assert session.query(Transfer).count() == 2
    assert [notice.kind for notice in session.query(Notice)] == ["hours_credited"]

    nadia.press("Here: Sam T")
    nadia.press("Finish and credit hours")
    assert "Thank you! 1½ hours credited to 1 neighbour." in nadia.words

    bela = Browser(app).sign_in(walk.bela)
    bela.open("/me")
    assert "You have 1½ hours" in bela.words
    assert "Danson Saturday Stroll Marshal · Sat 1 May +1½" in bela.words


def test_two_organisers_tick_and_finish_together(app, walk, session, clock):
    nadia, ama = Browser(app).sign_in(walk.nadia), Browser(app).sign_in(walk.ama)
    clock.move_to(STARTS + dt.timedelta(hours=2))
    for phone in (nadia, ama):
        phone.open(CHECKIN)
    for phone in (nadia, ama):
        phone.press("Here: Bela N")
    for phone in (nadia, ama):
        phone.press("Finish and credit hours")
    assert session.query(Transfer).count() == 1


def test_an_organiser_who_did_a_turn_needs_another_ones_tap(app, walk, session, clock):
    slot = builders.a_slot(
        session, walk.event, builders.a_role(session, walk.series, name="Photographer")
    )
    builders.a_claim(session, slot, walk.nadia)
    session.commit()
    nadia, ama = Browser(app).sign_in(walk.nadia), Browser(app).sign_in(walk.ama)
    clock.move_to(STARTS + dt.timedelta(hours=2))
    nadia.open(CHECKIN)
    nadia.press("Here: Nadia K")
    nadia.press("Finish and credit hours")
    assert "nobody confirms their own hours" in nadia.words
    assert session.query(Transfer).count() == 0
    ama.open(CHECKIN)
    ama.press("Finish and credit hours")
    assert "Thank you! 1½ hours credited to 1 neighbour." in ama.words


def test_somebody_who_drops_out_while_the_list_is_open_is_not_ticked(app, walk, session):
    nadia, bela = Browser(app).sign_in(walk.nadia), Browser(app).sign_in(walk.bela)
    nadia.open(CHECKIN)
    bela.open("/me")
    bela.press("I can’t make it")
    nadia.press("Here: Bela N")
    assert "They gave that place back." in nadia.words
    assert session.query(Claim).filter(Claim.arrived_at.is_not(None)).count() == 0
