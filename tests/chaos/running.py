"""Owe mails, do so many things wrong while they are sent, and count what became of each."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.chaos import sink
from tests.chaos.faults import KINDS
from tests.chaos.world import World
from tests.jobs import conftest
from timebank.jobs.leaving import message_id

MOST_REMINDERS = 200
SIGN_INS_IN_100 = 10
PAUSE_SECONDS = 0.05
ASK_EVERY_SECONDS = 0.5
START_SECONDS = 60.0
OPEN = {"pending", "leased", "handover"}

# People without turns, each owed one message; a year is not over before the last clock is set.
OWE = """
WITH people AS (INSERT INTO person SELECT FROM generate_series(1, :count) RETURNING id),
     named AS (INSERT INTO profile (person_id, full_name, email)
               SELECT id, 'Somebody ' || id, 'somebody' || id || '@example.com' FROM people
               RETURNING person_id)
INSERT INTO notice (community_id, person_id, kind, dedupe_key, not_before, expires_at)
SELECT (SELECT min(id) FROM community), person_id, 'books_wrong', 'chaos-' || person_id,
       now(), now() + interval '1 year' FROM named
"""
VISITORS = """
WITH people AS (INSERT INTO person SELECT FROM generate_series(1, :count) RETURNING id)
INSERT INTO profile (person_id, full_name, email)
SELECT id, 'Visitor ' || id, 'visitor' || id || '@example.com' FROM people RETURNING email
"""
NOTICES = """
SELECT n.id, n.kind, n.state, n.dedupe_key, n.last_error, n.attempts, p.email
  FROM notice n LEFT JOIN profile p ON p.person_id = n.person_id
"""


@dataclass(frozen=True)
class Plan:
    """What to do.

    Attributes:
        stuck_seconds: After so long without enough mails the next wrong is done all the same.
    """

    mails: int
    faults: int
    seed: int
    kinds: tuple[str, ...] = tuple(KINDS)
    how: str = "careful"
    with_web: bool = True
    slow_seconds: float = 0.005
    stuck_seconds: float = 5.0
    longest_seconds: float = 900.0


@dataclass
class Outcome:
    """What became of every mail.

    Attributes:
        doubled: Messages that arrived twice.
        lost: Notices that ended without a mail and without a reason, and people whom a page
            promised a mail that they never got.
        refused: Failed, and the mail server says that it refused them.
        ran_out: Sign-in links whose quarter of an hour was over after a clock was set an hour on.
        uncertain_arrived: Of the uncertain ones, how many had arrived.
        final_seconds: From the last wrong until every notice had come to its end.
        open: How many had not.
    """

    plan: Plan
    faults: Counter[str] = field(default_factory=Counter)
    mails: int = 0
    sent: int = 0
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    refused: int = 0
    ran_out: int = 0
    replaced: int = 0
    uncertain: int = 0
    uncertain_arrived: int = 0
    open: int = 0
    took_seconds: float = 0.0
    final_seconds: float = 0.0


def run(plan: Plan) -> Outcome:
    """Do it all; the world ends with it."""
    outcome = Outcome(plan)
    with _folder() as folder, World(
        folder, plan.seed, plan.how, plan.slow_seconds, plan.with_web
    ) as world:  # fmt: skip
        promised = _owe(world, plan)
        _wait_for_the_first(world)
        began = time.monotonic()
        _strike(world, plan, outcome)
        world.put_all_right()
        ended = time.monotonic()
        _wait(world, ended + plan.longest_seconds, promised.asked_all)
        outcome.final_seconds = time.monotonic() - ended
        outcome.took_seconds = time.monotonic() - began
        _judge(world, outcome, promised.visitor.promised)
    return outcome


@contextmanager
def _folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with TemporaryDirectory(
        prefix="goodturn-chaos-", dir=parent, ignore_cleanup_errors=True
    ) as it:
        yield Path(it)


class _Promised:
    """The visitors at the web pages, who ask while everything goes wrong."""

    def __init__(self, world: World, addresses: list[str], every_seconds: float) -> None:
        self.visitor = world.visitor()
        self._thread = self.visitor.start(addresses, every_seconds=every_seconds)

    def asked_all(self) -> bool:
        return not self._thread.is_alive()


def _owe(world: World, plan: Plan) -> _Promised:
    """Owe everybody their mail: reminders of turns, other messages, and sign-ins asked for."""
    at_the_door = plan.mails * SIGN_INS_IN_100 // 100 if plan.with_web else 0
    reminders = min(MOST_REMINDERS, (plan.mails - at_the_door) // 2)
    with Session(world.engine, expire_on_commit=False) as session:
        conftest.owe_reminders(session, reminders)
        session.execute(sa.text("UPDATE notice SET expires_at = now() + interval '1 year'"))
        others = plan.mails - at_the_door - reminders
        session.execute(sa.text(OWE), {"count": others})
        visitors = session.scalars(sa.text(VISITORS), {"count": at_the_door}).all()
        session.commit()
    for one in world.everything:
        one.keep()
    # A wrong takes a second or two, so that people ask for a third of the time.
    pause = plan.faults / max(2 * at_the_door, 1)
    return _Promised(world, list(visitors), every_seconds=pause)


def _wait_for_the_first(world: World) -> None:
    """Let everything start: nothing can go wrong that isn't there yet."""
    ends = time.monotonic() + START_SECONDS
    while not world.log() and time.monotonic() < ends:
        world.look()
        time.sleep(PAUSE_SECONDS)


