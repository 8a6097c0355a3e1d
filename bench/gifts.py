"""A thousand gifts at once among eight accounts, over fifty threads: the worst for locks.

    python -m bench.gifts [--gifts 1000] [--threads 50] [--rounds 3]

Every gift locks two of the eight accounts, opposite gifts among them, on a server of its own with
fsync on. No gift may end in a deadlock, every one must be in the books, and all balances together
must come to nought. Beside the middle and the slow ones stands what a gift takes when it is alone.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import statistics
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench.common import Figure
from bench.common import Stage
from timebank.adapters.embedded import start_postgres
from timebank.adapters.migrations import migrate
from timebank.core import clock
from timebank.db import CONNECTION_LIMITS
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import ledger
from timebank.models import Membership
from timebank.models import Transfer

ACCOUNTS = 8
GIFTS, THREADS, ROUNDS = 1_000, 50, 3
MILLI = 1_000
SLOWEST_SHARE = 0.95
GOAL = 0.5  # of what they would take one after another: rivals cost, and must not cost much
SEED = 7


@dataclass(frozen=True, slots=True)
class Gift:
    """Who gives whom, by number of the account, and how much."""

    giver: int
    to: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How long the gifts took, in seconds."""

    alone: float
    middle: float
    slowest: float
    all_of_them: float


def main() -> None:
    """Play it on a server of its own, and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--gifts", type=int, default=GIFTS)
    options.add_argument("--threads", type=int, default=THREADS)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="goodturn-bench-") as folder:
        server = start_postgres(Path(folder) / "postgres")
        try:
            outcome = play(server.url, chosen.gifts, chosen.threads, chosen.rounds)
        finally:
            server.stop()
    print(told(outcome))
    ratio = outcome.alone * chosen.gifts / outcome.all_of_them
    print(f"gifts: {ratio:.2f} times the rate of one after another (goal: at least {GOAL})")


def measure(stage: Stage) -> list[Figure]:
    """Play it on the stage's server, in a database of its own."""
    url = sa.make_url(stage.environ["DATABASE_URL"])
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE gifts")
    admin.dispose()
    ours = url.set(database="gifts").render_as_string(hide_password=False)
    outcome = play(ours, GIFTS, THREADS, ROUNDS)
    return [
        Figure(
            goal=9,
            what="1,000 gifts at once among 8 accounts: rate",
            measured=outcome.alone * GIFTS / outcome.all_of_them,
            unit="times one after another",
            least=GOAL,
            detail=told(outcome),
        )
    ]


def told(outcome: Outcome) -> str:
    """Say it in words."""
    return (
        f"alone {outcome.alone * MILLI:.1f} ms; at once: middle {outcome.middle * MILLI:.0f} ms,"
        f" p95 {outcome.slowest * MILLI:.0f} ms, all in {outcome.all_of_them:.1f} s;"
        " no deadlock, sum zero"
    )


def play(url: str, gifts: int, threads: int, rounds: int) -> Outcome:
    """Give them all, some rounds over -> the middle round."""
    limits = {"options": CONNECTION_LIMITS}
    owner = sa.create_engine(url)
    engine = sa.create_engine(url, pool_size=threads, connect_args=limits)
    try:
        with owner.connect() as connection:
            migrate(connection)
        crowd = _crowd(owner)
        alone = statistics.median(_round(engine, crowd, _some(gifts // 10), 1)[0])
        found = [_round(engine, crowd, _some(gifts), threads) for _ in range(rounds)]
        _check(owner, gifts // 10 + rounds * gifts)
    finally:
        engine.dispose()
        owner.dispose()
    found.sort(key=lambda one: one[1])
    taken, whole = found[len(found) // 2]
    taken.sort()
    slowest = taken[int(len(taken) * SLOWEST_SHARE)]
    return Outcome(alone, statistics.median(taken), slowest, whole)


def _crowd(owner: sa.Engine) -> list[tuple[Membership, int]]:
    """Eight neighbours of one community, each with their account."""
    with Session(owner, expire_on_commit=False) as session:
        community = communities.create_community(
            session,
            name="Gifts",
            slug="gifts",
            host=None,
            place="Bexley",
            phone="020 8000 0000",
            timezone="Europe/London",
        )
        crowd = []
        for number in range(ACCOUNTS):
            person = identity.find_or_create_person(
                session, full_name=f"N{number} Giver", email=f"n{number}@example.com"
            )
            member = communities.join(session, community_id=community.id, person_id=person.id)
            account = ledger.account_of(session, membership_id=member.id)
            crowd.append((member, account.id))
        session.commit()
    return crowd


def _some(gifts: int) -> list[Gift]:
    """Pairs drawn by chance, each given back by the next, so that no floor is met."""
    chance = random.Random(SEED)  # noqa: S311 - the same gifts each time
    made = []
    for _ in range(gifts // 2):
        giver, to = chance.sample(range(ACCOUNTS), 2)
        made += [Gift(giver, to, 1), Gift(to, giver, 1)]
    return made


def _round(
    engine: sa.Engine, crowd: list[tuple[Membership, int]], gifts: list[Gift], threads: int
) -> tuple[list[float], float]:
    """Let every thread give its share, all let go together -> seconds of each gift, and of all."""
    gate = threading.Barrier(threads)
    today = clock.now().date()

    def give(mine: list[Gift]) -> list[float]:
        taken = []
        with Session(engine) as session:
            session.connection()
            gate.wait()
            for gift in mine:
                start = time.perf_counter()
                _give(session, crowd, gift, today)
                taken.append(time.perf_counter() - start)
        return taken

    start = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        shares = [gifts[number::threads] for number in range(threads)]
        taken = [seconds for share in pool.map(give, shares) for seconds in share]
    return taken, time.perf_counter() - start


def _give(
    session: Session, crowd: list[tuple[Membership, int]], gift: Gift, today: dt.date
) -> None:
    ledger.give(
        session,
        giver=crowd[gift.giver][0],
        to_account_id=crowd[gift.to][1],
        minutes=gift.minutes,
        key=uuid.uuid4(),
        memo=None,
        today=today,
        now=clock.now(),
    )
    session.commit()


def _check(owner: sa.Engine, gifts: int) -> None:
    """Stop unless every gift is in the books, and the books are right."""
    with Session(owner) as session:
        written = session.scalar(sa.select(sa.func.count()).select_from(Transfer))
        [proof] = ledger.reconcile(session, now=clock.now())
        if written != gifts or not proof.proved:
            raise SystemExit(f"{written} of {gifts} gifts are in the books; right: {proof.proved}")


if __name__ == "__main__":
    main()
