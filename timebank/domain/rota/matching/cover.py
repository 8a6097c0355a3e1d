"""Who has what, and how places are passed on until everybody fits.

Kuhn's augmenting paths, with two turns more: a path forks where somebody would have to give up
two places for one, and it may bring on somebody from the bench in place of another. Where nobody
can have two places this finds a best answer; elsewhere it nearly always does, and
`prices` and `search` settle whether it did.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from timebank.domain.rota.matching.board import Board
from timebank.domain.rota.matching.board import Steps
from timebank.domain.rota.matching.board import members

Saved = tuple[list[int], list[int], int]


class Move(NamedTuple):
    """A way to fill a slot: `person` takes it, and slots are ousted that others must fill.

    When `person` comes from the bench, they also take over what `leaver` has.
    """

    cost: int
    person: int
    leaver: int
    ousted: int


class Cover:
    """Who has what.

    Attributes:
        taken: For each slot, the people who have a place of it.
        held: For each person, the slots that they have a place of.
        team: The people among whom places may be passed on.
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        self.taken = [0] * len(board.needed)
        self.held = [0] * len(board.can)
        self.team = 0

    @property
    def missing(self) -> list[int]:
        """For each slot, how many people it still wants."""
        return [
            needed - people.bit_count()
            for needed, people in zip(self.board.needed, self.taken, strict=True)
        ]

    @property
    def unfilled(self) -> int:
        """How many places nobody has."""
        return sum(self.missing)

    @property
    def busy(self) -> int:
        """The people who have a place."""
        return sum(1 << person for person, slots in enumerate(self.held) if slots)

    def contested(self) -> int:
        """Find the open slots, and those that people have who could take a contested one."""
        contested = 0
        ahead = sum(1 << slot for slot, missing in enumerate(self.missing) if missing)
        while ahead:
            contested |= ahead
            found = 0
            for slot in members(ahead):
                for person in members(self.board.able[slot] & ~self.taken[slot]):
                    found |= self.board.in_the_way(slot, self.held[person])
            ahead = found & ~contested
        return contested

    def copy(self, board: Board) -> Cover:
        """Copy it to a board with the same slots and people, and perhaps newcomers at the end.

        The newcomers are on the copy's team.
        """
        copied = Cover(board)
        newcomers = board.people & ~self.board.people
        copied.taken[:] = self.taken
        copied.held[: len(self.held)] = self.held
        copied.team = self.busy | newcomers
        return copied

    def give(self, slot: int, person: int) -> None:
        """Write a person into a slot."""
        self.taken[slot] |= 1 << person
        self.held[person] |= 1 << slot

    def take(self, slot: int, person: int) -> None:
        """Take a place from whoever has it."""
        self.taken[slot] &= ~(1 << person)
        self.held[person] &= ~(1 << slot)

    def save(self) -> Saved:
        """Remember how it is."""
        return self.taken[:], self.held[:], self.team

    def restore(self, saved: Saved) -> None:
        """Make it as it was."""
        self.taken, self.held, self.team = saved[0][:], saved[1][:], saved[2]

    def fill_all(self, first: int) -> None:
        """Fill what can be filled, with few people: a new one comes only when no other can.

        Args:
            first: The slots to fill first.
        """
        able = self.board.able
        wanted = [slot for slot, missing in enumerate(self.missing) for _ in range(missing)]
        for slot in sorted(
            wanted, key=lambda slot: (not first >> slot & 1, able[slot].bit_count())
        ):
            if not self.fill(slot):
                self._enrol(slot)
        self.team = self.board.people
        self.fill_open()
        self.team = self.busy

    def fill_open(self) -> None:
        """Fill what the team can still fill."""
        while any(self.fill(slot) for slot, missing in enumerate(self.missing) if missing):
            pass

    def _enrol(self, slot: int) -> None:
        """Let somebody new take a place: whoever could also do most of what is open."""
        opened = sum(1 << other for other, missing in enumerate(self.missing) if missing)
        new = members(self.board.able[slot] & ~self.team)
        person = max(new, key=lambda one: (self.board.can[one] & opened).bit_count(), default=None)
        if person is not None:
            self.team |= 1 << person
            self.give(slot, person)

    def slim(self, *, least: int, bench_steps: Steps | None = None) -> None:
        """Send people home one by one whose places the rest of the team can take.

        Args:
            least: So few people are needed in any case.
            bench_steps: Given, others may come on for members of the team at that.

        Raises:
            OutOfSteps: The bench was too long. The cover is whole nevertheless.
        """
        for person in sorted(members(self.team), key=lambda one: self.held[one].bit_count()):
            if self.team.bit_count() <= least:
                return
            if self.team >> person & 1:
                self._dismiss(person, bench_steps)

    def _dismiss(self, person: int, bench_steps: Steps | None) -> None:
        before = self.save()
        bench = self.board.people & ~self.team if bench_steps else 0
        given_up = list(members(self.held[person]))
        for slot in given_up:
            self.take(slot, person)
        self.team ^= 1 << person
        done = False
        try:
            done = all(self.fill(slot, bench=bench, steps=bench_steps) for slot in given_up)
        finally:
            if not done:
                self.restore(before)

    def fill(self, slot: int, *, bench: int = 0, steps: Steps | None = None) -> bool:
        """Find somebody for one more place of a slot, passing on what is in their way.

        Changes nothing when it cannot be done.

        Args:
            bench: People who may come on in place of somebody of the team.

        Raises:
            OutOfSteps: Only with a bench.
        """
        return self._fill(slot, bench, steps, [0])

    def _fill(self, slot: int, bench: int, steps: Steps | None, seen: list[int]) -> bool:
        seen[0] |= 1 << slot
        moves = []
        for person in members(self.board.able[slot] & self.team & ~self.taken[slot]):
            ousted = self.board.in_the_way(slot, self.held[person])
            if not ousted:
                self.give(slot, person)
                return True
            if not ousted & seen[0]:
                moves.append(Move(ousted.bit_count(), person, person, ousted))
        if bench:
            moves += self._substitutions(slot, bench, seen[0])
            if steps:
                steps.take(1 + len(moves) // 8)
        return any(
            self._try(slot, move, bench, steps, seen)
            for move in sorted(moves)
            if not move.ousted & seen[0]
        )

    def _substitutions(self, slot: int, bench: int, seen: int) -> Iterator[Move]:
        """Find who could come on for whom and take the slot besides, leaving one slot at most."""
        team = [(person, self.held[person]) for person in members(self.team & ~self.taken[slot])]
        for person in members(self.board.able[slot] & bench & ~self.team):
            can = self.board.can[person]
            for leaver, held in team:
                left = held & ~can
                if left & (left - 1):
                    continue
                ousted = left | self.board.in_the_way(slot, held & can)
                if not ousted & seen:
                    yield Move(ousted.bit_count(), person, leaver, ousted)

    def _try(
        self, slot: int, move: Move, bench: int, steps: Steps | None, seen: list[int]
    ) -> bool:
        before = self.save()
        for other in members(move.ousted):
            self.take(other, move.leaver)
        if move.leaver != move.person:
            self._hand_over(move.leaver, move.person)
        self.give(slot, move.person)
        if all(self._fill(other, bench, steps, seen) for other in members(move.ousted)):
            return True
        self.restore(before)
        return False

    def _hand_over(self, leaver: int, person: int) -> None:
        for slot in members(self.held[leaver]):
            self.take(slot, leaver)
            self.give(slot, person)
        self.team ^= 1 << leaver | 1 << person
