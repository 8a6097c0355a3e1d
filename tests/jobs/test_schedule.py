"""The clock that rings: once a moment, whoever else rings, and after whatever was away."""

from __future__ import annotations

import datetime as dt
import re
import signal
import time
from dataclasses import replace
from importlib import import_module

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
from timebank.adapters import works
from timebank.core.settings import Settings
from timebank.core.works import QueueName
from timebank.jobs import schedule
from timebank.jobs import tools
from timebank.jobs.schedule import SCHEDULES
from timebank.jobs.schedule import Scheduler
from timebank.jobs.tools import Tools
from timebank.models import Notice

LONDON = builders.LONDON
NOON = dt.datetime(2027, 5, 1, 12, 0, 1, tzinfo=dt.UTC)
MAIL = SCHEDULES[:1]
NIGHTLY = tuple(one for one in SCHEDULES if one.at in {dt.time(2, 30), dt.time(3)})


def waiting(client: redis.Redis, *queues: QueueName) -> list[str]:
    """The ids of the jobs that wait for a worker, of all queues unless some are named."""
    return [job_id for name in queues or QueueName for job_id in _kept(client, name).job_ids]


def _kept(client: redis.Redis, name: QueueName) -> Queue:
    key = works.queue_key(name)
    return Queue(key, connection=client, serializer="json", job_class=doorbell.OwnJob)


def make(mine: Tools, client: redis.Redis, which: tuple[schedule.Schedule, ...]) -> Scheduler:
    return Scheduler(mine, client, schedules=which)


def test_every_schedule_names_a_job_of_ours() -> None:
    assert {one.function for one in SCHEDULES} == doorbell.ALLOWED
    for one in SCHEDULES:
        module, _, name = one.function.rpartition(".")
        assert callable(getattr(import_module(module), name)), one


def test_what_somebody_waits_for_is_never_behind_anything_slow() -> None:
    """A worker does one job after another: only short ones are urgent, and mail is alone."""
    assert [one.function for one in SCHEDULES if one.queue is QueueName.MAIL] == [
        "timebank.jobs.notices.drain"
    ]
    urgent = [one for one in SCHEDULES if one.queue is QueueName.URGENT]
    assert {one.lasts_seconds for one in urgent} == {90}
    assert {one.queue for one in SCHEDULES if one.lasts_seconds > 90} == {QueueName.BOOKS}
    assert {one.queue for one in SCHEDULES} == set(QueueName)


@pytest.mark.parametrize(
    ("function", "zones", "comes"),
    [
        ("notices.drain", [LONDON], "2027-05-01T12:00:05+00:00"),
        ("claims.lapse_holds", [], "2027-05-01T12:01:00+00:00"),
        ("balances.prove_books", [LONDON], "2027-05-02T01:30:00+00:00"),
        ("balances.prove_books", [LONDON, "Asia/Kolkata"], "2027-05-01T21:00:00+00:00"),
        ("exchange_thanks.ask_whether_it_happened", [LONDON], "2027-05-02T08:00:00+00:00"),
    ],
)
def test_plan_says_when_each_job_comes_next(function: str, zones: list[str], comes: str) -> None:
    [found] = [one for one in schedule.planned(zones, NOON) if one.function == function]
    assert found.next_at == dt.datetime.fromisoformat(comes)


def test_plan_is_the_schedule_itself(session: Session, mine: Tools, queue: redis.Redis) -> None:
    """What is said to come next is what is rung for then, and not a second earlier."""
    builders.a_community(session)
    session.commit()
    scheduler = make(mine, queue, SCHEDULES)
    scheduler.look(NOON)
    soon = [
        one for one in schedule.planned([LONDON], NOON) if one.at is None and one.every_seconds > 5
    ]
    at = min(one.next_at for one in soon)
    assert scheduler.look(at - dt.timedelta(seconds=1)) == 0
    assert scheduler.look(at) == sum(one.next_at == at for one in soon)


def test_nightly_job_that_failed_is_rung_for_again_after_a_while(
    session: Session, mine: Tools, queue: redis.Redis
) -> None:
    builders.a_community(session)
    session.commit()
    make(mine, queue, NIGHTLY).look(NOON)
    [first, _] = waiting(queue)
    job = doorbell.OwnJob.fetch(first, connection=queue, serializer="json")
    assert (job.timeout, job.failure_ttl, job.origin) == (900, 300, "good-turn-books")


def test_scheduler_says_that_it_lives(mine: Tools, queue: redis.Redis) -> None:
    one, other = make(mine, queue, MAIL), make(mine, queue, MAIL)
    assert works.look(queue).schedulers == ()
    for second in (0, 5):
        one.look(NOON + dt.timedelta(seconds=second))
    other.look(NOON)
    queue.flushall()
    one.look(NOON + dt.timedelta(seconds=10))
    assert works.look(queue).schedulers == (NOON + dt.timedelta(seconds=10),)


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
    for name in QueueName:
        own = {one.name.replace(".", "-") for one in SCHEDULES if one.queue is name}
        assert {"-".join(job_id.split("-")[:2]) for job_id in waiting(queue, name)} == own


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
