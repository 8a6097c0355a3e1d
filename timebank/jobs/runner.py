"""The worker process: takes jobs from the queue and runs each in a child of its own."""

from __future__ import annotations

import logging
import sys

from redis import RedisError

from timebank.adapters import queue
from timebank.core.settings import Settings
from timebank.domain.calendar import invitations
from timebank.domain.notices import wording
from timebank.jobs import appeals
from timebank.jobs import balances
from timebank.jobs import bounces
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
from timebank.jobs import sheets
from timebank.jobs import tools
from timebank.jobs import turns
from timebank.jobs.tools import Pace

# Loaded before the first fork, so that every child finds them ready.
LOADED = (
    appeals,
    balances,
    bounces,
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
    sheets,
    turns,
)


def run_worker(settings: Settings, *, pace: Pace | None = None) -> None:
    """Take jobs until told to stop.

    Ends by itself when the queue is emptied under a running job: whoever keeps processes running
    starts it again, and nothing is lost.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s worker: %(message)s")
    mine = tools.open_tools(settings, pace=pace)
    tools.bind(mine)
    wording.preload()
    invitations.preload()
    try:
        worker = queue.make_worker(
            settings.redis_url, before_job=mine.forget_connections, on_stop=mine.stop
        )
        worker.work(logging_level="WARNING")
    except RedisError as error:
        sys.exit(f"The queue does not answer: {error}")
