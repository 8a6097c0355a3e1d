from __future__ import annotations

import datetime as dt
import itertools
import random
from collections import Counter

import hypothesis
from hypothesis import strategies as st

from tests.months import WEEK
from tests.months import a_month
from tests.months import small_months
from tests.rotas import after
from timebank.domain.rota.matching import Helper
from timebank.domain.rota.matching import PairRules
from timebank.domain.rota.matching import Place
from timebank.domain.rota.solving import Program
from timebank.domain.rota.suggesting import Because
from timebank.domain.rota.suggesting import Candidate
from timebank.domain.rota.suggesting import Date
from timebank.domain.rota.suggesting import Proposal
from timebank.domain.rota.suggesting import Suggestion
from timebank.domain.rota.suggesting import suggest

AMA, BELA, SAM = 1, 2, 3
TEA, TILLS, TOKENS = 11, 12, 13
A_MONTH_COSTS = 1480  # as CP-SAT finds too
NAMES = {TEA: "Tea", TILLS: "Tills", TOKENS: "Tokens"}


def place(key, role_id, *, starts=0, minutes=60):
    span = after(starts), after(starts + minutes)
    return Place(key, role_id, NAMES.get(role_id, f"job {role_id}"), *span)


def weeks(count, *role_ids, starts=0):
    """The same jobs each week, at one time; their keys are 10, 11, ..., 20, 21, ..."""
    return [
        Date(
            week,
            tuple(
                place(10 * week + number, role_id, starts=starts + week * WEEK)
                for number, role_id in enumerate(role_ids)
            ),
        )
        for week in range(1, count + 1)
    ]


def who(key, *role_ids, busy=(), **history):
    spans = tuple((after(starts), after(ends)) for starts, ends in busy)
    may = frozenset(role_ids or NAMES)
    return Candidate(helper=Helper(key, may, spans), **history)


def given_to(suggestion):
    return {proposal.place: proposal.helper for proposal in suggestion.proposals}


def test_who_has_had_fewer_turns_is_asked():
    rota = suggest(weeks(1, TEA), [who(AMA, turns_lately=3), who(BELA, turns_lately=2)])

    assert rota == Suggestion((Proposal(10, BELA, ()),), (), is_exact=True)


def test_turns_go_round():
    rota = suggest(weeks(9, TEA), [who(AMA), who(BELA), who(SAM)])

    assert Counter(given_to(rota).values()) == {AMA: 3, BELA: 3, SAM: 3}


def test_however_unfair_somebody_alone_gets_every_turn():
    assert len(suggest(weeks(20, TEA), [who(AMA)]).proposals) == 20


def other_jobs_each_week(count):
    return [Date(week, (place(10 * week, week, starts=week * WEEK),)) for week in range(count)]


def test_turns_go_round_though_somebody_would_like_every_job():
    roles = range(4)
    people = [who(AMA, *roles, would_like=frozenset(roles)), who(BELA, *roles)]

    rota = suggest(other_jobs_each_week(4), people)

    assert Counter(given_to(rota).values()) == {AMA: 2, BELA: 2}


MONDAY, NEXT_MONDAY = dt.date(2027, 5, 3), dt.date(2027, 5, 10)


def days_of_weeks(*mondays):
    """A date with a turn of tea for each of these, a day apart; their keys are 0, 1, ..."""
    return [
        Date(number, (place(number, TEA, starts=number * 24 * 60),), week=monday)
        for number, monday in enumerate(mondays)
    ]


def test_nobody_is_asked_more_often_in_a_week_than_the_event_lets_them():
    dates = days_of_weeks(MONDAY, MONDAY, MONDAY, NEXT_MONDAY, NEXT_MONDAY)

    rota = suggest(dates, [who(AMA)], most_a_week=2)

    assert sorted(given_to(rota)) == [*sorted(given_to(rota))[:2], 3, 4]
    assert len(rota.unfilled) == 1


def test_what_somebody_has_in_that_week_counts_too():
    dates = days_of_weeks(MONDAY, MONDAY, NEXT_MONDAY)

    had = suggest(dates, [who(AMA, had_in_week={MONDAY: 2})], most_a_week=2)
    down = suggest(dates, [who(AMA)], fixed={0: AMA}, most_a_week=1)

    assert (given_to(had), given_to(down)) == ({2: AMA}, {2: AMA})


def test_who_did_much_lately_waits_until_the_others_have_done_as_much():
    roles = range(9)
    people = [
        who(AMA, *roles, turns_lately=4),
        who(BELA, *roles, turns_lately=2),
        who(SAM, *roles),
    ]

    rota = suggest(other_jobs_each_week(9), people)

    assert Counter(given_to(rota).values()) == {AMA: 1, BELA: 3, SAM: 5}


