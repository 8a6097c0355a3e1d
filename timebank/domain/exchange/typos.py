"""Guess what somebody meant to type, from the words that are on the board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

ONE_SLIP, TWO_SLIPS = 4, 8  # words of so many letters may have that many


def nearest(typed: str, known: Mapping[str, int]) -> str | None:
    """Find the word on the board that `typed` was meant to be; None when nothing is near.

    Fewest slips win, then the word that stands there most often, then the alphabet.

    Args:
        typed: A word in small letters, without accents.
        known: Every word on the board in the same form, and how often it stands there.
    """
    allowed = slips_allowed(typed)
    letters = Counter(typed)
    near: list[tuple[int, int, str]] = []
    for word, count in known.items():
        if abs(len(word) - len(typed)) > allowed or _apart(letters, word) > 2 * allowed:
            continue
        slips = distance(typed, word)
        if slips <= allowed:
            near.append((slips, -count, word))
    return min(near)[2] if near else None


def slips_allowed(typed: str) -> int:
    """Tell how many slips a word may have and still be meant: none in three letters."""
    if len(typed) < ONE_SLIP:
        return 0
    return 1 if len(typed) < TWO_SLIPS else 2


def distance(one: str, other: str) -> int:
    """Count the slips between two words: a letter too many, missing, wrong, or two swapped.

    Source: optimal string alignment, row by row.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        further = [i]
        for j, theirs in enumerate(other, 1):
            least = min(row[j] + 1, further[j - 1] + 1, row[j - 1] + (letter != theirs))
            is_swap = i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == theirs
            further.append(min(least, before[j - 2] + 1) if is_swap else least)
        before, row = row, further
    return row[-1]


def _apart(letters: Counter[str], word: str) -> int:
    """Count the letters that only one has: quick, and never more than twice the slips."""
    theirs = Counter(word)
    return sum(((letters - theirs) + (theirs - letters)).values())
