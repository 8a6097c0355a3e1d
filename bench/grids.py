"""The rota of a series, 40 jobs by 12 dates with 400 turns: its statements and rate (goal 12).

Beside it stands a rota of 25 jobs by as many dates, which must cost no fewer statements.
"""

from __future__ import annotations

from bench import common
from bench.common import Figure
from bench.common import Stage
from bench.common import Target
from bench.statements import browser_of
from bench.statements import statements_of
from bench.town import GRID_DATES
from bench.town import GRID_JOBS
from bench.town import JOBS
from bench.visitors import Visitors
from timebank.web.kept import shelf

GOAL = 12
LEAST_RATE = 0.3
MOST_COLD = 3
MOST_WARM = 1


def measure(stage: Stage) -> list[Figure]:
    """Count the statements, then ask as Dov and as members, beside hello."""
    small, large = (f"{rota}?dates={GRID_DATES}" for rota in stage.town.rotas)
    visitors = Visitors(stage.environ, stage.town.tokens[:50])
    signed_in = [common.request(large, Cookie=visitor.cookie) for visitor in visitors]
    rounds = common.interleave(
        stage,
        {
            "hello": common.hello(stage),
            "signed out": Target(server=stage.goodturn, requests=lambda: [common.request(large)]),
            "signed in": Target(server=stage.goodturn, requests=lambda: signed_in),
        },
    )
    return [
        *_statements(visitors, small, large),
        _rate(rounds, "signed out"),
        _rate(rounds, "signed in"),
    ]


def _statements(visitors: Visitors, *rotas: str) -> list[Figure]:
    """Count in a process of ours; what is counted does not depend on the server."""
    *_, member = visitors  # the first runs it, and is told about fair turns by one statement more
    browser = browser_of(visitors.app, member)
    shelf.clear()
    cold = [statements_of(browser, rota, 200) for rota in rotas]
    warm = [statements_of(browser, rota, 200) for rota in rotas]
    return [_count("cold", cold, MOST_COLD), _count("warm", warm, MOST_WARM)]


def _count(state: str, counted: list[int], most: int) -> Figure:
    small, large = counted
    return Figure(
        goal=GOAL,
        what=f"rota of {GRID_JOBS} jobs by {GRID_DATES} dates, {state}: SQL statements",
        measured=max(counted),
        unit="statements",
        most=most,
        detail=f"{small} with {JOBS} jobs, {large} with {GRID_JOBS}",
    )


def _rate(rounds: common.Rounds, who: str) -> Figure:
    return Figure(
        goal=GOAL,
        what=f"rota of {GRID_JOBS} jobs by {GRID_DATES} dates, {who}: rate",
        measured=common.rate_ratio(rounds, who),
        unit="times hello",
        least=LEAST_RATE,
        detail=f"{common.rates(rounds, who)}; {common.costs(rounds, who)}",
    )
