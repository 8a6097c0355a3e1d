"""Handing over, taking back, making room and giving dates, all at once: nobody doubled or lost."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from tests.storms import DONE
from tests.storms import Storm
from tests.storms import a_crowd
from tests.storms import slots_by_date
from timebank.domain import identity
from timebank.domain.rota import asking
from timebank.domain.rota import claiming
from timebank.domain.rota import friends
from timebank.domain.rota import handing_over
from timebank.domain.rota import standing
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import HandoverState
from timebank.models import WithdrawnBecause

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
CROWD = 50
ROUNDS = 10
HOLDERS = sa.text(
    "SELECT array_agg(membership_id ORDER BY place) FROM claim WHERE slot_id = :slot AND live"
)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def storm(engine):
    with Storm(engine, crowd=60) as storm:
        yield storm


def holders(session, slot):
    session.commit()
    return session.scalar(HOLDERS, {"slot": slot.id}) or []


def offered(session, slot, member):
    turn = builders.a_claim(session, slot, member)
    offer = handing_over.offer_to_all(session, claim_id=turn.id, now=NOW)
    session.commit()
    return turn, offer


def accept(offer, member):
    return lambda session: handing_over.accept(
        session, handover_id=offer.id, membership_id=member.id, now=NOW
    )


def take_back(offer):
    return lambda session: handing_over.take_back(session, handover_id=offer.id, now=NOW)


def claim(slot, member):
    return lambda session: claiming.claim_slot(
        session, slot_id=slot.id, membership_id=member.id, now=NOW
    )


def withdraw(turn):
    return lambda session: withdrawing.withdraw_claim(session, claim_id=turn.id, now=NOW)


@pytest.mark.timeout(300)
def test_fifty_accept_one_turn_and_one_has_it(session, walk, storm):
    crowd = a_crowd(session, walk.community, CROWD)
    for slot in slots_by_date(session, walk, dates=ROUNDS, places=1):
        _, offer = offered(session, slot, walk.bela)
        answers = storm.answers([accept(offer, member) for member in crowd])
        [holder] = holders(session, slot)
        assert answers == {DONE: 1, "TakenOver": CROWD - 1}
        assert holder in {member.id for member in crowd}


def test_accepting_against_taking_back_ends_one_way_or_the_other(session, walk, storm):
    crowd = a_crowd(session, walk.community, 10)
    for slot in slots_by_date(session, walk, dates=ROUNDS, places=1):
        _, offer = offered(session, slot, walk.bela)
        works = [accept(offer, member) for member in crowd]
        works[3:3] = [take_back(offer)]
        answers = storm.answers(works)
        [holder] = holders(session, slot)
        session.refresh(offer)
        if offer.state is HandoverState.TAKEN:
            assert holder != walk.bela.id
            assert answers == {DONE: 1, "TakenOver": 10}
        else:
            assert (holder, offer.state) == (walk.bela.id, HandoverState.TAKEN_BACK)
            assert answers == {DONE: 1, "TheirsAfterAll": 10}


def test_accepting_against_dropping_out_and_claiming_never_leaves_two(session, walk, storm):
    crowd = a_crowd(session, walk.community, 20)
    for slot in slots_by_date(session, walk, dates=ROUNDS, places=1):
        turn, offer = offered(session, slot, walk.bela)
        works = [accept(offer, member) for member in crowd[:10]]
        works += [claim(slot, member) for member in crowd[10:]]
        works[5:5] = [withdraw(turn), lambda session: handing_over.lapse_offers(session, now=NOW)]
        answers = storm.answers(works)
        assert set(answers) <= {DONE, "TakenOver", "NothingToHandOver", "SlotFull", "EventOver"}
        assert len(holders(session, slot)) <= 1


def test_two_who_swap_two_turns_at_once_do_not_wait_for_each_other(session, walk, storm):
    slots = slots_by_date(session, walk, dates=2 * ROUNDS, places=1)
    for one, other in zip(slots[::2], slots[1::2], strict=True):
        _, hers = offered(session, one, walk.bela)
        _, his = offered(session, other, walk.sam)
        answers = storm.answers([accept(hers, walk.sam), accept(his, walk.bela)] * 5)
        assert answers == {DONE: 10}
        assert holders(session, one) + holders(session, other) == [walk.sam.id, walk.bela.id]


def test_newcomers_against_one_standing_turn_move_it_once(session, walk, storm):
    crowd = a_crowd(session, walk.community, 20)
    for member in crowd:
        identity.confirm_email(session, person_id=member.person_id, now=NOW)
    slots = slots_by_date(session, walk, dates=ROUNDS, places=1)
    made = standing.promise(
        session,
        slot_id=slots[0].id,
        membership_id=walk.bela.id,
        by=walk.bela.id,
        is_every_date=True,
        now=NOW,
    )
    session.commit()
    for number, slot in enumerate(slots[:5]):
        [one] = [one for one in standing.missing(session, now=NOW) if one.slot_id == slot.id]
        standing.give(session, one=one, now=NOW)
        session.commit()
        answers = storm.answers([claim(slot, member) for member in crowd])
        [holder] = holders(session, slot)
        assert answers == {DONE: 1, "SlotFull": 19}
        assert holder in {member.id for member in crowd}
        gone = session.scalars(
            sa.select(Claim.withdrawn_because).where(Claim.standing_id == made.id)
        ).all()
        assert gone == [WithdrawnBecause.YIELDED] * (number + 1)


def test_the_nightly_job_in_many_processes_gives_each_date_once(session, walk, storm):
    crowd = a_crowd(session, walk.community, 3)
    slots = slots_by_date(session, walk, dates=6, places=2)
    for member in crowd:
        standing.promise(
            session,
            slot_id=slots[0].id,
            membership_id=member.id,
            by=member.id,
            is_every_date=True,
            now=NOW,
        )
    session.commit()

    def nightly(session):
        for one in standing.missing(session, now=NOW):
            standing.give(session, one=one, now=NOW)
            session.commit()

    assert storm.answers([nightly] * 8) == {DONE: 8}
    for slot in slots:
        assert holders(session, slot) == [crowd[0].id, crowd[1].id]


def answers_to(claim_id, event_id):
    values = {"claim_id": claim_id, "now": NOW}
    return [
        lambda session: asking.say_yes(session, **values),
        lambda session: asking.decline(session, **values),
        lambda session: asking.take_off(session, event_id=event_id, **values),
    ]


def test_a_yes_a_no_and_a_taking_back_of_one_question_end_one_way(session, walk, storm):
    for slot in slots_by_date(session, walk, dates=ROUNDS, places=1):
        question = asking.pencil_in(
            session, slot_id=slot.id, membership_id=walk.bela.id, by=walk.nadia.id, now=NOW
        )
        session.commit()
        answers = storm.answers(answers_to(question.id, slot.event_id))
        assert set(answers) <= {DONE, "QuestionTakenBack"}
        assert len(holders(session, slot)) <= 1


def test_a_host_who_taps_ten_times_brings_three(session, walk, storm):
    [slot] = slots_by_date(session, walk, dates=1, places=20)
    builders.a_claim(session, slot, walk.bela, state=ClaimState.CONFIRMED)
    session.commit()

    def bring(number):
        return lambda session: friends.bring(
            session, slot_id=slot.id, host_id=walk.bela.id, name=f"F{number} Along", now=NOW
        )

    answers = storm.answers([bring(number) for number in range(10)])
    assert answers == {DONE: 3, "EnoughFriends": 7}