def _strike(world: World, plan: Plan, outcome: Outcome) -> None:
    """Do the wrongs one after another, spread evenly over the mails that arrive."""
    kinds = [plan.kinds[number % len(plan.kinds)] for number in range(plan.faults)]
    world.random.shuffle(kinds)
    each = plan.mails / (plan.faults + 1)
    for number, kind in enumerate(kinds, 1):
        stuck = time.monotonic() + plan.stuck_seconds
        while len(world.log()) < each * number and time.monotonic() < stuck:
            world.look()
            time.sleep(PAUSE_SECONDS)
        KINDS[kind](world)
        outcome.faults[kind] += 1
        world.look()


def _wait(world: World, ends: float, asked_all) -> None:
    """Keep everything running until every notice has come to its end."""
    while time.monotonic() < ends:
        world.look()
        if asked_all() and _states(world) and OPEN.isdisjoint(_states(world)):
            return
        time.sleep(ASK_EVERY_SECONDS)


def _states(world: World) -> Counter[str]:
    found = world.run("SELECT state, count(*) FROM notice GROUP BY state")
    return Counter(dict(map(tuple, found)))


def _judge(world: World, outcome: Outcome, promised: list[str]) -> None:
    """Hold what the database says against what the mail server has written down."""
    log = world.log()
    taken = Counter(name for what, name, _ in log if what != sink.REFUSED)
    refused = {address for what, _, address in log if what == sink.REFUSED}
    reached: set[str] = set()
    outcome.doubled = [name for name, count in taken.items() if count > 1]
    rows = world.run(NOTICES)
    outcome.mails = len(rows)
    for row in rows:
        arrived = f"<{message_id(row.dedupe_key, 'localhost')}>" in taken
        fate = _fate(row, arrived=arrived, refused=refused)
        if fate is None:
            outcome.lost.append(f"{row.kind} {row.id}: {row.state} {row.last_error}")
            continue
        setattr(outcome, fate, getattr(outcome, fate) + 1)
        outcome.uncertain_arrived += fate == "uncertain" and arrived
        if fate in {"sent", "uncertain", "refused", "ran_out"}:
            reached.add(row.email)
    outcome.lost += [f"promised to {address}" for address in promised if address not in reached]


def _fate(row: sa.Row, *, arrived: bool, refused: set[str]) -> str | None:
    """Name what became of a notice, or None where nothing excuses it."""
    is_sign_in = row.kind == "sign_in"
    match row.state:
        case "sent":
            return "sent" if arrived else None
        case "uncertain":
            return "uncertain"
        case "failed":
            return "refused" if row.email in refused else None
        case "expired":
            return "ran_out" if is_sign_in else None
        case "cancelled":  # whoever asks again uses the newest link
            return "replaced" if is_sign_in else None
    return "open"


def table(outcome: Outcome) -> str:
    """Say in a table what was done and what became of the mails."""
    plan, faults = outcome.plan, outcome.faults.total()
    lines = [
        f"seed {plan.seed}, {plan.how}, {outcome.took_seconds:.0f} s",
        "",
        "| what was done | times |",
        "|---|---|",
        *(f"| {kind} | {count} |" for kind, count in outcome.faults.items()),
        f"| all | {faults} |",
        "",
        "| what became of the mails | |",
        "|---|---|",
        f"| mails | {outcome.mails} |",
        f"| sent once | {outcome.sent} |",
        f"| **doubled** | **{len(outcome.doubled)}** |",
        f"| **lost** | **{len(outcome.lost)}** |",
        f"| uncertain (had arrived) | {outcome.uncertain} ({outcome.uncertain_arrived}) |",
        f"| refused by the mail server for good | {outcome.refused} |",
        f"| sign-in links that ran out when a clock was set | {outcome.ran_out} |",
        f"| sign-in links replaced by a newer one | {outcome.replaced} |",
        f"| not final | {outcome.open} |",
        f"| all final after the last wrong | {outcome.final_seconds:.0f} s |",
    ]
    return "\n".join([*lines, *(f"lost: {one}" for one in outcome.lost[:20])])
