"""All mail driven at random against a model: who gets what, and that nobody gets anything else.

Turns are taken, held, given back, taken back, moved, called off and handed over, people choose
what they want to hear and are erased, the clock is stepped forward and back, planning runs twice,
delivery by one worker or two, through a real mail server that is sometimes away. The rules, the
jobs and the delivery are the real ones on a real database. At each delivery what arrived must be
what `mail_model` says, mail by mail, about the right turns, in the right words.

To replay a run: MAIL_SEED=<its seed>, printed with a failure. MAIL_STEPS=10000 is the long run,
and MAIL_SHRINK=1 looks for a short way to a failure. Every step has a number that decides all it
does, so that a way is a list of numbers, and any of them can be left out. (Hypothesis, as in the
other tests by chance, keeps early runs short and repeats itself: it took several times as many
steps to the same number of mails.)

Left out, because others prove it: moves of place, organisers' messages, exchanges, sign-in, who
is put down or asked by name, and "come again?", whose choice of turns is a matter of its own.
"""

from __future__ import annotations

import os
import random
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import databases
from tests import mail_sink
from tests import stepped_clock
from tests.jobs.mail_facts import DAY
from tests.jobs.mail_facts import Wish
from tests.jobs.mail_steps import EVERYTHING
from tests.jobs.mail_steps import FIRST
from tests.jobs.mail_steps import FIRST_STEPS
from tests.jobs.mail_steps import Mails
from tests.jobs.mail_town import START
from tests.jobs.mail_town import build
from tests.jobs.mail_town import open_town
from timebank.domain.joining import erasing
from timebank.domain.notices import choosing
from timebank.domain.rota import following
from timebank.jobs import notices

SEED = int(os.environ.get("MAIL_SEED", "0")) or random.SystemRandom().randrange(10**9)
STEPS = int(os.environ.get("MAIL_STEPS", "240"))
SHRINKS = "MAIL_SHRINK" in os.environ
A_RUN = 80


def run(open_town, steps):
    """Take these steps in a town of their own -> their names; a failure tells the way there."""
    taken = []
    with open_town() as town:
        mails = Mails(town)
        for step in steps:
            chance = random.Random(step)  # noqa: S311 - it shall replay
            what = chance.choice(EVERYTHING if len(taken) >= FIRST_STEPS else FIRST)
            taken.append(what)
            try:
                getattr(mails, what)(chance.choice)
            except AssertionError as error:
                told = "\n".join(taken)
                message = f"after {len(taken)} steps: {steps[: len(taken)]}\n{told}\n{error}"
                raise AssertionError(message) from error


def shortest(open_town, steps):
    """Leave out of a way to a failure what it does without: halves first, then less."""
    size = len(steps) // 2
    while size:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            try:
                run(open_town, fewer)
            except AssertionError:
                steps = fewer
            else:
                at += size
        size //= 2
    return steps


@pytest.mark.timeout(max(600, STEPS))
def test_everybody_gets_what_the_model_says_and_nothing_else(towns):
    print(f"replay with MAIL_SEED={SEED} MAIL_STEPS={STEPS}")  # noqa: T201 - shown when it fails
    chance = random.Random(SEED)  # noqa: S311 - it shall replay
    for _ in range(max(1, STEPS // A_RUN)):
        steps = [chance.getrandbits(32) for _ in range(A_RUN)]
        try:
            run(towns, steps)
        except AssertionError:
            if SHRINKS:
                run(towns, shortest(towns, steps))
            raise
    print(Mails.seen)  # noqa: T201


@pytest.fixture
def sink():
    with mail_sink.running(mail_sink.Sink()) as opened:
        yield opened


@pytest.fixture
def towns(database_url, settings, sink, monkeypatch):
    """Opens a town, as often as it is asked; each is built once and copied."""
    url = sa.make_url(database_url).set(database="towns")
    server = databases.connect(url.set(database="postgres"))
    server.execute("DROP DATABASE IF EXISTS towns WITH (FORCE)")
    databases.make_like(server, "towns", databases.PATTERN)
    clock = stepped_clock.take_over(monkeypatch, START)
    clock.owner = sa.create_engine(url)
    stepped_clock.install(clock.owner)
    with clock.owner.begin() as connection:
        stepped_clock.look_first(connection, url.database)
    clock.owner.dispose()
    clock.set(START)
    with Session(clock.owner) as session:
        built = build(session)
    clock.owner.dispose()
    address = url.render_as_string(hide_password=False)
    yield partial(open_town, address, built, clock=clock, sink=sink, settings=settings)
    server.execute("DROP DATABASE towns WITH (FORCE)")
    server.close()


# What the test must notice: each a way in which delivery or planning could be broken, and a short
# walk on which that shows. The walk by itself is as the model says.


def take(mails, slot, who=0):
    """Somebody takes a place, by their numbers."""
    given = iter([who, slot])
    mails.take(lambda _from: next(given))


def wish(mails, **chosen):
    """Ana chooses."""
    one = mails.town.people[0]
    wanted = Wish(changed=mails.town.now, **chosen)
    mails.attempt(mails.town.save, member=one.membership, wish=wanted)
    mails.model.choose(one.person, wanted, mails.town.now)


def first(several):
    """The first of what there is to choose from."""
    return several[0]


def a_turn_given_back(mails):
    take(mails, 0)
    mails.give_back(first)
    mails.a_usual_minute(first)


def a_reminder_planned_twice(mails):
    take(mails, 0)
    mails.a_usual_minute(first)
    mails.town.step(2 * DAY)
    mails.jobs_run_twice(first)
    mails.a_usual_minute(first)


def a_pause(mails):
    take(mails, 0)
    wish(mails, paused_until=mails.town.today() + 5 * DAY)
    mails.a_usual_minute(first)
    mails.town.step(2 * DAY)
    mails.a_usual_minute(first)


def somebody_erased(mails):
    take(mails, 0)
    mails.erase(first)
    mails.a_usual_minute(first)


def a_date_moved(mails):
    take(mails, 0)
    mails.a_usual_minute(first)
    mails.town.step(DAY)
    mails.move(first)
    mails.a_usual_minute(first)


def no_recheck(monkeypatch, _database):
    monkeypatch.setattr(notices, "reason_to_drop", lambda _letter, **_more: None)


def no_pause(monkeypatch, _database):
    monkeypatch.setattr(choosing, "_not_before", lambda _choices, now: now)


def no_unique_keys(_monkeypatch, database):
    with database.begin() as connection:
        for name in ("same_notice_once", "notice_once_per_claim"):
            connection.exec_driver_sql(f"ALTER TABLE notice DROP CONSTRAINT {name}")


def erased_in_name_only(monkeypatch, _database):
    monkeypatch.setattr(erasing, "forget", lambda *_session, **_who: None)


def nobody_told_of_moves(monkeypatch, _database):
    monkeypatch.setattr(following, "_post_again", lambda *_what, **_now: None)


BROKEN = {
    "what no longer holds is sent": (a_turn_given_back, no_recheck),
    "a pause is ignored": (a_pause, no_pause),
    "planning twice owes twice": (a_reminder_planned_twice, no_unique_keys),
    "somebody erased is written to": (somebody_erased, erased_in_name_only),
    "a move is told to nobody": (a_date_moved, nobody_told_of_moves),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_model_notices_when(towns, monkeypatch, what):
    walk, breaks = BROKEN[what]
    with towns() as town:
        walk(Mails(town))
    with towns() as town:
        breaks(monkeypatch, town.clock.owner)
        with pytest.raises(AssertionError):
            walk(Mails(town))
