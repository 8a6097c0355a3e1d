"""The question as numbers: which people could take which slots, and which slots go together.

People and slots are numbers from zero here, and a set of them is an integer whose bits are its
members: a question about sixty slots at once is then one step of the processor.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

Item = TypeVar("Item")


class OutOfSteps(Exception):
    """All steps are used. It never leaves this package: the answer says that it may be inexact."""


@dataclass(slots=True)
class Steps:
    """How much may still be tried, in steps of some 25 microseconds.

    A count and not a clock, so that the same question has the same answer on every machine.
    """

    left: int

    def take(self, count: int = 1) -> None:
        """Use some.

        Raises:
            OutOfSteps: So many are not left; then none are, for the work may be done already.
        """
        if count > self.left:
            self.left = 0
            raise OutOfSteps
        self.left -= count

    @contextmanager
    def portion(self, divisor: int) -> Iterator[Steps]:
        """Lend a part of what is left; what is not used comes back."""
        with self.lend(self.left // divisor) as lent:
            yield lent

    @contextmanager
    def lend(self, most: int) -> Iterator[Steps]:
        """Lend some, as far as they are left; what is not used comes back."""
        lent = Steps(min(most, self.left))
        self.left -= lent.left
        try:
            yield lent
        finally:
            self.left += lent.left


@dataclass(frozen=True)
class Board:
    """What is asked, slot by slot and person by person.

    Attributes:
        needed: For each slot, how many people it wants.
        clashes: For each slot, the other slots that nobody can have besides.
        beside: For each slot, the overlapping ones that go with it: two at once, never three.
        can: For each person, the slots that they could take.
        able: For each slot, the people who could take it; `can`, seen from the slots.
    """

    needed: tuple[int, ...]
    clashes: tuple[int, ...]
    beside: tuple[int, ...]
    can: tuple[int, ...]
    able: tuple[int, ...]

    @classmethod
    def of(
        cls,
        *,
        needed: Sequence[int],
        clashes: Sequence[int],
        beside: Sequence[int],
        can: Sequence[int],
    ) -> Board:
        """Set up a board."""
        able = [0] * len(needed)
        for person, slots in enumerate(can):
            for slot in members(slots):
                able[slot] |= 1 << person
        return cls(tuple(needed), tuple(clashes), tuple(beside), tuple(can), tuple(able))

    def with_newcomers(self, slots: int, *, count: int = 1) -> Board:
        """Add people, after all others, who could take any of some slots."""
        newcomers = ((1 << count) - 1) << len(self.can)
        able = tuple(
            people | newcomers if slots >> slot & 1 else people
            for slot, people in enumerate(self.able)
        )
        can = (*self.can, *([slots] * count))
        return Board(self.needed, self.clashes, self.beside, can, able)

    @property
    def slots(self) -> int:
        """All slots."""
        return (1 << len(self.needed)) - 1

    @property
    def people(self) -> int:
        """All people."""
        return (1 << len(self.can)) - 1

    def closed_by(self, slot: int, held: int) -> int:
        """List what somebody with `held` can't take any more once they have `slot` too."""
        closed = self.clashes[slot]
        for other in members(held & self.beside[slot]):
            closed |= self.beside[slot] & self.beside[other]
        return closed

    def in_the_way(self, slot: int, held: int) -> int:
        """List what somebody with `held` would have to give up for `slot`."""
        ousted = held & self.clashes[slot]
        along = held & self.beside[slot]
        if not along:  # as nearly always
            return ousted
        for other in members(along):
            if along & ~ousted & self.beside[other]:
                ousted |= 1 << other
        return ousted

    @cached_property
    def apart(self) -> list[int]:
        """For each slot, the others that no person could have besides it."""
        return [
            clash | sum(1 << other for other, people in enumerate(self.able) if not people & able)
            for clash, able in zip(self.clashes, self.able, strict=True)
        ]

    @cached_property
    def crowd(self) -> int:
        """Slots of which nobody can have two: so many people are needed at least."""
        return largest_crowd(self.slots, self.apart, self.needed)


def members(chosen: int) -> Iterator[int]:
    """Go through a set, lowest number first."""
    while chosen:
        lowest = chosen & -chosen
        yield lowest.bit_length() - 1
        chosen ^= lowest


def pairs(items: Sequence[Item], holds: Callable[[Item, Item], bool]) -> list[int]:
    """For each item, the set of the others for which something holds; it holds both ways."""
    found = [0] * len(items)
    for (first, one), (second, other) in itertools.combinations(enumerate(items), 2):
        if holds(one, other):
            found[first] |= 1 << second
            found[second] |= 1 << first
    return found


def largest_crowd(among: int, apart: Sequence[int], needed: Sequence[int]) -> int:
    """Choose slots of which nobody can have two, with as many places as can be found.

    So many people are needed at least. There may be a larger crowd: this only tries every start.
    """
    order = _by_weight(among, apart, needed)
    crowds = [_crowd([start, *order], apart) for start in order]
    return max(crowds, key=lambda crowd: weight(crowd, needed), default=0)


def some_crowd(among: int, apart: Sequence[int], needed: Sequence[int]) -> int:
    """Choose such slots in a single go."""
    return _crowd(_by_weight(among, apart, needed), apart)


def weight(slots: int, needed: Sequence[int]) -> int:
    """Count the places of some slots."""
    return sum(needed[slot] for slot in members(slots))


def _by_weight(among: int, apart: Sequence[int], needed: Sequence[int]) -> list[int]:
    return sorted(members(among), key=lambda slot: (-needed[slot], -apart[slot].bit_count()))


def _crowd(order: Sequence[int], apart: Sequence[int]) -> int:
    crowd, rest = 0, -1
    for slot in order:
        if rest >> slot & 1:
            crowd |= 1 << slot
            rest &= apart[slot] & ~(1 << slot)
    return crowd
