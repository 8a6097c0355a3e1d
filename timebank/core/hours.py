"""Minutes as people read and type them: 90 is "1½ hours", -120 on a statement is "−2".

Minutes are whole numbers everywhere else; hours exist only here and in templates.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Protocol

from timebank.core.errors import Refused
from timebank.core.text import tidy_line

MINUTES_PER_HOUR = 60
MINUTES_PER_QUARTER = 15
QUARTERS = ("", "¼", "½", "¾")
MINUS = "\N{MINUS SIGN}"

MOST_HOURS = 9_999  # that anybody may type; what an account may hold is for its own rules
SECONDS_PER_MINUTE = 60
_FRACTIONS = {
    "¼": Fraction(1, 4),
    "½": Fraction(1, 2),
    "¾": Fraction(3, 4),
    "⅓": Fraction(1, 3),
    "⅔": Fraction(2, 3),
    "1/4": Fraction(1, 4),
    "1/2": Fraction(1, 2),
    "3/4": Fraction(3, 4),
    "1/3": Fraction(1, 3),
    "2/3": Fraction(2, 3),
}
_UNIT = r"(?:h|hr|hrs|hour|hours)\.?"
_MINUTES = r"(?:m|min|mins|minute|minutes)\.?"
# Each reads one way of writing; figures are ASCII and few, so nothing here takes long.
_WAYS = tuple(
    re.compile(way)
    for way in (
        # 41.5, .5, 22,5, 15 hrs. A comma with three figures after it might count thousands.
        rf"(?P<hours>[0-9]{{1,9}}(?:\.[0-9]{{1,4}}|,[0-9]{{1,2}})?|\.[0-9]{{1,4}}) ?(?:{_UNIT})?",
        # 22:30, and 22:30:00 as spreadsheets have it
        r"(?P<hours>[0-9]{1,9}):(?P<minutes>[0-5][0-9])(?::(?P<seconds>[0-5][0-9]))?",
        # 22h30, 1 hour 20 minutes
        rf"(?P<hours>[0-9]{{1,9}}) ?{_UNIT} ?(?P<minutes>[0-5][0-9])",
        rf"(?P<hours>[0-9]{{1,9}}) ?{_UNIT} ?(?:and )?(?P<minutes>[0-5]?[0-9]) ?{_MINUTES}",
        rf"(?P<minutes>[0-9]{{1,9}}) ?{_MINUTES}",
        # ½, 1 ½, 1½ hours, 1 1/2
        rf"(?P<hours>[0-9]{{1,9}})? ?(?P<part>[¼½¾⅓⅔]) ?(?:{_UNIT})?",
        rf"(?:(?P<hours>[0-9]{{1,9}}) )?(?P<part>[123]/[234]) ?(?:{_UNIT})?",
    )
)


class UnreadableHours(Refused, ValueError):
    """Write hours like 1½, 1:30 or 1h30."""


class TooManyHours(Refused, ValueError):
    """That is more than 9,999 hours. Check the figure."""


class ChoosePlural(Protocol):
    """What Flask-Babel's ngettext looks like; gives callers a way to translate.

    As there, the wording may say `%(num)s` without being handed it a second time.
    """

    def __call__(self, singular: str, plural: str, num: int, /, **variables: object) -> str:
        """Pick the wording for `num` and fill in the variables."""


def english(singular: str, plural: str, num: int, /, **variables: object) -> str:
    """Choose between the two wordings as English does."""
    return (singular if num == 1 else plural) % {"num": num, **variables}


def figure(minutes: int) -> str:
    """Write minutes as a bare number of hours: "12½", "−¾", "0"; odd minutes as "1:20"."""
    sign = MINUS if minutes < 0 else ""
    hours, odd_minutes = divmod(abs(minutes), MINUTES_PER_HOUR)
    quarters, odd = divmod(odd_minutes, MINUTES_PER_QUARTER)
    if odd:
        return f"{sign}{hours}:{odd_minutes:02d}"
    if quarters and not hours:
        return f"{sign}{QUARTERS[quarters]}"
    return f"{sign}{hours}{QUARTERS[quarters]}"


def signed(minutes: int) -> str:
    """Write minutes for a statement, with a plus or a true minus: "+1¾", "−2", "0"."""
    return f"+{figure(minutes)}" if minutes > 0 else figure(minutes)


def unit(minutes: int, *, ngettext: ChoosePlural = english) -> str:
    """Name the unit that follows `figure`: "hour" up to one hour, else "hours"."""
    return ngettext("hour", "hours", _grammatical_number(minutes))


def in_words(minutes: int, *, ngettext: ChoosePlural = english) -> str:
    """Say how long: "1½ hours", "¾ hour", "20 minutes", "1 hour 20 minutes"."""
    hours, odd_minutes = divmod(abs(minutes), MINUTES_PER_HOUR)
    if odd_minutes % MINUTES_PER_QUARTER == 0:
        return _hours(minutes, ngettext=ngettext)
    sign = MINUS if minutes < 0 else ""
    tail = ngettext("%(num)s minute", "%(num)s minutes", odd_minutes)
    if not hours:
        return f"{sign}{tail}"
    return f"{sign}{_hours(hours * MINUTES_PER_HOUR, ngettext=ngettext)} {tail}"


def minutes_typed(words: str) -> int:
    """Read hours as people write them, as whole minutes: "22h30", "22:30", "22.5" are all 1,350.

    Understands "15 hrs", "½", "1 ½", "1 1/2", "90 mins", "1 hour 20 minutes", "-3" with any
    minus, and a blank, which is 0. Parts of a minute are rounded, a half away from zero; ask
    `exact_minutes` whether there were any.

    Raises:
        UnreadableHours: Anything else: words, full-width figures, "1e3", "NaN", "2:75".
        TooManyHours: More than 9,999 hours either way.
    """
    return whole_minutes(exact_minutes(words))


def whole_minutes(exact: Fraction) -> int:
    """Round to the minute, a half away from zero."""
    whole = math.floor(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def exact_minutes(words: str) -> Fraction:
    """Read hours as `minutes_typed` does, with whatever part of a minute they come to.

    Raises:
        UnreadableHours, TooManyHours: As `minutes_typed`.
    """
    text = tidy_line(words).casefold().replace("\N{FRACTION SLASH}", "/")
    if not text:
        return Fraction(0)
    is_negative = text[0] in {"-", "–", MINUS}
    text = text[1:].lstrip() if is_negative else text
    found = next(filter(None, (way.fullmatch(text) for way in _WAYS)), None)
    if found is None or (found.groupdict().get("part") or "½") not in _FRACTIONS:
        raise UnreadableHours
    minutes = _minutes_of(found.groupdict())
    if minutes > MOST_HOURS * MINUTES_PER_HOUR:
        raise TooManyHours
    return -minutes if is_negative else minutes


def _minutes_of(parts: dict[str, str | None]) -> Fraction:
    hours = Fraction((parts.get("hours") or "0").replace(",", "."))
    hours += _FRACTIONS.get(parts.get("part") or "", Fraction(0))
    seconds = Fraction(parts.get("seconds") or "0")
    minutes = Fraction(parts.get("minutes") or "0")
    return hours * MINUTES_PER_HOUR + minutes + seconds / SECONDS_PER_MINUTE


def _hours(minutes: int, *, ngettext: ChoosePlural) -> str:
    number = _grammatical_number(minutes)
    return ngettext("%(figure)s hour", "%(figure)s hours", number, figure=figure(minutes))


def _grammatical_number(minutes: int) -> int:
    """Count half an hour as one ("½ hour"), an hour and a quarter as two ("1¼ hours")."""
    return 1 if 0 < abs(minutes) <= MINUTES_PER_HOUR else 2
