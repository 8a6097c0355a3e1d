"""Made-up dates for tests of matching and suggesting, and slow ways to find what is right."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence

from hypothesis import strategies as st
from scipy.optimize import Bounds
from scipy.optimize import LinearConstraint
from scipy.optimize import milp
from scipy.sparse import coo_array

from timebank.domain.rota.matching import Helper
from timebank.domain.rota.matching import PairRules
from timebank.domain.rota.matching import Place

MORNING = dt.datetime(2027, 5, 1, 7, tzinfo=dt.UTC)
TWO_JOBS = 2


def after(minutes: int) -> dt.datetime:
    return MORNING + dt.timedelta(minutes=minutes)


def clock(text: str) -> dt.datetime:
    """Turn "08:45" into a moment of the first of May."""
    return dt.datetime.fromisoformat(f"2027-05-01T{text}+00:00")


def can_have(places: Sequence[Place], rules: PairRules) -> bool:
    """Tell whether one person can have all of some places of a date, moment by moment."""
    for one, other in itertools.combinations(places, 2):
        pair = frozenset({one.role_id, other.role_id})
        meet = one.starts_at < other.ends_at and other.starts_at < one.ends_at
        longer, shorter = sorted((one, other), key=lambda place: place.starts_at - place.ends_at)
        nested = longer.starts_at <= shorter.starts_at and shorter.ends_at <= longer.ends_at
        both = len(pair) == TWO_JOBS and pair in rules.together and nested
        if pair in rules.never or (meet and not both):
            return False
    return all(
        sum(place.starts_at <= moment < place.ends_at for place in places) <= TWO_JOBS
        for moment in {place.starts_at for place in places}
    )


def is_free(helper: Helper, place: Place, *, rest: dt.timedelta = dt.timedelta()) -> bool:
    """Tell whether somebody may do a job and is nowhere else."""
    return place.role_id in helper.may and all(
        ends_at + rest <= place.starts_at or place.ends_at + rest <= starts_at
        for starts_at, ends_at in helper.busy
    )


def every_cover(
    places: Sequence[Place], helpers: Sequence[Helper], rules: PairRules
) -> dict[frozenset[int], int]:
    """Try everything: for each set of places that can be filled, how few people can do so."""
    found: dict[frozenset[int], int] = {}

    def go_on(number: int, held: dict[int, tuple[Place, ...]]) -> None:
        if number == len(places):
            filled = frozenset(place.key for mine in held.values() for place in mine)
            found[filled] = min(len(held), found.get(filled, len(held)))
            return
        go_on(number + 1, held)
        for person, helper in enumerate(helpers):
            mine = (*held.get(person, ()), places[number])
            if is_free(helper, places[number]) and can_have(mine, rules):
                go_on(number + 1, {**held, person: mine})

    go_on(0, {})
    return found


class Slow:
    """The right answers, by trying everything."""

    def __init__(
        self, places: Sequence[Place], helpers: Sequence[Helper], rules: PairRules
    ) -> None:
        self.places = places
        self.helpers = helpers
        self.rules = rules
        self.covers = every_cover(places, helpers, rules)
        self.all = frozenset(place.key for place in places)

    @property
    def most(self) -> int:
        return max(map(len, self.covers))

    @property
    def fewest(self) -> int | None:
        return self.covers.get(self.all)

    @property
    def unblockers(self) -> tuple[str, ...]:
        if self.all in self.covers:
            return ()
        enough = [place for place in self.places if self.all - {place.key} in self.covers]
        return tuple(dict.fromkeys(place.name for place in enough))

    @property
    def missing(self) -> int:
        anything = frozenset(place.role_id for place in self.places)
        return next(
            count
            for count in itertools.count()
            if self.all
            in every_cover(
                self.places,
                [*self.helpers, *(Helper(-1 - one, anything) for one in range(count))],
                self.rules,
            )
        )


class ByProgram:
    """The right answers for larger dates, by a mixed integer program of pairs and threes."""

    def __init__(
        self, places: Sequence[Place], helpers: Sequence[Helper], rules: PairRules
    ) -> None:
        self.places = places
        self.people = len(helpers)
        self.pairs = [
            (number, person)
            for number, place in enumerate(places)
            for person, helper in enumerate(helpers)
            if is_free(helper, place)
        ]
        size = range(len(places))
        self.too_much = [
            pair for pair in itertools.combinations(size, 2) if self._bad(pair, rules)
        ]
        self.too_much += [
            three
            for three in itertools.combinations(size, 3)
            if self._bad(three, rules)
            and not any(pair in self.too_much for pair in itertools.combinations(three, 2))
        ]

    def most(self) -> int:
        """Count the places that can be filled."""
        return -self._solve([-1] * len(self.pairs) + [0] * self.people, least=0)

    def fewest(self) -> int:
        """Count the people who can fill all."""
        return self._solve([0] * len(self.pairs) + [1] * self.people, least=1)

    def _bad(self, numbers: Iterable[int], rules: PairRules) -> bool:
        return not can_have([self.places[number] for number in numbers], rules)

    def _limits(self, least: int) -> Iterator[tuple[dict[int, int], float, float]]:
        column = {pair: number for number, pair in enumerate(self.pairs)}
        for number in range(len(self.places)):
            yield {column[pair]: 1 for pair in self.pairs if pair[0] == number}, least, 1
        for person in range(self.people):
            comes = len(self.pairs) + person
            mine = {number: column[number, person] for number, one in self.pairs if one == person}
            for choice in mine.values():
                yield {choice: 1, comes: -1}, -1, 0
            for numbers in self.too_much:
                if all(number in mine for number in numbers):
                    yield {mine[number]: 1 for number in numbers}, 0, len(numbers) - 1

    def _solve(self, costs: list[int], *, least: int) -> int:
        limits = list(self._limits(least))
        cells = [
            (row, column, factor)
            for row, (factors, _, _) in enumerate(limits)
            for column, factor in factors.items()
        ]
        rows, columns, factors = zip(*cells, strict=True)
        matrix = coo_array((factors, (rows, columns)), shape=(len(limits), len(costs)))
        solved = milp(
            costs,
            constraints=LinearConstraint(
                matrix.tocsr(), [low for _, low, _ in limits], [high for _, _, high in limits]
            ),
            bounds=Bounds(0, 1),
            integrality=[1] * len(costs),
            options={"mip_rel_gap": 0},
        )
        assert solved.success
        return round(solved.fun)


@st.composite
def pair_rules(draw: st.DrawFn, roles: int) -> PairRules:
    pairs = list(itertools.combinations(range(roles), 2))
    if not pairs:
        return PairRules()
    some = st.lists(st.sampled_from(pairs), max_size=4)
    return PairRules.of(never=draw(some), together=draw(some))


@st.composite
def small_dates(
    draw: st.DrawFn, *, most_places: int = 6, most_people: int = 4
) -> tuple[list[Place], list[Helper], PairRules]:
    """A date that is small enough to try everything, its people, and what goes together."""
    roles = draw(st.integers(1, 5))
    spans = [
        (10 * draw(st.integers(0, 8)), 10 * draw(st.sampled_from([1, 2, 3, 6])))
        for _ in range(roles)
    ]
    places = []
    for key in range(draw(st.integers(1, most_places))):
        role_id = draw(st.integers(0, roles - 1))
        starts, minutes = spans[role_id]
        starts += draw(st.sampled_from([0, 0, 0, 0, 30]))
        span = after(starts), after(starts + minutes)
        places.append(Place(key, role_id, f"job {role_id}", *span))
    helpers = [
        Helper(
            100 + number,
            frozenset(draw(st.sets(st.integers(0, roles - 1)))),
            tuple(
                (after(10 * start), after(10 * start + 20))
                for start in draw(st.lists(st.integers(0, 8), max_size=1))
            ),
        )
        for number in range(draw(st.integers(0, most_people)))
    ]
    return places, helpers, draw(pair_rules(roles))


def large_date(
    seed: int, *, places: int, people: int, roles: int, chances: Sequence[float], pairs: int = 5
) -> tuple[list[Place], list[Helper], PairRules]:
    """A busy morning of four hours.

    `chances` are those that somebody may do a role; `pairs` of roles never go together, and as
    many do.
    """
    chance = random.Random(seed)  # noqa: S311 - made-up people, the same in every run
    jobs = []
    for role_id in range(roles):
        starts = chance.randrange(0, 240, 5)
        span = after(starts), after(starts + chance.randrange(30, 100, 5))
        jobs.append((role_id, f"job {role_id}", *span, chance.choice(chances)))
    helpers = [
        Helper(1000 + number, frozenset(job[0] for job in jobs if chance.random() < job[-1]))
        for number in range(people)
    ]
    chosen = [
        Place(key, *jobs[key % roles if key < roles else chance.randrange(roles)][:-1])
        for key in range(places)
    ]
    every_pair = list(itertools.combinations(range(roles), 2))
    never, together = chance.sample(every_pair, pairs), chance.sample(every_pair, pairs)
    return chosen, helpers, PairRules.of(never=never, together=together)
