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
import uuid
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from redis import Redis
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from timebank.adapters import queue
from timebank.adapters import works
from timebank.adapters.queue import Ring
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.core.works import Planned
from timebank.core.works import QueueName
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
NIGHTLY_AGAIN_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One job: what it does, who runs it, when it is rung for, and what happens when it fails.

    Attributes:
        function: One of `timebank.adapters.queue.ALLOWED`.
        what: What it does, for the operator, in a few words.
        queue: Whose workers run it.
        every_seconds: How often to look.
        at: The local time of the communities at which it is due, once a day; None: at every look.
            A moment that was missed is made up at the next look.
        rings: How many rings are wanted now, for a job that is not always wanted.
        lasts_seconds: How long it may run before it is ended.
        again_seconds: How long after it failed the same moment is rung for anew; only nightly jobs
            have one to make up, the others have a next moment anyway.
    """

    function: str
    what: str
    queue: QueueName
    every_seconds: int
    at: dt.time | None = None
    rings: Callable[[Session], int] | None = None
    lasts_seconds: int = 90
    again_seconds: int = 30

    @property
    def name(self) -> str:
        """Its short name, as `job_run` keeps it."""
        return self.function.removeprefix(queue.PREFIX)


def rings_for_mail(session: Session) -> int:
    """End what died or came too late; then ring once for fifty notices due, at most four times."""
    delivery.sweep(session)
    due = delivery.count_due(session)
    return min(MOST_RINGS, -(-due // NOTICES_A_RING))


URGENT, MAIL, BOOKS, CALENDARS = QueueName


def nightly(function: str, hour: int, minute: int, what: str) -> Schedule:
    """Plan a job for the night, when each community's own clock shows that time."""
    return Schedule(
        function=f"{queue.PREFIX}{function}",
        what=what,
        queue=BOOKS,
        every_seconds=MINUTE_SECONDS,
        at=dt.time(hour, minute),
        lasts_seconds=NIGHTLY_LASTS_SECONDS,
        again_seconds=NIGHTLY_AGAIN_SECONDS,
    )


def every(seconds: int, who: QueueName, function: str, what: str) -> Schedule:
    """Plan a job for every look, so many seconds apart."""
    return Schedule(
        function=f"{queue.PREFIX}{function}", what=what, queue=who, every_seconds=seconds
    )


SCHEDULES = (
    Schedule(
        function="timebank.jobs.notices.drain",
        what="deliver what is due",
        queue=MAIL,
        every_seconds=5,
        rings=rings_for_mail,
    ),
    every(60, URGENT, "claims.lapse_holds", "free places held for a yes that never came"),
    every(60, URGENT, "claims.offer_places", "offer free places to who waits for them"),
    every(60, URGENT, "appeals.ask_on", "ask the next people of a call for help"),
    every(60, URGENT, "reminders.plan_due", "write the reminders that are due"),
    every(60, URGENT, "outlook.judge_dates", "judge whether the coming dates can start"),
    every(60, URGENT, "letters.keep_in_step", "put aside what is told on paper"),
    every(60, URGENT, "turns.lapse_offers", "end offers of turns that have begun"),
    every(60, URGENT, "runs.tidy", "end the runs of killed processes, forget old ones"),
    every(60, CALENDARS, "calendars.write_ahead", "write calendars ahead of who asks for them"),
    every(60, BOOKS, "balances.seal_books", "prove what is new in the books, and seal it"),
    every(3600, BOOKS, "member_lists.forget", "forget member lists that nobody took in"),
    every(60, CALENDARS, "replies.read_mailbox", "read what people and calendars replied"),
    every(60, CALENDARS, "bounces.read_mailbox", "read what mail servers returned"),
    every(3600, CALENDARS, "bounces.forget_bounces", "forget what was returned long ago"),
    every(60, CALENDARS, "incoming.ask_busy_calendars", "ask members’ own calendars"),
    every(3600, CALENDARS, "incoming.forget_leftovers", "forget calendars nobody took in"),
    every(300, BOOKS, "texts.put_right", "pay back what was put aside for texts never sent"),
    every(3600, CALENDARS, "replies.forget_replies", "forget which replies were read"),
    nightly("claims.close_turns", 2, 15, "close the turns of dates a week ago"),
    nightly("balances.prove_books", 2, 30, "prove the books, and publish their seal"),
    nightly("dates.extend_dates", 3, 0, "publish the dates that have come within reach"),
    nightly("turns.give_standing_turns", 3, 15, "give standing turns their new dates"),
    nightly("sheets.forget_leftovers", 3, 30, "forget sheets that nobody finished typing up"),
    nightly("joining.forget_strangers", 3, 45, "forget who was invited and never came"),
    nightly("exchange.lapse_posts", 4, 0, "take old offers and asks off the board"),
    nightly("exchange_thanks.let_stand", 4, 15, "let thanks stand after fourteen days"),
    nightly("exchange_thanks.ask_whether_it_happened", 9, 0, "ask whether help has happened"),
    nightly("letters.say_letters_are_due", 9, 30, "say once a fortnight that letters are due"),
    nightly("reminders.ask_to_come_again", 10, 0, "ask newcomers to come again"),
)
BY_FUNCTION = {one.function: one for one in SCHEDULES}


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
        self._unique = uuid.uuid4().hex
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
        self._tell(self._say_alive(now) or trouble)
        return rung

    def seconds_to_next_look(self, now: dt.datetime) -> float:
        """Tell how long nothing can become due."""
        shortest = min(schedule.every_seconds for schedule in self._schedules)
        return shortest - now.timestamp() % shortest

    def _say_alive(self, now: dt.datetime) -> str:
        """Say that this scheduler lives -> what stood in the way."""
        try:
            works.note_scheduler(self._connection, unique=self._unique, now=now)
        except RedisError as error:
            return _first_line(error)
        return ""

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
                queue=schedule.queue,
                waits_seconds=2 * schedule.every_seconds,
                lasts_seconds=schedule.lasts_seconds,
                remembered_seconds=0 if schedule.rings else schedule.every_seconds,
                again_seconds=schedule.again_seconds,
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
                queue=schedule.queue,
                waits_seconds=NIGHTLY_LASTS_SECONDS,
                lasts_seconds=schedule.lasts_seconds,
                remembered_seconds=DAY_SECONDS + MINUTE_SECONDS,
                again_seconds=schedule.again_seconds,
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


def planned(zones: Sequence[str], now: dt.datetime) -> list[Planned]:
    """List every job with the moment at which it is rung for next.

    Args:
        zones: The time zones in which there are communities.
    """
    return [
        Planned(
            function=one.name,
            what=one.what,
            queue=one.queue,
            every_seconds=one.every_seconds,
            at=one.at,
            next_at=_next(one, zones, now),
        )
        for one in SCHEDULES
    ]


def _next(schedule: Schedule, zones: Sequence[str], now: dt.datetime) -> dt.datetime:
    if schedule.at is None or not zones:
        seconds = (_slot(schedule, now) + 1) * schedule.every_seconds
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    return min(_next_night(schedule.at, zone, now) for zone in zones)


def _next_night(at: dt.time, zone: str, now: dt.datetime) -> dt.datetime:
    day = latest_day(at, zone, now) + dt.timedelta(days=1)
    return clock.at_local(day, at, zone)


def _slot(schedule: Schedule, now: dt.datetime) -> int:
    return int(now.timestamp()) // schedule.every_seconds


def _first_line(error: Exception) -> str:
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return re.sub(r"//[^@/\s]*@", "//", line)  # an address may hold a password
