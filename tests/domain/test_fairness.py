"""Fair turns: said where one person has done most of a job lately, and nowhere else."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from tests import builders
from tests.browsing import Browser
from tests.statements import count_statements
from timebank.domain.rota import fairness
from timebank.domain.rota.fairness import FairTurns
from timebank.models import ClaimState
from timebank.models import Event

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
DAY = dt.date(2027, 5, 1)
ROTA = "/e/danson-saturday-stroll/rota"


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def did(session, walk, slot, *members):
    """Say who did a job, one date each, the latest date first."""
    for week, member in enumerate(members, start=1):
        day = DAY - dt.timedelta(weeks=week)
        event = session.query(Event).filter_by(occurs_on=day).one_or_none()
        event = event or builders.an_event(session, walk.series, day)
        past = builders.a_slot(session, event, slot.role)
        builders.a_claim(session, past, member, state=ClaimState.ATTENDED)
    session.commit()


def fair_turns(session, walk):
    return fairness.read_fair_turns(session, series_id=walk.series.id, now=NOW)


def test_six_of_the_last_seven_by_one_person_is_said(session, walk):
    did(session, walk, walk.tail_walker, *[walk.nadia] * 3, walk.sam, *[walk.nadia] * 3)
    assert fair_turns(session, walk) == (FairTurns("Tail walker", 6, 7, "Nadia K"),)


@pytest.mark.parametrize(
    ("nadias", "sams", "is_said"), [(4, 0, False), (4, 1, True), (4, 3, True), (3, 2, False)]
)
def test_four_of_five_at_least(session, walk, nadias, sams, is_said):
    did(session, walk, walk.tail_walker, *[walk.nadia] * nadias, *[walk.sam] * sams)
    assert bool(fair_turns(session, walk)) is is_said


def test_what_was_long_ago_does_not_count(session, walk):
    did(session, walk, walk.tail_walker, *[walk.sam, walk.bela] * 3, *[walk.nadia] * 5)
    assert fair_turns(session, walk) == ()


def test_each_job_is_looked_at_by_itself_and_in_one_statement(session, walk):
    did(session, walk, walk.tail_walker, *[walk.nadia] * 3)
    did(session, walk, walk.marshal, *[walk.sam] * 5)
    with count_statements() as count:
        found = fair_turns(session, walk)
    assert (found, count.total) == ((FairTurns("Marshal", 5, 5, "Sam T"),), 1)


def test_only_organisers_read_it_and_the_kept_page_stays_one_statement(session, walk, app):
    did(session, walk, walk.tail_walker, *[walk.nadia] * 5)
    with time_machine.travel(NOW, tick=False):
        nadia, sam = Browser(app).sign_in(walk.nadia), Browser(app).sign_in(walk.sam)
        nadia.open(ROTA)
        assert "Tail walker: 5 of the last 5 by Nadia K. Ask someone new?" in nadia.words
        with count_statements() as count:
            nadia.open(ROTA)
        assert count.total == 1
        sam.open(ROTA)
        assert "Ask someone new?" not in sam.words
