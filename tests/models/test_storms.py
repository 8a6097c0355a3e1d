"""What the database promises under load: the rules as they are, and proof that these tests see.

A deadlock is an answer like any other here, and none is expected.
"""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from tests.storms import DONE
from tests.storms import Storm
from tests.storms import a_crowd
from tests.storms import slots_by_date
from timebank.domain.rota import claiming
from timebank.models import Claim

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
CROWD = 50
ROUNDS = 50

LIVE = "SELECT array_agg(place ORDER BY place) FROM claim WHERE slot_id = :slot AND live"

# How one would do it without numbered places: count, then insert.
COUNT = sa.text("SELECT count(*) FROM claim WHERE slot_id = :slot AND live")
INSERT = sa.text("""
INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                   ends_at, places, state)
SELECT s.community_id, s.event_id, s.id, m.id, m.person_id, 1, s.starts_at, s.ends_at, s.places,
       'confirmed'
  FROM slot s, membership m WHERE s.id = :slot AND m.id = :member
""")


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def storm(engine):
    with Storm(engine, crowd=CROWD) as storm:
        yield storm


def claim(slot, member):
    return lambda session: claiming.claim_slot(
        session, slot_id=slot.id, membership_id=member.id, now=NOW
    )


def naive_claim(slot, member):
    def work(session):
        values = {"slot": slot.id, "member": member.id}
        if session.scalar(COUNT, values) >= slot.places:
            raise claiming.SlotFull
        session.execute(INSERT, values)

    return work


def test_fifty_rivals_for_the_last_place_have_one_winner_in_each_of_fifty_rounds(
    session, walk, storm
):
    crowd = a_crowd(session, walk.community, CROWD)
    slots = slots_by_date(session, walk, dates=ROUNDS, places=1)
    session.commit()
    rounds = [storm.answers([claim(slot, member) for member in crowd]) for slot in slots]
    assert rounds == [{DONE: 1, "SlotFull": CROWD - 1}] * ROUNDS
    assert session.query(Claim).count() == ROUNDS


def test_counting_before_inserting_oversells_so_the_storm_can_see_it(session, walk, storm):
    crowd = a_crowd(session, walk.community, CROWD)
    slots = slots_by_date(session, walk, dates=10, places=1)
    session.execute(sa.text("DROP INDEX one_live_claim_per_place"))
    session.commit()
    for slot in slots:
        storm.answers([naive_claim(slot, member) for member in crowd])
    oversold = session.scalar(
        sa.text("SELECT count(*) FROM (SELECT FROM claim GROUP BY slot_id HAVING count(*) > 1) x")
    )
    assert oversold > 9
