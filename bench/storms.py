"""Who has the last place when fifty tap at once: the race tests, through HTTP (goal 13).

Four web processes as `timebank up` starts them, on a database with fsync on; real cookies, real
form tokens, kept-alive connections. All taps of a wave are sent before any answer is awaited, each
answer is read, and after each round the database is asked who has what (`bench.races`). That this
can see an oversold place is shown by `bench.naive`, which counts before it inserts.

Nothing is turned off: no brake counts people who are signed in (`timebank.web.limits` counts who
asks for mail). A queue server is not there, and no page asks for one.

It takes an hour on a busy machine, so only `python -m bench --only storms` plays them.
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
from bench.load import LONGEST_WAIT_SECONDS
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
TELL_EVERY = 100  # rounds

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
ALONE = """
SELECT count(*) = 1 FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend'
"""
PAUSE_SECONDS, MOST_TRIES = 0.05, 200
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
    before = deadlocks(engine)
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
    storm = Storm(tallies, deadlocks(engine) - before, connections)
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
    print(f"  {tally.race.name} ...", flush=True)
    while len(tally.rounds) < rounds:
        tally.rounds.append(races.play(tally.race, ground, crowd))
        if len(tally.rounds) in {rounds, *range(0, rounds, TELL_EVERY)}:
            faults = f"{tally.oversold} oversold, {tally.left_free} left free"
            print(f"    {tally}; {faults}, {tally.told_wrong} told wrong", flush=True)


def _connections(server: Server) -> list[int]:
    """Count the open connections of each web process."""
    return [
        sum(
            one.status == psutil.CONN_ESTABLISHED and one.laddr.port == server.port
            for one in worker.net_connections("tcp")
        )
        for worker in server.workers()
    ]


def deadlocks(engine: sa.Engine) -> int:
    """Read how many deadlocks this database has broken up, when nobody else is connected.

    A connection adds what it has seen when it ends.
    """
    with engine.connect() as connection:
        for _ in range(MOST_TRIES):
            if connection.exec_driver_sql(ALONE).scalar_one():
                break
            time.sleep(PAUSE_SECONDS)
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
    tallies = storm.tallies
    answers = sum(tally.count() for tally in tallies)
    shares = "connections of each: " + ", ".join(map(str, storm.connections))
    busy = sum(count > 0 for count in storm.connections)
    return [
        _at_least(LAST_PLACE_ROUNDS, "rounds", tallies[0].race.name, len(tallies[0].rounds)),
        _at_least(PROCESSES, "processes", "web processes that race", busy, detail=shares),
        *(
            _none("places", f"{one.race.name}: oversold", one.oversold, detail=f"{one}")
            for one in tallies
        ),
        _none("places", "left free though wanted", sum(one.left_free for one in tallies)),
        _none(
            "answers",
            "told otherwise than it is",
            sum(one.told_wrong for one in tallies),
            detail=f"of {answers:,}",
        ),
        _none("answers", "something broke (5xx)", sum(one.broken for one in tallies)),
        _none("taps", "no answer within 30 seconds", sum(one.silent for one in tallies)),
        _none("", "deadlocks", storm.deadlocks),
        Figure(
            goal=13,
            what="slowest round",
            measured=max(second for one in tallies for second in one.seconds),
            unit="seconds",
            most=LONGEST_WAIT_SECONDS,
        ),
    ]


def _proof(naive: Storm) -> Figure:
    [tally] = naive.tallies
    what = "counting before inserting: oversold"
    return _at_least(1, "places", what, tally.oversold, detail=f"{tally}")


def _none(unit: str, what: str, measured: int, *, detail: str = "") -> Figure:
    return Figure(goal=13, what=what, measured=measured, unit=unit, most=0, detail=detail)


def _at_least(least: int, unit: str, what: str, measured: int, *, detail: str = "") -> Figure:
    return Figure(goal=13, what=what, measured=measured, unit=unit, least=least, detail=detail)
