"""Lines under load: thirty wait, places come free, and everybody taps at once.

A place is offered once and given once; nobody is lost, and nobody waits in a circle.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
import sqlalchemy as sa

from tests import builders
from tests.storms import DONE
from tests.storms import Storm
from tests.storms import a_crowd
from tests.storms import slots_by_date
from timebank.domain.rota import claiming
from timebank.domain.rota import offering
from timebank.domain.rota import waiting
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Waiting
from timebank.models import WaitingState

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
PLACES, LINE, RIVALS, FREED = 10, 30, 20, 5


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def storm(engine):
    with Storm(engine, crowd=60) as storm:
        yield storm


def claim(slot, member, now=NOW):
    return lambda session: claiming.claim_slot(
        session, slot_id=slot.id, membership_id=member.id, now=now
    )


def withdraw(turn, now=NOW):
    return lambda session: withdrawing.withdraw_claim(session, claim_id=turn.id, now=now)


def accept(offered, now=NOW):
    return lambda session: waiting.accept_offer(session, claim_id=offered, now=now)


def sweep(now=NOW):
    def work(session):
        claiming.lapse_holds(session, now=now)
        session.commit()
        offering.offer_everywhere(session, now=now)

    return work


def full_with_a_line(session, slot, holders, line):
    turns = [builders.a_claim(session, slot, m, place=n) for n, m in enumerate(holders, 1)]
    session.commit()
    for member in line:
        waiting.join_waiting(session, slot_id=slot.id, membership_id=member.id, now=NOW)
    session.commit()
    return turns


def live(session, slot):
    session.rollback()
    rows = session.execute(
        sa.select(Claim.place, Claim.membership_id, Claim.state).where(
            Claim.slot_id == slot.id, Claim.live
        )
    ).all()
    assert len(rows) <= PLACES
    assert (
        len({row.place for row in rows}) == len({row.membership_id for row in rows}) == len(rows)
    )
    return rows


def line_of(session, slot):
    session.rollback()
    rows = session.execute(
        sa.select(Waiting.membership_id, Waiting.state).where(Waiting.slot_id == slot.id)
    ).all()
    assert len({row.membership_id for row in rows}) == len(rows) == LINE
    return {row.membership_id: row.state for row in rows}


def offers(session, slot):
    session.rollback()
    return session.scalars(
        sa.select(Claim.id).where(Claim.slot_id == slot.id, Claim.state == ClaimState.HELD)
    ).all()


@pytest.mark.timeout(300)
def test_freed_places_go_to_the_line_though_twenty_others_tap_at_once(session, walk, storm):
    crowd = a_crowd(session, walk.community, PLACES + LINE + RIVALS)
    holders, line, rivals = crowd[:PLACES], crowd[PLACES : PLACES + LINE], crowd[PLACES + LINE :]
    slots = slots_by_date(session, walk, dates=8, places=PLACES)
    session.commit()
    for slot in slots:
        turns = full_with_a_line(session, slot, holders, line)
        answers = storm.answers(
            [withdraw(turn) for turn in turns[:FREED]]
            + [claim(slot, member) for member in rivals]
            + [sweep()] * 4
        )
        assert answers == {DONE: FREED + 4, "SlotFull": RIVALS}
        first = {member.id for member in line[:FREED]}
        offered = {row.membership_id for row in live(session, slot) if row.state == "held"}
        assert offered == first
        states = Counter(line_of(session, slot).values())
        assert states == {WaitingState.OFFERED: FREED, WaitingState.WAITING: LINE - FREED}
        # All five say yes, twice, while others tap and the job sweeps.
        yes = [accept(one) for one in offers(session, slot)] * 2
        answers = storm.answers(yes + [claim(slot, member) for member in rivals] + [sweep()] * 4)
        assert answers == {DONE: 2 * FREED + 4, "SlotFull": RIVALS}
        assert {row.state for row in live(session, slot)} == {"confirmed"}
        assert Counter(line_of(session, slot).values()) == {
            WaitingState.TAKEN: FREED,
            WaitingState.WAITING: LINE - FREED,
        }


@pytest.mark.timeout(300)
def test_yes_no_and_running_out_at_once_leave_nobody_stuck(session, walk, storm):
    crowd = a_crowd(session, walk.community, PLACES + LINE + RIVALS)
    holders, line, rivals = crowd[:PLACES], crowd[PLACES : PLACES + LINE], crowd[PLACES + LINE :]
    slots = slots_by_date(session, walk, dates=4, places=PLACES)
    session.commit()
    for slot in slots:
        turns = full_with_a_line(session, slot, holders, line)
        for turn in turns[:FREED]:
            withdrawing.withdraw_claim(session, claim_id=turn.id, now=NOW)
        session.commit()
        later = NOW + offering.LONG_HOLD
        answers = storm.answers(
            [answer(one, number, later) for number, one in enumerate(offers(session, slot))]
            + [leave(slot, member, later) for member in line[3:9]]
            + [claim(slot, member, later) for member in rivals]
            + [sweep(later)] * 6
        )
        assert set(answers) <= {DONE, "SlotFull", "HoldRanOut", "AlreadyYours"}
        assert answers["SlotFull"] == RIVALS
        assert len(live(session, slot)) == PLACES
        accounted(session, slot)
        # Nobody answers any more: hold by hold the line is asked through, and then it is open.
        for _ in range(LINE):
            later += offering.LONG_HOLD
            sweep(later)(session)
            session.commit()
            accounted(session, slot)
        states = set(line_of(session, slot).values())
        assert states <= {WaitingState.TAKEN, WaitingState.PASSED, WaitingState.LEFT}
        assert offers(session, slot) == []


def answer(offered, number, now):
    def say_no(session):
        waiting.decline_offer(session, claim_id=offered, now=now)

    return say_no if number % 2 else accept(offered, now)


def leave(slot, member, now):
    return lambda session: waiting.leave_waiting(
        session, slot_id=slot.id, membership_id=member.id, now=now
    )


def accounted(session, slot):
    """Every held place is somebody's offer and every offer is held; every taken one is theirs."""
    session.rollback()
    wrong = sa.text("""
SELECT count(*) FROM waiting w FULL JOIN (
    SELECT * FROM claim WHERE slot_id = :slot AND state = 'held') c ON c.id = w.claim_id
 WHERE (w.slot_id = :slot OR w.id IS NULL)
   AND (w.id IS NULL OR (w.state = 'offered') <> (c.id IS NOT NULL))
""")
    assert session.scalar(wrong, {"slot": slot.id}) == 0


