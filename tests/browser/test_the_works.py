"""The operator's page: an installation that is well, then one where everything wants a look."""

from __future__ import annotations

import datetime as dt

import pytest
import redis
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.seeing import Look
from tests.notices import owe
from tests.operators import name_operator
from timebank.adapters import works
from timebank.core import clock
from timebank.core.works import QueueName
from timebank.domain import ledger
from timebank.domain.operations import runs
from timebank.jobs.schedule import SCHEDULES
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import RunOutcome

pytestmark = pytest.mark.browser
STORY = "works"


@pytest.fixture
def queue(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        for name in QueueName:
            key = f"rq:worker:{works.worker_name(name, '1')}"
            client.hset(key, "last_heartbeat", clock.now().isoformat())
        works.note_scheduler(client, unique="1", now=clock.now())
        yield client


def ran(session: Session, function: str, queue: QueueName, handled: int | None = None) -> None:
    number = runs.begin(session, function=function, queue=queue, lasts=dt.timedelta(minutes=1))
    runs.end(session, run_id=number, outcome=RunOutcome.DONE, handled=handled)


def test_an_operator_looks_after_the_works(
    session: Session, owner: sa.Engine, queue: redis.Redis, open_screen: OpenScreen, look: Look
) -> None:
    walk = days.a_walk(session)
    for number, one in enumerate(SCHEDULES):
        ran(session, one.name, one.queue, number % 4)
    ledger.reconcile(session, now=clock.now())
    session.commit()
    name_operator(owner, walk.ama)
    ama = open_screen(STORY, look, of=walk.ama)
    ama.open("/bank")
    ama.follow("The works")
    ama.reads("All is well.", "Every queue has its worker, and no message is in doubt.")
    ama.see("well")

    queue.delete("rq:worker:calendars-1")
    queue.lpush("rq:queue:good-turn-calendars", "1", "2", "3")
    for member, state, why in (
        (walk.bela, NoticeState.UNCERTAIN, "the worker died while handing it over"),
        (walk.sam, NoticeState.UNCERTAIN, "no answer after the message"),
        (walk.nadia, NoticeState.FAILED, "550 5.1.1"),
    ):
        notice = owe(session, member, NoticeKind.BOOKS_WRONG)
        notice.state, notice.last_error = state, why
    owe(session, walk.bela, due_in=-dt.timedelta(hours=3))
    number = runs.begin(
        session,
        function="dates.extend_dates",
        queue=QueueName.BOOKS,
        lasts=dt.timedelta(minutes=17),
    )
    runs.end(
        session,
        run_id=number,
        outcome=RunOutcome.FAILED,
        error="NotNullViolation 23502 in domain/events/dates.py:61",
    )
    session.commit()
    ama.open("/operations")
    ama.reads("Not everybody is at work.", "In doubt, or refused", "the oldest for 3 hours.")
    ama.see("wants-a-look")
    ama.press("Send again")
    ama.reads("It goes out again within a minute.")
    ama.press("Put away")
    ama.reads("Put away.")
    ama.see("decided")
