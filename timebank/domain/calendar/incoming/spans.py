"""When somebody is busy, by a calendar of their own: from when until when, and nothing else of it.

Source: RFC 5545 3.6.4 and 3.8.2.6 (FREEBUSY), 3.8.2.7 (TRANSP).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from timebank.domain.calendar.incoming import values
from timebank.domain.calendar.incoming.lines import Block
from timebank.domain.calendar.incoming.lines import Line
from timebank.domain.calendar.incoming.lines import Taken
from timebank.domain.calendar.incoming.lines import first
from timebank.domain.calendar.incoming.lines import text_of
from timebank.domain.calendar.incoming.repeating import Steps
from timebank.domain.calendar.incoming.repeating import TooMuchRepeats
from timebank.domain.calendar.incoming.repeating import dates_of
from timebank.domain.calendar.incoming.repeating import read_rule
from timebank.domain.calendar.incoming.zones import Zones

AHEAD = dt.timedelta(days=120)
LONGEST = dt.timedelta(days=60)
MOST_SPANS = 2_000
MOST_READ = 2_000
A_DAY = dt.timedelta(days=1)

Span = tuple[dt.datetime, dt.datetime]


def spans_of(taken: Taken, *, timezone: str, now: dt.datetime) -> list[Span]:
    """List the spans to come in which somebody is busy, put together where they touch.

    What can't be read is passed over: the rest is of use all the same.

    Raises:
        TooMuchRepeats: It repeats more than anybody does.
    """
    found: list[Span] = []
    reader = _Reader(taken, timezone, now)
    for span in reader.spans():
        found.append(span)
        if len(found) >= MOST_SPANS * 4:
            break
    return _together(found, now)[:MOST_SPANS]


def _together(spans: list[Span], now: dt.datetime) -> list[Span]:
    merged: list[Span] = []
    for starts, ends in sorted(spans):
        if ends <= now or starts >= now + AHEAD:
            continue
        if merged and starts <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends))
        else:
            merged.append((starts, ends))
    return merged


class _Reader:
    def __init__(self, taken: Taken, timezone: str, now: dt.datetime) -> None:
        self._taken = taken
        self._zones = Zones(taken.zones, at_home=timezone)
        self._now = now
        self._steps = Steps()

    def spans(self) -> Iterator[Span]:
        """Go through the spans of all values."""
        instead = self._instead()
        for block in filter(_is_busy, self._taken.entries[:MOST_READ]):
            try:
                yield from self._of_entry(block, instead[text_of(block, "UID")])
            except TooMuchRepeats:
                raise
            except (ValueError, OverflowError):
                continue
        for block in self._taken.busy:
            for line in block.get("FREEBUSY", ()):
                if line.parameters.get("FBTYPE", "BUSY").upper() != "FREE":
                    yield from self._of_list(line)

    def _instead(self) -> dict[str, set[dt.datetime]]:
        """Find, by the names of entries, the dates in place of which another stands."""
        instead: dict[str, set[dt.datetime]] = defaultdict(set)
        for block in self._taken.entries:
            meant = first(block, "RECURRENCE-ID")
            if meant:
                instead[text_of(block, "UID")] |= set(self._quietly(meant))
        return instead

    def _of_entry(self, block: Block, instead: set[dt.datetime]) -> Iterator[Span]:
        line = first(block, "DTSTART")
        if line is None:
            return
        local, zone = self._moment(line)
        length = self._length(block, local, zone, line)
        starts = {_utc(local, zone)}
        rule = first(block, "RRULE")
        if rule:
            here = self._now.replace(tzinfo=None)
            read = read_rule(rule.value, starts=local, zone=zone)
            dates = dates_of(
                read, first=here - length - A_DAY, last=here + AHEAD + A_DAY, steps=self._steps
            )
            starts = {_utc(one, zone) for one in dates}
        if not first(block, "RECURRENCE-ID"):
            starts -= instead
        for gone in block.get("EXDATE", ()):
            starts -= set(self._quietly(gone))
        for more in block.get("RDATE", ()):
            starts |= set(self._quietly(more))
        yield from ((one, one + length) for one in starts)

    def _quietly(self, line: Line) -> Iterator[dt.datetime]:
        """Go through a list of moments, without those that can't be read."""
        for value in line.value.split(",")[:400]:
            try:
                moment, zone = self._moment(Line(value.strip(), line.parameters))
                yield _utc(moment, zone)
            except (ValueError, OverflowError):
                continue

    def _length(
        self, block: Block, starts: dt.datetime, zone: dt.tzinfo, line: Line
    ) -> dt.timedelta:
        ends, length = first(block, "DTEND"), first(block, "DURATION")
        if ends:
            until, until_zone = self._moment(ends)
            found = _utc(until, until_zone) - _utc(starts, zone)
        elif length:
            found = values.read_length(length.value)
        else:
            found = A_DAY if len(line.value) == len("20270501") else dt.timedelta(0)
        if found <= dt.timedelta(0):
            raise ValueError("it takes no time")
        return min(found, LONGEST)

    def _moment(self, line: Line) -> tuple[dt.datetime, dt.tzinfo]:
        """Read a moment, or the beginning of a day, by its own clock -> with its zone."""
        value = line.value
        if values.is_day(value):
            return dt.datetime.fromisoformat(f"{value}T000000"), self._zones.at_home
        if not values.is_moment(value):
            raise ValueError(value)
        moment = dt.datetime.fromisoformat(value.rstrip("Z"))
        name = line.parameters.get("TZID", "")
        if value.endswith("Z"):
            return moment, dt.UTC
        return moment, self._zones.named(name) if name else self._zones.at_home

    def _of_list(self, line: Line) -> Iterator[Span]:
        """Go through the spans of one line: a start, and an end or a length."""
        for value in line.value.split(",")[:400]:
            begins, _slash, until = value.strip().partition("/")
            try:
                starts = _utc(*self._moment(Line(begins, {})))
                is_length = until.startswith("P")
                ends = (
                    starts + values.read_length(until)
                    if is_length
                    else _utc(*self._moment(Line(until, {})))
                )
                latest = starts + LONGEST
            except (ValueError, OverflowError):
                continue
            if ends > starts:
                yield starts, min(ends, latest)


def _is_busy(block: Block) -> bool:
    is_free = text_of(block, "TRANSP").strip().upper() == "TRANSPARENT"
    return not is_free and text_of(block, "STATUS").strip().upper() != "CANCELLED"


def _utc(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    return moment.replace(tzinfo=zone).astimezone(dt.UTC)
