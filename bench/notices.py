"""Reminders: planned by statements, delivered beside the limit of the mail server, and by a queue.

    python -m bench.notices [--people 10000] [--loop 5000] [--jobs 100] [--waiting 1000000]

On an embedded PostgreSQL with fsync on, and an embedded Valkey:

plan      reminders of so many people that are due at once, in set-based statements; and again
deliver   all of them to a mail server in a process of its own, by two workers; the limit is the
          same server taking the same mail over one connection, measured right after it
queue     without a mail server: `loop` reminders by one job of a forking worker, beside one forked
          job a person (of which `jobs` are timed) and beside the same loop without a queue
lease     taking the next notice with one waiting and with `waiting` that are not due yet
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import smtplib
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from email.message import EmailMessage
from multiprocessing.synchronize import Barrier
from pathlib import Path

import sqlalchemy as sa
from redis import Redis
from rq import Queue
from rq import SimpleWorker
from rq import Worker
from rq.serializers import JSONSerializer
from sqlalchemy.orm import Session

from tests import builders
from tests import mail_sink
from tests.mail_sink import Sink
from timebank.adapters.channels import Fate
from timebank.adapters.channels import Outcome
from timebank.adapters.embedded import start_postgres
from timebank.adapters.embedded import start_valkey
from timebank.adapters.migrations import migrate
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.domain.notices import delivery
from timebank.domain.notices import together
from timebank.domain.notices import wording
from timebank.domain.rota import reminders
from timebank.jobs import notices
from timebank.jobs import tools
from timebank.jobs.tools import Pace

PLAN_GOAL_SECONDS = 5
SINK_GOAL, LOOP_GOAL, FORK_GOAL, LEASE_GOAL = 0.5, 0.6, 25, 1.5
WORKERS, PLACES, LIMIT_MAILS, LEASES = 2, 20, 2_000, 200
LONG = dt.timedelta(hours=1)
SPAWN = multiprocessing.get_context("spawn")

# Everybody has a turn that the eve's reminder is due for, and a year-old place in the community.
FILL = """
SET session_replication_role = replica;
INSERT INTO person (created_at) SELECT now() FROM generate_series(1, {people});
INSERT INTO profile (person_id, full_name, email)
  SELECT id, 'Neighbour ' || chr(65 + mod(id, 26)::int), 'n' || id || '@example.com' FROM person
   WHERE id NOT IN (SELECT person_id FROM profile);
INSERT INTO membership (community_id, person_id, created_at, approved_at)
  SELECT 1, p.id, now() - interval '1 year', now() - interval '1 year' FROM person p
   WHERE p.id NOT IN (SELECT person_id FROM membership);
INSERT INTO role (community_id, series_id, position, name, needed, places, starts_after_minutes,
                  duration_minutes)
  SELECT 1, 1, 100 + n, 'Marshal ' || n, 0, {places}, 0, 90
    FROM generate_series(1, {people} / {places}) n;
INSERT INTO slot (community_id, series_id, event_id, role_id, starts_at, ends_at, needed, places)
  SELECT 1, 1, 1, r.id, e.starts_at, e.ends_at, 0, r.places
    FROM role r, event e WHERE r.position > 100 AND e.id = 1;
INSERT INTO claim (community_id, event_id, slot_id, membership_id, person_id, place, starts_at,
                   ends_at, places, state, created_at)
  SELECT 1, 1, s.id, m.id, m.person_id, 1 + mod(m.nth, {places}), s.starts_at, s.ends_at, s.places,
         'confirmed', now() - interval '30 days'
    FROM (SELECT m.*, row_number() OVER (ORDER BY id) - 1 AS nth FROM membership m
           WHERE created_at < now() - interval '300 days') m
    JOIN (SELECT s.*, row_number() OVER (ORDER BY s.id) - 1 AS nth FROM slot s
            JOIN role r ON r.id = s.role_id WHERE r.position > 100) s
      ON s.nth = m.nth / {places};
SET session_replication_role = origin;
ANALYZE;
"""
WAITING = """
SET session_replication_role = replica;
INSERT INTO notice (community_id, person_id, kind, dedupe_key, not_before, expires_at)
  SELECT 1, 1, 'books_wrong', 'waiting-' || n, now() + interval '9 days',
         now() + interval '10 days'
    FROM generate_series(1, {waiting}) n;
