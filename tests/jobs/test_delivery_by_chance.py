"""All mail driven at random against a model: who gets what, and that nobody gets anything else.

Turns are taken, held, given back, taken back, moved, called off and handed over, people choose
what they want to hear and are erased, the clock is stepped forward and back, planning runs twice,
delivery by one worker or two, through a real mail server that is sometimes away. The rules, the
jobs and the delivery are the real ones on a real database. At each delivery what arrived must be
what `mail_model` says, mail by mail, about the right turns, in the right words.

To replay a run: MAIL_SEED=<its seed>, printed with a failure. MAIL_STEPS=10000 is the long run.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import threading
import uuid
from collections import Counter
from contextlib import ExitStack
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import seed
from hypothesis import settings as chosen
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import rule
from hypothesis.stateful import run_state_machine_as_test

from sqlalchemy.orm import Session

from tests import mail_sink
from tests import stepped_clock
from tests.jobs.mail_facts import DAY
from tests.jobs.mail_facts import HOUR
from tests.jobs.mail_facts import MINUTE
from tests.jobs.mail_facts import Wish
from tests.jobs.mail_town import START
from tests.jobs.mail_town import Town
from tests.jobs.mail_town import build
from tests.jobs.mail_town import open_town
from timebank.core.errors import TimebankError
from timebank.domain.joining import erasing
from timebank.domain.joining.leaving import Whereto
from timebank.domain.rota import changing
from timebank.domain.rota import claiming
from timebank.domain.rota import handing_over
from timebank.domain.rota import withdrawing
from timebank.models import Event
from timebank.models import Membership

SEED = int(os.environ.get("MAIL_SEED", "0")) or random.SystemRandom().randrange(10**9)
STEPS = int(os.environ.get("MAIL_STEPS", "400"))
A_RUN = 50

PEOPLE = st.integers(0, 4)
SLOTS = st.integers(0, 5)
DATES = st.integers(0, 2)
PICKS = st.integers(0, 10**6)
STEPS_ON = st.sampled_from(
    [MINUTE, 7 * MINUTE, 11 * MINUTE, 50 * MINUTE, 2 * HOUR, 5 * HOUR, 11 * HOUR, DAY, 2 * DAY]
)
LEADS = st.frozensets(st.sampled_from(["week", "two_days", "eve", "morning"]))
HOWS = st.sampled_from(["mail", "mail", "none"])
QUIET = st.sampled_from(
    [None, None, (dt.time(17), dt.time(9, 30)), (dt.time(9), dt.time(12)), (dt.time(22), dt.time(7))]
)


class Mails(RuleBasedStateMachine):
    """A town with three dates, whose mail is compared with the model's at each delivery."""

    open_town: object

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.town: Town = self.stack.enter_context(type(self).open_town())
        self.model = self.town.model

    def teardown(self):
        self.stack.close()

    def attempt(self, what, *, doing="", **values):
        """Try a rule in a transaction -> whether it was done; then see what it changed."""
        with self.town.session() as session:
            try:
                with session.begin():
                    what(session, now=self.town.now, **values)
            except TimebankError:
                return False
        self.town.look(doing)
        return True

    def pick(self, number, *states):
        """One of the turns that are in such a state, or None."""
        turns = [turn for turn in self.model.facts.turns.values() if turn.state in states]
        return turns[number % len(turns)] if turns else None

    # ------------------------------------------------------------------ the rota

    @rule(who=PEOPLE, slot=SLOTS)
    def take(self, who, slot):
        self.attempt(
            claiming.claim_slot,
            slot_id=self.town.slots[slot],
            membership_id=self.town.people[who].membership,
        )

    @rule(who=PEOPLE, slot=SLOTS)
    def hold(self, who, slot):
        self.attempt(
            claiming.hold_slot,
            slot_id=self.town.slots[slot],
            membership_id=self.town.people[who].membership,
            held_as="Somebody",
        )

    @rule(which=PICKS)
    def say_yes(self, which):
        turn = self.pick(which, "held")
        if turn:
            self.attempt(claiming.confirm_claim, claim_id=turn.id)

    @rule(which=PICKS)
    def give_back(self, which):
        turn = self.pick(which, "confirmed", "held")
        if turn:
            self.attempt(withdrawing.withdraw_claim, claim_id=turn.id)

    @rule(which=PICKS)
    def take_it_back(self, which):
        turn = self.pick(which, "withdrawn")
        if turn and self.attempt(withdrawing.undo_withdrawal, claim_id=turn.id):
            self.model.undo(turn.id)

    @rule(which=PICKS, who=PEOPLE)
    def take_over(self, which, who):
        looking = sorted(self.model.facts.looking)
        if looking:
            claim = looking[which % len(looking)]
            self.attempt(
                handing_over.accept,
                handover_id=self.town.handover_of(claim),
                membership_id=self.town.people[who].membership,
            )

    @rule(which=PICKS)
    def keep_it_after_all(self, which):
        looking = sorted(self.model.facts.looking)
        if looking:
            self.attempt(handing_over.keep, claim_id=looking[which % len(looking)])

    @rule(date=DATES, minutes=st.sampled_from([-1500, -60, -30, 30, 60, 1500]))
    def move(self, date, minutes):
        with self.town.session() as session:
            event = session.get_one(Event, self.town.dates[date])
        span = dt.timedelta(minutes=minutes)
        self.attempt(
            self._move, date=date, starts_at=event.starts_at + span, ends_at=event.ends_at + span
        )

    def _move(self, session, *, date, now, **times):
        changing.move_event(
            session,
            event=session.get_one(Event, self.town.dates[date]),
            reason="The tide",
            by=session.get_one(Membership, self.town.nadia.membership),
            now=now,
            **times,
        )

    @rule(date=DATES, really=st.integers(0, 3))
    def call_off(self, date, really):
        if not really:  # seldom, or nothing is left to do
            self.attempt(self._call_off, date=date)

    def _call_off(self, session, *, date, now):
        changing.cancel_event(
            session,
            event=session.get_one(Event, self.town.dates[date]),
            reason="Flood",
            by=session.get_one(Membership, self.town.nadia.membership),
            now=now,
        )

    # ------------------------------------------------------------------ the people

    @rule(who=PEOPLE, really=st.integers(0, 3))
    def erase(self, who, really):
        one = self.town.people[who]
        if not really and one.person not in self.town.erased:
            self.model.erase(one.person)
            self.town.erased.add(one.person)
            self.attempt(
                erasing.erase,
                doing="erase",
                person_id=one.person,
                community_id=self.town.community,
                whereto=Whereto.COMMUNITY,
                key=uuid.uuid4(),
            )

    @rule(who=PEOPLE, turns=HOWS, leads=LEADS, quiet=QUIET, pause=st.sampled_from([0, 0, 0, 2, 5]))
    def choose(self, who, turns, leads, quiet, pause):
        one = self.town.people[who]
        if one.person not in self.town.erased:
            until = self.town.today() + pause * DAY if pause else None
            wish = Wish(turns=turns, leads=leads, quiet=quiet, paused_until=until)
            if self.attempt(self.town.save, member=one.membership, wish=wish):
                self.model.wishes[one.person] = wish

    # ------------------------------------------------------------------ time, and the jobs

    @rule(by=STEPS_ON)
    def time_passes(self, by):
        self.town.step(by)

    @rule(hour=st.sampled_from([7, 10, 18]))
    def the_next_such_hour_comes(self, hour):
        self.town.step_to(hour)

    @rule(really=st.booleans())
    def the_clock_is_put_back(self, really):
        if really:
            self.town.step(-HOUR)

    @rule(twice=st.booleans())
    def the_jobs_of_a_minute_run(self, twice):
        self.town.run_jobs()
        if twice:
            self.town.run_jobs()

    @rule(workers=st.sampled_from([1, 1, 2]))
    def mail_is_delivered(self, workers):
        self.town.sweep()
        threads = [threading.Thread(target=self.town.drain) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        due = self.model.deliver(self.town.now)
        arrived = self.town.open_post()
        assert Counter(arrived) == Counter(due)

    @rule(workers=st.sampled_from([1, 1, 2]))
    def all_is_as_on_a_usual_day(self, workers):
        self.town.run_jobs()
        self.mail_is_delivered(workers)


@pytest.mark.timeout(max(600, STEPS))
def test_everybody_gets_what_the_model_says_and_nothing_else(towns):
    print(f"replay with MAIL_SEED={SEED} MAIL_STEPS={STEPS}")  # noqa: T201 - shown when it fails
    Mails.open_town = staticmethod(towns)
    chance = chosen(
        max_examples=max(1, STEPS // A_RUN),
        stateful_step_count=A_RUN,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(SEED)(Mails), settings=chance)


@pytest.fixture
def sink():
    with mail_sink.running(mail_sink.Sink()) as opened:
        yield opened


@pytest.fixture
def towns(database_url, settings, sink, monkeypatch):
    """Opens a town, as often as it is asked; each is built once and copied."""
    clock = stepped_clock.take_over(monkeypatch, START)
    clock.owner = sa.create_engine(database_url)
    stepped_clock.install(clock.owner)
    url = sa.make_url(database_url)
    with clock.owner.begin() as connection:
        stepped_clock.look_first(connection, url.database)
    clock.owner.dispose()
    clock.set(START)
    with Session(clock.owner) as session:
        built = build(session)
    clock.owner.dispose()
    return partial(open_town, database_url, built, clock=clock, sink=sink, settings=settings)
