"""The feed of everything that's on, 212 dates: not changed, and in full (goals 5 and 6)."""

from __future__ import annotations

import urllib.request

from bench import common
from bench.common import Figure
from bench.common import Stage
from bench.common import Target
from bench.town import VEVENTS

FEED = "/calendar/all.ics"
MOST_CPU_UNCHANGED = 1.4
LEAST_RATE_WHOLE = 0.5


def measure(stage: Stage) -> list[Figure]:
    """Ask with the feed's own ETag, and without."""
    etag, kilobytes = _feed(stage)
    unchanged = common.request(FEED, If_None_Match=etag)
    rounds = common.interleave(
        stage,
        {
            "hello": common.hello(stage),
            "304": Target(server=stage.goodturn, requests=lambda: [unchanged], expect=304),
            "whole": Target(server=stage.goodturn, requests=lambda: [common.request(FEED)]),
        },
    )
    return [
        Figure(
            goal=5,
            what="feed, not changed (304): CPU",
            measured=common.cpu_ratio(rounds, "304"),
            unit="times hello",
            most=MOST_CPU_UNCHANGED,
            detail=f"{common.costs(rounds, '304')}; {common.rates(rounds, '304')}",
        ),
        Figure(
            goal=6,
            what=f"feed of {VEVENTS} dates, {kilobytes} KB: rate",
            measured=common.rate_ratio(rounds, "whole"),
            unit="times hello",
            least=LEAST_RATE_WHOLE,
            detail=f"{common.rates(rounds, 'whole')}; {common.costs(rounds, 'whole')}",
        ),
    ]


def _feed(stage: Stage) -> tuple[str, int]:
    address = f"http://127.0.0.1:{stage.goodturn.port}{FEED}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        body: bytes = answer.read()
        if body.count(b"BEGIN:VEVENT") != VEVENTS:
            raise RuntimeError(f"the feed does not show {VEVENTS} dates")
        return answer.headers["ETag"], len(body) // 1000