SET session_replication_role = origin;
ANALYZE notice;
"""


class Nowhere:
    """A postbox that takes everything at once: what is left is our own work."""

    def deliver(
        self, message: EmailMessage, *, hand_over: Callable[[], bool], **_more: object
    ) -> Outcome:
        """Take it, whatever else is said about it."""
        message.as_bytes()
        return Outcome(Fate.SENT if hand_over() else Fate.STOPPED)

    def close(self) -> None:
        """Nothing to let go of."""


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, usual in (
        ("people", 10_000),
        ("loop", 5_000),
        ("jobs", 100),
        ("waiting", 1_000_000),
    ):
        options.add_argument(f"--{name}", type=int, default=usual)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-notices-") as folder:
        postgres = start_postgres(Path(folder) / "postgres")
        valkey = start_valkey(Path(folder) / "valkey")
        try:
            settings = _settings(postgres.url, valkey.url, Path(folder))
            _measure(settings, chosen)
        finally:
            valkey.stop()
            postgres.stop()


def _settings(database_url: str, redis_url: str, folder: Path) -> Settings:
    return Settings.from_environment(
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SMTP_URL": f"maildir://{folder}/mail",
            "PUBLIC_URL": "http://localhost:8000",
            "SECRET_KEY": "s" * 40,
            "INSTANCE": str(folder),
        }
    )


def _measure(settings: Settings, chosen: argparse.Namespace) -> None:
    engine = sa.create_engine(settings.database_url)
    with engine.begin() as connection:
        migrate(connection)
    _fill(engine, chosen.people)
    _plan(engine, chosen.people)
    _deliver(settings, engine, chosen.people)
    _queue(settings, engine, chosen.loop, chosen.jobs)
    _lease(engine, chosen.waiting)
    engine.dispose()


def _fill(engine: sa.Engine, people: int) -> None:
    """Write a walk whose eve is past and whose start is ahead, and a turn for everybody."""
    with Session(engine) as session:
        walk = builders.a_walk(session, day=clock.now().date())
        soon = clock.now() + dt.timedelta(minutes=45)
        event = walk.event
        event.starts_at, event.ends_at, event.sequence = soon, soon + LONG, event.sequence + 1
        session.commit()
    with engine.connect() as connection:
        connection.exec_driver_sql(FILL.format(people=people, places=PLACES))
        connection.commit()


def _plan(engine: sa.Engine, people: int) -> None:
    def plan() -> int:
        with Session(engine) as session:
            now = clock.now()
            planned = reminders.plan_due(session, now=now)
            together.gather_reminders(session, now=now)
            session.commit()
        return planned

    began = time.perf_counter()
    planned = plan()
    seconds = time.perf_counter() - began
    again = plan()
    if (planned, again) != (people, 0):
        raise SystemExit(f"planned {planned} and then {again} reminders, not {people} and none")
    print(f"plan: {planned} reminders in {seconds:.2f} s (goal: {PLAN_GOAL_SECONDS}); twice: none")


def _deliver(settings: Settings, engine: sa.Engine, people: int) -> None:
    with _sink() as url:
        ready = SPAWN.Barrier(WORKERS + 1)
        workers = [
            SPAWN.Process(target=_work, args=(settings.database_url, url, ready))
            for _ in range(WORKERS)
        ]
        for worker in workers:
            worker.start()
        ready.wait()
        began = time.perf_counter()
        for worker in workers:
            worker.join()
        rate = people / (time.perf_counter() - began)
        limit = _limit(url)
    with engine.connect() as connection:
        sent = connection.scalar(sa.text("SELECT count(*) FROM notice WHERE state = 'sent'"))
    if sent != people:
        raise SystemExit(f"only {sent} of {people} were sent")
    print(f"deliver: {rate:.0f} a second of {limit:.0f}: {rate / limit:.2f} (goal: {SINK_GOAL})")


@contextmanager
def _sink():  # type: ignore[no-untyped-def]  # noqa: ANN202
    """Run a mail server in a process of its own -> its address."""
    ours, theirs = SPAWN.Pipe()
    server = SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    try:
        yield ours.recv()
    finally:
        ours.send("enough")
        server.join()


def _serve(pipe: multiprocessing.connection.Connection) -> None:
    with mail_sink.running(Sink()) as sink:
        pipe.send(sink.url)
        pipe.recv()


def _limit(url: str) -> float:
    """Give the server as many mails as it will take over one connection -> a second."""
    text = "Subject: See you\r\nTo: n@example.com\r\n\r\n" + "Come along. \r\n" * 600
    host, port = url.removeprefix("smtp://").split(":")
    with smtplib.SMTP(host, int(port)) as server:
        began = time.perf_counter()
        for number in range(LIMIT_MAILS):
            server.sendmail("noreply@example.com", f"n{number}@example.com", text)
        return LIMIT_MAILS / (time.perf_counter() - began)


def _work(database_url: str, smtp_url: str, ready: Barrier) -> None:
    """Be a worker until nothing is due."""
    _bind(_settings(database_url, "redis://localhost", Path("/nowhere")), smtp_url)
    ready.wait()
    _drain_all()


def _bind(settings: Settings, smtp_url: str | None) -> None:
    if smtp_url is None:
        notices.open_postbox = lambda *_given, **_named: Nowhere()  # type: ignore[assignment]
        smtp_url = settings.smtp_url
    environ = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SMTP_URL": smtp_url,
        "PUBLIC_URL": settings.public_url,
        "SECRET_KEY": settings.secret_key,
        "INSTANCE": str(settings.instance),
    }
    tools.bind(tools.open_tools(Settings.from_environment(environ), pace=Pace(drain=LONG)))
    wording.preload()


def _drain_all() -> None:
    """Go on until nothing is due."""
    while True:
        notices.drain()
        with tools.current().session() as session:
            if not delivery.count_due(session):
                return


def drain_in_a_job() -> None:
    """One job for everything that is due."""
    tools.current().forget_connections()
    _drain_all()


def one_in_a_job() -> None:
    """One job for one notice."""
    mine = tools.current()
    mine.forget_connections()
    notices.send_some(mine, Nowhere(), most=1)


def _queue(settings: Settings, engine: sa.Engine, loop: int, jobs: int) -> None:
    _bind(settings, None)
    _due_again(engine, loop)
    alone = loop / _seconds(_drain_all)
    _due_again(engine, loop)
    by_job = loop / _work_off(settings, Worker, drain_in_a_job, 1)
    _due_again(engine, jobs)
    forked = jobs / _work_off(settings, Worker, one_in_a_job, jobs)
    _due_again(engine, jobs)
    simple = jobs / _work_off(settings, SimpleWorker, one_in_a_job, jobs)
    print(
        f"queue: {by_job:.0f} a second; {by_job / forked:.0f} times a forked job a person"
        f" (goal: {FORK_GOAL}), {by_job / simple:.1f} times one that isn't forked;"
        f" {by_job / alone:.2f} of the loop alone (goal: {LOOP_GOAL})"
    )


def _work_off(
    settings: Settings, kind: type[Worker], function: Callable[[], None], jobs: int
) -> float:
    """Let a worker do so many jobs -> seconds."""
    connection = Redis.from_url(settings.redis_url)
    connection.flushall()
    queue = Queue("bench", connection=connection, serializer=JSONSerializer)
    for _ in range(jobs):
        queue.enqueue(f"bench.notices.{function.__name__}", job_timeout=3600, result_ttl=0)
    worker = kind([queue], connection=connection, serializer=JSONSerializer)
    return _seconds(lambda: worker.work(burst=True, logging_level="ERROR"))


def _due_again(engine: sa.Engine, count: int) -> None:
    """Let so many sent reminders be due once more."""
    with engine.connect() as connection:
        connection.execute(
            sa.text("""
              UPDATE notice SET state = 'pending', sent_at = NULL, not_before = now(), attempts = 0
               WHERE id IN (SELECT id FROM notice WHERE kind = 'reminder_eve' LIMIT :count)"""),
            {"count": count},
        )
        connection.commit()


def _lease(engine: sa.Engine, waiting: int) -> None:
    few = _lease_seconds(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql(WAITING.format(waiting=waiting))
        connection.commit()
    many = _lease_seconds(engine)
    ratio = many / few
    print(
        f"lease: {few * 1e3:.2f} ms, and {many * 1e3:.2f} with {waiting} waiting: {ratio:.2f}"
        f" (goal: {LEASE_GOAL})"
    )


def _lease_seconds(engine: sa.Engine) -> float:
    """Take one due notice, again and again, as a worker does -> the middle of the seconds."""
    _due_again(engine, LEASES)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE notice")
    taken = []
    with Session(engine) as session:
        for _ in range(LEASES):
            began = time.perf_counter()
            lease = delivery.lease_notice(session, lasts=LONG)
            taken.append(time.perf_counter() - began)
            session.commit()
            if lease is None:
                raise SystemExit("nothing to take")
            delivery.mark_sent(session, lease=lease)
            session.commit()
    return statistics.median(taken)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
