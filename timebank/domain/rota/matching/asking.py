"""Puts a question in numbers: places become slots, helpers people, rules sets of bits."""

from __future__ import annotations

import datetime as dt
import itertools
import operator
from bisect import bisect_left
from bisect import bisect_right
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from timebank.domain.rota.matching.board import Board
from timebank.domain.rota.matching.facts import Helper
from timebank.domain.rota.matching.facts import PairRules
from timebank.domain.rota.matching.facts import Place
from timebank.domain.rota.matching.facts import Span


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, in numbers: places that are alike but for their key are one slot."""

    slots: Sequence[Sequence[Place]]
    helpers: Sequence[Helper]
    board: Board


def ask(places: Sequence[Place], helpers: Sequence[Helper], rules: PairRules) -> Question:
    """Put a question in numbers."""
    alike: dict[tuple[int, Span], list[Place]] = {}
    for place in places:
        alike.setdefault((place.role_id, place.span), []).append(place)
    slots = list(alike.values())
    one_each = [slot[0] for slot in slots]
    hours = _Hours([place.span for place in one_each])
    of_role: dict[int, int] = {}
    for slot, place in enumerate(one_each):
        of_role[place.role_id] = of_role.get(place.role_id, 0) | 1 << slot
    clashes, beside = _go_together(one_each, hours, rules)
    board = Board.of(
        needed=[len(slot) for slot in slots],
        clashes=clashes,
        beside=beside,
        can=[_could_take(helper, of_role, hours) for helper in helpers],
    )
    return Question(slots, helpers, board)


class _Hours:
    """When the slots are; which of them a span meets is found without looking at each."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._starts, self._begun = _in_order(span[0] for span in spans)
        self._ends, self._over = _in_order(span[1] for span in spans)

    def met_by(self, span: Span) -> int:
        """Find the slots that share a moment with a span."""
        begun = self._begun[bisect_left(self._starts, span[1])]
        return begun & ~self._over[bisect_right(self._ends, span[0])]


def _in_order(moments: Iterable[dt.datetime]) -> tuple[list[dt.datetime], list[int]]:
    """Sort the moments of slots -> them, and for each number of them, whose the first ones are."""
    ordered = sorted((moment, 1 << slot) for slot, moment in enumerate(moments))
    whose = itertools.accumulate((bit for _, bit in ordered), operator.or_, initial=0)
    return [moment for moment, _ in ordered], list(whose)


def _go_together(
    places: Sequence[Place], hours: _Hours, rules: PairRules
) -> tuple[list[int], list[int]]:
    """For each slot: the others that nobody can have besides, and those that go beside it."""
    clashes = [hours.met_by(place.span) & ~(1 << slot) for slot, place in enumerate(places)]
    beside = [0] * len(places)
    for one, other in _ruled(places, rules):
        if rules.go_beside(places[one], places[other]):
            beside[one] |= 1 << other
            clashes[one] &= ~(1 << other)
        elif rules.clash(places[one], places[other]):
            clashes[one] |= 1 << other
    return clashes, beside


def _ruled(places: Sequence[Place], rules: PairRules) -> Iterator[tuple[int, int]]:
    """Go through the slots whose roles a rule names together, both ways round."""
    of_role: dict[int, list[int]] = {}
    for slot, place in enumerate(places):
        of_role.setdefault(place.role_id, []).append(slot)
    for pair in rules.never | rules.together:
        for first, last in ((min(pair), max(pair)), (max(pair), min(pair))):
            both = itertools.product(of_role.get(first, ()), of_role.get(last, ()))
            yield from ((one, other) for one, other in both if one != other)


def _could_take(helper: Helper, of_role: Mapping[int, int], hours: _Hours) -> int:
    """List the slots that somebody may have, at hours when they are nowhere else."""
    may = 0
    for role_id in helper.may:
        may |= of_role.get(role_id, 0)
    for span in helper.busy:
        may &= ~hours.met_by(span)
    return may
