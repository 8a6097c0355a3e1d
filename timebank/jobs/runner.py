"""The workers: each takes jobs from one queue and runs each job in a child of its own."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from collections.abc import Sequence
from functools import partial
from typing import Any

from redis import RedisError

from timebank.adapters import queue
from timebank.adapters.forks import Forks
from timebank.core.settings import Settings
from timebank.core.works import QueueName
from timebank.domain.calendar import invitations
from timebank.domain.notices import wording
from timebank.jobs import appeals
from timebank.jobs import balances
from timebank.jobs import bounces
from timebank.jobs import calendars
from timebank.jobs import claims
from timebank.jobs import dates
from timebank.jobs import exchange
from timebank.jobs import exchange_thanks
from timebank.jobs import joining
from timebank.jobs import member_lists
from timebank.jobs import notices
from timebank.jobs import outlook
from timebank.jobs import reminders
from timebank.jobs import replies
from timebank.jobs import runs
from timebank.jobs import sheets
from timebank.jobs import tools
from timebank.jobs import turns
from timebank.jobs.schedule import BY_FUNCTION
from timebank.jobs.tools import Pace
from timebank.jobs.tools import Tools

# Loaded before the first fork, so that every child finds them ready.
LOADED = (
    appeals,
    balances,
    bounces,
    calendars,
    claims,
    dates,
    exchange,
    exchange_thanks,
    joining,
    member_lists,
    notices,
    outlook,
    reminders,
    replies,
    runs,
    sheets,
    turns,
)


log = logging.getLogger(__name__)


class StoppedEarly(Exception):
    """A night's job was asked to stop, and is to be done again: the next moment is a day away."""


def run_workers(
    settings: Settings, queues: Sequence[QueueName] = (), *, pace: Pace | None = None
) -> None:
    """Take jobs of these queues until told to stop; of all four when none is named.

    Several queues have a process each, forked from this one so that they share its memory, and
    started again when they end.
    """
    wanted = tuple(dict.fromkeys(queues)) or tuple(QueueName)
    mine = _get_ready(settings, pace)
    if len(wanted) == 1:
        _work(mine, wanted[0])
    else:
        tasks = {f"worker of {one.value}": partial(_work, mine, one) for one in wanted}
        Forks(tasks, tell=log.warning).run()


def run_worker(
    settings: Settings, queue_name: QueueName = QueueName.MAIL, *, pace: Pace | None = None
) -> None:
    """Take jobs of one queue, in this process, until told to stop.

    Ends by itself when the queue is emptied under a running job: whoever keeps processes running
    starts it again, and nothing is lost.
    """
    _work(_get_ready(settings, pace), queue_name)


def _get_ready(settings: Settings, pace: Pace | None) -> Tools:
    """Load what every job needs; nothing is connected yet."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s worker: %(message)s")
    mine = tools.open_tools(settings, pace=pace)
    tools.bind(mine)
    wording.preload()
    invitations.preload()
    return mine


def _work(mine: Tools, queue_name: QueueName) -> None:
    try:
        worker = queue.make_worker(
            mine.settings.redis_url,
            queue_name,
            before_job=mine.forget_connections,
            around_job=_recorded,
            on_stop=mine.stop,
        )
        worker.work(logging_level="WARNING")
    except RedisError as error:
        sys.exit(f"The queue does not answer: {error}")


def _recorded(function: str, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - as the job says
    """Run a job so that a row is left of it; its queue and time limit are the table's.

    Raises:
        StoppedEarly: A night's job was asked to stop. Its row says so; to the queue it has failed,
            and so it is rung for again.
    """
    known = BY_FUNCTION[function]
    found = runs.recorded(
        function, work, queue_name=known.queue, lasts_seconds=known.lasts_seconds
    )
    if known.at is not None and tools.current().stopping:
        raise StoppedEarly
    return found
