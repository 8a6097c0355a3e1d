"""Two hundred reminders, a worker killed three times in the middle, and an emptied queue."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace

import redis
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import mail_sink
from tests.jobs import conftest
from tests.jobs.conftest import StartProcess
from tests.mail_sink import Sink
from timebank.core.settings import Settings
from timebank.jobs.notices import message_id
from timebank.models import Notice
from timebank.models import NoticeState

MAILS = 200
KILL_WORKER_ALONE_AT = 30
KILL_WORKER_AND_JOB_AT = (70, 110)
FLUSH_AT = 150
LONGEST_SECONDS = 100  # half a minute on a machine that has nothing else to do
OPEN = {"pending", "leased", "handover"}


def at_recipient(count: int, _address: str) -> str:
    return "451 4.3.0 try later" if count % 20 == 0 else mail_sink.OK


def at_data(count: int) -> str:
    return {60: mail_sink.TAKEN_THEN_CUT, 90: mail_sink.CUT, 100: "452 full"}.get(
        count, mail_sink.OK
    )


class Chaos:
    """Kills the worker and empties the queue when so many mails have arrived."""

    def __init__(
        self, start: StartProcess, settings: Settings, sink: Sink, queue: redis.Redis
    ) -> None:
        self._start = start
        self._settings = settings
        self._sink = sink
        self._queue = queue
        self._kills = [KILL_WORKER_ALONE_AT, *KILL_WORKER_AND_JOB_AT]
        self._flushed = False
        self._worker: subprocess.Popen[bytes] = start(conftest.WORKER, settings)

    @property
    def is_over(self) -> bool:
        return self._flushed and not self._kills

    def look(self) -> None:
        """Keep a worker running, and strike when it is time."""
        arrived = len(self._sink.messages)
        if self._kills and arrived >= self._kills[0]:
            alone = self._kills.pop(0) == KILL_WORKER_ALONE_AT
            conftest.kill(self._worker, with_children=not alone)
        if not self._flushed and arrived >= FLUSH_AT:
            self._queue.flushall()
            self._flushed = True
        if self._worker.poll() is not None:
            self._worker = self._start(conftest.WORKER, self._settings)


def test_no_mail_is_lost_and_none_arrives_twice(
    session: Session, settings: Settings, queue: redis.Redis, start_process: StartProcess
) -> None:
    conftest.owe_reminders(session, MAILS)
    sink = Sink(at_recipient=at_recipient, at_data=at_data, slow_seconds=0.02)
    with mail_sink.running(sink):
        settings = replace(settings, smtp_url=sink.url)
        start_process(conftest.SCHEDULER, settings)
        chaos = Chaos(start_process, settings, sink, queue)
        ends = time.monotonic() + LONGEST_SECONDS
        while not (chaos.is_over and OPEN.isdisjoint(conftest.states(session))):
            assert time.monotonic() < ends, conftest.states(session)
            chaos.look()
            time.sleep(0.02)
    arrived = sink.arrived()
    notices = session.execute(sa.select(Notice.dedupe_key, Notice.state, Notice.last_error)).all()
    sent = {message_id(key, "localhost") for key, state, _ in notices if state is NoticeState.SENT}
    doubtful = {key: why for key, state, why in notices if state is NoticeState.UNCERTAIN}
    uncertain = {message_id(key, "localhost") for key in doubtful}
    known = {name.strip("<>") for name in arrived}
    assert max(arrived.values()) == 1, "a mail arrived twice"
    assert len(sent) + len(uncertain) == MAILS, "a mail was lost"
    assert sent <= known, "a mail is called sent and never arrived"
    assert known - sent <= uncertain, "a doubtful mail is not called uncertain"
    assert 2 <= len(doubtful) <= 5, "the two cut connections, and at most one for each kill"
    assert all(doubtful.values()), "each says why"
