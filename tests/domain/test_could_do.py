from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from tests.statements import count_statements
from timebank.domain.rota import claiming
from timebank.domain.rota import could_do
from timebank.domain.rota.could_do import Free
from timebank.domain.rota.could_do import Wishes
from timebank.domain.rota.whats_on import Kind
from timebank.models import ClaimState
from timebank.models import EventState
from timebank.models import HeldFor
from timebank.models import PairRule
from timebank.models import Profile
from timebank.models import RolePair
from timebank.models import SeriesState
from timebank.models import Venue

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
SATURDAY = dt.date(2027, 5, 1)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def names(session, walk, member=None, wishes=Wishes(), *, commits=True, **more):  # noqa: B008 - it is frozen
    if commits:
        session.commit()
    found = could_do.could_do(
        session,
        community_id=walk.community.id,
        zone=builders.LONDON,
        wishes=wishes,
        person_id=member.person_id if member else None,
        membership_id=member.id if member else None,
        **{"now": NOW, **more},
    )
    return [job.name for job in found.jobs]


def another(session, walk, name, *, day=SATURDAY, starts=dt.time(14), needed=0):
    """A job of its own series, by default on the afternoon of the walk."""
    slug = name.lower().replace(" ", "-")
    series = builders.a_series(
        session,
        group=walk.group,
        organiser=walk.nadia,
        title=name,
        slug=slug,
        first_on=day,
        starts=starts,
        ends=dt.time(starts.hour + 1),
    )
    role = builders.a_role(session, series, name=name, needed=needed, duration_minutes=60)
    return builders.a_slot(session, builders.an_event(session, series), role)


def test_a_visitor_sees_every_open_job_of_four_weeks_the_next_one_first(session, walk):
    another(session, walk, "Tea", starts=dt.time(7))
    another(session, walk, "Far off", day=SATURDAY + dt.timedelta(weeks=4))
    another(session, walk, "Over", day=dt.date(2027, 4, 19))
    assert names(session, walk) == ["Tea", "Marshal", "Tail walker"]


def test_what_cannot_start_without_one_comes_first_when_wished(session, walk):
    another(session, walk, "Tea", needed=1)
    first = Wishes(needed_first=True)
    assert names(session, walk, wishes=first) == ["Tail walker", "Tea", "Marshal"]


def test_a_full_job_a_closed_one_and_what_does_not_take_place_are_not_there(session, walk):
    builders.a_claim(session, walk.tail_walker, walk.sam)
    another(session, walk, "Closed").closed_at = NOW
    off = another(session, walk, "Off").event
    off.state, off.reason, off.sequence = EventState.CANCELLED, "Flood", 1
    another(session, walk, "Draft").event.series.state = SeriesState.DRAFT
    assert names(session, walk) == ["Marshal"]


def test_what_clashes_with_a_turn_of_ones_own_is_not_there(session, walk):
    another(session, walk, "Tea")
    builders.a_claim(session, walk.tail_walker, walk.bela)
    assert names(session, walk, walk.bela) == ["Tea"]
    assert names(session, walk, walk.sam) == ["Marshal", "Tea"]


def test_a_turn_in_another_community_clashes_too(session, walk):
    elsewhere = builders.an_elsewhere(session)
    there = builders.communities.join(
        session, community_id=elsewhere.community.id, person_id=walk.bela.person_id
    )
    group = builders.communities.create_group(
        session, community=elsewhere.community, slug="tea", name="Tea", organisers=[]
    )
    series = builders.a_series(session, group=group, organiser=elsewhere.chi, slug="tea")
    slot = builders.a_slot(
        session, builders.an_event(session, series), builders.a_role(session, series)
    )
    builders.a_claim(session, slot, there)
    assert names(session, walk, walk.bela) == []
    assert names(session, walk, walk.sam) == ["Marshal", "Tail walker"]


def test_a_shorter_job_that_goes_together_with_ones_own_is_there(session, walk):
    warm_up = builders.a_role(
        session, walk.series, name="Warm-up", duration_minutes=15, position=3
    )
    builders.a_slot(session, walk.event, warm_up)
    builders.a_claim(session, walk.tail_walker, walk.bela)
    assert names(session, walk, walk.bela) == []
    first, second = sorted((walk.tail_walker.role_id, warm_up.id))
    session.add(
        RolePair(
            first_role_id=first,
            second_role_id=second,
            series_id=walk.series.id,
            rule=PairRule.TOGETHER,
        )
    )
    assert names(session, walk, walk.bela) == ["Warm-up"]


def test_a_place_that_waits_for_ones_answer_is_not_offered_again(session, walk):
    builders.a_claim(
        session,
        walk.marshal,
        walk.bela,
        state=ClaimState.HELD,
        held_until=NOW + dt.timedelta(hours=1),
        held_for=HeldFor.ASKED,
        made_by=walk.nadia,
    )
    assert names(session, walk, walk.bela) == ["Tail walker"]


