"""The rota driven at random against a simple model: thousands of steps and no harm done.

Claims, drop-outs, questions, waiting, offers, handing over, moves, cancellations, more and fewer
places, and the clock. After every step everybody who should have a turn has it and nobody else,
and what must never break is asked for by SQL of its own. To replay a run: ROTA_SEED=<its seed>,
which is printed with a failure. ROTA_STEPS=10000 makes it the long run.
"""

from __future__ import annotations

import datetime as dt
import os
import random

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import seed
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import invariant
from hypothesis.stateful import rule
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.orm import Session

from tests import builders
from timebank.core.errors import TimebankError
from timebank.domain.rota import asking
from timebank.domain.rota import changing
from timebank.domain.rota import claiming
from timebank.domain.rota import handing_over
from timebank.domain.rota import offering
from timebank.domain.rota import own_jobs
from timebank.domain.rota import waiting
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import HeldFor
from timebank.models import Membership
from timebank.models import PairRule
from timebank.models import Role
from timebank.models import RolePair

SEED = int(os.environ.get("ROTA_SEED", "0")) or random.SystemRandom().randrange(10**9)
STEPS = int(os.environ.get("ROTA_STEPS", "1000"))
A_RUN = 50
START = dt.datetime(2027, 4, 27, 12, tzinfo=dt.UTC)  # the walk is on 1 May
NAMES = ("Ana A", "Ben B", "Cem C", "Dee D", "Eve E", "Fin F")

OVERSOLD = """
SELECT count(*) FROM slot s
 WHERE (SELECT count(*) FROM claim c WHERE c.slot_id = s.id
           AND c.state IN ('held', 'confirmed', 'attended')) > s.places"""
TWO_PLACES = """
SELECT count(*) FROM claim a JOIN claim b ON b.person_id = a.person_id AND b.id > a.id
  JOIN event e ON e.id = a.event_id JOIN event f ON f.id = b.event_id
 WHERE a.state = 'confirmed' AND b.state = 'confirmed'
   AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at
   AND a.beside_id IS NULL AND b.beside_id IS NULL"""
STUCK = """
SELECT count(*) FROM claim WHERE state = 'held' AND held_until <= :now"""
# Somebody is in line for a place that is free. Once a place comes free it is offered to whoever
# is in line; to somebody who could not have it until a moment ago, by the sweep of each minute.
FORGOTTEN = """
SELECT count(*) FROM waiting w
  JOIN slot s ON s.id = w.slot_id AND s.closed_at IS NULL
  JOIN event e ON e.id = s.event_id AND e.state = 'planned'
  JOIN membership m ON m.id = w.membership_id
 WHERE w.state = 'waiting' AND s.starts_at > CAST(:now AS timestamptz) + interval '6 hours'
   AND s.places > (SELECT count(*) FROM claim c WHERE c.slot_id = s.id AND c.live)
   AND broken_rule(s.id, m.id, :now) IS NULL
   AND NOT EXISTS (SELECT FROM claim c WHERE c.person_id = m.person_id AND c.binds
                      AND c.starts_at < s.ends_at AND s.starts_at < c.ends_at)"""
FORGOTTEN_OTHERS = FORGOTTEN + " AND s.id = :slot_id AND m.id <> :who"

PEOPLE = st.integers(0, len(NAMES) - 1)
SLOTS = st.integers(0, 5)


