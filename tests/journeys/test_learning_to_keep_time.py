"""Learning to keep time: a learning place beside the timekeeper, turns counted, training given."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from timebank.domain.communities import qualifications
from timebank.models import ClaimState
from timebank.models import QualificationKind
from timebank.models import RoleQualification

NOW = dt.datetime(2027, 5, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def after_three_walks():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    """The timekeeper's job asks for training that one learns in two turns beside it."""
    walk = builders.a_walk(session)
    keeper = builders.a_role(session, walk.series, name="Timekeeper", position=3)
    learner = builders.a_role(
        session, walk.series, name="Timekeeper: learning", position=4, places=2
    )
    learner.trains_for_id = keeper.id
    kind = qualifications.add_kind(
        session,
        community_id=walk.community.id,
        name="Timekeeping",
        kind=QualificationKind.TRAINING,
        shadow_turns=2,
    )
    session.add(
        RoleQualification(
            role_id=keeper.id, qualification_id=kind.id, community_id=walk.community.id
        )
    )
    for day in (8, 15):
        event = builders.an_event(session, walk.series, dt.date(2027, 5, day))
        slot = builders.a_slot(session, event, learner)
        builders.a_claim(session, slot, walk.sam, state=ClaimState.ATTENDED)
        if day == 8:
            builders.a_claim(session, slot, walk.bela, place=2, state=ClaimState.ATTENDED)
    coming = builders.an_event(session, walk.series, dt.date(2027, 5, 22))
    builders.a_slot(session, coming, keeper)
    session.commit()
    return walk


def test_two_learning_turns_and_one_button_make_a_timekeeper(walk, app):
    sam, nadia = Browser(app).sign_in(walk.sam), Browser(app).sign_in(walk.nadia)
    sam.open("/e/danson-saturday-stroll/2027-05-22")
    sam.press("I’ll do it: Timekeeper")
    assert "Timekeeper asks for Timekeeping on that day." in sam.words
    nadia.open("/people/qualifications")
    assert "Sam T has done 2 of 2 learning turns: Timekeeping. Give it?" in nadia.words
    assert "Bela N has done 1 of 2 learning turns: Timekeeping." in nadia.words
    nadia.follow("Sam T")
    assert "Sam T has done 2 of 2 learning turns: Timekeeping. Give it?" in nadia.words
    nadia.press("Give it: Timekeeping")
    assert "Given: Timekeeping. They can take that job now." in nadia.words
    assert "It doesn’t run out." in nadia.words
    sam.open("/e/danson-saturday-stroll/2027-05-22")
    sam.press("I’ll do it: Timekeeper")
    assert "You’re in." in sam.words


def test_one_turn_is_not_enough_whatever_is_sent(walk, app):
    nadia = Browser(app).sign_in(walk.nadia)
    nadia.open(f"/people/{walk.sam.id}/qualifications")
    form = next(one for one in nadia.forms() if one.action.endswith("/learnt"))
    action = form.action.replace(f"/{walk.sam.id}/", f"/{walk.bela.id}/")
    nadia.open(f"/people/{walk.bela.id}/qualifications")
    assert not nadia.has_button("Give it")
    nadia.post(action, csrf_token=form.fields["csrf_token"][0])
    assert "A few more learning turns first." in nadia.words
    assert "Nothing written down yet." in nadia.words


def test_the_learning_place_says_whose_side_one_is_at(walk, app):
    dov = Browser(app)
    dov.open("/e/danson-saturday-stroll/jobs")
    assert "A learning place: you’re beside whoever does Timekeeper." in dov.words
