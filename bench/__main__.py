"""Measure every figure of docs/measurements.md and print its table.

    python -m bench [--rounds 5] [--seconds 2] [--only pages claims feeds ...]

Everything runs on servers of its own: an embedded PostgreSQL with fsync on, and three gunicorns
with the settings of `timebank up`: bare Flask, Flask with one SELECT, and Good Turn. Rounds are
interleaved, so that the machine's mood strikes all alike, and the middle one counts. Compare
ratios, never rates. The storms, which take up to an hour, are played only when asked for: `--only
storms`. What the guarantees of a claim cost shows `--only claims --without checks triggers`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from bench import books
from bench import claims
from bench import common
from bench import feeds
from bench import gifts
from bench import grids
from bench import guarantees
from bench import large_feeds
from bench import load
from bench import matching
from bench import member_lists
from bench import pages
from bench import statements
from bench import storms
from bench import town
from bench import weight
from bench.common import ROOT
from bench.common import Figure
from bench.common import Stage
from timebank.adapters.embedded import start_postgres
from timebank.adapters.migrations import migrate
from timebank.core import clock

# In this order: memory is weighed after the pages, and the statements change the town.
FAMILIES: dict[str, Callable[[Stage], list[Figure]]] = {
    "pages": pages.measure,
    "grids": grids.measure,
    "claims": claims.measure,
    "feeds": feeds.measure,
    "large_feeds": large_feeds.measure,
    "weight": weight.measure,
    "statements": statements.measure,
    "books": books.measure,
    "gifts": gifts.measure,
    "matching": matching.measure,
    "member_lists": member_lists.measure,
    "storms": storms.measure,
}
ONLY_WHEN_ASKED = {"storms"}  # takes more than a minute
# Compiles all that the servers load, so that none of them has to.
EVERYTHING = "import gunicorn.app.wsgiapp, gunicorn.workers.gthread, bench.bare, wsgi"


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--only", nargs="*", choices=FAMILIES, default=_usual())
    options.add_argument("--without", nargs="*", choices=guarantees.GUARANTEES, default=[])
    chosen = options.parse_args()
    print(f"{clock.now():%-d %B %Y}, {common.machine()}")
    figures: list[Figure] = []
    with _stage(chosen.rounds, chosen.seconds, chosen.without) as stage:
        for name in chosen.only:
            print(f"measuring {name} ...", flush=True)
            figures += FAMILIES[name](stage)
    print(f"\n{common.markdown(sorted(figures, key=lambda figure: figure.goal))}")


def _usual() -> list[str]:
    return [name for name in FAMILIES if name not in ONLY_WHEN_ASKED]


@contextmanager
def _stage(rounds: int, seconds: float, without: Collection[str]) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="goodturn-bench-", dir="/tmp") as folder:
        database = start_postgres(Path(folder) / "postgres")
        environ = common.environ_of(database.url, folder)
        servers = []
        try:
            print("filling a town ...", flush=True)
            built = _fill(database.url, without)
            compile_all = [sys.executable, "-c", EVERYTHING]
            subprocess.run(compile_all, check=True, cwd=ROOT, env=environ)  # noqa: S603 - our own
            applications = ("bench.bare:hello()", weight.BARE, weight.OURS)
            servers.extend(common.start_server(one, environ) for one in applications)
            for server in servers:
                common.wait_for(server, "/")
            with load.in_a_process() as pool:
                yield Stage(environ, built, database.process, pool, *servers, rounds, seconds)
        finally:
            for server in servers:
                server.stop()
            database.stop()


def _fill(database_url: str, without: Collection[str]) -> town.Town:
    engine = sa.create_engine(database_url)
    try:
        with engine.connect() as connection:
            migrate(connection)
        built = town.build(engine)
        guarantees.take_away(engine, without)
        return built
    finally:
        engine.dispose()


if __name__ == "__main__":
    main()
