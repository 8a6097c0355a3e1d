"""How long the rota's two hard questions take (goal 12): no database, only computing.

Can these people cover this date, and who should do what next month? CPU counts, and of three tries
the quickest: a neighbour on the same core slows even that down.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from collections.abc import Sequence
from functools import partial
from operator import itemgetter
from typing import TypeVar

from bench.common import MILLI
from bench.common import Figure
from bench.common import Stage
from tests.months import a_month
from tests.rotas import large_date
from timebank.domain.rota.matching import match

JOBS = 60
TRIES = 3
MORNINGS = range(12)
MONTHS = range(3)
MOST_MILLISECONDS = 20
MOST_SECONDS = 2
FLEXIBLE = (0.2, 0.5, 0.9)  # the chances that somebody may do a job
CHOOSY = (0.12,)

Answer = TypeVar("Answer")


def measure(_stage: Stage) -> list[Figure]:
    """Ask about twelve made-up mornings of each kind, and three months."""
    return [
        _mornings("covered by 80 people", people=80, roles=60, chances=FLEXIBLE),
        _mornings("tight for 30 people", people=30, roles=25, chances=FLEXIBLE),
        _mornings(
            "for 80 people who may do few each",
            people=80,
            roles=40,
            chances=CHOOSY,
        ),
        _months(),
    ]


def _mornings(
    what: str,
    *,
    people: int,
    roles: int,
    chances: Sequence[float],
) -> Figure:
    taken, proven = [], 0
    for seed in MORNINGS:
        places, helpers, rules = large_date(
            seed, places=JOBS, people=people, roles=roles, chances=chances
        )
        answer, seconds = _quickest(partial(match, places, helpers, rules=rules))
        taken.append(seconds * MILLI)
        proven += answer.is_exact
    return Figure(
        goal=12,
        what=f"{JOBS} jobs {what}: CPU",
        measured=statistics.median(taken),
        unit="ms",
        most=MOST_MILLISECONDS,
        detail=f"slowest {max(taken):.0f} ms; {proven} of {len(taken)} proven to the last person",
    )


def _months() -> Figure:
    _, first = _timed(a_month(0).suggest)
    rotas = [_quickest(a_month(seed).suggest) for seed in MONTHS]
    taken = [seconds for _, seconds in rotas]
    return Figure(
        goal=12,
        what="a month of 4 dates, 12 jobs and 60 people suggested: CPU",
        measured=statistics.median(taken),
        unit="s",
        most=MOST_SECONDS,
        detail=f"slowest {max(taken):.2f} s, a process's first {first:.2f} s;"
        f" {sum(rota.is_exact for rota, _ in rotas)} of {len(rotas)} proven fairest",
    )


def _timed(ask: Callable[[], Answer]) -> tuple[Answer, float]:
    started = time.process_time()
    return ask(), time.process_time() - started


def _quickest(ask: Callable[[], Answer]) -> tuple[Answer, float]:
    return min((_timed(ask) for _ in range(TRIES)), key=itemgetter(1))
