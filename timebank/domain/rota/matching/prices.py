"""Proof that no better cover exists: prices that the places of a slot might pay.

Say that each place left open costs 1000, and each person who comes along `fee`. Let every place
pay a price, of at most what it costs when it is left open. Each person earns at most what the
dearest slots pay that they can have together, less the fee. So whatever anybody does, it costs at
least what all places pay, less what all people could earn. (Lagrange's relaxation; the prices are
raised where too few come and lowered where too many do.)

Everything counts in whole numbers, so a proof is one on every machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from timebank.domain.rota.matching.board import Board
from timebank.domain.rota.matching.board import OutOfSteps
from timebank.domain.rota.matching.board import Steps
from timebank.domain.rota.matching.board import members

UNIT = 1000
HIGHEST = 100 * UNIT  # no price has to be
MOST_ROUNDS = 120
MOMENTUM = 0.7
FIRST_STRIDE = 2.0
PATIENCE = 10
AT_A_STEP = 20  # sets of slots that are weighed
SHORTER = 0.6


@dataclass(frozen=True, slots=True)
class Bill:
    """What some prices prove: that it costs at least `floor`, in thousandths.

    Attributes:
        coming: For each slot, how many people would come for these prices.
    """

    prices: Sequence[int]
    floor: int
    coming: Sequence[int]

    @property
    def least(self) -> int:
        """The floor in whole places, or people."""
        return -(-self.floor // UNIT)

    def most_earned(self, board: Board, slots: int, steps: Steps) -> int:
        """Tell what somebody who could take these slots would earn at most.

        Raises:
            OutOfSteps: It takes more steps than are left.
        """
        known = {0: (0, 0)}
        earned, _ = _dearest(board, slots, self.prices, known, steps)
        steps.take(len(known) // AT_A_STEP)
        return earned


def price(board: Board, prices: Sequence[int], *, fee: int, steps: Steps) -> Bill:
    """Add up what some prices prove.

    Raises:
        OutOfSteps: It takes more steps than are left.
    """
    paying = sum(1 << slot for slot, one in enumerate(prices) if one)
    floor = sum(one * needed for one, needed in zip(prices, board.needed, strict=True))
    coming = [0] * len(prices)
    known: dict[int, tuple[int, int]] = {0: (0, 0)}
    for can, people in Counter(can & paying for can in board.can).items():
        earned, chosen = _dearest(board, can, prices, known, steps)
        if earned > fee:
            floor -= people * (earned - fee)
            for slot in members(chosen):
                coming[slot] += people
    steps.take(1 + len(known) // AT_A_STEP)
    return Bill(prices, floor, coming)


def _dearest(
    board: Board,
    can: int,
    prices: Sequence[int],
    known: dict[int, tuple[int, int]],
    steps: Steps,
) -> tuple[int, int]:
    """Choose the slots that pay most together -> what they pay, and which they are.

    That nobody does three jobs at once is left out: it could only lower what is earned. Where many
    roles never go together, the sets to weigh are without number: steps end it on the way.
    """
    if can in known:
        return known[can]
    if len(known) > AT_A_STEP * steps.left:
        steps.take(steps.left + 1)
    lowest = can & -can
    slot = lowest.bit_length() - 1
    paid, chosen = _dearest(board, can & ~lowest & ~board.clashes[slot], prices, known, steps)
    best = (paid + prices[slot], chosen | lowest)
    if can & board.clashes[slot]:
        best = max(best, _dearest(board, can & ~lowest, prices, known, steps))
    known[can] = best
    return best


def raise_floor(board: Board, bill: Bill, *, fee: int, target: int, steps: Steps) -> Bill:
    """Look for prices that prove as much as `target`, going on from those of a bill.

    It stops when its steps are used, and returns the best bill so far.
    """
    climb = Climb(board, bill, highest=HIGHEST if fee else UNIT)
    with suppress(OutOfSteps):
        for _ in range(MOST_ROUNDS):
            if climb.best.least >= target:
                break
            climb.see(price(board, climb.next_prices(target), fee=fee, steps=steps))
    return climb.best


class Climb:
    """A way up for prices: a subgradient, with some of the last step's direction kept.

    Attributes:
        bill: The last one, and `best` the one that proves most.
    """

    def __init__(self, board: Board, bill: Bill, *, highest: int) -> None:
        self.bill = self.best = bill
        self._needed = board.needed
        self._highest = float(highest)
        self._prices = [float(one) for one in bill.prices]
        self._push = [0.0] * len(self._prices)
        self._stride = FIRST_STRIDE
        self._waited = 0

    def see(self, bill: Bill) -> None:
        """Take the bill for the prices that came last; strides shorten when none is better."""
        self.bill = bill
        self._waited += 1
        if bill.floor > self.best.floor:
            self.best, self._waited = bill, 0
        elif self._waited == PATIENCE:
            self._stride *= SHORTER
            self._waited = 0

    def next_prices(self, target: int) -> list[int]:
        """Raise where fewer would come than are needed, and lower where more would."""
        self._push = [
            needed - coming + MOMENTUM * before
            for needed, coming, before in zip(
                self._needed, self.bill.coming, self._push, strict=True
            )
        ]
        free = [
            push for push, now in zip(self._push, self._prices, strict=True) if push > 0 or now > 0
        ]
        length = sum(push * push for push in free) or 1.0
        stretch = self._stride * (target * UNIT - self.bill.floor) / length
        self._prices = [
            min(max(now + stretch * push, 0.0), self._highest)
            for now, push in zip(self._prices, self._push, strict=True)
        ]
        return [int(one) for one in self._prices]
