"""Minutes as people read them: 90 is "1½ hours", -120 on a statement is "−2".

Minutes are whole numbers everywhere else; hours exist only here and in templates.
"""

from __future__ import annotations

from typing import Protocol

MINUTES_PER_HOUR = 60
MINUTES_PER_QUARTER = 15
QUARTERS = ("", "¼", "½", "¾")
MINUS = "\N{MINUS SIGN}"


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


def _hours(minutes: int, *, ngettext: ChoosePlural) -> str:
    number = _grammatical_number(minutes)
    return ngettext("%(figure)s hour", "%(figure)s hours", number, figure=figure(minutes))


def _grammatical_number(minutes: int) -> int:
    """Count half an hour as one ("½ hour"), an hour and a quarter as two ("1¼ hours")."""
    return 1 if 0 < abs(minutes) <= MINUTES_PER_HOUR else 2
