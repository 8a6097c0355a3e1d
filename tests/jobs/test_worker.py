"""The worker as a real process: it runs our jobs, in any order of faults, and nobody else's."""

from __future__ import annotations

import datetime as dt
import json
import signal
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
import redis
import sqlalchemy as sa
from rq.exceptions import DeserializationError
from rq.job import Job
from sqlalchemy.orm import Session

from tests import builders
from tests import mail_sink
from tests.jobs import conftest
from tests.jobs.conftest import StartProcess
from tests.mail_sink import Sink
from timebank.adapters import queue as doorbell
from timebank.adapters import works
from timebank.adapters.queue import OwnJob
from timebank.adapters.queue import Ring
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.core.works import QueueName
from timebank.jobs import claims
from timebank.jobs import dates
from timebank.jobs.tools import Tools
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import Reconciliation

BOOKS = works.queue_key(QueueName.BOOKS)
DRAIN = "timebank.jobs.notices.drain"
PROVE = "timebank.jobs.balances.prove_books"


def plant(client: redis.Redis, name: str, call: object, **fields: str) -> None:
    """Write a job straight into Redis, as somebody who got in would."""
    now = "2027-05-01T00:00:00.000000Z"
    values = {
        "data": zlib.compress(json.dumps(call).encode()),
        "created_at": now,
        "enqueued_at": now,
        "status": "queued",
        "origin": BOOKS,
        "timeout": "10",
        **fields,
    }
    client.hset(f"rq:job:{name}", mapping=values)
    client.sadd("rq:queues", f"rq:queue:{BOOKS}")
    client.lpush(f"rq:queue:{BOOKS}", name)


def test_foreign_jobs_are_not_executed_and_ours_goes_on(
    session: Session,
    settings: Settings,
    queue: redis.Redis,
    start_process: StartProcess,
    tmp_path: Path,
) -> None:
    builders.a_community(session)
    session.commit()
    mark = tmp_path / "executed"
    touch = f"touch {mark}"
    doorbell.ring(queue, Ring(function=PROVE, slot="1", queue=QueueName.BOOKS))
    plant(queue, "system", ["os.system", None, [touch], {}])
    plant(queue, "arguments", [PROVE, None, [touch], {}])
    plant(queue, "instance", ["system", "os", [touch], {}])
    for moment in ("success", "failure", "stopped"):
        callback = {f"{moment}_callback_name": "tests.jobs.test_worker.leave_a_mark"}
        plant(
            queue,
            moment,
            [PROVE if moment == "success" else "os.system", None, [], {}],
            **callback,
        )
    start_process(conftest.worker_of(QueueName.BOOKS), settings)
    mail_sink.wait_until(lambda: queue.llen(f"rq:queue:{BOOKS}") == 0 and _proofs(session) == 2)
    time.sleep(0.5)
    assert not mark.exists()
    assert not queue.exists("mark")
    for name in ("system", "arguments", "instance"):
        assert Job(name, connection=queue).get_status() == "failed"


def leave_a_mark(_job: Job, connection: redis.Redis, *_: object) -> None:
    connection.set("mark", 1)


def _proofs(session: Session) -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(Reconciliation)) or 0


def test_callbacks_and_webhooks_of_a_job_are_not_even_read(queue: redis.Redis) -> None:
    plant(
        queue,
        "planted",
        [PROVE, None, [], {}],
        success_callback_name="os.abort",
        failure_callback_name="os.abort",
        stopped_callback_name="os.abort",
        webhooks='[{"url": "http://inside.example", "job_status": "finished"}]',
    )
    job = OwnJob.fetch("planted", connection=queue, serializer="json")
    assert job.success_callback is None
    assert job.failure_callback is None
    assert job.stopped_callback is None
    assert job.webhooks == []


@pytest.mark.parametrize("data", [b"cos\nabort\n(tR.", b"not json", b""])
def test_pickle_is_never_read(queue: redis.Redis, data: bytes) -> None:
    plant(queue, "planted", None, data=data)
    job = OwnJob.fetch("planted", connection=queue, serializer="json")
    with pytest.raises(DeserializationError):
        job.perform()


def test_mail_leaves_within_seconds_of_the_commit(
    session: Session, settings: Settings, queue: redis.Redis, start_process: StartProcess
) -> None:
    """With the schedule as it is in earnest: a look every five seconds."""
    code = conftest.SCHEDULER.replace("every_seconds=1", "every_seconds=one.every_seconds")
    with mail_sink.running(Sink()) as sink:
        settings = replace(settings, smtp_url=sink.url)
        start_process(conftest.WORKER, settings)
        start_process(code, settings)
        mail_sink.wait_until(lambda: bool(queue.keys("rq:worker:*")))
        conftest.owe_reminders(session, 2)
        mail_sink.wait_until(lambda: len(sink.messages) == 2, seconds=30)
    mail_sink.wait_until(lambda: conftest.states(session) == {"sent": 2})


def test_worker_asked_to_stop_finishes_its_message_and_loses_none(
    session: Session, settings: Settings, queue: redis.Redis, start_process: StartProcess
) -> None:
    conftest.owe_reminders(session, 30)
    with mail_sink.running(Sink(slow_seconds=0.4)) as sink:
        worker = start_process(conftest.WORKER, replace(settings, smtp_url=sink.url))
        doorbell.ring(queue, Ring(function=DRAIN, slot="1", waits_seconds=60))
        mail_sink.wait_until(lambda: len(sink.messages) == 3)
        began = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
    assert time.monotonic() - began < 7, "thirty messages take twelve seconds"
    left = conftest.states(session)
    assert set(left) == {"sent", "pending"}
    assert left["sent"] == len(sink.messages)


def test_idle_worker_stops_at_one_term(
    settings: Settings, queue: redis.Redis, start_process: StartProcess
) -> None:
    worker = start_process(conftest.WORKER, settings)
    mail_sink.wait_until(lambda: b"idle" in b"".join(_worker_states(queue)))
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(10) == 0
    assert time.monotonic() - began < 5


def _worker_states(client: redis.Redis) -> list[bytes]:
    keys = client.keys("rq:worker:*")
    return [client.hget(key, "state") or b"" for key in keys if client.type(key) == b"hash"]


def test_worker_without_a_queue_says_so_and_ends(
    settings: Settings, start_process: StartProcess
) -> None:
    nowhere = f"redis://127.0.0.1:{mail_sink.free_port()}"
    worker = start_process(conftest.WORKER, replace(settings, redis_url=nowhere))
    assert worker.wait(60) == 1


def test_hold_that_ran_out_is_freed(session: Session, mine: Tools) -> None:
    walk = builders.a_walk(session)
    now = clock.now()
    hour = dt.timedelta(hours=1)
    gone = builders.a_claim(
        session, walk.marshal, walk.bela, state=ClaimState.HELD, held_until=now - hour
    )
    kept = builders.a_claim(
        session, walk.marshal, walk.sam, place=2, state=ClaimState.HELD, held_until=now + hour
    )
    session.commit()
    claims.lapse_holds()
    claims.lapse_holds()
    session.refresh(gone)
    session.refresh(kept)
    assert (gone.state, kept.state) == (ClaimState.WITHDRAWN, ClaimState.HELD)


def test_dates_are_extended_once(session: Session, mine: Tools) -> None:
    walk = builders.a_walk(session)
    dates.extend_dates()
    count = sa.select(sa.func.count()).where(Event.series_id == walk.series.id)
    session.rollback()
    after_one = session.scalar(count)
    dates.extend_dates()
    session.rollback()
    assert session.scalar(count) == after_one
