"""The page of one date with its 25 jobs, signed out and signed in (goals 1 and 2)."""

from __future__ import annotations

from bench import common
from bench.common import Figure
from bench.common import Stage
from bench.common import Target
from bench.visitors import Visitors

LEAST_RATE = 0.35
LEAST_RATE_SIGNED_IN = 0.3
MOST_CPU = 2.0
LEAST_OF_ONE_SELECT = 0.8
LEAST_OF_SIGNED_OUT = 0.85


def measure(stage: Stage) -> list[Figure]:
    """Ask for the same page as Dov and as members, beside hello and beside one core SELECT."""
    page = stage.town.page
    visitors = Visitors(stage.environ, stage.town.tokens[:50])
    signed_in = [common.request(page, Cookie=visitor.cookie) for visitor in visitors]
    rounds = common.interleave(
        stage,
        {
            "hello": common.hello(stage),
            "signed out": Target(server=stage.goodturn, requests=lambda: [common.request(page)]),
            "one SELECT": Target(server=stage.select, requests=lambda: [common.request("/")]),
            "signed in": Target(server=stage.goodturn, requests=lambda: signed_in),
        },
    )
    return [
        _rate(rounds, 1, "signed out", "hello", LEAST_RATE),
        Figure(
            goal=1,
            what="event page, signed out: CPU",
            measured=common.cpu_ratio(rounds, "signed out"),
            unit="times hello",
            most=MOST_CPU,
            detail=common.costs(rounds, "signed out"),
        ),
        _rate(rounds, 1, "signed out", "one SELECT", LEAST_OF_ONE_SELECT),
        _rate(rounds, 2, "signed in", "hello", LEAST_RATE_SIGNED_IN),
        _rate(rounds, 2, "signed in", "signed out", LEAST_OF_SIGNED_OUT),
    ]


def _rate(rounds: common.Rounds, goal: int, who: str, limit: str, least: float) -> Figure:
    return Figure(
        goal=goal,
        what=f"event page, {who}: rate",
        measured=common.rate_ratio(rounds, who, limit),
        unit=f"times {limit}",
        least=least,
        detail=f"{common.rates(rounds, who, limit)}; {common.costs(rounds, who, limit)}",
    )