class Rota(RuleBasedStateMachine):
    """Two dates of three jobs, six neighbours, and what the model says they have."""

    engine: sa.Engine

    def __init__(self):
        super().__init__()
        self.connection = self.engine.connect()
        self.outer = self.connection.begin()
        self.session = Session(
            self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        self.now = START
        self.have: dict[int, set[int]] = {}
        self.build()

    def build(self):
        session = self.session
        walk = builders.a_walk(session)
        self.walk = walk
        session.execute(sa.update(Role).where(Role.id == walk.marshal.role_id).values(one_per=20))
        tail, marshal = walk.tail_walker.role, walk.marshal.role
        sweep = builders.a_role(
            session, walk.series, name="Sweep", starts_after_minutes=90, duration_minutes=30
        )
        first, second = sorted((tail.id, sweep.id))
        pair = {"first_role_id": first, "second_role_id": second}
        session.add(RolePair(**pair, series_id=walk.series.id, rule=PairRule.NEVER))
        later = builders.an_event(session, walk.series, dt.date(2027, 5, 2))
        self.events = [walk.event.id, later.id]
        slots = [walk.marshal, walk.tail_walker, builders.a_slot(session, walk.event, sweep)]
        slots += [builders.a_slot(session, later, role) for role in (marshal, tail, sweep)]
        self.slots = [slot.id for slot in slots]
        self.people = [
            builders.a_member(session, walk.community, f"{name}nyone").id for name in NAMES
        ]
        session.flush()

    def teardown(self):
        self.session.close()
        self.outer.rollback()
        self.connection.close()

    def attempt(self, what, **values):
        """Try a rule in a savepoint -> its answer, or None when it is refused."""
        try:
            with self.session.begin_nested():
                return what(self.session, now=self.now, **values)
        except TimebankError:
            return None

    def count(self, what, **values):
        return self.session.scalar(sa.text(what), {"now": self.now, **values})

    def claims(self, **columns):
        self.session.expire_all()
        query = self.session.query(Claim).filter_by(**columns).order_by(Claim.id)
        return query.all()

    def put(self, claim):
        """Note that somebody has a turn now."""
        if claim is None:
            return
        self.session.expire_all()
        held = self.session.get(Claim, claim.id)
        if held.state is ClaimState.CONFIRMED:
            self.have.setdefault(held.slot_id, set()).add(held.membership_id)

    def drop(self, slot_id, membership_id):
        self.have.get(slot_id, set()).discard(membership_id)

    @rule(person=PEOPLE, slot=SLOTS)
    def take(self, person, slot):
        self.put(
            self.attempt(
                claiming.claim_slot,
                slot_id=self.slots[slot],
                membership_id=self.people[person],
            )
        )

    @rule(person=PEOPLE, slot=SLOTS)
    def hold(self, person, slot):
        self.attempt(
            claiming.hold_slot,
            slot_id=self.slots[slot],
            membership_id=self.people[person],
            held_as="Somebody",
        )

    @rule(data=st.data())
    def say_yes_or_no(self, data):
        held = self.claims(state=ClaimState.HELD)
        if not held:
            return
        claim = data.draw(st.sampled_from(held))
        is_yes = data.draw(st.booleans())
        if claim.held_for is HeldFor.OFFERED:
            what = waiting.accept_offer if is_yes else waiting.decline_offer
        elif claim.held_for is HeldFor.ASKED:
            what = asking.say_yes if is_yes else asking.decline
        else:
            what = claiming.confirm_claim if is_yes else withdrawing.withdraw_claim
        answer = self.attempt(what, claim_id=claim.id)
        if is_yes:
            self.put(answer)

    @rule(data=st.data())
    def drop_out(self, data):
        confirmed = self.claims(state=ClaimState.CONFIRMED)
        if not confirmed:
            return
        claim = data.draw(st.sampled_from(confirmed))
        if self.attempt(withdrawing.withdraw_claim, claim_id=claim.id):
            self.drop(claim.slot_id, claim.membership_id)
            assert (
                self.count(FORGOTTEN_OTHERS, slot_id=claim.slot_id, who=claim.membership_id) == 0
            )

    @rule(person=PEOPLE, slot=SLOTS)
    def ask(self, person, slot):
        self.attempt(
            asking.pencil_in,
            slot_id=self.slots[slot],
            membership_id=self.people[person],
            by=self.walk.nadia.id,
        )

    @rule(person=PEOPLE, slot=SLOTS)
    def wait(self, person, slot):
        self.put(
            self.attempt(
                waiting.join_waiting, slot_id=self.slots[slot], membership_id=self.people[person]
            )
        )

    @rule(person=PEOPLE, slot=SLOTS)
    def leave_the_line(self, person, slot):
        self.attempt(
            waiting.leave_waiting, slot_id=self.slots[slot], membership_id=self.people[person]
        )

    @rule(data=st.data(), taker=PEOPLE, to_all=st.booleans())
    def hand_over(self, data, taker, to_all):
        confirmed = self.claims(state=ClaimState.CONFIRMED)
        if not confirmed:
            return
        claim = data.draw(st.sampled_from(confirmed))
        to = self.people[taker]
        if to_all:
            handover = self.attempt(handing_over.offer_to_all, claim_id=claim.id)
        else:
            handover = self.attempt(handing_over.offer_to, claim_id=claim.id, to_membership_id=to)
        if handover is None:
            return
        slot_id, giver = claim.slot_id, claim.membership_id
        taken = self.attempt(handing_over.accept, handover_id=handover.id, membership_id=to)
        if taken:
            self.drop(slot_id, giver)
            self.put(taken)

    @rule(which=st.integers(0, 1), minutes=st.sampled_from((-1500, -90, -30, 30, 90, 1500)))
    def move(self, which, minutes):
        event = self.session.get(Event, self.events[which], populate_existing=True)
        offset = dt.timedelta(minutes=minutes)
        self.attempt(
            changing.move_event,
            event=event,
            starts_at=event.starts_at + offset,
            ends_at=event.ends_at + offset,
            reason="The tide",
            by=self.session.get(Membership, self.walk.nadia.id),
        )

    @rule(which=st.integers(0, 1), people=st.sampled_from((None, 20, 40, 60, 80)))
    def expect(self, which, people):
        self.attempt(
            own_jobs.expect_people,
            event=self.session.get(Event, self.events[which], populate_existing=True),
            people=people,
            by=self.session.get(Membership, self.walk.nadia.id),
        )

    @rule(which=st.integers(0, 1), really=st.integers(0, 9))
    def call_off(self, which, really):
        if really:  # seldom, or nothing is left to do
            return
        event = self.session.get(Event, self.events[which], populate_existing=True)
        told = self.attempt(
            changing.cancel_event,
            event=event,
            reason="Flood",
            by=self.session.get(Membership, self.walk.nadia.id),
        )
        if told is not None:
            for slot_id in self.slots[which * 3 : which * 3 + 3]:
                self.have.pop(slot_id, None)

    @rule(hours=st.sampled_from((1, 3, 13, 26)))
    def let_time_pass(self, hours):
        self.now += dt.timedelta(hours=hours)
        self.attempt(claiming.lapse_holds)
        self.attempt(offering.offer_everywhere)
        self.attempt(handing_over.lapse_offers)

    @invariant()
    def everybody_has_what_the_model_says(self):
        self.session.expire_all()
        found: dict[int, set[int]] = {}
        for claim in self.session.query(Claim).filter_by(state=ClaimState.CONFIRMED):
            people = found.setdefault(claim.slot_id, set())
            assert claim.membership_id not in people, "somebody is down twice"
            people.add(claim.membership_id)
        assert found == {slot: people for slot, people in self.have.items() if people}

    @invariant()
    def nothing_is_broken(self):
        for what in (OVERSOLD, TWO_PLACES):
            assert self.count(what) == 0, what
        with self.session.begin_nested():
            claiming.lapse_holds(self.session, now=self.now)
        assert self.count(STUCK) == 0, STUCK

    @invariant()
    def nobody_in_line_is_forgotten_within_a_minute(self):
        sweep = self.session.begin_nested()
        offering.offer_everywhere(self.session, now=self.now)
        assert self.count(FORGOTTEN) == 0, FORGOTTEN
        sweep.rollback()


@pytest.mark.timeout(900)
def test_thousands_of_steps_at_random_do_no_harm(engine):
    print(f"replay with ROTA_SEED={SEED} ROTA_STEPS={STEPS}")  # noqa: T201 - shown when it fails
    Rota.engine = engine
    chance = settings(
        max_examples=max(1, STEPS // A_RUN),
        stateful_step_count=A_RUN,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(SEED)(Rota), settings=chance)
