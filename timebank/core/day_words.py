"""Months and weekdays as people shorten them, in the languages of neighbours.

Source: Unicode CLDR, as Babel carries it; its full names and short forms, and the beginnings of
the full ones, because "Sept", "Thurs" and "févr" are what people write.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Iterable

from babel import Locale

from timebank.core.text import unaccented

LANGUAGES = ("en", "cy", "de", "es", "fr", "it", "nl", "pl", "pt", "ro")
SHORTEST_MONTH = 3
SHORTEST_WEEKDAY = 2
MOST_MEANINGS = 3  # "Dydd" and "feira" stand in more weekdays than that and tell none apart
_WORD = re.compile(r"[^\W\d_]+")
_NOBODY_SAYS: frozenset[int] = frozenset()


def months_of(word: str) -> frozenset[int]:
    """Give the months, 1 to 12, that a word may mean: none for most words."""
    return _months().get(unaccented(word), _NOBODY_SAYS)


def weekdays_of(word: str) -> frozenset[int]:
    """Give the weekdays, Monday 0 to Sunday 6, that a word may mean: "So" is two of them."""
    return _weekdays().get(unaccented(word), _NOBODY_SAYS)


@functools.cache
def _months() -> dict[str, frozenset[int]]:
    names = (
        (month, name)
        for locale in map(Locale.parse, LANGUAGES)
        for style in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for month, name in locale.months[style][width].items()
    )
    return _by_beginning(names, shortest=SHORTEST_MONTH)


@functools.cache
def _weekdays() -> dict[str, frozenset[int]]:
    names = [
        (weekday, name)
        for locale in map(Locale.parse, LANGUAGES)
        for style in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for weekday, name in locale.days[style][width].items()
    ]
    return _by_beginning([*names, (2, "Weds")], shortest=SHORTEST_WEEKDAY)


def _by_beginning(names: Iterable[tuple[int, str]], *, shortest: int) -> dict[str, frozenset[int]]:
    """Map every beginning of every word to what it may mean."""
    meanings: dict[str, set[int]] = defaultdict(set)
    for number, name in names:
        for word in _WORD.findall(unaccented(name)):
            for end in range(shortest, len(word) + 1):
                meanings[word[:end]].add(number)
    return {
        word: frozenset(found) for word, found in meanings.items() if len(found) <= MOST_MEANINGS
    }
