"""Times of day as people write them on paper: "8:10", "7.45", "9", "0915", "9.10am", "noon"."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from timebank.core import clock
from timebank.core.text import fold

NOON = 12
MINUTES_A_DAY = 1440
FARTHEST = dt.timedelta(hours=13)  # half a day, and the hour by which clocks change
LONGEST_TIME = 20  # letters

_DOUBTS = re.compile(r"[?~]|\b(?:c|ca|circa|about|approx)\b\.?")
_WORDS = {"noon": dt.time(12), "midday": dt.time(12), "midnight": dt.time(0)}
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?:\s*(?P<sign>[:.,;h])\s*(?P<minute>\d{1,2}))?(?::\d\d)?"
    r"\s*(?P<half>[ap]\.?(?:m\.?)?)?(?:\s*(?:h|hrs?|o['’]?clock))?"
)
_COMPACT = re.compile(
    r"(?P<hour>\d{1,2})(?P<minute>\d\d)\s*(?P<half>[ap]\.?(?:m\.?)?)?(?:\s*hrs?)?"
)
_FRACTION = re.compile(r"0?[.,](\d{3,})")


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day as written.

    Attributes:
        times: What it may mean: two of them where it doesn't say whether morning or afternoon;
            none: it can't be read.
        is_sure: Whether nothing about it had to be guessed.
    """

    times: tuple[dt.time, ...] = ()
    is_sure: bool = True


def read_clock(text: str) -> Clock:
    """Read a time of day."""
    written = fold(text)
    if len(written) > LONGEST_TIME:
        return Clock()
    bare = _DOUBTS.sub("", written).strip()
    found = _read(bare)
    return found if bare == written else Clock(found.times, is_sure=False)


def _read(text: str) -> Clock:
    if text in _WORDS:
        return Clock((_WORDS[text],))
    fraction = _FRACTION.fullmatch(text)
    if fraction:  # how a spreadsheet keeps a time: 0.34375 is a quarter past eight
        minutes = round(float(f"0.{fraction[1]}") * MINUTES_A_DAY) % MINUTES_A_DAY
        return Clock((_time(*divmod(minutes, 60)),), is_sure=False)
    found = _COMPACT.fullmatch(text) or _CLOCK.fullmatch(text)
    return _clock(found) if found else Clock()


def _clock(found: re.Match[str]) -> Clock:
    parts = found.groupdict()
    digits, sign = parts["minute"] or "", parts.get("sign")
    is_short = sign is not None and len(digits) == 1
    # A spreadsheet takes 10.30 for a number and shows 10.3.
    minute = int(digits or 0) * (10 if is_short and sign in {".", ","} else 1)
    times = tuple(_halves(int(parts["hour"]), minute, (parts["half"] or "")[:1]))
    return Clock(times, is_sure=not is_short)


def _halves(hour: int, minute: int, half: str) -> Iterator[dt.time]:
    """Give the times that these figures may mean: with "a" or "p" said, or above noon, one."""
    if hour > 24 or minute > 59 or (half and not 1 <= hour <= NOON):  # noqa: PLR2004 - a clock
        return
    if half:
        yield _time(hour % NOON + (NOON if half == "p" else 0), minute)
    elif hour == 24:  # noqa: PLR2004 - the end of a day
        if not minute:
            yield _time(0, 0)
    else:
        yield _time(hour, minute)
        if 1 <= hour <= NOON:
            yield _time((hour + NOON) % 24, minute)


def _time(hour: int, minute: int) -> dt.time:
    return dt.time(hour, minute)


def nearest(times: tuple[dt.time, ...], *, to: dt.datetime, timezone: str) -> dt.datetime | None:
    """Choose the moment at which a clock shows one of `times`, the nearest to what was planned.

    None: no clock there shows it within half a day of that.
    """
    today = clock.local_date(to, timezone)
    moments = [
        clock.at_local(day, time, timezone, the_second=the_second)
        for day in (today + dt.timedelta(days=apart) for apart in (-1, 0, 1))
        for time in times
        if clock.exists_locally(day, time, timezone)
        for the_second in (False, True)
    ]
    moments = [moment for moment in moments if abs(moment - to) <= FARTHEST]
    return min(moments, key=lambda moment: abs(moment - to), default=None)
