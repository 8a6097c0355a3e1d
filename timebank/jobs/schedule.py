"""When each job is rung for: one table, and the small process that watches the clock.

Any number of these processes may run side by side: a ring is named after its moment, so that two
of them ring once, and every job is safe to run twice besides. Nothing is remembered here. After a
night without power, a lost queue or a lost database the next look finds what is due.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from redis import Redis
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from timebank.adapters import queue
from timebank.adapters.queue import Ring
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.domain.notices import delivery
from timebank.jobs import tools
from timebank.jobs.tools import Tools
from timebank.models import Community

log = logging.getLogger(__name__)

DAY_SECONDS = 86_400
MINUTE_SECONDS = 60
MOST_RINGS = 4
NOTICES_A_RING = 50
NIGHTLY_LASTS_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When one job is rung for.

    Attributes:
        function: One of `timebank.adapters.queue.ALLOWED`.
        every_seconds: How often to look.
        at: The local time of the communities at which it is due, once a day; None: at every look.
            A moment that was missed is made up at the next look.
        rings: How many rings are wanted now, for a job that is not always wanted.
    """

    function: str
    every_seconds: int
    at: dt.time | None = None
    rings: Callable[[Session], int] | None = None


def rings_for_mail(session: Session) -> int:
    """End what died or came too late; then ring once for fifty notices due, at most four times."""
    delivery.sweep(session)
    due = delivery.count_due(session)
    return min(MOST_RINGS, -(-due // NOTICES_A_RING))


SCHEDULES = (
    Schedule(function="timebank.jobs.notices.drain", every_seconds=5, rings=rings_for_mail),
    Schedule(function="timebank.jobs.claims.lapse_holds", every_seconds=60),
    Schedule(function="timebank.jobs.claims.offer_places", every_seconds=60),
    Schedule(function="timebank.jobs.appeals.ask_on", every_seconds=60),
    Schedule(function="timebank.jobs.reminders.plan_due", every_seconds=60),
    Schedule(
        function="timebank.jobs.reminders.ask_to_come_again", every_seconds=60, at=dt.time(10, 0)
    ),
    Schedule(function="timebank.jobs.outlook.judge_dates", every_seconds=60),
    Schedule(function="timebank.jobs.calendars.write_ahead", every_seconds=60),
    Schedule(function="timebank.jobs.claims.close_turns", every_seconds=60, at=dt.time(2, 15)),
    Schedule(function="timebank.jobs.balances.prove_books", every_seconds=60, at=dt.time(2, 30)),
    Schedule(function="timebank.jobs.balances.seal_books", every_seconds=60),
    Schedule(function="timebank.jobs.dates.extend_dates", every_seconds=60, at=dt.time(3, 0)),
    Schedule(function="timebank.jobs.turns.lapse_offers", every_seconds=60),
    Schedule(function="timebank.jobs.member_lists.forget", every_seconds=3600),
    Schedule(function="timebank.jobs.incoming.forget_leftovers", every_seconds=3600),
    Schedule(function="timebank.jobs.incoming.ask_busy_calendars", every_seconds=60),
    Schedule(function="timebank.jobs.replies.read_mailbox", every_seconds=60),
    Schedule(function="timebank.jobs.replies.forget_replies", every_seconds=3600),
    Schedule(function="timebank.jobs.bounces.read_mailbox", every_seconds=60),
    Schedule(function="timebank.jobs.bounces.forget_bounces", every_seconds=3600),
    Schedule(
        function="timebank.jobs.turns.give_standing_turns", every_seconds=60, at=dt.time(3, 15)
    ),
    Schedule(
        function="timebank.jobs.sheets.forget_leftovers", every_seconds=60, at=dt.time(3, 30)
    ),
    Schedule(
        function="timebank.jobs.joining.forget_strangers", every_seconds=60, at=dt.time(3, 45)
    ),
    Schedule(function="timebank.jobs.exchange.lapse_posts", every_seconds=60, at=dt.time(4, 0)),
    Schedule(
        function="timebank.jobs.exchange_thanks.let_stand", every_seconds=60, at=dt.time(4, 15)
    ),
    Schedule(
        function="timebank.jobs.exchange_thanks.ask_whether_it_happened",
        every_seconds=60,
        at=dt.time(9, 0),
    ),
)


def run_scheduler(settings: Settings, *, schedules: tuple[Schedule, ...] = SCHEDULES) -> None:
    """Watch the clock until told to stop."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s scheduler: %(message)s")
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, ask_to_stop)
    connection = queue.connect(settings.redis_url)
    scheduler = Scheduler(tools.open_tools(settings), connection, schedules=schedules)
    while not stop.is_set():
        scheduler.look(clock.now())
        stop.wait(scheduler.seconds_to_next_look(clock.now()))


class Scheduler:
    """Looks at the clock and rings for what is due."""

    def __init__(
        self, mine: Tools, connection: Redis, *, schedules: tuple[Schedule, ...] = SCHEDULES
    ) -> None:
        self._tools = mine
        self._connection = connection
        self._schedules = schedules
        self._looked: dict[str, int] = {}
        self._trouble = ""

    def look(self, now: dt.datetime) -> int:
        """Ring for everything whose moment has come since the last look -> how many rings.

        A database or queue that is away is told once, and asked again at the next look.
        """
        rung = 0
        trouble = ""
        for schedule in self._schedules:
            slot = _slot(schedule, now)
            if self._looked.get(schedule.function) == slot:
                continue
            try:
                rung += sum(queue.ring(self._connection, one) for one in self._due(schedule, now))
            except (SQLAlchemyError, RedisError) as error:
                trouble = _first_line(error)
            else:
                self._looked[schedule.function] = slot
        self._tell(trouble)
        return rung

    def seconds_to_next_look(self, now: dt.datetime) -> float:
        """Tell how long nothing can become due."""
        shortest = min(schedule.every_seconds for schedule in self._schedules)
        return shortest - now.timestamp() % shortest

    def _due(self, schedule: Schedule, now: dt.datetime) -> list[Ring]:
        if schedule.at is not None:
            return self._due_nightly(schedule, schedule.at, now)
        wanted = 1
        if schedule.rings:
            with self._tools.session() as session:
                wanted = schedule.rings(session)
        return [
            Ring(
                function=schedule.function,
                slot=f"{number}-{_slot(schedule, now)}",
                waits_seconds=2 * schedule.every_seconds,
                remembered_seconds=0 if schedule.rings else schedule.every_seconds,
                goes_first=schedule.rings is None,
            )
            for number in range(wanted)
        ]

    def _due_nightly(self, schedule: Schedule, at: dt.time, now: dt.datetime) -> list[Ring]:
        """Name each zone's latest moment; the queue remembers which of them are done."""
        with self._tools.session() as session:
            zones = session.scalars(sa.select(Community.timezone).distinct()).all()
        return [
            Ring(
                function=schedule.function,
                slot=f"{zone}-{latest_day(at, zone, now)}",
                waits_seconds=NIGHTLY_LASTS_SECONDS,
                lasts_seconds=NIGHTLY_LASTS_SECONDS,
                remembered_seconds=DAY_SECONDS + MINUTE_SECONDS,
                goes_first=True,
            )
            for zone in zones
        ]

    def _tell(self, trouble: str) -> None:
        """Say in one line that something is away, and in one that it is back."""
        if trouble and not self._trouble:
            log.warning("Cannot ring, and keep trying: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("Ringing again.")
        self._trouble = trouble


def latest_day(at: dt.time, zone: str, now: dt.datetime) -> dt.date:
    """Tell on which day the clocks of a zone last showed `at`, or would have."""
    local = now.astimezone(ZoneInfo(zone))
    return local.date() if local.time() >= at else local.date() - dt.timedelta(days=1)


def _slot(schedule: Schedule, now: dt.datetime) -> int:
    return int(now.timestamp()) // schedule.every_seconds


def _first_line(error: Exception) -> str:
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return re.sub(r"//[^@/\s]*@", "//", line)  # an address may hold a password
