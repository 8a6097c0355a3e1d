"""What the clock of an entry means: zones by their own names, by those of Windows, or described.

A zone that the file only describes is followed as described (RFC 5545 3.6.5); a name that we
know counts for more than the description beside it, which many programs get wrong.
"""

from __future__ import annotations

import bisect
import datetime as dt
import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo
from zoneinfo import available_timezones

from timebank.domain.calendar.incoming import rules
from timebank.domain.calendar.incoming.lines import Block
from timebank.domain.calendar.incoming.lines import Line
from timebank.domain.calendar.incoming.lines import Zone
from timebank.domain.calendar.incoming.lines import first
from timebank.domain.calendar.incoming.lines import text_of

FIRST_DAY, LAST_DAY = dt.date(2010, 1, 1), dt.date(2040, 1, 1)
LONGEST_NAME = 100
LONGEST_RULE = 120
MOST_CHANGES = 100
_OFFSET = re.compile(r"([+-])(0\d|1[0-4])([0-5]\d)([0-5]\d)?")


class UnknownZone(ValueError):
    """Nobody can tell what the clock of this zone says; the message is its name."""


@dataclass(frozen=True, slots=True)
class Change:
    """A moment, by the clock before it, at which the clocks change."""

    at: dt.datetime
    before: dt.timedelta
    after: dt.timedelta


class Zones:
    """The zones of one calendar, by the names that its entries use."""

    def __init__(self, described: Iterable[Zone], *, at_home: str) -> None:
        self.at_home: dt.tzinfo = ZoneInfo(at_home)
        self._described = {text_of(zone.facts, "TZID"): zone for zone in described}
        self._found: dict[str, dt.tzinfo | None] = {}

    def named(self, name: str) -> dt.tzinfo:
        """Find a zone.

        Raises:
            UnknownZone: It is neither known nor described.
        """
        if name not in self._found:
            self._found[name] = self._find(name)
        found = self._found[name]
        if found is None:
            raise UnknownZone(name)
        return found

    def _find(self, name: str) -> dt.tzinfo | None:
        zone = self._described.get(name)
        known = known_name(name)
        if zone and not known:
            known = known_name(text_of(zone.facts, "X-LIC-LOCATION"))
        if known:
            return ZoneInfo(known)
        return _as_described(zone) if zone else None


def known_name(name: str) -> str:
    """Find what a zone is called here: some programs put words before its name; "": it isn't."""
    if len(name) > LONGEST_NAME:
        return ""
    parts = name.strip().strip('"').casefold().split("/")
    for table in (_names, _names_of_windows):
        for start in range(len(parts)):
            found = table().get("/".join(parts[start:]))
            if found:
                return found
    return ""


@functools.cache
def _names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


@functools.cache
def _names_of_windows() -> dict[str, str]:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # noqa: PLC0415 - slow to load

    known = _names()
    return {
        name.casefold(): known[there.casefold()]
        for name, there in WINDOWS_TO_OLSON.items()
        if there.casefold() in known
    }


class Described(dt.tzinfo):
    """A zone as its description says: at each change, the offset before it and from it on."""

    def __init__(self, changes: list[Change]) -> None:
        self._changes = sorted(changes, key=lambda change: change.at)
        self._moments = [change.at for change in self._changes]

    def utcoffset(self, moment: dt.datetime | None, /) -> dt.timedelta | None:
        """Tell the offset at a time on the wall; of one that comes twice, the first is meant.

        A time that the clocks skip is told by the clock before it.
        """
        if moment is None:
            return None
        local = moment.replace(tzinfo=None)
        number = bisect.bisect_right(self._moments, local) - 1
        if number < 0:
            return self._changes[0].before
        change = self._changes[number]
        is_skipped = local < change.at + (change.after - change.before)
        return change.before if is_skipped else change.after

    def dst(self, _moment: dt.datetime | None, /) -> dt.timedelta | None:
        """Say nothing: only the offset is of use."""
        return None

    def tzname(self, _moment: dt.datetime | None, /) -> str:
        """Give no name: it has only the one in its file."""
        return ""


def _as_described(zone: Zone) -> dt.tzinfo | None:
    """Follow a description, when it is one that ends: yearly rules of the usual kind only."""
    changes: list[Change] = []
    for rule in zone.rules:
        found = _changes(rule)
        if found is None:
            return None
        changes += found
    return Described(changes) if changes else None


def _changes(rule: Block) -> list[Change] | None:
    """List the changes of one rule; None: it can't be read."""
    starts = first(rule, "DTSTART")
    before, after = (_offset(first(rule, name)) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
    if starts is None or before is None or after is None:
        return None
    try:
        begins = _moment(starts.value)
        moments = [begins]
        repeats = first(rule, "RRULE")
        if repeats:
            moments += _yearly(repeats.value, begins)
        for line in rule.get("RDATE", ()):
            moments += [_moment(one) for one in line.value.split(",")[:MOST_CHANGES]]
    except (ValueError, TypeError, KeyError, IndexError, OverflowError):
        return None
    return [Change(moment, before, after) for moment in moments]


def _moment(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text.strip().rstrip("Z"))
    return moment.replace(tzinfo=None)


def _offset(line: Line | None) -> dt.timedelta | None:
    found = _OFFSET.fullmatch(line.value) if line else None
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    length = dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return -length if found[1] == "-" else length


def _yearly(text: str, begins: dt.datetime) -> list[dt.datetime]:
    """List the moments of a yearly rule in the years that matter, and in no others.

    Raises:
        ValueError: It is no such rule.
    """
    parts = dict(part.partition("=")[::2] for part in text.upper().split(";"))
    until = parts.pop("UNTIL", "")
    if parts.get("FREQ") != "YEARLY" or len(text) > LONGEST_RULE:
        raise ValueError(text)
    days = rules.read_days(parts, starts=begins.date())
    last = min(LAST_DAY, _moment(until).date()) if until else LAST_DAY
    found = rules.days_between(days, starts=begins.date(), first=FIRST_DAY, last=last)
    return [dt.datetime.combine(day, begins.time()) for day in found]
