"""A heading as a day: what is written, before it is settled which year or order is meant."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from timebank.core.day_words import months_of
from timebank.core.day_words import weekdays_of

FARTHEST_DATE = 80  # letters into a heading; the rest of a long one is a note
CENTURY = 2000
FOUR_FIGURES = 4
LEAP_YEAR = 2000  # the 29th of February is a day until a year says otherwise
SPREADSHEETS_COUNT_FROM = dt.date(1899, 12, 30)
# 2020 to 2049: other figures of five digits are more likely to be something else.
SERIAL_NUMBERS = range(43831, 54789)

_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_COMPACT = re.compile(r"(?<!\d)(?P<year>20\d\d)(?P<month>\d\d)(?P<day>\d\d)(?!\d)")
_YEAR_FIRST = re.compile(
    r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"
)
_YEAR_AFTER = (
    r"(?:[\s,./–-]*(?:(?:de|del|of)\s+)?['’]?(?P<year>\d{4}|[2-4]\d(?!\s*\w))(?!\w|:|[.,/–-]\d))?"
)
_DAY_MONTH = re.compile(
    r"(?<![\d:])(?P<day>\d{1,2})(?:st|nd|rd|th|er|re|º|ª)?[\s./–-]*(?:(?:de|of)\s+|d['’])?"
    r"(?P<word>[^\W\d_]{3,})\.?" + _YEAR_AFTER
)
_MONTH_DAY = re.compile(
    r"(?P<word>[^\W\d_]{3,})\.?[\s-]*(?P<day>\d{1,2})(?:st|nd|rd|th)?(?!\w|:|[./]\d)" + _YEAR_AFTER
)
_NUMBERS = re.compile(
    r"(?<![\w:./-])(?P<first>\d{1,2})(?P<sign>\s?[./-]\s?)(?P<second>\d{1,2})"
    r"(?:\s?[./-]\s?(?P<year>\d{4}|\d{2}))?\.?(?!\w|:|[.,/-]\d)"
)
_SEVERAL_DAYS = re.compile(r"\d\s*(?:[/&+–-]|and|to|und|et|y|bis|a)\s*$", re.IGNORECASE)
_WORD_BEFORE = re.compile(
    r"([^\W\d_]{2,})[\s.,]*(?:(?:the|den|le|el|il|am|dia|día)\s+)?$", re.IGNORECASE
)
_WORD_AFTER = re.compile(r"[\s,.(\[]*([^\W\d_]{3,})(?![\w'’])[)\].,]*")
_MIDNIGHT = re.compile(r"[T\s]0?0:00(?::00)?(?:\.0+)?Z?(?![\w:])|T(?=\d)")
_BRACKETED = re.compile(r"[(\[][^()\[\]]*[)\]]?")
_BRACKETS = re.compile(r"[()\[\]]")
_TIME = re.compile(
    r"\d{1,2}(?:[:.]\d\d){0,2}\s?(?:am|pm|noon|h|uhr)\b|\d{1,2}:\d\d(?::\d\d)?",
    re.IGNORECASE,
)
_LOOSE = " .,;:/|–—-"

_MONTH_ALONE = re.compile(r"([^\W\d_]{3,})\.?[\s,'’/-]*(?:\d{4}|\d{2})?")
_DAY_ALONE = re.compile(r"(?:([^\W\d_]{2,})[.,]?\s+)?\d{1,2}(?:st|nd|rd|th|\.)?")
_WORDS = re.compile(r"[^\W\d_]{2,}")
_FIGURE = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Written:
    """A day as somebody wrote it.

    Attributes:
        year: as written, or None.
        day_first, month_first: (month, day) in either order of the two; None: no such day.
        weekdays: what the written weekday may mean, Monday 0; none when none is written.
        note: what else the heading says.
        is_serial: a number of days, as spreadsheets count them.
        has_more: the note holds figures that may be part of the day.
    """

    year: int | None
    day_first: tuple[int, int] | None
    month_first: tuple[int, int] | None
    weekdays: frozenset[int] = frozenset()
    note: str = ""
    is_serial: bool = False
    has_more: bool = False

    @property
    def is_possible(self) -> bool:
        """Whether such a day exists, in one order or the other."""
        readings = {self.day_first, self.month_first} - {None}
        year = LEAP_YEAR if self.year is None else self.year
        return any(day_in(year, reading) for reading in readings if reading)

    @property
    def is_ambiguous(self) -> bool:
        """Whether either of the numbers may be the month."""
        return None not in {self.day_first, self.month_first} and (
            self.day_first != self.month_first
        )


def read_day(text: str) -> Written | None:
    """Read a heading such as "Sat 26 Dec (Boxing Day)"; None when it names no single day."""
    if not _FIGURE.search(text):
        return None
    text = " ".join(text.split())
    serial = _SERIAL.fullmatch(text)
    if serial:
        return _from_serial(int(serial[1]))
    for found, written in _candidates(text[:FARTHEST_DATE]):
        if _SEVERAL_DAYS.search(text[: found.start()]):
            return None
        return _with_surroundings(written, text[: found.start()], text[found.end() :])
    return None


def looks_like_a_day(text: str) -> bool:
    """Whether a heading that can't be read was meant for a date: "Sat ??", "Dec 32", "12"."""
    words = _WORDS.findall(text)
    return bool(words or _FIGURE.search(text)) and all(
        weekdays_of(word) or months_of(word) for word in words
    )


