"""Take the text of a calendar apart: only what we read, and never more of it than is reasonable.

The library that writes our calendars is not used to read: its time grows with what a stranger
sends. Here each letter is looked at a set number of times.

Source: RFC 5545 3.1, 3.2, 3.3.11.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from dataclasses import field

from timebank.core.errors import Refused

MOST_BYTES = 1_000_000
MOST_ENTRIES = 5_000
MOST_ZONES = 20
MOST_RULES_OF_ZONES = 60
DEEPEST = 4
LONGEST_LINE = 10_000
MOST_LINES_OF_A_NAME = 50
# The rest of an entry is not for us: who else comes, what rings when, what hangs on it.
KEPT = {
    "UID", "SUMMARY", "DESCRIPTION", "LOCATION", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE",
    "EXDATE", "RECURRENCE-ID", "STATUS", "CLASS", "TRANSP", "FREEBUSY",
}  # fmt: skip
KEPT_OF_ZONES = {
    "TZID", "X-LIC-LOCATION", "DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE",
}  # fmt: skip
SEVERAL = {"RDATE", "EXDATE", "FREEBUSY"}
BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

_FOLD = re.compile(r"(?:\r\n|\n|\r)[ \t]")
_LINE_END = re.compile(r"\r\n|\n|\r")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NAME = re.compile(r"[A-Za-z0-9-]{1,40}(?=[;:])")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,40})=("[^"]*"|[^";:]*)')
_ESCAPED = re.compile(r"\\([\\;,nN])")


class NotACalendar(Refused):
    """That isn't a calendar. Its file ends in .ics and begins with BEGIN:VCALENDAR."""


class StopsHalfway(Refused):
    """That calendar stops in the middle. Save or fetch it again."""


class CalendarTooLong(Refused):
    """That calendar is more than 1 MB. Bring a smaller part of it."""


class NotUtf8(Refused):
    """We can't read the letters of that calendar. Save it as UTF-8 text, then try again."""


class TooTangled(Refused):
    """That calendar is put together in a way that we don't read."""


class TooManyEntries(Refused):
    """That calendar has more than 5,000 entries. Bring a smaller part of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its value as written, and the parameters that came with it, names in capitals."""

    value: str
    parameters: dict[str, str]

    @property
    def text(self) -> str:
        """Give the value as somebody meant it to be read."""
        return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value)


Block = dict[str, list[Line]]


@dataclass(slots=True)
class Zone:
    """A time zone as the file describes it: its names, and its rules, each a block."""

    facts: Block = field(default_factory=dict)
    rules: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Taken:
    """What a calendar holds. `others`: how many there are of what can't be an event, by kind."""

    entries: list[Block] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    busy: list[Block] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)


def take_apart(raw: bytes) -> Taken:
    """Take a calendar apart.

    Raises:
        NotACalendar, StopsHalfway, CalendarTooLong, NotUtf8, TooTangled, TooManyEntries: See each.
    """
    text = _decode(raw)
    if "BEGIN:VCALENDAR" not in text[:20_000].upper():
        raise NotACalendar
    reader = _Reader()
    for line in _LINE_END.split(_FOLD.sub("", text)):
        reader.read(line)
    if reader.path:
        raise StopsHalfway
    return reader.taken


def _decode(raw: bytes) -> str:
    if len(raw) > MOST_BYTES:
        raise CalendarTooLong
    encoding = BYTE_ORDER_MARKS.get(raw[:2], "utf-8-sig")
    try:
        return _CONTROL.sub("", raw.decode(encoding))
    except UnicodeDecodeError:
        raise NotUtf8 from None


class _Reader:
    """Goes through the lines, and knows inside what it is."""

    def __init__(self) -> None:
        self.taken = Taken()
        self.path: list[str] = []
        self._rules = 0

    def read(self, line: str) -> None:
        """Take one line in, if it is of those that are kept."""
        head = line[:60].upper().rstrip()
        if head.startswith("BEGIN:"):
            self._begin(head[6:].strip())
        elif head.startswith("END:"):
            if not self.path or self.path.pop() != head[4:].strip():
                raise TooTangled
        else:
            block, kept = self._block()
            if block is not None:
                _keep(block, line[:LONGEST_LINE], kept)

    def _begin(self, kind: str) -> None:
        if (kind == "VCALENDAR") == bool(self.path) or len(self.path) >= DEEPEST:
            raise TooTangled
        self.path.append(kind)
        self._open()
        taken = self.taken
        if len(taken.entries) + len(taken.busy) + taken.others.total() > MOST_ENTRIES:
            raise TooManyEntries
        if len(taken.zones) > MOST_ZONES or self._rules > MOST_RULES_OF_ZONES:
            raise TooTangled

    def _open(self) -> None:
        taken = self.taken
        match self.path:
            case [_, "VEVENT"]:
                taken.entries.append({})
            case [_, "VFREEBUSY"]:
                taken.busy.append({})
            case [_, "VTIMEZONE"]:
                taken.zones.append(Zone())
            case [_, "VTIMEZONE", "STANDARD" | "DAYLIGHT"]:
                taken.zones[-1].rules.append({})
                self._rules += 1
            case [_, other]:
                taken.others[other] += 1

    def _block(self) -> tuple[Block | None, set[str]]:
        """Find what the next line belongs to, and which names are kept there."""
        match self.path:
            case [_, "VEVENT"]:
                return self.taken.entries[-1], KEPT
            case [_, "VFREEBUSY"]:
                return self.taken.busy[-1], KEPT
            case [_, "VTIMEZONE"]:
                return self.taken.zones[-1].facts, KEPT_OF_ZONES
            case [_, "VTIMEZONE", "STANDARD" | "DAYLIGHT"]:
                return self.taken.zones[-1].rules[-1], KEPT_OF_ZONES
        return None, set()


def _keep(block: Block, line: str, kept: set[str]) -> None:
    """Keep a line that can be read; of most names the first one counts."""
    found = _NAME.match(line)
    name = found[0].upper() if found else ""
    if not found or name not in kept:
        return
    there = block.setdefault(name, [])
    if len(there) >= (MOST_LINES_OF_A_NAME if name in SEVERAL else 1):
        return
    parameters, at = {}, found.end()
    while parameter := _PARAMETER.match(line, at):
        parameters[parameter[1].upper()] = parameter[2].strip('"')
        at = parameter.end()
    while line[at : at + 1] == ",":  # a list of values: none of ours has one
        at = line.find(":", at)
    if line[at : at + 1] == ":":
        there.append(Line(line[at + 1 :].strip(), parameters))


def first(block: Block, name: str) -> Line | None:
    """Give the line of a name, if there is one."""
    lines = block.get(name)
    return lines[0] if lines else None


def text_of(block: Block, name: str) -> str:
    """Give the words of a name; none are an empty text."""
    line = first(block, name)
    return line.text if line else ""
