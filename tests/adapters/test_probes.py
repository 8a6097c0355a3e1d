from __future__ import annotations

import dataclasses
import datetime as dt
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import rq
import sqlalchemy as sa
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from flask import Flask
from sqlalchemy.orm import Session

from tests import builders
from tests.notices import owe
from timebank.adapters import probes
from timebank.adapters import works
from timebank.core import clock
from timebank.core.health import Part
from timebank.core.settings import Settings
from timebank.core.works import QueueName
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.web import health

EVERYBODY = [*(f"worker-{one.value}" for one in QueueName), "scheduler"]


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def worker(client: redis.Redis) -> Iterator[rq.Worker]:
    """A worker of the mail, as our own are named."""
    queue = rq.Queue("probe", connection=client, serializer="json")
    worker = rq.Worker([queue], name="mail-1", connection=client, serializer="json")
    worker.register_birth()
    yield worker
    worker.teardown()


@pytest.fixture
def everybody(client: redis.Redis) -> None:
    """A worker of each queue and a scheduler, heard just now."""
    for one in QueueName:
        key = f"rq:worker:{works.worker_name(one, '1')}"
        client.hset(key, "last_heartbeat", clock.now().isoformat())
    works.note_scheduler(client, unique="1", now=clock.now())


def ill(client: redis.Redis) -> list[str]:
    """Which workers, or the scheduler, are not well."""
    return [part.name for part in probes.check_works(client) if not part.ok]


@pytest.fixture
def nobody_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _away(settings: Settings, port: int) -> Settings:
    return dataclasses.replace(
        settings,
        database_url=f"postgresql+psycopg://ama:tea@127.0.0.1:{port}/bank",
        redis_url=f"redis://127.0.0.1:{port}",
        smtp_url=f"smtp://127.0.0.1:{port}",
    )


def test_database_that_answers_is_well(engine: sa.Engine):
    assert probes.check_database(engine) == Part("database", ok=True)


def test_migrations_that_are_missing_are_told_with_what_to_do(engine: sa.Engine, owner: sa.Engine):
    assert probes.check_migrations(engine) == Part("migrations", ok=True)
    with owner.begin() as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))

    part = probes.check_migrations(engine)
    assert part == Part("migrations", ok=False, problem="Not up to date: run `timebank migrate`.")


def test_every_queue_has_its_own_worker_and_says_so_when_it_has_none(
    client: redis.Redis, everybody: None
):
    assert ill(client) == []
    client.delete("rq:worker:books-1")
    client.lpush("rq:queue:good-turn-books", "one", "another")
    [part] = [part for part in probes.check_works(client) if not part.ok]
    assert part == Part(
        "worker-books",
        ok=False,
        problem="None was heard within two minutes: start one with `timebank worker books`."
        " 2 rings wait.",
    )


def test_worker_and_scheduler_are_well_while_they_are_heard(client: redis.Redis, everybody: None):
    with time_machine.travel(clock.now() + dt.timedelta(seconds=119)):
        assert ill(client) == []
    with time_machine.travel(clock.now() + dt.timedelta(seconds=121)):
        assert ill(client) == EVERYBODY


def test_worker_that_said_good_bye_is_not_counted(client: redis.Redis, worker: rq.Worker):
    assert "worker-mail" not in ill(client)
    worker.register_death()

    assert ill(client) == EVERYBODY


def test_worker_is_heard_again_after_the_queue_was_emptied(client: redis.Redis, worker: rq.Worker):
    client.flushall()
    assert ill(client) == EVERYBODY
    worker.heartbeat()

    assert "worker-mail" not in ill(client)


def test_foreign_keys_and_nonsense_do_no_harm(client: redis.Redis, worker: rq.Worker):
    client.sadd("rq:worker:mail-1:executions", "1")
    client.hset("rq:worker:urgent-2", "last_heartbeat", "yesterday")
    client.set("good-turn:scheduler:x", b"\xff\x00")
    client.hset("rq:worker:books-2", "last_heartbeat", "2090-01-01T00:00:00")

    assert ill(client) == ["worker-urgent", "worker-calendars", "scheduler"]


def test_mail_folder_is_well_before_it_exists(tmp_path: Path):
    assert probes.check_mail(f"maildir://{tmp_path}/mail/new") == Part("mail", ok=True)
    assert list(tmp_path.iterdir()) == []


def test_mail_server_that_greets_is_well(nobody_port: int):
    server = Controller(Sink(), hostname="127.0.0.1", port=nobody_port)
    server.start()
    try:
        assert probes.check_mail(f"smtp://127.0.0.1:{nobody_port}") == Part("mail", ok=True)
    finally:
        server.stop()


def test_messages_that_nobody_may_have_read_are_counted_by_kind(
    engine: sa.Engine, session: Session
):
    assert probes.check_messages(engine) == Part("messages", ok=True)
    walk = builders.a_walk(session)
    for state in ("uncertain", "uncertain", "failed", "sent", "pending"):
        owe(session, walk.bela, NoticeKind.BOOKS_WRONG).state = NoticeState(state)
    owe(session, walk.bela, due_in=-dt.timedelta(days=8)).state = NoticeState.FAILED
    session.commit()

    assert probes.check_messages(engine) == Part(
        "messages",
        ok=False,
        problem="In seven days 2 uncertain (books_wrong), 1 failed (books_wrong): "
        "see “Uncertain and failed messages” in docs/operations.md.",
    )


def test_every_part_that_is_away_says_what_to_check(settings: Settings, nobody_port: int):
    parts = probes.all_parts(_away(settings, nobody_port))

    assert [part.ok for part in parts] == [False] * 13
    assert all("\n" not in part.problem and part.problem.endswith(".") for part in parts)
    assert "tea" not in " ".join(part.problem for part in parts)


def _page(settings: Settings) -> Flask:
    app = Flask(__name__)
    app.register_blueprint(health.bp)
    app.extensions[health.PROBES] = probes.health_look(settings)
    return app


def test_health_is_200_when_every_part_does_its_work(settings: Settings, everybody: None):
    answer = _page(settings).test_client().get("/health")

    assert answer.status_code == 200
    assert answer.json == {
        "ok": True,
        "faults": [],
        "parts": dict.fromkeys(["database", "migrations", "queue", *EVERYBODY], "ok"),
    }


def test_health_is_503_and_names_the_queue_without_a_worker(
    settings: Settings, client: redis.Redis, everybody: None
):
    client.delete("rq:worker:urgent-1")
    answer = _page(settings).test_client().get("/health")

    assert (answer.status_code, answer.json and answer.json["faults"]) == (503, ["worker-urgent"])


def test_health_names_parts_but_no_hosts(settings: Settings, nobody_port: int):
    answer = _page(_away(settings, nobody_port)).test_client().get("/health")

    assert answer.status_code == 503
    assert "127.0.0.1" not in answer.text