def test_what_a_rule_forbids_is_not_there(session, walk):
    walk.marshal.role.minimum_age = 18
    assert names(session, walk) == ["Marshal", "Tail walker"]
    assert names(session, walk, walk.bela) == ["Tail walker"]
    session.execute(
        sa.update(Profile)
        .where(Profile.person_id == walk.bela.person_id)
        .values(age_at_least=18, age_said_on=NOW.date())
    )
    assert names(session, walk, walk.bela) == ["Marshal", "Tail walker"]


def test_what_is_not_open_yet_is_there_for_nobody(session, walk):
    walk.marshal.role.opens_hours_before = 24
    assert names(session, walk) == names(session, walk, walk.bela) == ["Tail walker"]


def test_a_place_kept_for_newcomers_is_there_for_them_alone(session, walk):
    walk.marshal.role.newcomer_places = 1
    last = builders.an_event(session, walk.series, SATURDAY - dt.timedelta(weeks=2))
    done = builders.a_slot(session, last, walk.tail_walker.role)
    builders.a_claim(session, done, walk.bela, state=ClaimState.ATTENDED)
    assert names(session, walk, walk.bela) == ["Marshal", "Tail walker"]
    builders.a_claim(session, walk.marshal, walk.ama)
    assert names(session, walk, walk.bela) == ["Tail walker"]
    assert names(session, walk, walk.sam) == ["Marshal", "Tail walker"]


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        ({Free.WEEKENDS}, ["Marshal", "Tail walker"]),
        ({Free.MORNINGS}, ["Tea"]),
        ({Free.AFTERNOONS}, []),
        ({Free.EVENINGS}, ["Choir"]),
        ({Free.MORNINGS, Free.EVENINGS}, ["Tea", "Choir"]),
    ],
)
def test_when_one_is_free_goes_by_the_clocks_there(session, walk, free, expected):
    another(session, walk, "Tea", day=dt.date(2027, 5, 4), starts=dt.time(11))
    another(session, walk, "Choir", day=dt.date(2027, 5, 4), starts=dt.time(17))  # 16:00 UTC
    assert names(session, walk, wishes=Wishes(free=frozenset(free))) == expected


def test_near_and_kind_narrow_the_list(session, walk):
    tea = another(session, walk, "Tea")
    tea.event.series.scene = "tea"
    session.execute(sa.update(Venue).where(Venue.id == tea.event.venue_id).values(area="Crayford"))
    assert names(session, walk, wishes=Wishes(near="Crayford")) == ["Tea"]
    assert names(session, walk, wishes=Wishes(kind=Kind.FOOD)) == ["Tea"]
    assert names(session, walk, wishes=Wishes(near="Crayford", kind=Kind.OUTDOORS)) == []
    assert "Tea" in names(session, walk, wishes=Wishes(kind=Kind.STEP_FREE))


@pytest.mark.parametrize("needed_first", [False, True])
def test_page_by_page_each_job_comes_once(session, walk, needed_first):
    for number in range(45):
        another(session, walk, f"Job {number}", needed=number % 2)
    session.commit()
    seen, after, pages = [], None, 0
    while after or not pages:
        found = could_do.could_do(
            session,
            community_id=walk.community.id,
            zone=builders.LONDON,
            wishes=Wishes(needed_first=needed_first),
            after=after,
            now=NOW,
        )
        seen += [job.slot_id for job in found.jobs]
        after, pages = found.after, pages + 1
    assert (len(seen), len(set(seen)), pages) == (47, 47, 3)


def test_whatever_is_listed_can_be_taken_in_one_statement(session, walk):
    walk.marshal.role.newcomer_places = 1
    another(session, walk, "Tea")
    session.commit()
    with count_statements() as count:
        found = could_do.could_do(
            session,
            community_id=walk.community.id,
            zone=builders.LONDON,
            wishes=Wishes(),
            person_id=walk.bela.person_id,
            membership_id=walk.bela.id,
            now=NOW,
        )
    assert count.total == 1
    for job in found.jobs:
        with session.begin_nested() as taken:
            claiming.claim_slot(session, slot_id=job.slot_id, membership_id=walk.bela.id, now=NOW)
            taken.rollback()
    assert [job.name for job in found.jobs] == ["Marshal", "Tail walker", "Tea"]


def test_the_rules_are_asked_for_one_page_only_however_many_jobs_are_open(session, walk):
    for number in range(60):
        another(session, walk, f"Job {number}")
    session.commit()
    session.execute(sa.text("SET LOCAL ROLE NONE"))
    session.execute(sa.text("SET LOCAL track_functions = 'pl'"))
    assert len(names(session, walk, walk.bela, commits=False)) == 20
    asked = sa.text(
        "SELECT pg_stat_get_xact_function_calls(oid) FROM pg_proc WHERE proname = :name"
    )
    assert session.scalar(asked, {"name": "broken_rule"}) == 21