def test_nobody_does_the_same_job_every_week_though_they_would_like_to():
    people = [who(AMA, would_like=frozenset({TEA})), who(BELA)]

    rota = suggest(weeks(4, TEA, TILLS), people)

    jobs = Counter((helper, key % 10) for key, helper in given_to(rota).items())
    assert jobs == {(AMA, 0): 2, (AMA, 1): 2, (BELA, 0): 2, (BELA, 1): 2}


def test_a_job_done_lately_goes_to_somebody_else():
    people = [
        who(AMA, turns_lately=1, done_lately={TEA: 1}),
        who(BELA, turns_lately=1, done_lately={TILLS: 1}),
    ]

    assert given_to(suggest(weeks(1, TEA, TILLS), people)) == {10: BELA, 11: AMA}


def test_people_get_the_job_that_they_would_like():
    people = [who(AMA, would_like=frozenset({TILLS})), who(BELA)]

    assert given_to(suggest(weeks(1, TEA, TILLS), people)) == {10: BELA, 11: AMA}


def test_a_wish_does_not_outweigh_somebody_who_has_had_no_turn():
    people = [who(AMA, would_like=frozenset({TEA}), turns_lately=1), who(BELA)]

    assert given_to(suggest(weeks(1, TEA), people)) == {10: BELA}


def test_what_is_taken_stays_and_counts():
    people = [who(AMA), who(BELA)]

    rota = suggest(weeks(2, TEA), people, fixed={10: AMA})

    assert given_to(rota) == {20: BELA}


def test_a_place_that_somebody_unknown_has_is_not_offered():
    assert suggest(weeks(1, TEA), [who(AMA)], fixed={10: 99}) == Suggestion()


def test_nobody_is_asked_more_often_than_they_said():
    people = [who(AMA, most=2)]

    rota = suggest(weeks(3, TEA), people, fixed={10: AMA})

    assert (len(rota.proposals), len(rota.unfilled)) == (1, 1)


def test_nobody_is_asked_where_they_are_elsewhere_or_would_get_no_rest():
    dates = [Date(1, (place(10, TEA),)), Date(2, (place(20, TEA, starts=90),))]
    both = [who(AMA)]

    assert given_to(suggest(dates, both, rest_minutes=30)) == {10: AMA, 20: AMA}
    assert len(suggest(dates, both, rest_minutes=31).proposals) == 1
    elsewhere = [who(AMA, busy=[(-90, -30)])]
    assert given_to(suggest(dates, elsewhere, rest_minutes=30)) == {10: AMA, 20: AMA}
    assert given_to(suggest(dates[:1], elsewhere, rest_minutes=31)) == {}


def test_two_dates_at_the_same_time_want_two_people():
    dates = [Date(1, (place(10, TEA),)), Date(2, (place(20, TILLS, starts=30),))]
    rules = PairRules.of(together=[(TEA, TILLS)])

    assert len(suggest(dates, [who(AMA)], rules=rules).proposals) == 1
    assert len(suggest(dates, [who(AMA), who(BELA)], rules=rules).proposals) == 2


def test_jobs_that_go_together_are_given_to_one_but_never_three():
    date = [Date(1, (place(10, TEA), place(11, TILLS), place(12, TOKENS)))]
    rules = PairRules.of(together=itertools.combinations(NAMES, 2))

    assert len(suggest(date, [who(AMA)], rules=rules).proposals) == 2
    assert len(suggest(date, [who(AMA)], rules=rules, fixed={10: AMA}).proposals) == 1
    assert len(suggest(date, [who(AMA)], rules=rules, fixed={10: AMA, 11: AMA}).proposals) == 0


def test_some_jobs_nobody_has_together_on_one_date_but_on_two():
    dates = [
        Date(1, (place(10, TEA), place(11, TILLS, starts=90))),
        Date(2, (place(20, TILLS, starts=WEEK),)),
    ]
    rules = PairRules.of(never=[(TEA, TILLS)])

    assert given_to(suggest(dates, [who(AMA)], rules=rules, fixed={10: AMA})) == {20: AMA}


def test_a_rule_between_many_jobs_holds_for_each_two():
    date = [Date(1, tuple(place(key, key, starts=100 * key) for key in range(1, 7)))]
    rules = PairRules.of(never=itertools.product((1, 2, 3), (4, 5, 6)))

    assert len(suggest(date, [who(AMA, *range(1, 7))], rules=rules).proposals) == 3