def is_month_alone(text: str) -> bool:
    """Whether a heading names a month and no day: "December 2026" over 5, 12, 19."""
    found = _MONTH_ALONE.fullmatch(text)
    return bool(found and months_of(found[1]))


def is_day_alone(text: str) -> bool:
    """Whether a heading is a day whose month stands elsewhere: "5", "Sat 5"."""
    found = _DAY_ALONE.fullmatch(text)
    return bool(found and (not found[1] or weekdays_of(found[1])))


def is_weekday_alone(text: str) -> bool:
    """Whether a heading names a weekday and nothing else."""
    return bool(weekdays_of(text.rstrip(".")))


def day_in(year: int, month_and_day: tuple[int, int]) -> dt.date | None:
    """Give the day of a year, or None when the year has no such day."""
    try:
        return dt.date(year, *month_and_day)
    except ValueError:
        return None


def _from_serial(number: int) -> Written | None:
    if number not in SERIAL_NUMBERS:
        return None
    day = SPREADSHEETS_COUNT_FROM + dt.timedelta(days=number)
    reading = (day.month, day.day)
    return Written(day.year, reading, reading, is_serial=True)


def _candidates(text: str) -> Iterator[tuple[re.Match[str], Written]]:
    """Find dates in a text; those in brackets last, because brackets are for notes."""
    outside = _BRACKETED.sub(lambda found: "\0" * len(found[0]), text)
    yield from _dates_in(outside)
    if outside != text:
        yield from _dates_in(text)


def _dates_in(text: str) -> Iterator[tuple[re.Match[str], Written]]:
    """Find dates in a text, the most telling way of writing first."""
    for pattern in (_YEAR_FIRST, _COMPACT):
        for found in pattern.finditer(text):
            yield found, _certain(found["year"], int(found["month"]), found["day"])
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        for found in pattern.finditer(text):
            months = months_of(found["word"])
            if len(months) == 1:
                yield found, _certain(found["year"], min(months), found["day"])
    for found in _NUMBERS.finditer(text):
        written = _of_numbers(found)
        if written:
            yield found, written


def _certain(year: str | None, month: int, day: str) -> Written:
    reading = _existing(month, int(day))
    return Written(_full_year(year), reading, reading)


def _of_numbers(found: re.Match[str]) -> Written | None:
    """Read "5/12", "05-12-2026", "5.12.": with dots, the day always comes first."""
    first, second, sign = found["first"], found["second"], found["sign"].strip()
    if sign == "-" and not found["year"] and len(first + second) < len("0512"):
        return None  # "9-10" is a time
    day_first = _existing(int(second), int(first))
    month_first = day_first if sign == "." else _existing(int(first), int(second))
    return Written(_full_year(found["year"]), day_first, month_first)


def _existing(month: int, day: int) -> tuple[int, int] | None:
    return (month, day) if day_in(LEAP_YEAR, (month, day)) else None


def _full_year(digits: str | None) -> int | None:
    if not digits:
        return None
    return int(digits) + (CENTURY if len(digits) == len("26") else 0)


def _with_surroundings(written: Written, before: str, after: str) -> Written:
    """Take the weekday from beside a date; what is left is a note."""
    weekdays, before, after = _take_weekday(before, after)
    midnight = _MIDNIGHT.match(after)
    rest = f"{before} {after[midnight.end() :] if midnight else after}"
    outside = _TIME.sub("", _BRACKETED.sub("", rest))
    return Written(
        year=written.year,
        day_first=written.day_first,
        month_first=written.month_first,
        weekdays=weekdays,
        note=" ".join(_BRACKETS.sub(" ", rest).split()).strip(_LOOSE),
        has_more=any(letter.isdigit() for letter in outside),
    )


def _take_weekday(before: str, after: str) -> tuple[frozenset[int], str, str]:
    found = _WORD_BEFORE.search(before)
    if found and weekdays_of(found[1]):
        return weekdays_of(found[1]), before[: found.start()], after
    found = _WORD_AFTER.match(after)
    if found and weekdays_of(found[1]):
        return weekdays_of(found[1]), before, after[found.end() :]
    return frozenset(), before, after
