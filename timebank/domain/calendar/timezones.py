"""VTIMEZONE: tell a calendar when the clocks change, in the one form that all of them read.

Rules (RRULE) are taken from the footer of the zone's TZif file and proved against zoneinfo over
the window of the feed. A zone whose rule is about to change, or cannot be said as a rule, gets one
sub-component a change instead. Never RDATE: ical.js and Outlook read only the first of them.

Source: RFC 5545 3.6.5; RFC 9636 3.3 (footer); POSIX TZ.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib.resources
import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

RULES_SINCE = 2020  # the DTSTART of a rule: any year before every feed's window, and the same one
WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
LAST_WEEK = 5
SECONDS_OF_A_DAY = 86_400
ONE_DAY = dt.timedelta(days=1)
LONGEST_LOOK_BACK = dt.timedelta(days=800)

_NAME = r"([A-Za-z]+|<[^>]+>)"
_TIME = r"([+-]?\d+(?::\d+){0,2})"
_DAY = rf"M(\d+)\.(\d)\.(\d)(?:/{_TIME})?"
_FOOTER = re.compile(f"{_NAME}{_TIME}(?:{_NAME}{_TIME}?,{_DAY},{_DAY})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The clocks change: at a moment (UTC), from one offset to another."""

    at: dt.datetime
    before: dt.timedelta
    after: dt.timedelta
    name: str

    @property
    def kind(self) -> str:
        """Forward is DAYLIGHT, back is STANDARD, in Dublin and Casablanca too."""
        return "DAYLIGHT" if self.after > self.before else "STANDARD"

    @property
    def wall_clock(self) -> dt.datetime:
        """What the clocks on the wall show just before they are changed."""
        return (self.at + self.before).replace(tzinfo=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyRule:
    """A change that comes every year: in a month, on the nth weekday (5: the last), at a time."""

    month: int
    week: int
    weekday: int
    seconds: int
    before: dt.timedelta
    after: dt.timedelta
    name: str

    def in_year(self, year: int) -> Change:
        """Work the rule out for one year."""
        first = dt.date(year, self.month, 1)
        day = first + dt.timedelta((self.weekday - first.isoweekday()) % 7 + 7 * (self.week - 1))
        while day.month != self.month:
            day -= dt.timedelta(weeks=1)
        local = dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(seconds=self.seconds)
        return Change(at=local - self.before, before=self.before, after=self.after, name=self.name)

    @property
    def rrule(self) -> str:
        """Say the rule as an RRULE."""
        week = -1 if self.week == LAST_WEEK else self.week
        return f"FREQ=YEARLY;BYMONTH={self.month};BYDAY={week}{WEEKDAYS[self.weekday]}"


@functools.lru_cache(maxsize=16)
def vtimezone(timezone: str, since: dt.datetime, until: dt.datetime) -> bytes:
    """Write the VTIMEZONE of an IANA zone, right for every moment from `since` to `until`."""
    zone = ZoneInfo(timezone)
    changes = list(_changes(zone, since, until))
    rules = _rules(timezone)
    if rules is not None and _say(rules, since, until) == changes:
        parts = [_component(rule.in_year(RULES_SINCE), rule.rrule) for rule in rules]
    else:
        parts = [_component(change) for change in changes]
    if not changes:
        parts = [_component(_always(zone, since))]
    lines = ["BEGIN:VTIMEZONE", f"TZID:{timezone}", *parts, "END:VTIMEZONE", ""]
    return "\r\n".join(lines).encode()


def _component(change: Change, rrule: str | None = None) -> str:
    lines = [
        f"BEGIN:{change.kind}",
        f"DTSTART:{change.wall_clock:%Y%m%dT%H%M%S}",
        f"TZOFFSETFROM:{_offset(change.before)}",
        f"TZOFFSETTO:{_offset(change.after)}",
        f"TZNAME:{change.name}",
        *([f"RRULE:{rrule}"] if rrule else []),
        f"END:{change.kind}",
    ]
    return "\r\n".join(lines)


def _offset(offset: dt.timedelta) -> str:
    seconds = int(abs(offset).total_seconds())
    sign = "-" if offset < dt.timedelta() else "+"
    rest = f"{seconds % 60:02}" if seconds % 60 else ""
    return f"{sign}{seconds // 3600:02}{seconds % 3600 // 60:02}{rest}"


def _changes(zone: ZoneInfo, since: dt.datetime, until: dt.datetime) -> Iterator[Change]:
    """Find every change in the window, and the one before it that still holds when it begins."""
    found: list[Change] = []
    day = since - LONGEST_LOOK_BACK
    while day < until:
        if _state(zone, day) != _state(zone, day + ONE_DAY):
            found.append(_change_between(zone, day, day + ONE_DAY))
        day += ONE_DAY
    earlier = [change for change in found if change.at <= since]
    yield from earlier[-1:]
    if found and not earlier:
        yield _always(zone, since)
    yield from (change for change in found if change.at > since)


def _change_between(zone: ZoneInfo, low: dt.datetime, high: dt.datetime) -> Change:
    before = _state(zone, low)
    while high - low > dt.timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if _state(zone, middle) == before else (low, middle)
    return _change(zone, high, before[0])


def _state(zone: ZoneInfo, moment: dt.datetime) -> tuple[dt.timedelta, str]:
    local = moment.astimezone(zone)
    return local.utcoffset() or dt.timedelta(), local.tzname() or ""


def _change(zone: ZoneInfo, at: dt.datetime, before: dt.timedelta) -> Change:
    after, name = _state(zone, at)
    return Change(at=at, before=before, after=after, name=name)


def _always(zone: ZoneInfo, since: dt.datetime) -> Change:
    """Say what holds at the start of the window as if it had begun years before."""
    now = _change(zone, since, _state(zone, since)[0])
    start = dt.datetime(min(RULES_SINCE, since.year - 1), 1, 1, tzinfo=dt.UTC) - now.after
    return Change(at=start, before=now.after, after=now.after, name=now.name)


def _say(
    rules: tuple[YearlyRule, YearlyRule], since: dt.datetime, until: dt.datetime
) -> list[Change]:
    """Work rules out over the window, in the form of `_changes`."""
    years = range(since.year - 2, until.year + 1)
    said = sorted(
        (rule.in_year(year) for rule in rules for year in years), key=lambda change: change.at
    )
    earlier = [change for change in said if change.at <= since]
    return earlier[-1:] + [change for change in said if since < change.at < until]


def _rules(timezone: str) -> tuple[YearlyRule, YearlyRule] | None:
    """Read both yearly rules of a zone; None when it has none, or has them in another form."""
    said = _FOOTER.fullmatch(_footer(timezone))
    if said is None or said[3] is None:
        return None
    standard = -dt.timedelta(seconds=_seconds(said[2]))
    summer = standard + dt.timedelta(hours=1)
    if said[4]:
        summer = -dt.timedelta(seconds=_seconds(said[4]))
    begins = _rule(said.groups()[4:8], standard, summer, said[3])
    ends = _rule(said.groups()[8:12], summer, standard, said[1])
    if not all(0 <= rule.seconds < SECONDS_OF_A_DAY for rule in (begins, ends)):
        return None
    return begins, ends


def _rule(
    said: tuple[str | None, ...], before: dt.timedelta, after: dt.timedelta, name: str
) -> YearlyRule:
    month, week, weekday = (int(number or 0) for number in said[:3])
    return YearlyRule(
        month=month,
        week=week,
        weekday=weekday,
        seconds=_seconds(said[3] or "2"),
        before=before,
        after=after,
        name=name.strip("<>"),
    )


def _footer(timezone: str) -> str:
    """Read the last line of a zone's file; `timezone` has been accepted by zoneinfo before."""
    file = importlib.resources.files("tzdata.zoneinfo").joinpath(*timezone.split("/"))
    return file.read_bytes().rstrip(b"\n").rpartition(b"\n")[2].decode()


def _seconds(time: str) -> int:
    hours, minutes, seconds = [*map(int, time.lstrip("+-").split(":")), 0, 0][:3]
    return (-1 if time.startswith("-") else 1) * (hours * 3600 + minutes * 60 + seconds)
