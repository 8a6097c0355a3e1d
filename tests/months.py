"""Made-up months for tests of suggesting, and the slow way to find the fairest rota."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

import hypothesis
from hypothesis import strategies as st

from tests.rotas import after
from tests.rotas import can_have
from tests.rotas import is_free
from tests.rotas import pair_rules
from timebank.domain.rota.matching import Helper
from timebank.domain.rota.matching import PairRules
from timebank.domain.rota.matching import Place
from timebank.domain.rota.suggesting import AGAIN
from timebank.domain.rota.suggesting import LIKED
from timebank.domain.rota.suggesting import TURN
from timebank.domain.rota.suggesting import Candidate
from timebank.domain.rota.suggesting import Date
from timebank.domain.rota.suggesting import Suggestion
from timebank.domain.rota.suggesting import suggest

WEEK = 7 * 24 * 60

Given = Mapping[int, int]


@dataclass(frozen=True)
class Month:
    """All that a suggestion is made from, and what would be right."""

    dates: Sequence[Date]
    people: Sequence[Candidate]
    rules: PairRules
    fixed: Given = field(default_factory=dict)
    rest_minutes: int = 0

    def suggest(self, *, with_extra: bool = False) -> Suggestion:
        return suggest(
            self.dates,
            self.people,
            rules=self.rules,
            fixed=self.fixed,
            rest_minutes=self.rest_minutes,
            with_extra=with_extra,
        )

    def asked(self, *, with_extra: bool) -> list[Place]:
        """List the free places."""
        return [
            place
            for date in self.dates
            for place in (*date.needed, *(date.extra if with_extra else ()))
            if place.key not in self.fixed
        ]

    def every_rota(self, asked: Sequence[Place]) -> Iterator[Given]:
        """Try everything that keeps within the limits."""
        if not asked:
            yield {}
            return
        for given in self.every_rota(asked[1:]):
            yield given
            for person in self.people:
                more = {**given, asked[0].key: person.helper.key}
                if self.is_within_limits(more):
                    yield more

    def is_within_limits(self, given: Given) -> bool:
        """Tell whether every hard rule holds for what is given, beside what people have."""
        return all(
            self._may_have(person, self._places(person, given), self._places(person, self.fixed))
            for person in self.people
        )

    def value(self, given: Given) -> tuple[int, int, int]:
        """Rank a rota: needed places, extra ones, then what it costs in fairness."""
        needed = {place.key for date in self.dates for place in date.needed}
        cost = sum(self._cost(person, given) for person in self.people)
        return len(needed & set(given)), len(set(given) - needed), -cost

    def _places(self, person: Candidate, whose: Given) -> list[tuple[int, Place]]:
        return [
            (date.key, place)
            for date in self.dates
            for place in (*date.needed, *date.extra)
            if whose.get(place.key) == person.helper.key
        ]

    def _may_have(
        self, person: Candidate, new: list[tuple[int, Place]], old: list[tuple[int, Place]]
    ) -> bool:
        if not new:
            return True
        rest = dt.timedelta(minutes=self.rest_minutes)
        if person.most is not None and len(new) + len(old) > person.most:
            return False
        return (
            all(is_free(person.helper, place, rest=rest) for _, place in new)
            and all(are_far_apart(one, other, rest) for one in new for other in (*new, *old))
            and all(
                can_have([place for day, place in (*new, *old) if day == date], self.rules)
                for date, _ in new
            )
        )

    def _cost(self, person: Candidate, given: Given) -> int:
        old = Counter(place.role_id for _, place in self._places(person, self.fixed))
        new = Counter(place.role_id for _, place in self._places(person, given))
        before = person.turns_lately + old.total()
        cost = TURN * ((before + new.total()) ** 2 - before**2)
        for role_id, times in new.items():
            done = person.done_lately.get(role_id, 0) + old[role_id]
            cost += AGAIN * ((done + times) * (done + times - 1) - done * (done - 1))
            cost -= LIKED * times * (role_id in person.would_like)
        return cost


def are_far_apart(one: tuple[int, Place], other: tuple[int, Place], rest: dt.timedelta) -> bool:
    """Tell whether two places are on one date, or leave somebody their rest."""
    first, second = sorted((one[1], other[1]), key=lambda place: place.starts_at)
    return one[0] == other[0] or first.ends_at + rest <= second.starts_at


@st.composite
def small_months(draw: st.DrawFn) -> Month:
    """One to three dates near each other, small enough to try every rota."""
    roles = draw(st.integers(1, 3))
    keys = itertools.count(10)
    dates = [_small_date(draw, number, roles, keys) for number in range(draw(st.integers(1, 3)))]
    every_key = [place.key for date in dates for place in (*date.needed, *date.extra)]
    whose = st.dictionaries(st.sampled_from(every_key), st.integers(1, 4), max_size=2)
    month = Month(
        dates,
        [_somebody(draw, key, roles) for key in range(1, draw(st.integers(1, 3)) + 1)],
        draw(pair_rules(roles)),
        draw(whose) if every_key else {},
        draw(st.sampled_from([0, 30, 60])),
    )
    hypothesis.assume(
        all(
            can_have(
                [place for day, place in month._places(person, month.fixed) if day == date.key],
                month.rules,
            )
            for person in month.people
            for date in dates
        )
    )
    return month


def _small_date(draw: st.DrawFn, number: int, roles: int, keys: Iterator[int]) -> Date:
    starts = draw(st.sampled_from([0, 60, 300, 600]))
    places = []
    for _ in range(draw(st.integers(0, 2 if number else 3))):
        role_id = draw(st.integers(0, roles - 1))
        begins = starts + draw(st.sampled_from([0, 0, 30]))
        span = after(begins), after(begins + draw(st.sampled_from([30, 60])))
        places.append(Place(next(keys), role_id, f"job {role_id}", *span))
    needed = draw(st.integers(0, len(places)))
    return Date(number, tuple(places[:needed]), tuple(places[needed:]))


def _somebody(draw: st.DrawFn, key: int, roles: int) -> Candidate:
    every_role = frozenset(range(roles))
    some_roles = st.sampled_from([every_role, every_role, every_role - {0}, frozenset({0})])
    away = draw(st.sampled_from([(), (), (), (0,), (90,), (330,)]))
    return Candidate(
        helper=Helper(
            key, draw(some_roles), tuple((after(start), after(start + 30)) for start in away)
        ),
        done_lately=draw(st.dictionaries(st.integers(0, roles - 1), st.integers(0, 2))),
        turns_lately=draw(st.integers(0, 3)),
        most=draw(st.sampled_from([None, None, None, 0, 1, 2])),
        would_like=draw(st.frozensets(st.sampled_from(sorted(every_role)))),
    )


def a_month(seed: int) -> Month:
    """Four Saturdays, twelve jobs, and sixty people with a history of their own."""
    chance = random.Random(seed)  # noqa: S311 - made-up people, the same in every run
    jobs = [
        (role_id, chance.randrange(0, 90, 15), chance.choice([45, 60, 90]))
        for role_id in range(12)
    ]
    dates = [
        Date(
            week,
            tuple(
                Place(
                    100 * week + role_id,
                    role_id,
                    f"job {role_id}",
                    after(week * WEEK + starts),
                    after(week * WEEK + starts + minutes),
                )
                for role_id, starts, minutes in jobs
            ),
        )
        for week in range(4)
    ]
    people = [_regular(chance, key) for key in range(60)]
    rules = PairRules.of(never=[(0, role_id) for role_id in range(4, 10)], together=[(1, 2)])
    return Month(dates, people, rules, rest_minutes=720)


def _regular(chance: random.Random, key: int) -> Candidate:
    may = [role_id for role_id in range(12) if chance.random() < (0.7 if role_id else 0.1)]
    done = Counter(chance.choices(may, k=chance.randrange(5)) if may else [])
    away = [week * WEEK for week in range(4) if chance.random() < 0.3]
    return Candidate(
        helper=Helper(
            key,
            frozenset(may),
            tuple((after(start - 60), after(start + 300)) for start in away),
        ),
        done_lately=done,
        turns_lately=done.total(),
        most=chance.choice([None, 1, 2]),
        would_like=frozenset(role_id for role_id in may if chance.random() < 0.2),
    )
