"""What a model of all mail knows: the rota as it stands, what people chose, and what is owed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/London")
SECOND = dt.timedelta(seconds=1)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
UNDO_LASTS = 10 * MINUTE
REMINDED = ("week", "two_days", "eve", "morning")
USUAL_LEADS = frozenset({"two_days", "eve"})
LIVE = ("held", "confirmed", "attended")
TO_COME = ("held", "confirmed")

# What somebody may choose about, by the family it is of; whatever is in none is needed.
FAMILY = {
    **dict.fromkeys([*REMINDED, "reminders", "what_to_expect", "place_free"], "turns"),
    **dict.fromkeys(["cover_asked", "come_again"], "asking"),
    "hours_credited": "hours",
    "weekly": "week",
}


@dataclass(frozen=True)
class Turn:
    """A claim as the rota has it."""

    id: int
    person: int
    slot: int
    event: int
    job: str
    state: str
    because: str | None
    held_for: str | None
    held_until: dt.datetime | None
    starts: dt.datetime
    ends: dt.datetime
    created: dt.datetime

    def is_live(self, now: dt.datetime) -> bool:
        """Holds its place: a hold that ran out does not, though nobody has swept it."""
        return self.state in LIVE and (self.held_until is None or self.held_until > now)


@dataclass(frozen=True)
class Job:
    """A slot: how many it has room for and needs, when, and which kind of work it is."""

    places: int
    needed: int
    starts: dt.datetime
    ends: dt.datetime
    event: int
    role: int


@dataclass(frozen=True)
class Date:
    """A date that takes place: from when until when, and when its people are reminded."""

    starts: dt.datetime
    ends: dt.datetime
    leads: list[str] | None = None


@dataclass(frozen=True)
class Facts:
    """What stands on the rota at a moment.

    Attributes:
        turns: All claims, by number.
        planned: The dates that take place.
        looking: Turns that look for anybody to take them over.
        taken_over: Turns that somebody has taken over, and which turn that became.
        in_calendar: (person, slot) of what our mail has put into somebody's calendar.
        jobs: The places of each slot, its start and its kind of work.
        lines: (number, person, slot) of everybody who waits for a place.
    """

    turns: dict[int, Turn] = field(default_factory=dict)
    planned: dict[int, Date] = field(default_factory=dict)
    looking: frozenset[int] = frozenset()
    taken_over: dict[int, int] = field(default_factory=dict)
    in_calendar: frozenset[tuple[int, int]] = frozenset()
    jobs: dict[int, Job] = field(default_factory=dict)
    lines: frozenset[tuple[int, int, int]] = frozenset()

    def free(self, slot: int) -> int:
        """How many places of a job are going spare."""
        taken = [turn for turn in self.turns.values() if turn.slot == slot and turn.state in LIVE]
        return self.jobs[slot].places - len(taken)

    def is_busy(self, person: int, starts: dt.datetime, ends: dt.datetime) -> bool:
        """Whether somebody has promised a turn at that time."""
        return any(
            turn.person == person
            and (turn.state in LIVE[1:] or (turn.state == "held" and turn.held_for == "yes"))
            and (turn.starts < ends and starts < turn.ends)
            for turn in self.turns.values()
        )


@dataclass(frozen=True)
class Wish:
    """What somebody chose about their mails; as it stands here, what everybody has.

    Attributes:
        leads: When they are reminded; None: as each date says.
    """

    turns: str = "mail"
    asking: str = "mail"
    hours: str = "mail"
    leads: frozenset[str] | None = None
    quiet: tuple[dt.time, dt.time] | None = None
    paused_until: dt.date | None = None
    weekly: bool = False
    weekly_on: int = 4
    weekly_hour: int = 17
    changed: dt.datetime = LONG_AGO

    @property
    def paused_moment(self) -> dt.datetime | None:
        """When everything comes again; None: there is no pause."""
        return local(self.paused_until, dt.time()) if self.paused_until else None

    @property
    def has_weekly(self) -> bool:
        """Whether there is a weekly mail at all: for what is on, or for what is kept."""
        return self.weekly or "weekly" in {self.turns, self.asking, self.hours}

    def not_before(self, now: dt.datetime) -> dt.datetime:
        """From when on they would like to hear of what can wait."""
        at = max(now, self.paused_moment or now)
        return after_quiet(at, *self.quiet) if self.quiet else at

    def is_pausing(self, now: dt.datetime) -> bool:
        """Whether nothing is to come at all."""
        return self.paused_moment is not None and self.paused_moment > now

    def next_weekly(self, after: dt.datetime) -> dt.datetime:
        """When the weekly mail comes next, after a moment."""
        today = after.astimezone(ZONE).date()
        coming = (local(today + days * DAY, dt.time(self.weekly_hour)) for days in range(8))
        return next(
            at
            for at in coming
            if at > after and at.astimezone(ZONE).isoweekday() == self.weekly_on
        )


@dataclass(eq=False)
class Owed:
    """A mail that somebody is owed.

    Attributes:
        about: The turn; None: several.
        starts: When that began, as it was owed.
        due: From when on it may go; `first_due` where it was put back since.
        slot: The job whose place is free.
        occasion: Which wait it is told in, and which turn made the place free.
        week: Of a weekly mail: which.
        was_told: A weekly mail has told it.
        state: waiting; then sent, along (told in `carrier`), dropped, expired.
    """

    kind: str
    person: int
    about: int | None
    due: dt.datetime
    expires: dt.datetime
    starts: dt.datetime | None = None
    first_due: dt.datetime | None = None
    state: str = "waiting"
    refusals: int = 0
    carrier: Owed | None = None
    slot: int | None = None
    occasion: tuple[int, int] | None = None
    week: tuple[int, int] | None = None
    sent_at: dt.datetime | None = None
    was_told: bool = False


@dataclass(frozen=True, order=True)
class Mail:
    """A mail that must arrive: what it is, for whom, about which turns or job; a weekly one
    with how much stands in each of its parts."""

    kind: str
    person: int
    turns: tuple[int, ...]
    slot: int = 0
    said: tuple[tuple[str, int], ...] = ()


def local(day: dt.date, time: dt.time) -> dt.datetime:
    """A time of day there, in UTC."""
    return dt.datetime.combine(day, time, ZONE).astimezone(dt.UTC)


def after_quiet(at: dt.datetime, begins: dt.time, ends: dt.time) -> dt.datetime:
    """The end of the quiet hours that a moment lies in, or the moment."""
    there = at.astimezone(ZONE)
    is_overnight = begins > ends
    late, early = there.time() >= begins, there.time() < ends
    if not (late or early if is_overnight else late and early):
        return at
    return max(at, local(there.date() + DAY * (is_overnight and late), ends))


def moments(turn: Turn) -> Iterator[tuple[str, dt.datetime, dt.datetime, dt.timedelta]]:
    """Each reminder of a turn: which, when, until when, and how far apart from other mails."""
    day = turn.starts.astimezone(ZONE).date()
    two_days, eve = local(day - 2 * DAY, dt.time(10)), local(day - DAY, dt.time(18))
    morning = min(local(day, dt.time(7)), turn.starts - 2 * HOUR)
    yield "week", local(day - 7 * DAY, dt.time(10)), two_days, 12 * HOUR
    yield "two_days", two_days, eve, 12 * HOUR
    yield "eve", eve, turn.starts, 3 * HOUR
    yield "morning", morning, turn.starts, 3 * HOUR
