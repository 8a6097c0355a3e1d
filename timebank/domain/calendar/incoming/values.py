"""What stands in the lines of an entry: moments, lengths and words, and why one can't be an event.

Source: RFC 5545 3.3.4 to 3.3.6.
"""

from __future__ import annotations

import datetime as dt
import enum
import html
import re

from timebank.core.text import UnreadableText
from timebank.core.text import tidy_line
from timebank.core.text import tidy_text
from timebank.domain.calendar.incoming.lines import Block
from timebank.domain.calendar.incoming.lines import text_of

LONGEST_UID = 255
MOMENT = re.compile(r"(\d{8})T(\d{6})(Z?)", re.ASCII)
DAY = re.compile(r"\d{8}", re.ASCII)
_LENGTH = re.compile(
    r"\+?P(?:(\d{1,3})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?",
    re.ASCII,
)
_BREAK = re.compile(r"<(?:br|/p|/div|/li)\b[^<>]{0,100}>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")


class Why(enum.StrEnum):
    """Why an entry, or a date of one, can't be an event here."""

    NO_TITLE = "no_title"
    NO_TIME = "no_time"
    ALL_DAY = "all_day"
    SEVERAL_DAYS = "several_days"
    PAST_MIDNIGHT = "past_midnight"
    CANCELLED = "cancelled"
    PRIVATE = "private"
    TOO_OFTEN = "too_often"
    NO_RULE = "no_rule"
    NO_ZONE = "no_zone"
    SAME_DAY = "same_day"
    CANNOT_BE = "cannot_be"


class Unfit(ValueError):
    """An entry that can't be one; `why`, and the name of an unknown zone."""

    def __init__(self, why: Why, name: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.name = name


def read(text: str) -> dt.datetime:
    """Read a moment by its own clock.

    Raises:
        Unfit: It is none.
    """
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise Unfit(Why.NO_TIME) from None


def is_day(text: str) -> bool:
    """Whether this is a day as calendars write it."""
    return DAY.fullmatch(text) is not None


def is_moment(text: str) -> bool:
    """Whether this is a moment as calendars write it."""
    return MOMENT.fullmatch(text) is not None


def read_length(text: str) -> dt.timedelta:
    """Read how long something takes.

    Raises:
        Unfit: It can't be read.
    """
    found = _LENGTH.fullmatch(text.strip().upper())
    if found is None:
        raise Unfit(Why.NO_TIME)
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def to_the_minute(moment: dt.datetime) -> dt.time:
    """Give the time of day without its seconds."""
    return moment.time().replace(second=0, microsecond=0)


def uid_of(block: Block) -> str:
    """Give the name that its calendar gave an entry."""
    return text_of(block, "UID").strip()[:LONGEST_UID]


def line_of(block: Block, name: str) -> str:
    """Give the words of a name in one line; none where they can't be read."""
    try:
        return tidy_line(text_of(block, name))
    except UnreadableText:
        return ""


def words_of(block: Block) -> str:
    """Give a description as plain text: some programs write HTML there."""
    words = text_of(block, "DESCRIPTION")
    if "<" in words:
        words = html.unescape(_TAG.sub("", _BREAK.sub("\n", words)))
    try:
        return tidy_text(words)
    except UnreadableText:
        return ""
