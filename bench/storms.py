"""Who has the last place when fifty tap at once: the race tests, through HTTP (goal 13).

Four web processes as `timebank up` starts them, on a database with fsync on; real cookies, real
form tokens, kept-alive connections. All taps of a wave are sent before any answer is awaited, each
answer is read, and after each round the database is asked who has what (`bench.races`). That this
can see an oversold place is shown by `bench.naive`, which counts before it inserts.

Nothing is turned off: no brake counts people who are signed in (`timebank.web.limits` counts who
asks for mail). A queue server is not there, and no page asks for one.

Not among the figures that are measured when nobody says which: a thousand rounds take a quarter of
an hour. `python -m bench --only storms`
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import closing
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench import common
from bench import races
from bench.common import Figure
from bench.common import Server
from bench.common import Stage
from bench.crowd import Crowd
from bench.ground import CROWD
from bench.ground import Ground
from bench.races import Race
from bench.races import Tally
from timebank.adapters.migrations import migrate

OURS, NAIVE = "wsgi:app", "bench.naive:app()"
PROCESSES = 4
# Left to themselves, one process takes most of the connections that come at once, and races alone.
# One keeps as many open as it may have less those that its four threads are busy with.
FAIR_SHARES = ("--worker-connections", str(-(-CROWD // PROCESSES) + 4))
LAST_PLACE_ROUNDS = 1000
OTHER_ROUNDS = 50
NAIVE_ROUNDS = 10
MOST_SECONDS = 15  # what a statement waits for a lock at most

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
WITHOUT_NUMBERS = "DROP INDEX one_live_claim_per_place"


@dataclass(frozen=True, slots=True)
class Storm:
    """What came of all races.

    Attributes:
        deadlocks: How many PostgreSQL has broken up.
        connections: How many each web process had.
    """

    tallies: Sequence[Tally]
    deadlocks: int
    connections: Sequence[int]


def measure(stage: Stage) -> list[Figure]:
    """Play all races on Good Turn, and one on the naive way."""
    plan = {races.LAST_PLACE: LAST_PLACE_ROUNDS, **dict.fromkeys(races.OTHERS, OTHER_ROUNDS)}
    with _database(stage, "storms") as environ:
        ours = rage(environ, plan)
    with _database(stage, "naive") as environ:
        naive = rage_naively(environ, NAIVE_ROUNDS)
    return [*_figures(ours), _proof(naive)]


def rage(environ: Mapping[str, str], plan: Mapping[Race, int], application: str = OURS) -> Storm:
    """Play so many rounds of each race on a database that has been migrated and is empty."""
    engine = sa.create_engine(environ["DATABASE_URL"])
    before = _deadlocks(engine)
    tallies = [Tally(race) for race in plan]
    with Session(engine, expire_on_commit=False) as session:
        ground = Ground(session, environ)
        server = common.start_server(application, environ, workers=PROCESSES, more=FAIR_SHARES)
        try:
            common.wait_for(server, "/")
            with closing(Crowd(server.port, CROWD, ground.small_page)) as crowd:
                for tally in tallies:
                    _play(tally, plan[tally.race], ground, crowd)
                connections = _connections(server)
        finally:
            server.stop()
    storm = Storm(tallies, _deadlocks(engine) - before, connections)
    engine.dispose()
    return storm


def rage_naively(environ: Mapping[str, str], rounds: int) -> Storm:
    """Let fifty tap for a last place that is given by counting before inserting."""
    engine = sa.create_engine(environ["DATABASE_URL"])
    with engine.begin() as connection:
        connection.exec_driver_sql(WITHOUT_NUMBERS)
    engine.dispose()
    return rage(environ, {races.LAST_PLACE: rounds}, NAIVE)


def _play(tally: Tally, rounds: int, ground: Ground, crowd: Crowd) -> None:
    start = time.perf_counter()
    for _ in range(rounds):
        tally.rounds.append(races.play(tally.race, ground, crowd))
    print(f"  {tally.race.name}: {tally}; {time.perf_counter() - start:.0f} s in all", flush=True)


def _connections(server: Server) -> list[int]:
    """Count the open connections of each web process."""
    return [
        sum(
            one.status == psutil.CONN_ESTABLISHED and one.laddr.port == server.port
            for one in worker.net_connections("tcp")
        )
        for worker in server.workers()
    ]


def _deadlocks(engine: sa.Engine) -> int:
    """Read what the database has counted; a process adds its own when it ends, or sooner."""
    with engine.connect() as connection:
        return int(connection.exec_driver_sql(DEADLOCKS).scalar_one())


@contextmanager
def _database(stage: Stage, name: str) -> Iterator[Mapping[str, str]]:
    """Give the settings of an empty database beside the town's."""
    town = sa.make_url(stage.environ["DATABASE_URL"])
    admin = sa.create_engine(town, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = town.set(database=name).render_as_string(hide_password=False)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        migrate(connection)
    engine.dispose()
    yield {**stage.environ, "DATABASE_URL": url}
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


def _figures(storm: Storm) -> list[Figure]:
    last_place = storm.tallies[0]
    answers = sum(tally.count() for tally in storm.tallies)
    slowest = max(second for tally in storm.tallies for second in tally.seconds)
    shares = "connections of each: " + ", ".join(map(str, storm.connections))
    busy = sum(count > 0 for count in storm.connections)
    return [
        _at_least(LAST_PLACE_ROUNDS, "rounds of 50 for a last place", len(last_place.rounds)),
        _at_least(PROCESSES, "web processes that race", busy, detail=shares),
        *(
            _none(f"{one.race.name}: oversold", one.oversold, detail=f"{one}")
            for one in storm.tallies
        ),
        _none("left free though wanted", sum(one.left_free for one in storm.tallies)),
        _none(
            "told otherwise than it is",
            sum(one.told_wrong for one in storm.tallies),
            detail=f"of {answers:,} answers",
        ),
        _none("answers of 5xx", sum(one.broken for one in storm.tallies)),
        _none("no answer within 30 seconds", sum(one.silent for one in storm.tallies)),
        _none("deadlocks", storm.deadlocks),
        Figure(goal=13, what="slowest round", measured=slowest, unit="seconds", most=MOST_SECONDS),
    ]


def _proof(naive: Storm) -> Figure:
    [tally] = naive.tallies
    return _at_least(1, "counting before inserting: oversold", tally.oversold, detail=f"{tally}")


def _none(what: str, measured: int, *, detail: str = "") -> Figure:
    return Figure(goal=13, what=what, measured=measured, unit="", most=0, detail=detail)


def _at_least(least: int, what: str, measured: int, *, detail: str = "") -> Figure:
    return Figure(goal=13, what=what, measured=measured, unit="", least=least, detail=detail)
