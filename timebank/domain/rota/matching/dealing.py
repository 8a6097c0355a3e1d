"""The fewest people for everything, where their shares can be written down.

Prices prove how few it takes at least. What a choice costs beyond that is its waste: a share that
is paid less than another of the same person, or a slot that two have of whom it wants one. A cover
by so few people can waste no more than what the prices leave over; so most shares drop out at
once, and a short search tries the others. When it is long, other prices make a better one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from timebank.domain.rota.matching.board import Board
from timebank.domain.rota.matching.board import OutOfSteps
from timebank.domain.rota.matching.board import Steps
from timebank.domain.rota.matching.board import members
from timebank.domain.rota.matching.board import weight
from timebank.domain.rota.matching.cover import Cover
from timebank.domain.rota.matching.prices import HIGHEST
from timebank.domain.rota.matching.prices import UNIT
from timebank.domain.rota.matching.prices import Bill
from timebank.domain.rota.matching.prices import Climb
from timebank.domain.rota.matching.shares import Shares

MOST_ROUNDS = 200
FIRST_DEAL = 5  # after so many rounds prices are good enough to deal by
EVERY = 2
PATIENCE = 40
CLOSE = UNIT // 5


class Dealt(NamedTuple):
    """What is known: so many people are needed at least, and a cover by so few where one is."""

    least: int
    cover: Cover | None = None


def deal(board: Board, shares: Shares, *, most: int, steps: Steps) -> Dealt:
    """Look for a cover by as few people as can be, and by fewer than `most`.

    When its steps are used it returns what it knows by then.
    """
    least = weight(board.crowd, board.needed)
    crowd = [UNIT * (board.crowd >> slot & 1) for slot in range(len(board.needed))]
    with suppress(OutOfSteps):
        climb = Climb(board, shares.price(crowd, steps), highest=HIGHEST)
        for number in range(MOST_ROUNDS):
            least = max(least, climb.best.least)
            if least >= most:
                break
            if number >= FIRST_DEAL and number % EVERY == 0:
                cover, is_settled = _try(board, shares, climb.bill, least, steps)
                if cover:
                    return Dealt(least, cover)
                least += is_settled
            is_close = climb.bill.floor > least * UNIT - CLOSE
            climb.see(shares.price(climb.next_prices(least + is_close), steps))
    return Dealt(least)


def _try(
    board: Board, shares: Shares, bill: Bill, most: int, steps: Steps
) -> tuple[Cover | None, bool]:
    """Deal by some prices -> a cover, and whether it is settled if there is one."""
    if bill.least < most:
        return None, False
    try:
        with steps.lend(PATIENCE) as some:
            search = Deal(board, shares, bill, most=most, steps=some)
            return search.cover() if search.succeeds() else None, True
    except OutOfSteps:
        return None, False


class Deal:
    """A search among the shares that waste little enough: can `most` people cover everything?

    Shares are numbers in the order of their waste here, and sets of them integers.
    """

    def __init__(
        self, board: Board, shares: Shares, bill: Bill, *, most: int, steps: Steps
    ) -> None:
        self.board = board
        self.prices = bill.prices
        self.most = most
        self.steps = steps
        self.spare = most * UNIT - bill.floor
        least_waste = sorted(_wastes(shares, bill.prices, self.spare))
        self.wastes = [waste for waste, _, _ in least_waste]
        self.slots = [shares.slots[share] for _, share, _ in least_waste]
        self.lists = [shares.lists[share] for _, share, _ in least_waste]
        self.kinds = [kind for _, _, kind in least_waste]
        self.left = [kind.people.bit_count() for kind in shares.kinds]
        self.people = [kind.people for kind in shares.kinds]
        self.of_kind = [0] * len(shares.kinds)
        self.of_slot = [0] * len(board.needed)
        self.again = [0] * len(board.needed)  # how often a share may come more than once
        for share, (slots, kind) in enumerate(zip(self.lists, self.kinds, strict=True)):
            bit = 1 << share
            self.of_kind[kind] |= bit
            for slot in slots:
                self.of_slot[slot] |= bit
                self.again[slot] += self.left[kind] - 1
        self.missing = list(board.needed)
        self.dealt: list[int] = []

    def succeeds(self) -> bool:
        """Tell whether so few can cover everything.

        Raises:
            OutOfSteps: It takes longer to tell.
        """
        return self._goes_on((1 << len(self.slots)) - 1, self.board.slots, self.spare)

    def cover(self) -> Cover:
        """Give the slots of what was dealt to people."""
        cover = Cover(self.board)
        people = list(self.people)
        missing = list(self.board.needed)
        for share in self.dealt:
            kind = self.kinds[share]
            person = people[kind].bit_length() - 1
            people[kind] ^= 1 << person
            for slot in self.lists[share]:
                if missing[slot]:
                    missing[slot] -= 1
                    cover.give(slot, person)
        cover.team = cover.busy
        return cover

    def _goes_on(self, usable: int, opened: int, spare: int) -> bool:
        """Deal for one of the open slots: that which fewest shares are left for."""
        if not opened:
            return True
        self.steps.take()
        if len(self.dealt) == self.most:
            return False
        usable &= (1 << bisect_right(self.wastes, spare)) - 1
        slot = self._tightest(usable, opened)
        if slot is None:
            return False
        for waste, _, share in sorted(self._wasted(usable & self.of_slot[slot], opened)):
            if waste > spare:
                break
            if self._goes_on_with(share, usable, opened, spare - waste):
                return True
            usable &= ~(1 << share)
        return False

    def _tightest(self, usable: int, opened: int) -> int | None:
        """Find it; None when there are too few shares for one of them."""
        fewest, tightest = len(self.slots) + 1, None
        for slot in members(opened):
            count = (usable & self.of_slot[slot]).bit_count()
            if not count or count + self.again[slot] < self.missing[slot]:
                return None
            if count - self.missing[slot] < fewest:
                fewest, tightest = count - self.missing[slot], slot
        return tightest

    def _wasted(self, among: int, opened: int) -> Iterator[tuple[int, int, int]]:
        """For each share: what it wastes by now, and that which fills more comes first."""
        for share in members(among):
            waste = self.wastes[share]
            filled = self.slots[share] & opened
            if filled != self.slots[share]:
                waste += sum(
                    [self.prices[slot] for slot in self.lists[share] if not opened >> slot & 1]
                )
            yield waste, -filled.bit_count(), share

    def _goes_on_with(self, share: int, usable: int, opened: int, spare: int) -> bool:
        kind, filled = self.kinds[share], self.slots[share] & opened
        self.dealt.append(share)
        self.left[kind] -= 1
        for slot in members(filled):
            self.missing[slot] -= 1
            if not self.missing[slot]:
                opened ^= 1 << slot
        if not self.left[kind]:
            usable &= ~self.of_kind[kind]
        if self._goes_on(usable, opened, spare):
            return True
        for slot in members(filled):
            self.missing[slot] += 1
        self.left[kind] += 1
        self.dealt.pop()
        return False


def _wastes(shares: Shares, prices: Sequence[int], spare: int) -> Iterator[tuple[int, int, int]]:
    """For each share that wastes little enough: what it wastes, its number and its kind's."""
    paid = shares.paid(prices)
    for number, kind in enumerate(shares.kinds):
        dearest = max(UNIT, *paid[kind.first : kind.last])
        for share in range(kind.first, kind.last):
            if dearest - paid[share] <= spare:
                yield dearest - paid[share], share, number
