"""What can happen in the town of the model of all mail: each a step, and how often it is taken."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from typing import ClassVar

from tests import mail_sink
from tests.jobs.mail_facts import DAY
from tests.jobs.mail_facts import HOUR
from tests.jobs.mail_facts import MINUTE
from tests.jobs.mail_facts import Wish
from tests.jobs.mail_town import DAYS
from tests.jobs.mail_town import Town
from timebank.core.errors import TimebankError
from timebank.domain.joining import erasing
from timebank.domain.joining.leaving import Whereto
from timebank.domain.rota import changing
from timebank.domain.rota import checkin
from timebank.domain.rota import claiming
from timebank.domain.rota import handing_over
from timebank.domain.rota import reminding
from timebank.domain.rota import waiting
from timebank.domain.rota import withdrawing
from timebank.jobs import claims
from timebank.models import Event
from timebank.models import Lead
from timebank.models import Membership

PEOPLE = range(5)
SLOTS = range(2 * len(DAYS))
DATES = range(len(DAYS))
PICKS = range(60)
SPANS = [MINUTE, 7 * MINUTE, 11 * MINUTE, 50 * MINUTE, 2 * HOUR, 5 * HOUR, 11 * HOUR, DAY]
MOVES = [-1500, -60, -30, 30, 60, 1500]
LEADS = [
    None,
    {"two_days", "eve"},
    {"week", "two_days", "eve", "morning"},
    {"eve", "morning"},
    {"morning"},
    {"week"},
]
HOWS = ["mail", "mail", "mail", "weekly", "weekly", "none"]
QUIET = [
    None,
    None,
    (dt.time(17), dt.time(9, 30)),
    (dt.time(9), dt.time(12)),
    (dt.time(22), dt.time(7)),
]
DAYS_OFF = [0, 0, 0, 2, 5]
WORKERS = [1, 1, 2]


class Mails:
    """What can happen in a town; its mail is compared with the model's at each delivery."""

    seen: ClassVar[Counter[str]] = Counter()  # how many mails of each kind arrived, in all runs

    def __init__(self, town):
        self.town: Town = town
        self.model = town.model

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

    def pick(self, draw, *states):
        """One of the turns that are in such a state, or None."""
        turns = [turn for turn in self.model.facts.turns.values() if turn.state in states]
        return turns[draw(PICKS) % len(turns)] if turns else None

    # ------------------------------------------------------------------ the rota

    def whose_place(self, draw):
        """Somebody, and a job."""
        who, slot = self.town.people[draw(PEOPLE)], self.town.slots[draw(SLOTS)]
        return {"membership_id": who.membership, "slot_id": slot}

    def take(self, draw):
        self.attempt(claiming.claim_slot, **self.whose_place(draw))

    def hold(self, draw):
        self.attempt(claiming.hold_slot, held_as="Somebody", **self.whose_place(draw))

    def say_yes(self, draw):
        turn = self.pick(draw, "held")
        if turn:
            is_offer = turn.held_for == "offered"
            yes = waiting.accept_offer if is_offer else claiming.confirm_claim
            self.attempt(yes, claim_id=turn.id)

    def give_back(self, draw):
        turn = self.pick(draw, "confirmed", "held")
        if turn:
            is_offer = (turn.state, turn.held_for) == ("held", "offered")
            no = waiting.decline_offer if is_offer else withdrawing.withdraw_claim
            self.attempt(no, claim_id=turn.id)

    def wait(self, draw):
        self.attempt(waiting.join_waiting, **self.whose_place(draw))

    def leave_the_line(self, draw):
        lines = sorted(self.model.facts.lines)
        if lines:
            _line, person, slot = lines[draw(PICKS) % len(lines)]
            [one] = [one for one in self.town.people if one.person == person]
            self.model.leave_line(person, slot)
            self.attempt(waiting.leave_waiting, slot_id=slot, membership_id=one.membership)

    def take_it_back(self, draw):
        turn = self.pick(draw, "withdrawn")
        if turn and self.attempt(withdrawing.undo_withdrawal, claim_id=turn.id):
            self.model.undo(turn.id)

    def take_over(self, draw):
        looking = sorted(self.model.facts.looking)
        if looking:
            claim = looking[draw(PICKS) % len(looking)]
            self.attempt(
                handing_over.accept,
                handover_id=self.town.handover_of(claim),
                membership_id=self.town.people[draw(PEOPLE)].membership,
            )

    def keep_it_after_all(self, draw):
        looking = sorted(self.model.facts.looking)
        if looking:
            self.attempt(handing_over.keep, claim_id=looking[draw(PICKS) % len(looking)])

    def move(self, draw):
        self.attempt(self._move, date=self.town.dates[draw(DATES)], by=MINUTE * draw(MOVES))

    def _move(self, session, *, date, by, now):
        event = session.get_one(Event, date)
        changing.move_event(
            session,
            event=event,
            starts_at=event.starts_at + by,
            ends_at=event.ends_at + by,
            reason="The tide",
            by=session.get_one(Membership, self.town.nadia.membership),
            now=now,
        )

    def finish(self, draw):
        """Some of those on the rota of a date are there, and get their hours."""
        here = {draw(PICKS) for _ in range(6)}
        self.attempt(self._finish, doing="tick", date=self.town.dates[draw(DATES)], here=here)

    def _finish(self, session, *, date, here, now):
        occasion = self.town.occasion(session, date)
        on_it = [turn for turn in self.model.facts.turns.values() if turn.event == date]
        there = [turn.id for turn in on_it if turn.id % 7 in {number % 7 for number in here}]
        by = self.town.nadia.membership
        checkin.tick_all(session, occasion=occasion, claim_ids=there, by=by, now=now)
        checkin.finish(session, occasion=occasion, by=by, now=now)

    def take_hours_back(self, draw):
        turn = self.pick(draw, "attended")
        if turn:
            self.attempt(self._take_back, turn=turn)

    def _take_back(self, session, *, turn, now):
        checkin.take_back(
            session,
            occasion=self.town.occasion(session, turn.event),
            claim_id=turn.id,
            reason="Somebody else",
            by=self.town.nadia.membership,
            key=uuid.uuid4(),
            now=now,
        )

    def the_night_comes(self, _draw):
        claims.close_turns()
        self.town.look()

    def call_off(self, draw):
        self.attempt(self._call_off, date=self.town.dates[draw(DATES)])

    def _call_off(self, session, *, date, now):
        changing.cancel_event(
            session,
            event=session.get_one(Event, date),
            reason="Flood",
            by=session.get_one(Membership, self.town.nadia.membership),
            now=now,
        )

    def remind_of_a_date(self, draw):
        """The organisers say when the people of a date are reminded; None: as usual."""
        wanted = draw([*LEADS, set()])
        self.attempt(
            self._remind,
            date=self.town.dates[draw(DATES)],
            wanted=None if wanted is None else frozenset(map(Lead, wanted)),
        )

    def _remind(self, session, *, date, wanted, now):
        reminding.remind(
            session,
            event=session.get_one(Event, date),
            wanted=wanted,
            by=session.get_one(Membership, self.town.nadia.membership),
            now=now,
        )

    # ------------------------------------------------------------------ the people

    def erase(self, draw):
        who = draw(PEOPLE)
        one = self.town.people[who]
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
        self.town.welcome(who)

    def choose(self, draw):
        one = self.town.people[draw(PEOPLE)]
        days = draw(DAYS_OFF)
        until = self.town.today() + days * DAY if days else None
        leads = draw(LEADS)
        wish = Wish(
            turns=draw(HOWS),
            asking=draw(HOWS),
            hours=draw(HOWS),
            leads=frozenset(leads) if leads is not None else None,
            quiet=draw(QUIET),
            paused_until=until,
            weekly=draw([False, True]),
            weekly_on=draw(range(1, 8)),
            weekly_hour=draw([9, 17]),
            changed=self.town.now,
        )
        if self.attempt(self.town.save, member=one.membership, wish=wish):
            self.model.choose(one.person, wish, self.town.now)

    # ------------------------------------------------------------------ time, and the jobs

    def time_passes(self, draw):
        self.town.step(draw(SPANS))

    def the_next_such_hour_comes(self, draw):
        self.town.step_to(draw([7, 10, 18]))

    def the_clock_is_put_back(self, _draw):
        self.town.step(-HOUR)

    def jobs_run_twice(self, _draw):
        self.town.run_jobs()
        self.town.run_jobs()

    def jobs_run(self, _draw):
        self.town.run_jobs()

    def mail_is_delivered(self, draw):
        self.town.sweep()
        # Whether a weekly mail or a reminder is looked at first decides whether the reminder comes
        # by itself: two workers may look at both at once, and either is right.
        is_weekly = any(one.kind == "weekly" for one in self.model.due(self.town.now))
        workers = draw(WORKERS)
        self.town.drain(1 if is_weekly else workers)
        due = Counter(self.model.deliver(self.town.now))
        arrived = Counter(self.town.open_post())
        missing, too_many = list((due - arrived).elements()), list((arrived - due).elements())
        if missing or too_many:
            why = self.town.explain(missing + too_many)
            raise AssertionError(f"missing: {missing}\ntoo many: {too_many}\n{why}")
        Mails.seen.update(mail.kind for mail in arrived)

    def the_server_takes_nothing_for_now(self, _draw):
        self.town.sweep()
        self.town.sink.at_data = lambda _count: "452 full"
        self.town.drain(1)
        self.town.sink.at_data = lambda _count: mail_sink.OK
        self.model.deliver(self.town.now, is_refused=True)
        assert self.town.open_post() == []

    def the_server_is_away(self, _draw):
        """One worker tries, and finds out with the first mail: only if that is any."""
        self.town.sweep()
        if self.model.all_would_leave(self.town.now):
            self.town.drain(1, is_away=True)
            self.model.find_server_away(self.town.now)
            assert self.town.open_post() == []

    def a_usual_minute(self, draw):
        self.town.run_jobs()
        self.mail_is_delivered(draw)


HOW_OFTEN = {
    "a_usual_minute": 16,
    "take": 14,
    "hold": 3,
    "say_yes": 2,
    "give_back": 5,
    "take_it_back": 3,
    "wait": 6,
    "leave_the_line": 1,
    "finish": 3,
    "take_hours_back": 1,
    "the_night_comes": 1,
    "take_over": 2,
    "keep_it_after_all": 1,
    "move": 4,
    "call_off": 1,
    "remind_of_a_date": 3,
    "erase": 1,
    "choose": 5,
    "time_passes": 8,
    "the_next_such_hour_comes": 8,
    "the_clock_is_put_back": 1,
    "jobs_run": 3,
    "jobs_run_twice": 1,
    "mail_is_delivered": 3,
    "the_server_takes_nothing_for_now": 2,
    "the_server_is_away": 2,
}
FIRST = ["take", "take", "take", "choose", "time_passes"]  # a town in which something is on
FIRST_STEPS = 16
EVERYTHING = [what for what, times in HOW_OFTEN.items() for _ in range(times)]
