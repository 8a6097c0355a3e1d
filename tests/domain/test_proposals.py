"""A suggested rota: rules, wishes, rest and fairness, from the records; pencilled, not done."""

from __future__ import annotations

import datetime as dt

import pytest

from tests import builders
from tests.statements import count_statements
from timebank.core.errors import NotFound
from timebank.domain.rota import proposals
from timebank.domain.rota import withdrawing
from timebank.domain.rota.proposals import NotAsked
from timebank.domain.rota.suggesting import Because
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import HeldFor
from timebank.models import Membership
from timebank.models import Profile

DAYS = dt.timedelta(days=1)
NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
DAY = dt.date(2027, 5, 1)


@pytest.fixture
def walk(session):
    walk = builders.a_walk(session)
    session.query(Profile).update({"email_confirmed_at": NOW})
    return walk


def did(session, walk, member, slot, *weeks):
    for week in weeks:
        day = DAY - dt.timedelta(weeks=week)
        event = session.query(Event).filter_by(occurs_on=day).one_or_none()
        event = event or builders.an_event(session, walk.series, day)
        past = builders.a_slot(session, event, slot.role)
        builders.a_claim(session, past, member, state=ClaimState.ATTENDED)


def only(session, *members):
    """Let nobody else be asked."""
    ids = [member.id for member in members]
    others = session.query(Membership).filter(Membership.id.not_in(ids))
    others.update({"may_be_asked": False}, synchronize_session=False)


def rota(session, walk, *, dates=1, with_extra=False):
    return proposals.suggest_rota(
        session, series_id=walk.series.id, dates=dates, with_extra=with_extra, now=NOW
    )


def said(found):
    return [[(one.job, one.name) for one in day.choices] for day in found.days]


def pencil_in(session, walk, *chosen):
    return proposals.pencil_in(
        session,
        series_id=walk.series.id,
        chosen=[(slot.id, member.id) for slot, member in chosen],
        by=walk.nadia.id,
        now=NOW,
    )


def test_the_needed_place_goes_to_whoever_had_fewest_turns_with_the_reason(session, walk):
    only(session, walk.bela, walk.sam)
    did(session, walk, walk.sam, walk.tail_walker, 2, 3)
    [day] = rota(session, walk).days
    [choice] = day.choices
    assert (choice.job, choice.name) == ("Tail walker", "Bela N")
    assert choice.reasons == (Because.NOT_LATELY, Because.FIRST_TIME_IN_JOB)
    assert (day.occurs_on, day.unfilled) == (DAY, ())


def test_other_places_are_filled_only_when_asked_for(session, walk):
    assert said(rota(session, walk)) == [[("Tail walker", said(rota(session, walk))[0][0][1])]]
    jobs = [job for job, _name in said(rota(session, walk, with_extra=True))[0]]
    assert sorted(jobs) == ["Marshal", "Marshal", "Tail walker"]


def test_four_dates_are_shared_out(session, walk):
    only(session, walk.bela, walk.sam)
    for week in (1, 2, 3, 4):
        event = builders.an_event(session, walk.series, DAY + dt.timedelta(weeks=week))
        builders.a_slot(session, event, walk.tail_walker.role)
    found = rota(session, walk, dates=4)
    names = [name for day in said(found) for _job, name in day]
    assert sorted(names) == ["Bela N", "Bela N", "Sam T", "Sam T"]
    assert found.is_exact


def test_nobody_is_proposed_more_often_in_a_week_than_the_event_lets_them(session, walk):
    only(session, walk.sam)
    walk.series.most_a_week = 1
    sunday, monday = (builders.an_event(session, walk.series, DAY + DAYS * n) for n in (1, 2))
    later = [builders.a_slot(session, event, walk.tail_walker.role) for event in (sunday, monday)]
    by_day = [len(day.choices) for day in rota(session, walk, dates=3).days]
    assert (sum(by_day[:2]), by_day[2]) == (1, 1)
    builders.a_claim(session, later[0], walk.sam)
    assert said(rota(session, walk, dates=1)) == [[]]


def test_who_is_down_already_stays_and_gets_nothing_at_the_same_time(session, walk):
    only(session, walk.bela, walk.sam)
    builders.a_claim(session, walk.marshal, walk.bela)
    assert said(rota(session, walk)) == [[("Tail walker", "Sam T")]]
    builders.a_claim(session, walk.tail_walker, walk.sam)
    assert said(rota(session, walk)) == [[]]


def test_who_is_too_young_or_busy_or_would_rather_not_be_asked_is_left_alone(session, walk):
    only(session, walk.bela)
    walk.tail_walker.role.minimum_age = 18
    session.flush()
    [day] = rota(session, walk).days
    assert (day.choices, day.unfilled) == ((), ("Tail walker",))
    walk.tail_walker.role.minimum_age = None
    other = builders.a_series(
        session, group=walk.group, organiser=walk.nadia, title="Tea", slug="tea"
    )
    party = builders.an_event(session, other, DAY)
    tea = builders.a_slot(session, party, builders.a_role(session, other, name="Tea"))
    claim = builders.a_claim(session, tea, walk.bela)
    assert rota(session, walk).days[0].unfilled == ("Tail walker",)
    withdrawing.withdraw_claim(session, claim_id=claim.id, now=NOW)
    assert said(rota(session, walk)) == [[("Tail walker", "Bela N")]]
    only(session)
    assert rota(session, walk).days[0].unfilled == ("Tail walker",)


def test_an_address_nobody_has_shown_to_read_is_not_proposed(session, walk):
    session.query(Profile).update({"email_confirmed_at": None})
    assert rota(session, walk).days[0].unfilled == ("Tail walker",)
    did(session, walk, walk.bela, walk.marshal, 2)
    assert said(rota(session, walk)) == [[("Tail walker", "Bela N")]]


def test_it_takes_three_statements_however_much_there_is(session, walk):
    counted = []
    for week in (1, 2, 3):
        with count_statements() as count:
            rota(session, walk, dates=4, with_extra=True)
        counted.append(count.total)
        event = builders.an_event(session, walk.series, DAY + dt.timedelta(weeks=week))
        builders.a_slot(session, event, walk.tail_walker.role)
        builders.a_member(session, walk.community, f"P{week} Q")
    assert counted == [3, 3, 3]


def test_whom_the_organiser_chose_is_asked_in_pencil_and_a_refusal_skips_that_one(session, walk):
    joan = builders.a_member(session, walk.community, "Joan Field", email=None)
    asked, refused = pencil_in(session, walk, (walk.tail_walker, walk.bela), (walk.marshal, joan))
    sentence = "We have no e-mail for them. Ask them yourself, then put them down."
    assert (asked, refused) == (1, (NotAsked("Joan F", "Marshal", sentence),))
    [claim] = session.query(Claim).all()
    assert (claim.state, claim.held_for, claim.membership_id, claim.made_by) == (
        ClaimState.HELD,
        HeldFor.ASKED,
        walk.bela.id,
        walk.nadia.id,
    )
    assert pencil_in(session, walk, (walk.tail_walker, walk.bela))[0] == 0


def test_jobs_of_other_series_and_people_from_elsewhere_are_not_found(session, walk):
    chi = builders.an_elsewhere(session).chi
    other = builders.a_series(session, group=walk.group, organiser=walk.nadia, slug="tea")
    tea = builders.a_slot(
        session, builders.an_event(session, other), builders.a_role(session, other)
    )
    for chosen in ((walk.tail_walker, chi), (tea, walk.bela)):
        with pytest.raises(NotFound):
            pencil_in(session, walk, chosen)
    assert session.query(Claim).count() == 0
