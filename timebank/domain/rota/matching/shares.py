"""Shares: all that one person could have together, and nothing could be added.

Where people may do few jobs each they are few hundred, and can be written down. What each of them
is paid for some prices is then one sum, over all of them at once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from collections.abc import Sequence
from typing import NamedTuple

from timebank.domain.rota.matching.board import Board
from timebank.domain.rota.matching.board import Steps
from timebank.domain.rota.matching.board import members
from timebank.domain.rota.matching.prices import UNIT
from timebank.domain.rota.matching.prices import Bill

MOST_SHARES = 2500
BITS, FORMAT = 32, "<{}I"  # room for what one share is paid, and how to read so many of them
AT_A_STEP = 100


class Kind(NamedTuple):
    """People who could take the same slots: a set of them, and their shares from `first` on."""

    people: int
    first: int
    last: int


class Shares:
    """The shares of all people, one kind after the other, and what they are paid.

    Attributes:
        slots: For each share, its slots; `lists` has them one by one.
        kinds: Who could have which.
    """

    def __init__(self, board: Board, slots: Sequence[int], kinds: Sequence[Kind]) -> None:
        self.board = board
        self.slots = slots
        self.lists = [tuple(members(share)) for share in slots]
        self.kinds = kinds
        self._format = FORMAT.format(len(slots))
        # For each slot, a one in the field of each share that it belongs to.
        self._fields = [0] * len(board.needed)
        for share, its_slots in enumerate(self.lists):
            for slot in its_slots:
                self._fields[slot] |= 1 << BITS * share

    @classmethod
    def of(cls, board: Board) -> Shares | None:
        """Write down the shares of everybody; None when they are too many."""
        alike: dict[int, int] = {}
        for person, can in enumerate(board.can):
            alike[can] = alike.get(can, 0) | 1 << person
        slots: list[int] = []
        kinds = []
        for can, people in alike.items():
            first = len(slots)
            for share in _of_one(board, can, 0, can):
                slots.append(share)
                if len(slots) > MOST_SHARES:
                    return None
            kinds.append(Kind(people, first, len(slots)))
        return cls(board, slots, kinds)

    def paid(self, prices: Sequence[int]) -> Sequence[int]:
        """Tell what each share is paid."""
        total = sum(one * fields for one, fields in zip(prices, self._fields, strict=True) if one)
        return struct.unpack(self._format, total.to_bytes(BITS // 8 * len(self.slots), "little"))

    def price(self, prices: Sequence[int], steps: Steps) -> Bill:
        """Add up what some prices prove, as `prices.price` does for a fee of one unit.

        Raises:
            OutOfSteps: It takes more steps than are left.
        """
        steps.take(2 + len(self.slots) // AT_A_STEP)
        paid = self.paid(prices)
        floor = sum(one * needed for one, needed in zip(prices, self.board.needed, strict=True))
        coming = [0] * len(prices)
        for people, first, last in self.kinds:
            dearest = max(paid[first:last])
            if dearest > UNIT:
                count = people.bit_count()
                floor -= count * (dearest - UNIT)
                for slot in self.lists[paid.index(dearest, first)]:
                    coming[slot] += count
        return Bill(prices, floor, coming)


def _of_one(board: Board, can: int, held: int, left: int, closed: int = 0) -> Iterator[int]:
    """Go through the shares of somebody.

    Args:
        can: What they could take.
        held: What is in the share already.
        left: What may still come into it.
        closed: What can't, because of what is in it.
    """
    if not left:
        if not can & ~held & ~closed:
            yield held
        return
    lowest = left & -left
    slot = lowest.bit_length() - 1
    rest = left ^ lowest
    shut = board.closed_by(slot, held)
    yield from _of_one(board, can, held | lowest, rest & ~shut, closed | shut)
    if rest & (board.clashes[slot] | board.beside[slot]):
        yield from _of_one(board, can, held, rest, closed)
