from __future__ import annotations

import datetime as dt

import pytest

from tests import builders
from timebank.domain.communities import qualifications
from timebank.domain.rota import learning
from timebank.models import ClaimState
from timebank.models import QualificationKind
from timebank.models import RoleQualification

NOW = dt.datetime(2027, 6, 20, 12, tzinfo=dt.UTC)
TODAY = NOW.date()


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def timing(session, walk):
    """Timekeeping is learnt in two turns; the tail walker's job stands in for the timekeeper's."""
    kind = qualifications.add_kind(
        session,
        community_id=walk.community.id,
        name="Timekeeping",
        kind=QualificationKind.TRAINING,
        lasts_months=12,
        shadow_turns=2,
    )
    session.add(
        RoleQualification(
            role_id=walk.tail_walker.role_id,
            qualification_id=kind.id,
            community_id=walk.community.id,
        )
    )
    walk.marshal.role.trains_for_id = walk.tail_walker.role_id
    session.commit()
    return kind


def a_turn(session, walk, member, week, state=ClaimState.ATTENDED):
    day = walk.series.first_on + dt.timedelta(weeks=week)
    event = walk.event if week == 0 else builders.an_event(session, walk.series, day)
    slot = walk.marshal if week == 0 else builders.a_slot(session, event, walk.marshal.role)
    builders.a_claim(session, slot, member, state=state)
    session.commit()


def learners(session, walk, today=TODAY):
    found = learning.read_learners(session, community_id=walk.community.id, today=today)
    return [(one.name, one.turns, one.wanted, one.is_done) for one in found]


def give(session, walk, timing, today=TODAY):
    made = learning.give_what_was_learnt(
        session, qualification=timing, member=walk.sam, by=walk.nadia, today=today, now=NOW
    )
    session.commit()
    return made


def test_only_turns_that_were_done_count(session, walk, timing):
    a_turn(session, walk, walk.sam, 0)
    a_turn(session, walk, walk.sam, 1, ClaimState.CONFIRMED)
    a_turn(session, walk, walk.sam, 2, ClaimState.MISSED)
    assert learners(session, walk) == [("Sam T", 1, 2, False)]
    with pytest.raises(learning.NotLearntYet):
        give(session, walk, timing)


def test_enough_turns_earn_it_and_then_nobody_asks_again(session, walk, timing):
    for week in (0, 1):
        a_turn(session, walk, walk.sam, week)
    assert learners(session, walk) == [("Sam T", 2, 2, True)]
    assert give(session, walk, timing).expires_on == dt.date(2028, 6, 20)
    assert learners(session, walk) == []
    with pytest.raises(learning.NotLearntYet):
        give(session, walk, timing)


def test_who_let_it_run_out_learns_it_anew(session, walk, timing):
    for week in (0, 1):
        a_turn(session, walk, walk.sam, week)
    give(session, walk, timing)
    a_turn(session, walk, walk.sam, 9)
    assert learners(session, walk, today=dt.date(2028, 6, 19)) == []
    assert learners(session, walk, today=dt.date(2028, 6, 20)) == [("Sam T", 1, 2, False)]
