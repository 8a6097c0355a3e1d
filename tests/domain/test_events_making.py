from __future__ import annotations

import dataclasses
import datetime as dt
import threading
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests import builders
from tests.drafts import MARSHAL
from tests.drafts import a_draft
from tests.statements import count_statements
from tests.storms import Storm
from timebank.core.errors import NotFound
from timebank.domain import communities
from timebank.domain import events
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Frequency
from timebank.models import Role
from timebank.models import Series
from timebank.models import SeriesState
from timebank.models import Slot
from timebank.models import Venue

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def draft_for(group, **values):
    return a_draft(group_id=group.id, **values)


def make(session, walk, now=NOW, **values):
    draft = draft_for(walk.group, **values)
    return events.make_series(session, draft=draft, by=walk.nadia, now=now)


def dates_of(session, series):
    found = sa.select(Event).where(Event.series_id == series.id).order_by(Event.occurs_on)
    return session.scalars(found).all()


def test_a_new_series_is_a_draft_with_its_jobs_and_no_dates(session, walk):
    series = make(session, walk, title="Café à l’Erith")
    roles = session.scalars(sa.select(Role).filter_by(series_id=series.id).order_by("position"))
    assert [(role.name, role.places, role.needed) for role in roles] == [
        ("Marshal", 4, 2),
        ("Tail walker", 1, 0),
    ]
    assert (series.slug, series.state) == ("cafe-a-lerith", SeriesState.DRAFT)
    assert dates_of(session, series) == []


def test_the_same_title_gets_the_next_address(session, walk):
    assert [make(session, walk, title="Stroll").slug for _ in range(3)] == [
        "stroll",
        "stroll-2",
        "stroll-3",
    ]


def test_no_series_takes_the_address_of_the_editor(session, walk):
    assert make(session, walk, title="New!").slug == "new-2"


def test_one_page_sent_twice_at_the_same_time_makes_one_series(walk, engine, session):
    intent = uuid.uuid4()

    def work(own):
        draft = a_draft(group_id=walk.group.id)
        events.make_series(own, draft=draft, by=walk.nadia, now=NOW, intent=intent)

    with Storm(engine, crowd=4) as storm:
        assert storm.answers([work] * 4) == {"done": 1, "SeriesMadeAlready": 3}
    made = events.series_of_intent(session, intent=intent, by=walk.nadia)
    assert (made.slug, made.title) == ("stroll", "Stroll")


def test_two_series_of_one_title_at_the_same_time_get_two_addresses(walk, engine):
    slugs = []

    def work():
        with Session(engine) as own:
            slugs.append(make(own, walk, title="Race").slug)
            own.commit()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slugs) == ["race", "race-2", "race-3", "race-4", "race-5", "race-6"]


def test_a_place_that_reads_the_same_is_the_same_venue(session, walk):
    first, second = make(session, walk), make(session, walk)
    other = make(session, walk, venue=events.VenueDraft(name="Danson Park", step_free=True))
    assert first.venue_id == second.venue_id != other.venue_id


def test_the_part_of_the_borough_is_corrected_where_the_place_is_known(session, walk):
    park = events.VenueDraft(name="Danson Park", area="Crayford")
    first = make(session, walk, venue=park)
    right = make(session, walk, venue=dataclasses.replace(park, area="Bexleyheath"))
    unsaid = make(session, walk, venue=dataclasses.replace(park, area=None))
    assert first.venue_id == right.venue_id == unsaid.venue_id
    assert session.get_one(Venue, first.venue_id).area == "Bexleyheath"


def test_only_those_who_run_the_group_make_its_events(session, walk):
    chi = builders.an_elsewhere(session).chi
    draft = draft_for(walk.group)
    for stranger in (walk.bela, chi):
        with pytest.raises(NotFound):
            events.make_series(session, draft=draft, by=stranger, now=NOW)
    chi.standing = "coordinator"
    with pytest.raises(NotFound):
        events.make_series(session, draft=draft, by=chi, now=NOW)
    assert events.make_series(session, draft=draft, by=walk.ama, now=NOW).id


def test_a_group_of_nobody_is_not_found(session, walk):
    draft = dataclasses.replace(draft_for(walk.group), group_id=10**6)
    with pytest.raises(NotFound):
        events.make_series(session, draft=draft, by=walk.ama, now=NOW)


def test_publishing_makes_the_dates_of_eight_weeks_with_their_slots(session, walk):
    series = make(session, walk)
    events.publish(session, series=series, now=NOW)
    dates = dates_of(session, series)
    # 20 April and eight weeks is 15 June, but the first date is 1 May: to 26 June.
    assert [date.occurs_on.isoformat() for date in dates] == [
        "2027-05-01",
        "2027-05-08",
        "2027-05-15",
        "2027-05-22",
        "2027-05-29",
        "2027-06-05",
        "2027-06-12",
        "2027-06-19",
        "2027-06-26",
    ]
    assert series.state is SeriesState.PUBLISHED
    slots = session.scalars(
        sa.select(Slot).where(Slot.event_id == dates[0].id).order_by(Slot.starts_at)
    ).all()
    assert [(s.starts_at.isoformat(), s.minutes, s.needed, s.places) for s in slots] == [
        ("2027-05-01T07:45:00+00:00", 105, 2, 4),
        ("2027-05-01T08:00:00+00:00", 90, 0, 1),
    ]


