"""Can a date go ahead with these people, and if not, what is missing?"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from timebank.domain.rota.matching.asking import Question
from timebank.domain.rota.matching.asking import ask
from timebank.domain.rota.matching.best import Best
from timebank.domain.rota.matching.best import fill_most
from timebank.domain.rota.matching.best import helps
from timebank.domain.rota.matching.best import use_fewest
from timebank.domain.rota.matching.board import Steps
from timebank.domain.rota.matching.board import members
from timebank.domain.rota.matching.cover import Cover
from timebank.domain.rota.matching.facts import NO_RULES
from timebank.domain.rota.matching.facts import Helper
from timebank.domain.rota.matching.facts import PairRules
from timebank.domain.rota.matching.facts import Place

MOST_STEPS = 8000  # some 200 ms


class Shortage(enum.StrEnum):
    """Why a date can't go ahead: there is a job that nobody may do, or people are too few."""

    NO_ONE_QUALIFIED = "no_one_qualified"
    TOO_FEW_PEOPLE = "too_few_people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Who could do what on a date.

    Attributes:
        assignment: Keys of places and of who has them. As many places are filled as can be.
        unfilled: The keys of the other places.
        people: How few people can cover everything (the assignment does with so few); None when
            places are unfilled.
        missing: How many more people are needed at the least, whatever they could do; 0 when none.
        unblockers: Jobs of which one person more, able to do only one place of that one, would
            make everything fit; none when places are unfilled that one such person can't make fit.
        shortage: Why places are unfilled; None when none is.
        unqualified: The jobs that nobody may do.
        is_exact: Whether all of this is proven. If not, `unfilled` and `people` may be too many,
            `missing` and `unblockers` too few.
    """

    assignment: Mapping[int, int]
    unfilled: tuple[int, ...] = ()
    people: int | None = None
    missing: int = 0
    unblockers: tuple[str, ...] = ()
    shortage: Shortage | None = None
    unqualified: tuple[str, ...] = ()
    is_exact: bool = True

    @property
    def goes_ahead(self) -> bool:
        """Whether these people can cover everything."""
        return not self.unfilled


def match(
    places: Sequence[Place],
    helpers: Sequence[Helper],
    *,
    rules: PairRules = NO_RULES,
    most_steps: int = MOST_STEPS,
) -> Matching:
    """Fill as many of a date's places as these people can, and with as few of them as can.

    One person can have several places that do not overlap, unless a rule says never.
    """
    question = ask(places, helpers, rules)
    steps = Steps(most_steps)
    most = fill_most(question.board, steps)
    if most.cover.unfilled:
        return _blocked(question, most, steps)
    fewest = use_fewest(most.cover, steps)
    return Matching(
        assignment=_assignment(question, fewest.cover),
        people=fewest.cover.busy.bit_count(),
        is_exact=fewest.is_proven,
    )


def _assignment(question: Question, cover: Cover) -> dict[int, int]:
    return {
        place.key: question.helpers[person].key
        for places, people in zip(question.slots, cover.taken, strict=True)
        for place, person in zip(places, members(people), strict=False)
    }


def _blocked(question: Question, most: Best, steps: Steps) -> Matching:
    assignment = _assignment(question, most.cover)
    missing, is_known = _newcomers(most, steps)
    unblockers, are_all = _unblockers(question, most, steps)
    places = [place for slot in question.slots for place in slot]
    unqualified = _unqualified(places, question.helpers)
    return Matching(
        assignment=assignment,
        unfilled=tuple(place.key for place in places if place.key not in assignment),
        missing=missing,
        unblockers=unblockers,
        shortage=Shortage.NO_ONE_QUALIFIED if unqualified else Shortage.TOO_FEW_PEOPLE,
        unqualified=unqualified,
        is_exact=most.is_proven and is_known and are_all,
    )


def _newcomers(most: Best, steps: Steps) -> tuple[int, bool]:
    """Count how many more are needed at the least -> that, and whether it is proven."""
    unfilled = most.cover.unfilled
    for count in range(1, unfilled):
        enough = helps(most, most.cover.board.slots, steps, count=count)
        if enough is not False:
            return count, bool(enough)
    return unfilled, True


def _unblockers(question: Question, most: Best, steps: Steps) -> tuple[tuple[str, ...], bool]:
    """Find the jobs of which one more would do -> their names, and whether these are all."""
    if most.cover.unfilled > 1:
        return (), True
    names: dict[int, str] = {}
    are_all = True
    for slot, (place, *_) in enumerate(question.slots):
        if place.role_id not in names:
            enough = helps(most, 1 << slot, steps)
            are_all = are_all and enough is not None
            if enough:
                names[place.role_id] = place.name
    return tuple(names.values()), are_all


def _unqualified(places: Sequence[Place], helpers: Sequence[Helper]) -> tuple[str, ...]:
    """Name the jobs that nobody may do, each once, in the order of the rota."""
    may = frozenset().union(*(helper.may for helper in helpers))
    names = {place.role_id: place.name for place in places if place.role_id not in may}
    return tuple(names.values())