def test_needed_places_come_before_extra_ones_which_are_filled_when_asked_for():
    date = [Date(1, needed=(place(10, TEA),), extra=(place(11, TILLS), place(12, TOKENS)))]
    people = [who(AMA, would_like=frozenset({TILLS, TOKENS})), who(BELA, TOKENS)]

    assert given_to(suggest(date, people)) == {10: AMA}
    both = suggest(date, people, with_extra=True)
    assert (given_to(both), both.unfilled) == ({10: AMA, 12: BELA}, (11,))


def test_places_that_nobody_fits_are_named():
    rota = suggest(weeks(2, TEA, TILLS), [who(AMA, TILLS)])

    assert (given_to(rota), rota.unfilled) == ({11: AMA, 21: AMA}, (10, 20))


def test_without_anybody_or_any_place_nothing_is_proposed():
    assert suggest(weeks(1, TEA), []) == Suggestion(unfilled=(10,))
    assert suggest([], [who(AMA)]) == Suggestion()
    assert suggest(weeks(1, TEA), [who(AMA, most=0)]) == Suggestion(unfilled=(10,))


def test_a_proposal_says_why():
    people = [
        who(AMA, TEA, would_like=frozenset({TEA}), never_did=frozenset({TEA, TILLS})),
        who(BELA, TILLS, turns_lately=2, done_lately={TILLS: 2}),
        who(SAM, TILLS, turns_lately=9),
    ]

    assert suggest(weeks(1, TEA, TILLS), people).proposals == (
        Proposal(
            10,
            AMA,
            (
                Because.ONLY_ONE_WHO_CAN,
                Because.WOULD_LIKE,
                Because.NOT_LATELY,
                Because.FIRST_TIME_IN_JOB,
            ),
        ),
        Proposal(11, BELA, (Because.DID_IT_BEFORE,)),
    )


def test_it_is_fairer_than_asking_those_who_always_come():
    dates = weeks(4, TEA, TILLS, TOKENS)
    always = [
        who(key, turns_lately=6, done_lately={TEA: 2, TILLS: 2, TOKENS: 2}) for key in (1, 2, 3)
    ]
    seldom = [who(key, turns_lately=1, done_lately={TEA: 1}) for key in range(4, 10)]
    never = [who(key, most=1) for key in range(10, 16)]
    people = [*always, *seldom, *never]

    rota = suggest(dates, people)

    loads, greedy = (
        turns(people, given) for given in (given_to(rota), first_who_can(dates, people))
    )
    assert rota.unfilled == ()
    assert (max(loads), max(greedy)) == (6, 10)
    assert sum(load * load for load in loads) < sum(load * load for load in greedy)
    assert not {1, 2, 3} & set(given_to(rota).values())


def first_who_can(dates, people):
    """The rota of somebody in a hurry: whoever stands first on the list and can."""
    given = {}
    for date in dates:
        for one in date.needed:
            today = {given.get(other.key) for other in date.needed}
            given[one.key] = next(
                person.helper.key
                for person in people
                if one.role_id in person.helper.may and person.helper.key not in today
            )
    return given


def turns(people, given):
    new = Counter(given.values())
    return [person.turns_lately + new[person.helper.key] for person in people]


def test_a_month_is_filled_and_comes_out_the_same_again():
    month = a_month(1)

    rota = month.suggest()

    assert (len(rota.proposals), rota.unfilled, rota.is_exact) == (48, (), True)
    assert month.is_within_limits(given_to(rota))
    assert month.value(given_to(rota)) == (48, 0, -A_MONTH_COSTS)
    assert rota == month.suggest()


def test_a_search_that_is_given_up_says_so():
    chance = random.Random(1)  # noqa: S311 - made-up numbers, the same in every run
    sizes = [[chance.randrange(1000, 9000) for _ in range(20)] for _ in range(4)]
    program = Program()
    choices = [program.choice(-size) for size in sizes[0]]
    for some in sizes:
        program.at_most(sum(some) // 2, dict(zip(choices, some, strict=True)))

    assert not program.cheapest(most_nodes=1).is_proven


@hypothesis.settings(max_examples=250, deadline=None)
@hypothesis.given(month=small_months(), with_extra=st.booleans())
def test_the_rota_is_the_fairest_of_all_that_fill_most(month, with_extra):
    rota = month.suggest(with_extra=with_extra)

    given = given_to(rota)
    asked = month.asked(with_extra=with_extra)
    assert rota.is_exact
    assert sorted([*given, *rota.unfilled]) == sorted(place.key for place in asked)
    assert month.is_within_limits(given)
    assert month.value(given) == max(map(month.value, month.every_rota(asked)))
