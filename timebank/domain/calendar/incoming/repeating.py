"""The dates of an entry that repeats: as many as are of use, found in a bounded time.

Source: RFC 5545 3.3.10; an entry that repeats more than once a day can't be an event here.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from timebank.domain.calendar.incoming import rules

LONGEST_RULE = 300
MOST_DATES = 400
MOST_STEPS = 200_000  # days that are looked at, over all entries of one calendar
FURTHEST_LAST = dt.timedelta(days=3650)
WITHIN_A_DAY = {"SECONDLY", "MINUTELY", "HOURLY"}
PARTS_WITHIN_A_DAY = {"BYHOUR", "BYMINUTE", "BYSECOND"}
_COUNT = re.compile(r"[1-9]\d{0,5}", re.ASCII)
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)


class CannotRepeat(ValueError):
    """The message says why an entry can't repeat here: a word of `entries.Why`."""


class TooMuchRepeats(ValueError):
    """A calendar repeats more than anybody would read."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of repetition that can be followed, from an entry's first start on.

    Attributes:
        starts: The first start, by the clock of the entry, as all that follow.
        until: The last moment; None: there is none.
        count: How many times; None: it isn't counted.
    """

    days: rules.Days
    starts: dt.datetime
    until: dt.datetime | None
    count: int | None

    @property
    def goes_on(self) -> bool:
        """Whether it has no end."""
        return self.until is None and self.count is None


class Steps:
    """How many days may still be looked at."""

    def __init__(self, left: int = MOST_STEPS) -> None:
        self.left = left

    def take(self, days: int) -> None:
        """Take some.

        Raises:
            TooMuchRepeats: There are no more.
        """
        self.left -= max(1, days)
        if self.left < 0:
            raise TooMuchRepeats


def read_rule(text: str, *, starts: dt.datetime, zone: dt.tzinfo) -> Rule:
    """Read a rule.

    Raises:
        CannotRepeat: It can't be followed.
    """
    if len(text) > LONGEST_RULE:
        raise CannotRepeat("no_rule")
    parts = dict(
        part.partition("=")[::2] for part in text.upper().replace(" ", "").split(";") if part
    )
    if parts.get("FREQ") in WITHIN_A_DAY or PARTS_WITHIN_A_DAY & set(parts):
        raise CannotRepeat("too_often")
    until, count = parts.pop("UNTIL", ""), parts.pop("COUNT", "")
    if count and not _COUNT.fullmatch(count):
        raise CannotRepeat("no_rule")
    try:
        days = rules.read_days(parts, starts=starts.date())
        last = _read_until(until, zone) if until else None
    except (ValueError, OverflowError):
        raise CannotRepeat("no_rule") from None
    return Rule(days=days, starts=starts, until=last, count=int(count) if count else None)


def _read_until(text: str, zone: dt.tzinfo) -> dt.datetime:
    """Read an end by the entry's own clock; one that is told in UTC is put into its zone."""
    found = _UNTIL.fullmatch(text)
    if found is None:
        raise ValueError(text)
    if not found[2]:
        return dt.datetime.fromisoformat(f"{found[1]}T235959")
    moment = dt.datetime.fromisoformat(f"{found[1]}T{found[2]}")
    if found[3]:
        moment += zone.utcoffset(moment) or dt.timedelta(0)
    return moment


def dates_of(
    rule: Rule, *, first: dt.datetime, last: dt.datetime, steps: Steps
) -> list[dt.datetime]:
    """List the starts of an entry between two moments.

    Raises:
        CannotRepeat: There are too many.
        TooMuchRepeats: It takes too long to follow.
    """
    starts = _starts(rule, first=first, last=last, steps=steps)
    dates = list(itertools.islice((one for one in starts if one >= first), MOST_DATES + 2))
    if len(dates) > MOST_DATES + 1:
        raise CannotRepeat("too_often")
    return dates


def last_of(rule: Rule, *, now: dt.datetime, steps: Steps) -> dt.datetime | None:
    """Tell the last start of an entry; None: there is none within ten years.

    Raises:
        TooMuchRepeats: It takes too long to follow.
    """
    furthest = now + FURTHEST_LAST
    if rule.goes_on or (rule.until and rule.until > furthest):
        return None
    found = list(_starts(rule, first=rule.starts, last=furthest, steps=steps))
    is_cut = rule.count is not None and rule.until is None and len(found) < rule.count
    return None if is_cut or not found else found[-1]


def _starts(
    rule: Rule, *, first: dt.datetime, last: dt.datetime, steps: Steps
) -> Iterator[dt.datetime]:
    """Go through an entry's starts; the entry itself is always the first of them.

    What is counted must be counted from its beginning, else only the days that matter are.
    """
    last = min(rule.until or last, last)
    begins = rule.starts if rule.count else max(first - rules.A_DAY, rule.starts)
    if last < rule.starts or last < begins:
        return iter((rule.starts,))
    steps.take((last - begins).days)
    days = rules.days_between(
        rule.days, starts=rule.starts.date(), first=begins.date(), last=last.date()
    )
    time = rule.starts.time()
    others = (dt.datetime.combine(day, time) for day in days)
    others = (one for one in others if rule.starts < one <= last)
    return itertools.islice(itertools.chain((rule.starts,), others), rule.count)
