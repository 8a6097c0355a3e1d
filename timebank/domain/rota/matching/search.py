"""The search that settles what prices leave open: depth first, the tightest slot first.

It looks ahead (whoever takes a slot is crossed off what clashes with it), tries only one of people
who are alike at that moment, and knows again what it has seen fail.
"""

from __future__ import annotations

from collections.abc import Iterator

from timebank.domain.rota.matching.board import Board
from timebank.domain.rota.matching.board import OutOfSteps
from timebank.domain.rota.matching.board import Steps
from timebank.domain.rota.matching.board import members
from timebank.domain.rota.matching.board import some_crowd
from timebank.domain.rota.matching.board import weight
from timebank.domain.rota.matching.cover import Cover

DEEPEST = 250


def find_cover(board: Board, *, skips: int, most: int | None, steps: Steps) -> Cover | None:
    """Find a cover that leaves `skips` places open at most, or prove that there is none.

    Args:
        most: How many people may come, or None for any number.

    Raises:
        OutOfSteps: Neither could be told.
    """
    if sum(board.needed) > DEEPEST:
        raise OutOfSteps
    search = _Search(board, skips, most, steps)
    return search.cover if search.succeeds() else None


class _Search:
    """A cover half made, and what it still allows.

    Attributes:
        missing: For each slot, how many people it still wants.
        options: For each slot, the people who can still take it.
        open_to: For each person, the slots that they can still take: `options`, turned round.
        failed: States from which there is no way on.
    """

    def __init__(self, board: Board, skips: int, most: int | None, steps: Steps) -> None:
        self.board = board
        self.skips = skips
        self.most = most
        self.steps = steps
        self.cover = Cover(board)
        self.missing = list(board.needed)
        self.options = list(board.able)
        self.open_to = list(board.can)
        self.apart = board.apart if most is not None else []
        self.failed: set[object] = set()

    def succeeds(self) -> bool:
        """Try to fill all that is missing; leaves the cover as it was when that fails."""
        self.steps.take(1 + len(self.open_to) // 40)
        choices = self._choices()
        if self._is_hopeless(choices):
            return False
        waiting = [slot for slot, people in choices.items() if people]
        if not waiting:
            return True
        likes = self._likes(sum(1 << slot for slot in waiting))
        size = self.cover.team.bit_count() if self.most is not None else 0
        state = (size, *self.missing, *sorted(like for like in likes if like))
        if state in self.failed:
            return False
        slot = min(waiting, key=lambda one: choices[one].bit_count() - self.missing[one])
        if self._fills(slot, choices[slot], likes):
            return True
        self.failed.add(state)
        return False

    def _choices(self) -> dict[int, int]:
        """For each slot that wants people, who could still be given a place."""
        team = self.cover.team
        full = self.most is not None and team.bit_count() >= self.most
        among = team if full else self.board.people
        return {
            slot: self.options[slot] & among
            for slot, missing in enumerate(self.missing)
            if missing
        }

    def _is_hopeless(self, choices: dict[int, int]) -> bool:
        short = sum(
            max(0, self.missing[slot] - people.bit_count()) for slot, people in choices.items()
        )
        return short > self.skips or (self.most is not None and self._wants_more_people(choices))

    def _wants_more_people(self, choices: dict[int, int]) -> bool:
        """Whether the slots that the team can't fill want more new people than may come."""
        team = self.cover.team
        lacking = [0] * len(self.missing)
        for slot, people in choices.items():
            lacking[slot] = max(0, self.missing[slot] - (people & team).bit_count())
        slots = sum(1 << slot for slot, count in enumerate(lacking) if count)
        new = weight(some_crowd(slots, self.apart, lacking), lacking)
        return team.bit_count() + new - self.skips > (self.most or 0)

    def _likes(self, waiting: int) -> list[int]:
        """Write down, person by person, all that matters from here; 0 for who can do nothing."""
        near = 0
        for slot in members(waiting):
            near |= self.board.beside[slot]
        width = len(self.missing)
        team = self.cover.team if self.most is not None else 0
        return [
            (open_to & waiting) << (width + 1) | (held & near) << 1 | (team >> person & 1)
            if open_to & waiting
            else 0
            for person, (open_to, held) in enumerate(
                zip(self.open_to, self.cover.held, strict=True)
            )
        ]

    def _fills(self, slot: int, people: int, likes: list[int]) -> bool:
        """Try a slot with one person after another; whoever failed is left out from then on."""
        left_out = 0
        for person in self._in_order(people, likes):
            if self.missing[slot] - self.options[slot].bit_count() > self.skips:
                break
            if self._succeeds_with(slot, person):
                return True
            alike = sum(1 << one for one in members(people) if likes[one] == likes[person])
            left_out |= alike
            self._cross_off(slot, alike)
        else:
            if self.succeeds():
                return True
        self._allow(slot, left_out)
        return False

    def _in_order(self, people: int, likes: list[int]) -> Iterator[int]:
        """Go through people, one of each kind: the team first, then the least flexible."""
        kinds = {likes[person]: person for person in members(people)}
        yield from sorted(
            kinds.values(),
            key=lambda one: (
                not self.cover.team >> one & 1,
                self.open_to[one].bit_count() * (-1 if self._is_new(one) else 1),
            ),
        )

    def _is_new(self, person: int) -> bool:
        return self.most is not None and not self.cover.team >> person & 1

    def _succeeds_with(self, slot: int, person: int) -> bool:
        cover, bit, team = self.cover, 1 << slot, self.cover.team
        closed = self.open_to[person] & (bit | self.board.closed_by(slot, cover.held[person]))
        for other in members(closed):
            self._cross_off(other, 1 << person)
        cover.give(slot, person)
        cover.team |= 1 << person
        self.missing[slot] -= 1
        if self.succeeds():
            return True
        self.missing[slot] += 1
        cover.team = team
        cover.take(slot, person)
        for other in members(closed):
            self._allow(other, 1 << person)
        return False

    def _cross_off(self, slot: int, people: int) -> None:
        self.options[slot] &= ~people
        for person in members(people):
            self.open_to[person] &= ~(1 << slot)

    def _allow(self, slot: int, people: int) -> None:
        self.options[slot] |= people
        for person in members(people):
            self.open_to[person] |= 1 << slot
