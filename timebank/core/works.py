"""The works behind the pages: four queues, who listens to them, and what is rung for when.

Plain records: the queue's own library is loaded by workers only, never by a page.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

QUIET_FOR = dt.timedelta(minutes=2)


class QueueName(enum.StrEnum):
    """The queues. A worker listens to exactly one: so a kill never loses what it had just taken.

    `urgent`: what somebody waits for; short jobs only. `mail`: handing messages over. `books`:
    hours, proofs, and the night's tidying, which may take minutes. `calendars`: everything that
    waits for a foreign server's answer.
    """

    URGENT = "urgent"
    MAIL = "mail"
    BOOKS = "books"
    CALENDARS = "calendars"


@dataclass(frozen=True, slots=True)
class QueueLook:
    """How one queue was found.

    Attributes:
        waiting: How many rings wait for a worker.
        heard: When each of its workers was last heard, the latest first.
    """

    name: QueueName
    waiting: int
    heard: tuple[dt.datetime, ...]

    def is_served(self, now: dt.datetime) -> bool:
        """Tell whether a worker of this queue was heard within two minutes."""
        return bool(self.heard) and self.heard[0] >= now - QUIET_FOR


@dataclass(frozen=True, slots=True)
class WorksLook:
    """How the queues, their workers and the schedulers were found.

    Attributes:
        schedulers: When each scheduler was last heard, the latest first.
    """

    queues: tuple[QueueLook, ...]
    schedulers: tuple[dt.datetime, ...]

    def is_scheduled(self, now: dt.datetime) -> bool:
        """Tell whether a scheduler was heard within two minutes."""
        return bool(self.schedulers) and self.schedulers[0] >= now - QUIET_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A job of the schedule, and when it is rung for next.

    Attributes:
        function: Its short name, as `job_run` keeps it: `claims.lapse_holds`.
        what: What it does, in a few words.
        every_seconds: How often it is looked for.
        at: The local time of the communities at which it is due, once a day; None: at every look.
    """

    function: str
    what: str
    queue: QueueName
    every_seconds: int
    at: dt.time | None
    next_at: dt.datetime
