"""Group rules by name: worked by hand, and the sums of any occasion."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests import builders
from timebank.domain import ledger
from timebank.domain.ledger import batches
from timebank.domain.ledger import group_rules
from timebank.domain.ledger.group_rules import Occasion
from timebank.domain.ledger.group_rules import Part
from timebank.domain.ledger.group_rules import shares
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Batch
from timebank.models import BatchKind
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Transfer

NOW = dt.datetime(2027, 5, 2, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
POT = 99


def people(*numbers, **times):
    return [Part(account_id=number, **times) for number in numbers]


def worked_out(rule, minutes, helpers, learners=()):
    found = shares(
        Occasion(rule=rule, minutes=minutes, helpers=helpers, learners=learners, pot_id=POT)
    )
    return {one.account_id: one.minutes for one in (*found.of_people, found.of_the_pot)}


def test_a_class_pays_its_teacher_and_the_rest_goes_to_the_pot():
    teacher = people(1, preparation_minutes=30, travel_minutes=20)
    assert worked_out(BatchKind.CLASS, 90, teacher, people(2, 3, 4)) == {
        1: 140, 2: -90, 3: -90, 4: -90, POT: 130,
    }  # fmt: skip


def test_a_small_class_is_made_up_from_the_pot():
    teacher = people(1, preparation_minutes=30)
    assert worked_out(BatchKind.CLASS, 60, teacher, people(2)) == {1: 90, 2: -60, POT: -30}


def test_somebody_who_left_early_gives_less():
    assert worked_out(
        BatchKind.CLASS, 60, people(1), [*people(2), *people(3, minutes=20)]
    ) == {1: 60, 2: -60, 3: -20, POT: 20}  # fmt: skip


def test_a_lift_is_shared_equally_and_what_rounding_leaves_goes_to_the_pot():
    assert worked_out(BatchKind.SHARED_LIFT, 50, people(1), people(2, 3, 4)) == {
        1: 50, 2: -17, 3: -17, 4: -17, POT: 1,
    }  # fmt: skip


def test_a_working_bee_is_paid_by_whoever_it_was_for():
    helpers = [*people(1, 2, travel_minutes=15), *people(3, minutes=45)]
    assert worked_out(BatchKind.WORKING_BEE, 120, helpers) == {1: 135, 2: 135, 3: 45, POT: -315}


def test_a_committee_counts_preparation():
    helpers = [*people(1, preparation_minutes=60), *people(2)]
    assert worked_out(BatchKind.COMMITTEE, 90, helpers) == {1: 150, 2: 90, POT: -240}


CLASS, COMMITTEE = BatchKind.CLASS, BatchKind.COMMITTEE


@pytest.mark.parametrize(
    ("occasion", "refusal", "field"),
    [
        ((CLASS, 60, (), (2,)), group_rules.NobodyThere, "helpers"),
        ((CLASS, 60, (1,), ()), group_rules.NobodyThere, "learners"),
        ((COMMITTEE, 60, (1,), (2,)), group_rules.NobodyGives, "learners"),
        ((CLASS, 60, (1,), (1,)), group_rules.TwiceThere, "helpers"),
        ((CLASS, 60, (1,), (POT,)), group_rules.TwiceThere, "helpers"),
        ((CLASS, 0, (1,), (2,)), group_rules.TooShort, "minutes"),
        ((CLASS, -5, (1,), (2,)), group_rules.TooShort, "minutes"),
        ((CLASS, 1441, (1,), (2,)), group_rules.SoLong, "minutes"),
        ((CLASS, 60, (1,), tuple(range(2, 63))), group_rules.SoManyPeople, "learners"),
    ],
)
def test_what_cannot_be_worked_out_is_refused(occasion, refusal, field):
    rule, minutes, helpers, learners = occasion
    with pytest.raises(refusal) as refused:
        worked_out(rule, minutes, people(*helpers), people(*learners))
    assert refused.value.field == field


def test_less_than_no_time_to_prepare_is_refused():
    with pytest.raises(group_rules.TooShort):
        worked_out(BatchKind.CLASS, 60, people(1, preparation_minutes=-10), people(2))


@settings(deadline=None)
@given(
    rule=st.sampled_from([BatchKind.CLASS, BatchKind.SHARED_LIFT]),
    minutes=st.integers(1, 120),
    times=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), min_size=1, max_size=5),
    learners=st.integers(1, 40),
)
def test_all_shares_together_come_to_nought(rule, minutes, times, learners):
    helpers = [
        Part(account_id=number, preparation_minutes=before, travel_minutes=there)
        for number, (before, there) in enumerate(times, start=1)
    ]
    riders = people(*range(1000, 1000 + learners))
    occasion = Occasion(
        rule=rule, minutes=minutes, helpers=helpers, learners=riders, pot_id=POT
    )  # fmt: skip
    found = shares(occasion)
    by_account = {one.account_id: one.minutes for one in (*found.of_people, found.of_the_pot)}
    assert sum(by_account.values()) == 0
    moved = dict.fromkeys(by_account, 0)
    for leg in found.legs():
        moved[leg.debit_id] -= leg.minutes
        moved[leg.credit_id] += leg.minutes
    assert moved == by_account
    if rule is BatchKind.SHARED_LIFT:
        assert 0 <= by_account[POT] < learners


# ------------------------------------------------------------------------------------- posting


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def post(session, walk, occasion, *, key=None, by=None, title="Bread"):
    return ledger.post_batch(
        session,
        key=key or uuid.uuid4(),
        community_id=walk.community.id,
        kind=occasion.rule,
        title=title,
        happened_on=TODAY,
        legs=shares(occasion).legs(),
        by=(by or walk.nadia).id,
        now=NOW,
    )


def a_class(session, walk, minutes=60):
    account = {name: builders.account_of(session, getattr(walk, name)) for name in ("bela", "sam")}
    pot = session.query(Account).filter_by(kind=AccountKind.POT).one()
    return Occasion(
        rule=BatchKind.CLASS,
        minutes=minutes,
        helpers=[Part(account_id=account["bela"].id, preparation_minutes=0)],
        learners=[Part(account_id=account["sam"].id)],
        pot_id=pot.id,
    )


def balances(session, walk):
    session.expire_all()
    return [builders.account_of(session, one).balance for one in (walk.bela, walk.sam)]


def test_a_batch_is_posted_once_whoever_sends_it_again(session, walk):
    key, occasion = uuid.uuid4(), a_class(session, walk)
    first = post(session, walk, occasion, key=key)
    assert post(session, walk, occasion, key=key).id == first.id
    assert balances(session, walk) == [60, -60]
    assert session.query(Transfer).filter_by(batch_id=first.id).count() == 2


def test_everybody_hears_of_their_part_once_and_who_posted_it_does_not(session, walk):
    key, occasion = uuid.uuid4(), a_class(session, walk)
    post(session, walk, occasion, key=key)
    post(session, walk, occasion, key=key)
    told = session.query(Notice).filter_by(kind=NoticeKind.HOURS_MOVED).all()
    assert {one.person_id: (one.facts["minutes"], one.facts["what"]) for one in told} == {
        walk.bela.person_id: ("60", "Bread"),
        walk.sam.person_id: ("-60", "Bread"),
    }
    assert len(told) == 2


def test_the_same_key_for_other_legs_is_refused(session, walk):
    key = uuid.uuid4()
    post(session, walk, a_class(session, walk), key=key)
    with pytest.raises(ledger.KeyReused):
        post(session, walk, a_class(session, walk, minutes=61), key=key)


def test_a_batch_that_would_take_somebody_below_the_floor_posts_nothing(session, walk):
    with pytest.raises(ledger.BelowFloor):
        post(session, walk, a_class(session, walk, minutes=601))
    assert session.query(Batch).count() == 0
    assert balances(session, walk) == [0, 0]


def test_nobody_posts_an_occasion_into_their_own_account(session, walk):
    with pytest.raises(ledger.OwnHours):
        post(session, walk, a_class(session, walk), by=walk.bela)


def test_a_batch_is_taken_back_whole_and_once(session, walk):
    batch, key = post(session, walk, a_class(session, walk)), uuid.uuid4()
    back = {"batch": batch, "by": walk.nadia.id, "key": key, "memo": "Wrong day", "now": NOW}
    assert batches.take_back_batch(session, **back) == 2
    assert batches.take_back_batch(session, **back) == 0
    assert balances(session, walk) == [0, 0]
