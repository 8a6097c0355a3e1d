"""The queues: doorbells that Redis or Valkey carries, and the workers that answer them.

Nothing here is worth keeping: what there is to do stands in the database, and a ring only says
"look now". Whoever can write to Redis can ring, and no more than that: a job names one of our own
functions, takes no arguments, and calls nobody back.
"""

from __future__ import annotations

import os
import re
import signal
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from redis import Redis
from rq import Queue
from rq import Worker
from rq.defaults import DEFAULT_JOB_MONITORING_INTERVAL
from rq.exceptions import DuplicateJobError
from rq.job import Job

from timebank.adapters.works import queue_key
from timebank.adapters.works import worker_name
from timebank.core.works import QueueName

SERIALIZER = "json"
PATIENCE_SECONDS = 5.0
WORKER_TTL_SECONDS = 60
# A minute beyond its time limit a job's process is killed; its worker looks twice a minute (RQ).
KILLED_AFTER_SECONDS = 60 + DEFAULT_JOB_MONITORING_INTERVAL
PREFIX = "timebank.jobs."

ALLOWED = frozenset(
    {
        "timebank.jobs.notices.drain",
        "timebank.jobs.claims.lapse_holds",
        "timebank.jobs.claims.offer_places",
        "timebank.jobs.claims.close_turns",
        "timebank.jobs.appeals.ask_on",
        "timebank.jobs.balances.prove_books",
        "timebank.jobs.balances.seal_books",
        "timebank.jobs.calendars.write_ahead",
        "timebank.jobs.bounces.forget_bounces",
        "timebank.jobs.bounces.read_mailbox",
        "timebank.jobs.dates.extend_dates",
        "timebank.jobs.incoming.ask_busy_calendars",
        "timebank.jobs.incoming.forget_leftovers",
        "timebank.jobs.joining.forget_strangers",
        "timebank.jobs.letters.keep_in_step",
        "timebank.jobs.letters.say_letters_are_due",
        "timebank.jobs.member_lists.forget",
        "timebank.jobs.exchange.lapse_posts",
        "timebank.jobs.exchange_thanks.ask_whether_it_happened",
        "timebank.jobs.exchange_thanks.let_stand",
        "timebank.jobs.outlook.judge_dates",
        "timebank.jobs.reminders.ask_to_come_again",
        "timebank.jobs.reminders.plan_due",
        "timebank.jobs.replies.forget_replies",
        "timebank.jobs.replies.read_mailbox",
        "timebank.jobs.runs.tidy",
        "timebank.jobs.sheets.forget_leftovers",
        "timebank.jobs.texts.put_right",
        "timebank.jobs.turns.give_standing_turns",
        "timebank.jobs.turns.lapse_offers",
    }
)

# Called with a job's function and its work; runs the work, and tells elsewhere how it went.
Around = Callable[[str, Callable[[], Any]], Any]
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_-]+")


class OwnJob(Job):
    """A job that can only be one of ours: neither pickle nor foreign functions get in.

    Attributes:
        around: What its process calls it through, with its name and the work itself.
    """

    around: Around | None = None

    def perform(self) -> Any:  # noqa: ANN401 - as in the base class
        """Run it, through `around` where there is one."""
        if self.around is None:
            return super().perform()
        return self.around(self.func_name, super().perform)

    @property  # type: ignore[misc]  # nobody sets it: a job is made once
    def func_name(self) -> str:
        """Name the function, if it is one of ours.

        Raises:
            PermissionError: When it is not.
        """
        name = super().func_name
        if name not in ALLOWED or self.instance is not None or self.args or self.kwargs:
            raise PermissionError("this job is not one of ours")
        return name

    def restore(self, raw_data: Any) -> None:  # noqa: ANN401 - as in the base class
        """Read a job from Redis, without anybody it asks to call back or to write to."""
        super().restore(raw_data)
        self._success_callback_name = None
        self._failure_callback_name = None
        self._stopped_callback_name = None
        self.webhooks = []


@dataclass(frozen=True, slots=True)
class Ring:
    """One ring of the doorbell.

    Attributes:
        function: Which of our functions is to run; one of `ALLOWED`.
        slot: Which moment it is for; rings of the same function and slot are one.
        queue: Which queue's workers hear it.
        waits_seconds: How long it may wait for a worker before it is forgotten.
        lasts_seconds: How long it may run.
        remembered_seconds: How long after its success the same slot stays done.
        again_seconds: How long after it failed the same slot cannot be rung for.
    """

    function: str
    slot: str
    queue: QueueName = QueueName.MAIL
    waits_seconds: int = 10
    lasts_seconds: int = 90
    remembered_seconds: int = 0
    again_seconds: int = 30

    @property
    def job_id(self) -> str:
        """The id that makes two equal rings one; jobs of two modules may be called alike."""
        name = self.function.removeprefix(PREFIX)
        return _NOT_IN_AN_ID.sub("-", f"{name}-{self.slot}")


def connect(redis_url: str) -> Redis:
    """Get a connection that gives up soon; it connects when it is first used."""
    return Redis.from_url(
        redis_url, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS
    )


def ring(connection: Redis, one: Ring) -> bool:
    """Ring once -> False when the same ring is waiting, running or remembered."""
    queue = Queue(
        queue_key(one.queue), connection=connection, serializer=SERIALIZER, job_class=OwnJob
    )
    with suppress(DuplicateJobError):
        queue.enqueue(
            one.function,
            job_id=one.job_id,
            unique=True,
            description="",
            ttl=one.waits_seconds,
            job_timeout=one.lasts_seconds,
            result_ttl=one.remembered_seconds,
            failure_ttl=one.again_seconds,
        )
        return True
    return False


class OwnWorker(Worker):
    """Takes one job after another from one queue, each in a child of its own.

    Attributes:
        before_job: Called in the child before the job, to let go of what the parent holds.
        around_job: What the child calls the job through: see `OwnJob.around`.
        on_stop: Called in the child when it is asked to stop; the job ends at the next good place.
    """

    before_job: Callable[[], None]
    around_job: Around
    on_stop: Callable[[], None]

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Run one job, in the child."""
        self.before_job()
        if isinstance(job, OwnJob):
            job.around = self.around_job
        super().main_work_horse(job, queue)

    def setup_work_horse_signals(self) -> None:
        """Let the child end its job in peace, and soon."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._stop_job)

    def handle_warm_shutdown_request(self) -> None:
        """Pass it on to the child: otherwise a long job is killed in the middle of a message."""
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def _stop_job(self, _number: int, _frame: FrameType | None) -> None:
        self.on_stop()


def make_worker(
    redis_url: str,
    queue: QueueName,
    *,
    before_job: Callable[[], None],
    around_job: Around,
    on_stop: Callable[[], None],
) -> OwnWorker:
    """Make a worker of one queue; it connects at once.

    Raises:
        redis.RedisError: When the queue does not answer.
    """
    connection = Redis.from_url(redis_url, socket_connect_timeout=PATIENCE_SECONDS)
    worker = OwnWorker(
        [queue_key(queue)],
        name=worker_name(queue, uuid.uuid4().hex),
        connection=connection,
        serializer=SERIALIZER,
        job_class=OwnJob,
        worker_ttl=WORKER_TTL_SECONDS,
        log_job_description=False,
    )
    worker.before_job = before_job
    worker.around_job = around_job
    worker.on_stop = on_stop
    return worker
