"""Names typed in a spreadsheet, matched to members, with a choice where that is doubtful."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

from timebank.core.text import tidy_line
from timebank.core.text import unaccented

SHORTEST_BEGINNING = 2  # letters: "Jo" may be Joanna, "J" may be anybody

_APOSTROPHES = re.compile("['’‘ʼ`´]")  # noqa: RUF001 - apostrophes as people type them
_BETWEEN_WORDS = re.compile(r"[\s.,\-‐–]+")  # noqa: RUF001 - dashes as people type them

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A member as far as a name goes."""

    membership_id: int
    full_name: str


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody in a spreadsheet.

    Attributes:
        names: every way the name was typed, in order; all are taken for one person.
        membership_ids: who it may be, the likeliest first; nobody: somebody new, or to be chosen.
        is_certain: it is the only one of them.
    """

    names: tuple[str, ...]
    membership_ids: tuple[int, ...]
    is_certain: bool


@dataclass(slots=True)
class _Name:
    """A typed name with all its spellings, and who it may be."""

    words: Words
    spellings: dict[str, None]
    ids: tuple[int, ...] = ()
    is_certain: bool = False


def match_people(names: Iterable[str], *, members: Sequence[Member]) -> tuple[Match, ...]:
    """Match each distinct name, in the order of their first appearance.

    Letter case, accents, apostrophes and hyphens don't count. "Priya S" is Priya Sharma when she
    is the only one it fits; "Priya" alone may be any Priya. Where the spreadsheet has both "Priya
    S" and "Priya Sharma", they are one person, unless the members say that they may be two.
    """
    register = _Register(members)
    typed: dict[Words, _Name] = {}
    for name in names:
        words = _words(name)
        typed.setdefault(words, _Name(words, {})).spellings[name] = None
    for one in typed.values():
        one.ids, one.is_certain = register.find(one.words)
    return tuple(
        Match(tuple(one.spellings), one.ids, one.is_certain)
        for one in _joined(list(typed.values()))
    )


def _joined(typed: list[_Name]) -> list[_Name]:
    """Join short names with the one longer name that they stand for."""
    by_beginning: dict[tuple[str, str], list[_Name]] = defaultdict(list)
    for name in typed:
        for key in _beginnings(name.words):
            by_beginning[key].append(name)
    gone: set[Words] = set()
    for short in sorted(typed, key=lambda name: len("".join(name.words))):
        longer = [
            name
            for name in by_beginning.get(_beginning(short.words), ())
            if name is not short and fits(short.words, name.words)
        ]
        if len(longer) == 1 and longer[0].ids == short.ids:
            longer[0].spellings = short.spellings | longer[0].spellings
            longer[0].is_certain |= short.is_certain
            gone.add(short.words)
        elif longer:
            short.is_certain = False
    return [name for name in typed if name.words not in gone]


class _Register:
    """Members, to be found by name."""

    def __init__(self, members: Iterable[Member]) -> None:
        self.by_first: dict[str, list[tuple[Words, int]]] = defaultdict(list)
        self.by_beginning: dict[tuple[str, str], list[tuple[Words, int]]] = defaultdict(list)
        self.by_whole: dict[str, list[int]] = defaultdict(list)
        self.firsts_by_beginning: dict[str, set[str]] = defaultdict(set)
        for member in members:
            self._add(_words(member.full_name), member.membership_id)

    def _add(self, words: Words, membership_id: int) -> None:
        entry = (words, membership_id)
        self.by_whole["".join(words)].append(membership_id)
        self.by_first[words[0]].append(entry)
        for key in _beginnings(words):
            self.by_beginning[key].append(entry)
        for end in range(SHORTEST_BEGINNING, len(words[0]) + 1):
            self.firsts_by_beginning[words[0][:end]].add(words[0])

    def find(self, words: Words) -> tuple[tuple[int, ...], bool]:
        """Find who a name may be, the likeliest first, and whether that is certain."""
        whole = self.by_whole.get("".join(words), [])
        short = [ids for full, ids in self._candidates(words) if fits(words, full)]
        found = tuple(dict.fromkeys([*whole, *short]))
        if whole and len(words[-1]) > 1:
            return tuple(dict.fromkeys(whole)), len(set(whole)) == 1
        if found:
            return found, len(found) == 1 and (len(words) > 1 or bool(whole))
        return self._doubtful(words), False

    def _candidates(self, words: Words) -> list[tuple[Words, int]]:
        if len(words) == 1:
            return self.by_first.get(words[0], [])
        return self.by_beginning.get(_beginning(words), [])

    def _doubtful(self, words: Words) -> tuple[int, ...]:
        """Find members with a shorter name, or another form of the first: Jo for Joanna."""
        first = words[0]
        firsts = set(self.firsts_by_beginning.get(first, ()))
        firsts |= {first[:end] for end in range(SHORTEST_BEGINNING, len(first) + 1)}
        ids = [
            membership_id
            for name in sorted(firsts)
            for full, membership_id in self.by_first.get(name, ())
            if fits((name, *words[1:]), full) or fits(full, (name, *words[1:]))
        ]
        return tuple(dict.fromkeys(ids))


def fits(short: Words, full: Words) -> bool:
    """Whether a short name may stand for a full one: "sam b" for "sam van der berg".

    The first words are equal; each other word begins a later one, in the same order.
    """
    if short[0] != full[0] or len(short) > len(full):
        return False
    later = iter(full[1:])
    return all(any(word.startswith(part) for word in later) for part in short[1:])


def _words(name: str) -> Words:
    """Take a name apart into what counts of it; never empty."""
    bare = _APOSTROPHES.sub("", unaccented(tidy_line(name)))
    return tuple(filter(None, _BETWEEN_WORDS.split(bare))) or ("",)


def _beginning(words: Words) -> tuple[str, str]:
    """Give the first name and what a later word begins with, by which full names are found."""
    return words[0], words[1] if len(words) > 1 else ""


def _beginnings(words: Words) -> set[tuple[str, str]]:
    """Give every such key of a full name."""
    return {(words[0], word[:end]) for word in words[1:] for end in range(1, len(word) + 1)}
