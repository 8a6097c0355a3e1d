"""The clock that rings: once a moment, whoever else rings, and after whatever was away."""

from __future__ import annotations

import datetime as dt
import re
import signal
import time
from dataclasses import replace

import pytest
import redis
import sqlalchemy as sa
from rq import Queue
from sqlalchemy.orm import Session

from tests import builders
from tests import mail_sink
from tests.jobs import conftest
from tests.jobs.conftest import StartProcess
from timebank.adapters import queue as doorbell
from timebank.core.settings import Settings
from timebank.jobs import schedule
from timebank.jobs import tools
from timebank.jobs.schedule import SCHEDULES
from timebank.jobs.schedule import Scheduler
from timebank.jobs.tools import Tools
from timebank.models import Notice

NOON = dt.datetime(2027, 5, 1, 12, 0, 1, tzinfo=dt.UTC)
MAIL = SCHEDULES[:1]
NIGHTLY = tuple(one for one in SCHEDULES if one.at in {dt.time(2, 30), dt.time(3)})


def waiting(client: redis.Redis) -> list[str]:
    """The ids of the jobs that wait for a worker, as the next one would take them."""
    kept = Queue(doorbell.QUEUE, connection=client, serializer="json", job_class=doorbell.OwnJob)
    return kept.job_ids


def make(mine: Tools, client: redis.Redis, which: tuple[schedule.Schedule, ...]) -> Scheduler:
    return Scheduler(mine, client, schedules=which)


def test_every_schedule_names_a_job_of_ours() -> None:
    assert {one.function for one in SCHEDULES} == doorbell.ALLOWED


def test_rings_of_two_jobs_are_never_taken_for_one() -> None:
    rings = [doorbell.Ring(function=one.function, slot="0").job_id for one in SCHEDULES]
    assert len(set(rings)) == len(SCHEDULES)


def test_nothing_due_rings_nothing(mine: Tools, queue: redis.Redis) -> None:
    assert make(mine, queue, MAIL).look(NOON) == 0
    assert waiting(queue) == []


def test_two_schedulers_side_by_side_ring_once(
    session: Session, mine: Tools, queue: redis.Redis
) -> None:
    conftest.owe_reminders(session, 3)
    one, other = make(mine, queue, SCHEDULES), make(mine, queue, SCHEDULES)
    assert one.look(NOON) == len(SCHEDULES)
    assert other.look(NOON + dt.timedelta(seconds=1)) == 0
    assert one.look(NOON + dt.timedelta(seconds=2)) == 0
    slot = int(NOON.timestamp())
    rung = waiting(queue)
    assert sorted("-".join(name.split("-")[:2]) for name in rung) == sorted(
        "-".join(one.function.split(".")[2:]) for one in SCHEDULES
    )
    assert {
        f"notices-drain-0-{slot // 5}",
        "balances-prove_books-Europe-London-2027-05-01",
    } <= set(rung)
    assert waiting(queue)[-1].startswith("notices-drain"), "mail goes last"


def test_many_due_notices_ring_for_several_workers(
    session: Session, mine: Tools, queue: redis.Redis
) -> None:
    conftest.owe_reminders(session, 51)
    assert make(mine, queue, MAIL).look(NOON) == 2


def test_ring_carries_no_word_and_is_soon_forgotten(
    session: Session, mine: Tools, queue: redis.Redis
) -> None:
    conftest.owe_reminders(session, 1)
    make(mine, queue, MAIL).look(NOON)
    [job_id] = waiting(queue)
    job = doorbell.OwnJob.fetch(job_id, connection=queue, serializer="json")
    assert job.func_name == "timebank.jobs.notices.drain"
    assert (job.ttl, job.timeout, job.result_ttl, job.failure_ttl) == (10, 90, 0, 30)
    assert 0 < queue.ttl(job.key) <= 10
    kept = b" ".join(queue.hgetall(job.key).values())
    assert not re.search(rb"@|Person", kept)


def test_nightly_jobs_ring_once_a_night_and_make_up_for_a_missed_one(
    session: Session, mine: Tools, queue: redis.Redis
) -> None:
    builders.a_community(session)
    session.commit()
    scheduler = make(mine, queue, NIGHTLY)
    at = dt.datetime(2027, 5, 1, 1, 29, tzinfo=dt.UTC)  # 2:29 in London
    assert scheduler.look(at) == 2, "last night's, which nobody rang for"
    assert scheduler.look(at + dt.timedelta(minutes=1)) == 1, "the books at 2:30"
    assert scheduler.look(at + dt.timedelta(minutes=2)) == 0
    assert scheduler.look(at + dt.timedelta(minutes=31)) == 1, "the dates at 3:00"
    queue.flushall()
    assert scheduler.look(at + dt.timedelta(hours=9)) == 2


@pytest.mark.parametrize(
    ("utc", "day"),
    [
        ("2027-03-28T00:59", "2027-03-27"),  # the night when 1:30 does not happen
        ("2027-03-28T01:00", "2027-03-28"),
        ("2027-10-31T00:29", "2027-10-30"),  # the night when 1:30 happens twice
        ("2027-10-31T00:30", "2027-10-31"),
        ("2027-10-31T01:45", "2027-10-31"),
    ],
)
def test_night_with_a_clock_change_has_one_moment(utc: str, day: str) -> None:
    moment = dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)
    found = schedule.latest_day(dt.time(1, 30), builders.LONDON, moment)
    assert found == dt.date.fromisoformat(day)


def test_queue_that_is_away_is_told_once_and_found_again(
    session: Session,
    mine: Tools,
    queue: redis.Redis,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    conftest.owe_reminders(session, 1)
    away = doorbell.connect(f"redis://:geheim@127.0.0.1:{mail_sink.free_port()}")
    scheduler = make(mine, away, MAIL)
    for second in (0, 5, 10):
        assert scheduler.look(NOON + dt.timedelta(seconds=second)) == 0
    scheduler._connection = queue
    assert scheduler.look(NOON + dt.timedelta(seconds=11)) == 1
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "Cannot ring, and keep trying",
        "Ringing again.",
    ]
    assert "geheim" not in caplog.text


def test_database_that_is_away_is_told_once(
    settings: Settings, queue: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = "postgresql+psycopg://ama:geheim@127.0.0.1:1/none"
    scheduler = make(tools.open_tools(replace(settings, database_url=nowhere)), queue, MAIL)
    for second in (0, 5):
        assert scheduler.look(NOON + dt.timedelta(seconds=second)) == 0
    assert len(caplog.records) == 1
    assert "geheim" not in caplog.text


def test_look_ends_what_a_dead_worker_left(
    session: Session, mine: Tools, queue: redis.Redis
) -> None:
    conftest.owe_reminders(session, 1)
    session.execute(
        sa.update(Notice).values(
            state="handover",
            lease_token=sa.func.gen_random_uuid(),
            lease_until=sa.func.now() - dt.timedelta(seconds=1),
        )
    )
    session.commit()
    assert make(mine, queue, MAIL).look(NOON) == 0
    assert conftest.states(session) == {"uncertain": 1}


def test_one_term_stops_the_scheduler_at_once(
    settings: Settings, queue: redis.Redis, session: Session, start_process: StartProcess
) -> None:
    builders.a_community(session)
    session.commit()
    process = start_process(conftest.SCHEDULER, settings)
    mail_sink.wait_until(lambda: bool(waiting(queue)), seconds=60)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - began < 5
