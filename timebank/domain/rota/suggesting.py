"""Suggest who could do what on the dates ahead, fairly; nothing here touches the database.

Some things always hold: people do what they may, when they are free, with their rest, no more
often than they said, and no more often in a week than the event lets anybody. Within that, places
that are needed are filled first, then others if asked for; of all ways to do so the fairest is
chosen.
It costs the more to give somebody a turn the more they have had, and a job the more often they
have had that; jobs that people would like are cheaper.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from timebank.domain.rota.matching import NO_RULES
from timebank.domain.rota.matching import Helper
from timebank.domain.rota.matching import PairRules
from timebank.domain.rota.matching import Place
from timebank.domain.rota.matching.board import members
from timebank.domain.rota.matching.board import pairs
from timebank.domain.rota.matching.facts import Span
from timebank.domain.rota.matching.facts import overlaps
from timebank.domain.rota.solving import Program
from timebank.domain.rota.solving import Solution

# What a turn costs: the second of somebody costs two TURNs more than their first, the third two
# more than that, and so on; the same with AGAIN for doing the same job.
TURN = 10
AGAIN = 6
LIKED = 8
COUNTED = 6  # beyond so many more, each costs what the last did


class Because(enum.StrEnum):
    """Why somebody is proposed for a place."""

    ONLY_ONE_WHO_CAN = "only_one_who_can"
    WOULD_LIKE = "would_like"
    NOT_LATELY = "not_lately"
    DID_IT_BEFORE = "did_it_before"
    FIRST_TIME_IN_JOB = "first_time_in_job"


@dataclass(frozen=True, slots=True)
class Date:
    """A date with the places that it needs, and others that would be good to fill.

    Attributes:
        week: The Monday of its week; dates without one share a week.
    """

    key: int
    needed: tuple[Place, ...]
    extra: tuple[Place, ...] = ()
    week: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who could be asked, and their history.

    Attributes:
        done_lately: How often they did each role lately.
        turns_lately: How many turns they had lately, here or anywhere.
        most: How many turns they want on these dates at most, those they have already included.
        had_in_week: How many they have of the same series besides, by the Monday of the week.
        would_like: Roles that they asked for, or liked.
        never_did: Roles that would be new to them.
    """

    helper: Helper
    done_lately: Mapping[int, int] = field(default_factory=dict)
    turns_lately: int = 0
    most: int | None = None
    had_in_week: Mapping[dt.date | None, int] = field(default_factory=dict)
    would_like: frozenset[int] = frozenset()
    never_did: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Proposal:
    """Somebody for a place: keys of both, and why."""

    place: int
    helper: int
    reasons: tuple[Because, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A rota for the dates.

    Attributes:
        proposals: In the order of dates and places.
        unfilled: Keys of the places that were asked for and that nobody fits.
        is_exact: Whether none fills more, or as many more fairly; if not, the search was given up.
    """

    proposals: tuple[Proposal, ...] = ()
    unfilled: tuple[int, ...] = ()
    is_exact: bool = True


def suggest(
    dates: Sequence[Date],
    candidates: Sequence[Candidate],
    *,
    rules: PairRules = NO_RULES,
    fixed: Mapping[int, int] | None = None,
    rest_minutes: int = 0,
    most_a_week: int | None = None,
    with_extra: bool = False,
) -> Suggestion:
    """Propose people for the places that are free.

    Args:
        rules: Hold within each date.
        fixed: Places that are taken, and by whom: keys of both.
        rest_minutes: Between somebody's turns on different dates, and what they do elsewhere; the
            way from one to the other counts as rest.
        most_a_week: How many turns anybody may have in a week; None: as many as they like.
        with_extra: Whether to fill the extra places too, after all that is needed.
    """
    taken = fixed or {}
    wanted = list(_wanted(dates))
    asked = _set(
        number
        for number, one in enumerate(wanted)
        if one.place.key not in taken and (one.is_needed or with_extra)
    )
    limits = _Limits(rules, dt.timedelta(minutes=rest_minutes), most_a_week)
    plan = _Plan(wanted, asked, limits)
    for candidate in candidates:
        key = candidate.helper.key
        has = (number for number, one in enumerate(wanted) if taken.get(one.place.key) == key)
        plan.offer(candidate, has=_set(has))
    return plan.fairest()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A place of a date, free or taken."""

    date: int
    week: dt.date | None
    place: Place
    is_needed: bool


@dataclass(frozen=True, slots=True)
class _Limits:
    """What nobody can have together, on one date or on two, or in a week."""

    rules: PairRules
    rest: dt.timedelta
    most_a_week: int | None

    def clash(self, one: _Wanted, other: _Wanted) -> bool:
        """Whether nobody can have both."""
        if one.date == other.date:
            return self.rules.clash(one.place, other.place)
        return overlaps(self._with_rest(one.place), other.place.span)

    def go_beside(self, one: _Wanted, other: _Wanted) -> bool:
        """Whether one person can have both although they overlap."""
        return one.date == other.date and self.rules.go_beside(one.place, other.place)

    def are_free(self, helper: Helper, place: Place) -> bool:
        """Whether what somebody does elsewhere leaves them their rest."""
        span = self._with_rest(place)
        return not any(overlaps(span, busy) for busy in helper.busy)

    def _with_rest(self, place: Place) -> Span:
        return place.starts_at - self.rest, place.ends_at + self.rest


class _Plan:
    """All that may be chosen, what it costs, and what goes together.

    Places are numbers here, and sets of them integers, as in `matching.board`.
    """

    def __init__(self, wanted: Sequence[_Wanted], asked: int, limits: _Limits) -> None:
        self.wanted = wanted
        self.asked = asked
        self.limits = limits
        self.program = Program()
        self.offers: dict[int, dict[int, Candidate]] = {one: {} for one in members(asked)}
        self._clashes = pairs(wanted, limits.clash)
        beside = pairs(wanted, limits.go_beside)
        self._crowds = list(_crowds(self._clashes))
        self._threes = list(_threes(beside))
        self._weeks = {
            week: _set(number for number, one in enumerate(wanted) if one.week == week)
            for week in {one.week for one in wanted}
        }

    def offer(self, candidate: Candidate, *, has: int) -> None:
        """Let somebody choose among the places that they could take, beside those they have."""
        choices = {
            one: self.program.choice(self._cost(candidate, one, has))
            for one in self.offers
            if self._could_take(candidate.helper, one, has)
        }
        for one, choice in choices.items():
            self.offers[one][choice] = candidate
        for crowd in self._crowds:
            self._limit(choices, crowd, 1)
        for three in self._threes:
            self._limit(choices, three, 2 - (three & has).bit_count())
        if candidate.most is not None:
            self._limit(choices, self.asked, candidate.most - has.bit_count())
        if self.limits.most_a_week is not None:
            for week, places in self._weeks.items():
                had = candidate.had_in_week.get(week, 0) + (places & has).bit_count()
                self._limit(choices, places, self.limits.most_a_week - had)
        self._let_rise(list(choices.values()), TURN)
        for same in self._by_role(choices).values():
            self._let_rise(same, AGAIN)

    def fairest(self) -> Suggestion:
        """Fill most places, the needed ones first, and of all ways to do so take the fairest."""
        if not any(self.offers.values()):
            return self._suggestion(Solution())
        for choices in self.offers.values():
            self.program.at_most(1, dict.fromkeys(choices, 1))
        most = self.program.cheapest(self._gains())
        self._keep(most.chosen)
        fair = self.program.cheapest()
        if len(fair.chosen) < len(most.chosen):  # not found in time
            return self._suggestion(Solution(most.chosen, is_proven=False))
        return self._suggestion(Solution(fair.chosen, most.is_proven and fair.is_proven))

    def _could_take(self, helper: Helper, one: int, has: int) -> bool:
        place = self.wanted[one].place
        return (
            place.role_id in helper.may
            and not self._clashes[one] & has
            and self.limits.are_free(helper, place)
        )

    def _limit(self, choices: Mapping[int, int], among: int, most: int) -> None:
        """Let somebody choose only so many of some places; fewer than none is none."""
        most = max(0, most)
        chosen = [choice for one, choice in choices.items() if among >> one & 1]
        if len(chosen) > most:
            self.program.at_most(most, dict.fromkeys(chosen, 1))

    def _cost(self, candidate: Candidate, one: int, has: int) -> int:
        """Tell what somebody's first turn more costs, when it is this one."""
        role_id = self.wanted[one].place.role_id
        turns = candidate.turns_lately + has.bit_count()
        done = candidate.done_lately.get(role_id, 0) + sum(
            self.wanted[other].place.role_id == role_id for other in members(has)
        )
        liked = LIKED if role_id in candidate.would_like else 0
        return TURN * (2 * turns + 1) + AGAIN * 2 * done - liked

    def _let_rise(self, choices: Sequence[int], step: int) -> None:
        """Let each choice more cost two steps more than the one before: squares, in all."""
        counted = min(len(choices) - 1, COUNTED)
        extra = [
            self.program.amount(2 * step * number, most=1 if number < counted else math.inf)
            for number in range(1, counted + 1)
        ]
        if extra:
            self.program.at_most(1, dict.fromkeys(choices, 1) | dict.fromkeys(extra, -1))

    def _by_role(self, choices: Mapping[int, int]) -> Mapping[int, list[int]]:
        found: dict[int, list[int]] = {}
        for one, choice in choices.items():
            found.setdefault(self.wanted[one].place.role_id, []).append(choice)
        return found

    def _gains(self) -> list[int]:
        """Price the choices so that a needed place is worth more than all extra ones."""
        gains = [0] * len(self.program.costs)
        for one, choices in self.offers.items():
            for choice in choices:
                gains[choice] = -(len(self.wanted) if self.wanted[one].is_needed else 1)
        return gains

    def _keep(self, chosen: frozenset[int]) -> None:
        """Ask for as many needed places, and as many extra ones, as have been filled."""
        for is_needed in (True, False):
            choices = {
                choice
                for one, offered in self.offers.items()
                if self.wanted[one].is_needed is is_needed
                for choice in offered
            }
            self.program.at_least(len(choices & chosen), choices)

    def _suggestion(self, solution: Solution) -> Suggestion:
        chosen = {
            one: choice
            for one, choices in self.offers.items()
            for choice in choices.keys() & solution.chosen
        }
        return Suggestion(
            tuple(self._proposal(one, choice) for one, choice in chosen.items()),
            tuple(self.wanted[one].place.key for one in self.offers if one not in chosen),
            solution.is_proven,
        )

    def _proposal(self, one: int, choice: int) -> Proposal:
        place, candidate = self.wanted[one].place, self.offers[one][choice]
        only_one = len(self.offers[one]) == 1
        reasons = tuple(_reasons(candidate, place.role_id, only_one=only_one))
        return Proposal(place.key, candidate.helper.key, reasons)


def _reasons(candidate: Candidate, role_id: int, *, only_one: bool) -> Iterator[Because]:
    if only_one:
        yield Because.ONLY_ONE_WHO_CAN
    if role_id in candidate.would_like:
        yield Because.WOULD_LIKE
    if not candidate.turns_lately:
        yield Because.NOT_LATELY
    if candidate.done_lately.get(role_id):
        yield Because.DID_IT_BEFORE
    if role_id in candidate.never_did:
        yield Because.FIRST_TIME_IN_JOB


def _wanted(dates: Sequence[Date]) -> Iterator[_Wanted]:
    for date in dates:
        for places, is_needed in ((date.needed, True), (date.extra, False)):
            yield from (_Wanted(date.key, date.week, place, is_needed) for place in places)


def _set(numbers: Iterable[int]) -> int:
    return sum(1 << number for number in numbers)


def _crowds(clashes: Sequence[int]) -> Iterator[int]:
    """Gather places of which nobody can have two, until each two that clash are in a crowd."""
    together = [0] * len(clashes)
    for one, clashing in enumerate(clashes):
        while left := clashing & ~together[one]:
            crowd, rest = 1 << one, clashing
            while rest:
                newest = next(members(rest & left or rest))
                crowd |= 1 << newest
                rest &= clashes[newest]
            for member in members(crowd):
                together[member] |= crowd
            yield crowd


def _threes(beside: Sequence[int]) -> Iterator[int]:
    """Find the places of which any two can be had at once, but never all three."""
    for one, others in enumerate(beside):
        for other in members(others >> one << one):
            for third in members(others & beside[other] >> other << other):
                yield 1 << one | 1 << other | 1 << third
