"""Every run of a job leaves a row, with real workers on a real queue; and so does every death."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from dataclasses import replace

import psutil
import pytest
import redis
import sqlalchemy as sa
from rq.defaults import DEFAULT_JOB_MONITORING_INTERVAL
from sqlalchemy.orm import Session

from tests import builders
from tests import mail_sink
from tests.jobs import conftest
from tests.jobs.conftest import StartProcess
from tests.mail_sink import Sink
from timebank.adapters import queue as doorbell
from timebank.adapters import works
from timebank.adapters.queue import Ring
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.core.works import QueueName
from timebank.domain.operations import runs as written
from timebank.jobs import runs
from timebank.jobs.tools import Pace
from timebank.jobs.tools import Tools
from timebank.models import Event
from timebank.models import JobRun
from timebank.models import RunOutcome

PREFIX = "timebank.jobs."
LAPSE = f"{PREFIX}claims.lapse_holds"


def rows(session: Session) -> list[tuple[str, str | None, int | None]]:
    """Every run there is: function, outcome, how many it handled."""
    session.rollback()
    found = session.scalars(sa.select(JobRun).order_by(JobRun.id))
    return [(run.function, run.outcome and run.outcome.value, run.handled) for run in found]


def run(function: str, work: object) -> object:
    return runs.recorded(function, work, queue_name=QueueName.URGENT, lasts_seconds=90)


def test_run_that_did_something_is_kept_and_of_idle_ones_the_last(
    session: Session, mine: Tools
) -> None:
    for handled in (3, 0, 0, 2, None, 0):
        assert run(LAPSE, lambda handled=handled: handled) == handled
    assert rows(session) == [
        ("claims.lapse_holds", "done", 3),
        ("claims.lapse_holds", "done", 2),
        ("claims.lapse_holds", "done", 0),
    ]


def test_run_that_failed_says_where_and_names_nobody(session: Session, mine: Tools) -> None:
    walk = builders.a_walk(session)
    session.commit()

    def twice() -> None:
        with mine.session() as own:
            own.execute(
                sa.text("INSERT INTO profile (person_id, full_name) VALUES (:n, 'Bela Novak')"),
                {"n": walk.bela.person_id},
            )

    def wrong() -> None:
        raise ValueError("bela@example.com\nis wrong")

    def unheard_of() -> None:
        with mine.session() as own:
            written.begin(own, function="Bela Novak", queue=QueueName.MAIL, lasts=dt.timedelta(1))

    for work in (twice, wrong, unheard_of):
        with pytest.raises(Exception, match=r"profile_pkey|is wrong|job_run_function"):
            run(LAPSE, work)
    session.rollback()
    told = session.scalars(sa.select(JobRun.error).order_by(JobRun.id)).all()
    assert told[:2] == ["UniqueViolation 23505 profile_pkey", "ValueError"]
    where = "CheckViolation 23514 job_run_function in domain/operations/runs.py:"
    assert told[2].startswith(where)
    assert [outcome for _, outcome, _ in rows(session)] == ["failed"] * 3


def test_run_that_was_asked_to_stop_says_so(session: Session, mine: Tools) -> None:
    def stopped() -> int:
        mine.stop()
        return 4

    run(LAPSE, stopped)
    assert rows(session) == [("claims.lapse_holds", "stopped", 4)]


def test_run_is_not_called_dead_nor_its_notice_free_while_its_process_may_live(
    session: Session, mine: Tools
) -> None:
    killed_by_then = dt.timedelta(seconds=90 + 60 + DEFAULT_JOB_MONITORING_INTERVAL)
    run(LAPSE, lambda: 1)
    row = session.scalars(sa.select(JobRun)).one()
    assert row.lasts_until - row.started_at > killed_by_then
    assert Pace().lease > killed_by_then


def test_night_s_job_that_was_asked_to_stop_is_rung_for_again(
    session: Session, settings: Settings, queue: redis.Redis, start_process: StartProcess
) -> None:
    worker = start_process(conftest.worker_of(QueueName.BOOKS), settings)
    session.execute(sa.text("LOCK TABLE claim IN ACCESS EXCLUSIVE MODE"))  # the job waits for it
    one = Ring(
        function=f"{PREFIX}turns.give_standing_turns", slot="1", queue=QueueName.BOOKS,
        waits_seconds=60, remembered_seconds=3600, again_seconds=1,
    )  # fmt: skip
    doorbell.ring(queue, one)
    begun = sa.text("SELECT count(*) FROM job_run")
    mail_sink.wait_until(lambda: session.execute(begun).scalar() == 1)
    worker.send_signal(signal.SIGTERM)
    time.sleep(1)  # until the child has heard of it
    session.rollback()
    assert worker.wait(10) == 0
    assert rows(session) == [("turns.give_standing_turns", "stopped", 0)]
    mail_sink.wait_until(lambda: doorbell.ring(queue, one))


def test_killed_runs_are_ended_once_their_time_is_over(session: Session, mine: Tools) -> None:
    now = clock.now()
    for minutes in (-1, 1):
        session.add(
            JobRun(
                function="claims.lapse_holds",
                queue=QueueName.URGENT,
                started_at=now - dt.timedelta(hours=1),
                lasts_until=now + dt.timedelta(minutes=minutes),
            )
        )
    session.commit()
    assert [runs.tidy(), runs.tidy()] == [1, 0]
    assert [outcome for _, outcome, _ in rows(session)] == ["died", None]


def test_week_old_runs_are_forgotten_but_for_the_last_of_each_job(
    session: Session, mine: Tools
) -> None:
    now = clock.now()
    for name, days in (("a.b", 30), ("a.b", 9), ("a.b", 6), ("a.b", 1), ("c.d", 40), ("c.d", 30)):
        at = now - dt.timedelta(days=days)
        session.add(
            JobRun(
                function=name,
                queue=QueueName.BOOKS,
                started_at=at,
                lasts_until=at + dt.timedelta(minutes=1),
                ended_at=at,
                outcome=RunOutcome.DONE,
                handled=days,
            )
        )
        session.flush()
    session.commit()
    runs.tidy()
    assert [(name, days) for name, _, days in rows(session)] == [
        ("a.b", 6),
        ("a.b", 1),
        ("c.d", 30),
    ]


def test_run_goes_on_when_its_end_cannot_be_written_down(session: Session, mine: Tools) -> None:
    """It is done; the row stays open, and is ended as dead."""

    def loses_its_row() -> int:
        session.execute(sa.text("LOCK TABLE job_run IN ACCESS EXCLUSIVE MODE"))
        with mine.engine.begin() as connection:
            connection.execute(sa.text("SET lock_timeout = '100ms'"))
        return 1

    assert run(LAPSE, loses_its_row) == 1
    assert rows(session) == [("claims.lapse_holds", None, None)]


def test_four_queues_have_a_process_each_and_every_run_a_row(
    session: Session, settings: Settings, queue: redis.Redis, start_process: StartProcess
) -> None:
    builders.a_walk(session)
    session.commit()
    parent = start_process(conftest.WORKERS, settings)
    mail_sink.wait_until(lambda: served(queue) == set(QueueName), seconds=60)
    children = psutil.Process(parent.pid).children()
    assert len(children) == len(QueueName)
    wanted = {
        f"{PREFIX}claims.lapse_holds": QueueName.URGENT,
        f"{PREFIX}notices.drain": QueueName.MAIL,
        f"{PREFIX}dates.extend_dates": QueueName.BOOKS,
        f"{PREFIX}incoming.forget_leftovers": QueueName.CALENDARS,
    }
    for function, name in wanted.items():
        doorbell.ring(queue, Ring(function=function, slot="1", queue=name))
    mail_sink.wait_until(lambda: len([one for one in rows(session) if one[1]]) == 4, seconds=60)
    session.rollback()
    found = session.scalars(sa.select(JobRun)).all()
    assert {f"{PREFIX}{one.function}": one.queue for one in found} == wanted
    assert {one.outcome for one in found} == {RunOutcome.DONE}
    made = session.scalar(sa.select(sa.func.count()).select_from(Event)) - 1
    assert {one.function: one.handled for one in found}["dates.extend_dates"] == made > 0

    children[0].kill()
    mail_sink.wait_until(
        lambda: (
            len(psutil.Process(parent.pid).children()) == 4
            and children[0].pid not in {one.pid for one in psutil.Process(parent.pid).children()}
        ),
        seconds=30,
    )
    everybody = psutil.Process(parent.pid).children(recursive=True)
    began = time.monotonic()
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(20) == 0
    assert time.monotonic() - began < 10
    assert [one for one in everybody if one.is_running()] == []


def served(client: redis.Redis) -> set[QueueName]:
    now = clock.now()
    return {one.name for one in works.look(client).queues if one.is_served(now)}


def test_killed_work_horse_leaves_a_run_that_dies(
    session: Session,
    settings: Settings,
    mine: Tools,
    queue: redis.Redis,
    start_process: StartProcess,
) -> None:
    conftest.owe_reminders(session, 5)
    with mail_sink.running(Sink(slow_seconds=1)) as sink:
        worker = start_process(conftest.WORKER, replace(settings, smtp_url=sink.url))
        doorbell.ring(queue, Ring(function=f"{PREFIX}notices.drain", slot="1", waits_seconds=60))
        mail_sink.wait_until(lambda: len(sink.messages) == 1, seconds=60)
        [horse] = psutil.Process(worker.pid).children()
        os.kill(horse.pid, signal.SIGKILL)
    assert rows(session) == [("notices.drain", None, None)]
    assert runs.tidy() == 0, "nobody can tell yet that it isn't at work any more"
    session.execute(sa.update(JobRun).values(started_at=clock.now() - dt.timedelta(hours=1)))
    session.execute(sa.update(JobRun).values(lasts_until=clock.now() - dt.timedelta(seconds=1)))
    session.commit()
    assert runs.tidy() == 1
    assert rows(session) == [("notices.drain", "died", None)]


def test_job_over_its_time_is_a_run_that_failed(
    session: Session, settings: Settings, queue: redis.Redis, start_process: StartProcess
) -> None:
    conftest.owe_reminders(session, 9)
    with mail_sink.running(Sink(slow_seconds=1)) as sink:
        start_process(conftest.WORKER, replace(settings, smtp_url=sink.url))
        one = Ring(function=f"{PREFIX}notices.drain", slot="1", waits_seconds=60, lasts_seconds=2)
        doorbell.ring(queue, one)
        mail_sink.wait_until(lambda: any(outcome for _, outcome, _ in rows(session)), seconds=60)
    [(_, outcome, _)] = rows(session)
    assert outcome == "failed"
    told = session.scalar(sa.select(JobRun.error))
    assert told.startswith("took longer than it may in "), told


def test_foreign_function_leaves_no_row(mine: Tools, session: Session, queue: redis.Redis) -> None:
    job = doorbell.OwnJob.create("os.getcwd", description="x", connection=queue, serializer="json")
    job.around = run
    with pytest.raises(PermissionError):
        job.perform()
    assert rows(session) == []