def test_publishing_twice_is_publishing_once(session, walk):
    series = make(session, walk)
    events.publish(session, series=series, now=NOW)
    events.publish(session, series=series, now=NOW)
    assert len(dates_of(session, series)) == 9
    assert session.scalar(sa.select(sa.func.count(Slot.id)).filter_by(series_id=series.id)) == 18


def test_publishing_asks_a_fixed_number_of_statements(session, walk):
    small = make(session, walk)
    large = make(session, walk, roles=(MARSHAL,) * 30)
    with count_statements() as for_small:
        events.publish(session, series=small, now=NOW)
    with count_statements() as for_large:
        events.publish(session, series=large, now=NOW)
    assert for_small.total == for_large.total


def test_a_single_date_that_has_passed_cannot_be_published(session, walk):
    series = make(session, walk, frequency=Frequency.ONCE)
    with pytest.raises(events.NoDatesAhead) as refusal:
        events.publish(session, series=series, now=NOW + dt.timedelta(days=30))
    assert refusal.value.field == "first"


def test_an_empty_rota_cannot_be_published(session, walk):
    series = make(session, walk, roles=())
    with pytest.raises(events.NoJobs):
        events.publish(session, series=series, now=NOW)


def test_extending_adds_what_the_week_brought_and_nothing_twice(session, walk):
    series = make(session, walk)
    events.publish(session, series=series, now=NOW)
    cancelled = dates_of(session, series)[3]
    cancelled.state = EventState.CANCELLED
    cancelled.reason = "Mud"
    cancelled.sequence += 1
    session.commit()
    later = NOW + dt.timedelta(days=19)
    assert events.extend_dates(session, now=NOW) == 8  # the builder's walk had one of nine
    assert events.extend_dates(session, now=later) == 2
    assert events.extend_dates(session, now=later) == 0
    assert [date.occurs_on.isoformat() for date in dates_of(session, series)][-1] == "2027-07-03"
    assert dates_of(session, series)[3].state is EventState.CANCELLED


def test_extending_in_two_processes_at_once_makes_each_date_once(session, walk, engine):
    made = []

    def work():
        with Session(engine) as own:
            made.append(events.extend_dates(own, now=NOW))
            own.commit()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 8
    slots = sa.select(sa.func.count(Slot.id)).where(Slot.series_id == walk.series.id)
    assert session.scalar(slots) == 18


def test_a_series_that_is_being_changed_gets_no_dates_of_how_it_was(session, walk, engine):
    with Session(engine) as editing:
        held = editing.get_one(Series, walk.series.id, with_for_update={"key_share": True})
        held.last_on = walk.event.occurs_on + dt.timedelta(weeks=2)
        editing.flush()
        with Session(engine) as own:
            assert events.extend_dates(own, now=NOW) == 0
            own.commit()
        editing.commit()
    with Session(engine) as own:
        assert events.extend_dates(own, now=NOW) == 2
        own.commit()


def test_nobody_changes_a_series_while_it_is_given_dates(session, walk, engine):
    with Session(engine) as own, Session(engine) as editing:
        events.extend_dates(own, now=NOW)
        editing.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            editing.get_one(Series, walk.series.id, with_for_update={"key_share": True})


def test_a_draft_gets_no_dates(session, walk):
    series = make(session, walk)
    events.extend_dates(session, now=NOW)
    assert dates_of(session, series) == []


def test_past_dates_can_be_made_for_a_series_that_ran_on_paper(session, walk):
    series = make(session, walk)
    made = events.make_dates(
        session,
        series=series,
        timezone="Europe/London",
        first=dt.date(2027, 5, 8),
        last=dt.date(2027, 5, 22),
    )
    assert made == 3


def test_the_same_title_in_another_community_has_the_same_address(session, walk):
    elsewhere = builders.an_elsewhere(session)
    group = communities.create_group(
        session,
        community=elsewhere.community,
        slug="walkers",
        name="Walkers",
        organisers=[elsewhere.chi],
    )
    here = make(session, walk, title="Stroll")
    there = events.make_series(
        session, draft=draft_for(group, title="Stroll"), by=elsewhere.chi, now=NOW
    )
    assert here.slug == there.slug
    assert session.scalar(sa.select(Venue.community_id).where(Venue.id == there.venue_id)) == (
        elsewhere.community.id
    )
    assert session.scalar(sa.select(sa.func.count(Series.id)).filter_by(slug="stroll")) == 2
