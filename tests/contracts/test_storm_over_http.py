"""The storms of `bench.storms` in small: four web processes, and fifty who tap at once."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa

from bench import common
from bench import races
from bench import storms
from bench.races import FULL
from bench.races import IN
from bench.races import LAST_PLACE
from bench.races import SILENCE
from bench.races import Round
from bench.races import Tally
from tests.storms import DONE
from tests.storms import Storm
from timebank.db import reader


@pytest.fixture
def environ(database_url, tmp_path):
    yield common.environ_of(database_url, str(tmp_path))
    reader.bind("")


@pytest.mark.timeout(300)
def test_four_processes_sell_no_place_twice(environ):
    plan = {LAST_PLACE: 5, **dict.fromkeys(races.IN_ONE_WAVE, 1)}
    storm = storms.rage(environ, plan)
    for tally in storm.tallies:
        assert len(tally.rounds) == plan[tally.race]
        assert (tally.oversold, tally.left_free, tally.told_wrong) == (0, 0, 0), tally.rounds
    assert storm.deadlocks == 0
    assert sum(count > 0 for count in storm.connections) > 1


@pytest.mark.timeout(200)
def test_counting_before_inserting_oversells_so_the_storm_can_see_it(environ):
    [tally] = storms.rage_naively(environ, rounds=1).tallies
    assert tally.oversold > 0
    assert tally.told_wrong > 0


def test_a_deadlock_is_seen(engine):
    def lock(*numbers):
        def work(session):
            for number in numbers:
                session.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": number})
                session.execute(sa.text("SELECT pg_sleep(0.2)"))

        return work

    with Storm(engine, crowd=2) as storm:
        answers = storm.answers([lock(1, 2), lock(2, 1)])
    assert answers == {DONE: 1, "DeadlockDetected": 1}
    engine.dispose()
    assert storms.deadlocks(engine) == 1


def a_round(said=None, *, turns=1, places=1, people=1):
    said = said or Counter({IN: 1, FULL: 49})
    return Tally(
        LAST_PLACE, [Round(said=said, turns=turns, places=places, people=people, seconds=1)]
    )


def test_a_round_as_it_should_be_is_not_found_fault_with():
    tally = a_round()
    assert (tally.oversold, tally.left_free, tally.told_wrong) == (0, 0, 0)
    assert (tally.broken, tally.silent) == (0, 0)


@pytest.mark.parametrize(
    "held",
    [
        {"turns": 2, "places": 2, "people": 2},  # more turns than places
        {"turns": 2, "places": 1, "people": 2},  # one place twice
        {"turns": 2, "places": 2, "people": 1},  # one person twice
    ],
)
def test_a_turn_too_many_is_seen(held):
    assert a_round(**held).oversold == 1


def test_a_place_that_nobody_was_given_is_seen():
    assert a_round(turns=0, places=0, people=0).left_free == 1


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({IN: 2, FULL: 48}, 2),  # one was told so who is not in
        ({IN: 1, FULL: 48, "500": 1}, 2),
        ({IN: 1, FULL: 48, "409": 1}, 2),  # of two who met, PostgreSQL has sent one away
        ({IN: 1, FULL: 48, SILENCE: 1}, 2),
    ],
)
def test_an_answer_that_is_not_so_is_seen(said, wrong):
    tally = a_round(Counter(said))
    assert tally.told_wrong == wrong
    assert tally.broken == said.get("500", 0)
    assert tally.silent == said.get(SILENCE, 0)
