"""The memory of a web worker, and how long a web server takes to its first answer (goal 11)."""

from __future__ import annotations

import statistics
import time

from bench import common
from bench.common import Figure
from bench.common import Server
from bench.common import Stage
from bench.common import Target

MOST_MEGABYTES = 90
MOST_COLD_START = 1.5
ENOUGH_SECONDS = 0.5  # for both workers to have served the page
MEGA = 1_000_000
OURS = "wsgi:app"
BARE = "bench.bare:select()"


def measure(stage: Stage) -> list[Figure]:
    """Weigh workers that have just started, those that have served all other figures, and time."""
    page = stage.town.page
    _ask_after_health(stage)
    fresh = common.start_server(OURS, stage.environ)
    try:
        common.wait_for(fresh, page)
        target = Target(server=fresh, requests=lambda: [common.request(page)])
        common.sample(stage, target, ENOUGH_SECONDS)
        megabytes = _heaviest(fresh)
    finally:
        fresh.stop()
    starts = [
        (_start_seconds(stage, OURS, page), _start_seconds(stage, BARE, "/"))
        for _ in range(stage.rounds)
    ]
    ours, bare = (statistics.median(column) for column in zip(*starts, strict=True))
    return [
        _memory("web worker, fresh, one page served", megabytes),
        _memory("web worker after all of the above", _heaviest(stage.goodturn)),
        Figure(
            goal=11,
            what="cold start to the first event page",
            measured=statistics.median(our / its for our, its in starts),
            unit="times bare Flask + SQLAlchemy",
            most=MOST_COLD_START,
            detail=f"{ours:.2f} s beside {bare:.2f} s",
        ),
    ]


def _ask_after_health(stage: Stage) -> None:
    """Ask every worker: the answer needs the queue's client, and monitors ask all day."""
    health = Target(
        server=stage.goodturn, requests=lambda: [common.request("/health")], expect=503
    )
    common.sample(stage, health, ENOUGH_SECONDS)


def _memory(what: str, megabytes: float) -> Figure:
    return Figure(goal=11, what=f"{what}: RSS", measured=megabytes, unit="MB", most=MOST_MEGABYTES)


def _heaviest(server: Server) -> float:
    return max(worker.memory_info().rss for worker in server.workers()) / MEGA


def _start_seconds(stage: Stage, application: str, path: str) -> float:
    begin = time.perf_counter()
    server = common.start_server(application, stage.environ, workers=1)
    try:
        common.wait_for(server, path)
        return time.perf_counter() - begin
    finally:
        server.stop()
