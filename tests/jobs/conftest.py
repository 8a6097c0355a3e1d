"""Worker and scheduler as real processes, and a queue that begins empty."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

import psutil
import pytest
import redis
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.core.works import QueueName
from timebank.domain import outbox
from timebank.jobs import tools
from timebank.jobs.tools import Pace
from timebank.jobs.tools import Tools
from timebank.models import Claim
from timebank.models import Notice
from timebank.models import NoticeKind

QUICK = Pace(
    lease=dt.timedelta(seconds=4),
    back_off=dt.timedelta(seconds=1),
    rest=dt.timedelta(seconds=0.25),
    drain=dt.timedelta(seconds=5),
    smtp_seconds=2,
)
WORKER = """
import datetime as dt, os
from timebank.core.settings import Settings
from timebank.jobs.runner import run_worker
from timebank.jobs.tools import Pace
seconds = lambda count: dt.timedelta(seconds=count)
run_worker(Settings.from_environment(os.environ), pace=Pace(
    lease=seconds(4), back_off=seconds(1), rest=seconds(0.25), drain=seconds(5), smtp_seconds=2))
"""
WORKERS = WORKER.replace("run_worker", "run_workers")  # of all queues, a process each
SCHEDULER = """
import os
from dataclasses import replace
from timebank.core.settings import Settings
from timebank.jobs.schedule import SCHEDULES, run_scheduler
run_scheduler(Settings.from_environment(os.environ),
              schedules=tuple(replace(one, every_seconds=1) for one in SCHEDULES[:2]))
"""


def worker_of(queue: QueueName) -> str:
    """The code of a worker of this queue; `WORKER` is one of the mail."""
    settings = "Settings.from_environment(os.environ)"
    return WORKER.replace(
        f"run_worker({settings}", f"run_worker({settings}, QueueName('{queue.value}')"
    ).replace("import datetime", "from timebank.core.works import QueueName\nimport datetime")


class StartProcess(Protocol):
    def __call__(self, code: str, settings: Settings) -> subprocess.Popen[bytes]: ...


@pytest.fixture
def queue(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def mine(settings: Settings) -> Iterator[Tools]:
    """The tools of this process, with quick leases."""
    opened = tools.open_tools(settings, pace=QUICK)
    tools.bind(opened)
    yield opened
    opened.engine.dispose()
    tools._bound.clear()


@pytest.fixture
def with_smtp(mine: Tools) -> Callable[[str], Tools]:
    """Point the tools of this process to a mail server."""

    def point(url: str) -> Tools:
        mine.settings = replace(mine.settings, smtp_url=url)
        return mine

    return point


@pytest.fixture
def start_process() -> Iterator[StartProcess]:
    """Start Python code as a process of its own; what still runs at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(code: str, settings: Settings) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code],
            env={**os.environ, **environment(settings)},
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        kill(process)


def kill(process: subprocess.Popen[bytes], *, with_children: bool = True) -> None:
    """Kill -9 a process and, when asked to, the job it runs."""
    family = [process.pid]
    if with_children:
        with suppress(psutil.NoSuchProcess):
            family += [child.pid for child in psutil.Process(process.pid).children()]
    for number in family:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.wait()


def environment(settings: Settings) -> dict[str, str]:
    return {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SMTP_URL": settings.smtp_url,
        "PUBLIC_URL": settings.public_url,
        "SECRET_KEY": settings.secret_key,
        "INSTANCE": str(settings.instance),
    }


def owe_reminders(session: Session, count: int) -> list[Claim]:
    """Owe so many people a reminder that is due, each for a turn of their own."""
    walk = builders.a_walk(session)
    role = builders.a_role(session, walk.series, name="Litter picker", places=count, position=9)
    slot = builders.a_slot(session, walk.event, role)
    claims = [
        builders.a_claim(
            session,
            slot,
            builders.a_member(session, walk.community, f"Person{number} X"),
            place=number,
        )
        for number in range(1, count + 1)
    ]
    now = clock.now()
    outbox.post_notices(
        session,
        [
            outbox.Message(
                community_id=claim.community_id,
                person_id=claim.person_id,
                kind=NoticeKind.REMINDER_EVE,
                dedupe_key=f"claim-{claim.id}.reminder_eve",
                claim_id=claim.id,
                starts_at=claim.starts_at,
                not_before=now - dt.timedelta(minutes=1),
                expires_at=now + dt.timedelta(days=1),
            )
            for claim in claims
        ],
    )
    session.commit()
    return claims


def states(session: Session) -> dict[str, int]:
    """How many notices stand where."""
    session.rollback()
    count = sa.func.count()
    rows = session.execute(sa.select(Notice.state, count).group_by(Notice.state))
    return {state.value: number for state, number in rows}