def test_two_dates_offer_to_the_same_people_without_waiting_in_a_circle(session, walk, storm):
    """The same ten wait for two jobs, in opposite order, and both open at once."""
    crowd = a_crowd(session, walk.community, 20)
    holders, line = crowd[:10], crowd[10:]
    slots = slots_by_date(session, walk, dates=2, places=10)
    session.commit()
    turns = []
    for slot, order in zip(slots, (line, line[::-1]), strict=True):
        taken = [builders.a_claim(session, slot, m, place=n) for n, m in enumerate(holders, 1)]
        session.commit()
        for member in order:
            waiting.join_waiting(session, slot_id=slot.id, membership_id=member.id, now=NOW)
        session.commit()
        turns += taken
    answers = storm.answers([withdraw(turn) for turn in turns] + [sweep()] * 10)
    assert answers == {DONE: 30}
    session.rollback()
    states = session.scalars(sa.select(Waiting.state)).all()
    assert states == [WaitingState.OFFERED] * 20


def test_somebody_who_waits_twice_at_one_hour_takes_one_and_the_other_goes_on(
    session, walk, storm
):
    """Ten are offered two jobs at the same hour and say yes to both at once: one each."""
    crowd = a_crowd(session, walk.community, 10)
    role = builders.a_role(session, walk.series, name="Baker", places=10, position=8)
    other = builders.a_role(session, walk.series, name="Barista", places=10, position=9)
    pair = [builders.a_slot(session, walk.event, one) for one in (role, other)]
    session.commit()
    for slot in pair:
        for member in crowd:
            session.execute(
                sa.insert(Waiting).values(
                    community_id=walk.community.id,
                    slot_id=slot.id,
                    membership_id=member.id,
                    created_at=NOW,
                )
            )
    session.commit()
    sweep()(session)
    session.commit()
    both = [one for slot in pair for one in offers(session, slot)]
    answers = storm.answers([accept(one) for one in both])
    assert set(answers) <= {DONE, "WouldOverlap", "HoldRanOut"}
    assert answers[DONE] == 10
    sweep()(session)
    session.commit()
    states = Counter(session.scalars(sa.select(Waiting.state)).all())
    assert states == {WaitingState.TAKEN: 10, WaitingState.LEFT: 10}
