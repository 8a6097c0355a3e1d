"""Taking a place with every rule: a real form token, a real commit, fsync on (goal 4)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from itertools import product
from urllib.parse import urlencode

from bench import common
from bench.common import Figure
from bench.common import Stage
from bench.common import Target
from bench.town import JOBS
from bench.visitors import Visitors

LEAST_RATE = 0.25
MOST_CPU = 2.5
CLAIMANTS = 140  # as many as find every job free
MOST_A_ROUND = 3000


def measure(stage: Stage) -> list[Figure]:
    """Let each member take one job of each date, dates in turn; no two are in each other's way."""
    claims = _claims(stage)
    share = min(MOST_A_ROUND, CLAIMANTS * len(stage.town.spots) // (stage.rounds + 1))
    rounds = common.interleave(
        stage,
        {
            "hello": common.hello(stage),
            "claim": Target(
                server=stage.goodturn,
                requests=lambda: list(islice(claims, share)),
                expect=303,
                repeat=False,
            ),
        },
    )
    return [
        Figure(
            goal=4,
            what="taking a place: rate",
            measured=common.rate_ratio(rounds, "claim"),
            unit="times hello",
            least=LEAST_RATE,
            detail=common.rates(rounds, "claim"),
        ),
        Figure(
            goal=4,
            what="taking a place: CPU",
            measured=common.cpu_ratio(rounds, "claim"),
            unit="times hello",
            most=MOST_CPU,
            detail=common.costs(rounds, "claim"),
        ),
    ]


def _claims(stage: Stage) -> Iterator[bytes]:
    """Write the requests: each member takes the same job of every date.

    Neighbouring requests have another member and another date: nobody waits for anybody's row.
    """
    visitors = list(Visitors(stage.environ, stage.town.tokens[:CLAIMANTS]))
    for turn, (date, spots) in product(range(CLAIMANTS), enumerate(stage.town.spots)):
        number = (turn + date) % CLAIMANTS
        spot, visitor = spots[number % JOBS], visitors[number]
        body = urlencode({"csrf_token": visitor.form_token}).encode()
        path = f"{spot.path}/claim/{spot.slot_id}"
        yield common.request(path, method="POST", body=body, Cookie=visitor.cookie)
