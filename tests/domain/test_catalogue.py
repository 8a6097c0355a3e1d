from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from tests.drafts import a_draft
from timebank.core.errors import NotFound
from timebank.domain import events
from timebank.domain.communities import neighbours
from timebank.domain.communities import qualifications
from timebank.domain.rota import catalogue
from timebank.domain.rota import claiming
from timebank.domain.rota import details
from timebank.domain.rota import rules
from timebank.domain.rota import taking_in
from timebank.domain.rota.editing import JobHasTurns
from timebank.models import Membership
from timebank.models import PairRule
from timebank.models import Qualification
from timebank.models import QualificationKind
from timebank.models import Role
from timebank.models import Series
from timebank.models import Slot

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def a_ready_made(session, walk, key, **changes):
    """A published series of Nadia's with the jobs of a ready-made rota, as the editor sends it."""
    rota = events.ready_made_rota(key)
    lines = tuple(
        events.RoleDraft(
            name=role.name,
            about=role.about,
            places=role.places,
            needed=role.needed,
            starts_after_minutes=role.starts_after_minutes,
            duration_minutes=role.duration_minutes,
            turn_minutes=role.turn_minutes,
            every_minutes=role.every_minutes,
        )
        for role in rota.roles
    )
    values = {"roles": lines, "starts": rota.starts_time, "ends": rota.ends_time, **changes}
    draft = a_draft(group_id=walk.group.id, ready_made=key, **values)
    series = events.make_series(session, draft=draft, by=walk.nadia, now=NOW)
    events.publish(session, series=series, now=NOW)
    session.commit()
    return series


def job_named(session, series, name):
    return next(
        job for job in catalogue.read_jobs(session, series_id=series.id) if job.draft.name == name
    )


def slot_of(session, series, name):
    return session.scalars(
        sa.select(Slot)
        .join(Role, Role.id == Slot.role_id)
        .where(Slot.series_id == series.id, Role.name == name)
        .order_by(Slot.starts_at)
        .execution_options(populate_existing=True)
    ).first()


def change(session, series, job, **given):
    asked = given.pop("asked_ids", job.asked_ids)
    trains_for = given.pop("trains_for_id", job.trains_for_id)
    details.change_details(
        session,
        series=series,
        role_id=job.role_id,
        details=given,
        asked_ids=asked,
        trains_for_id=trains_for,
        by=session.get(Membership, series.created_by),
        now=NOW,
    )
    session.commit()


@pytest.mark.parametrize("key", [rota.key for rota in events.ready_made_rotas()])
def test_a_series_from_a_ready_made_rota_has_all_that_this_says(session, walk, key):
    series = a_ready_made(session, walk, key)
    ready, made = events.ready_made_rota(key), taking_in.rota_of(session, series=series)
    assert made.roles == ready.roles
    assert {(pair.names, pair.rule) for pair in made.pairs} == {
        (pair.names, pair.rule) for pair in ready.pairs
    }
    assert set(made.qualifications) == set(ready.qualifications)
    assert taking_in.preview(session, series=series, rota=ready).does_nothing


def test_qualifications_are_made_once_a_community(session, walk):
    mine = qualifications.add_kind(
        session,
        community_id=walk.community.id,
        name="first aid",
        kind=QualificationKind.CHECK,
        lasts_months=12,
    )
    for key in ("litter-pick", "street-party"):
        a_ready_made(session, walk, key)
    kinds = session.scalars(sa.select(Qualification.name).order_by(Qualification.name)).all()
    assert kinds == ["Driving licence", "first aid"]
    session.refresh(mine)
    assert (mine.kind, mine.lasts_months) == (QualificationKind.CHECK, 12)


def test_what_was_typed_counts_more_than_the_ready_made_rota(session, walk):
    ready = events.ready_made_rota("litter-pick")
    picker = next(role for role in ready.roles if role.name == "Picker")
    few = dataclasses.replace(picker, places=2, needed=0, newcomer_places=0)
    series = a_ready_made(session, walk, "litter-pick", roles=(few,))
    kept = job_named(session, series, "Picker").draft
    assert (kept.places, kept.newcomer_places, kept.instructions) == (2, 2, picker.instructions)


def test_jobs_moved_apart_no_longer_go_at_the_same_time(session, walk):
    director = events.RoleDraft(
        name="Run director", places=1, starts_after_minutes=0, duration_minutes=60
    )
    check = events.RoleDraft(
        name="Course check", places=1, starts_after_minutes=-30, duration_minutes=45
    )
    pacer = events.RoleDraft(name="Pacer", places=1, starts_after_minutes=70, duration_minutes=9)
    series = a_ready_made(session, walk, "walk", roles=(director, check, pacer))
    assert taking_in.rota_of(session, series=series).pairs == (
        events.PairDraft(first="Run director", second="Pacer", rule=PairRule.NEVER),
    )


def test_the_run_director_walks_in_no_other_shoes(session, walk):
    """Results come after their own time; pacing doesn’t go with it on any date."""
    series = a_ready_made(session, walk, "walk")

    def claim(name, member):
        slot = slot_of(session, series, name)
        claiming.claim_slot(session, slot_id=slot.id, membership_id=member.id, now=NOW)

    claim("Pacer", walk.sam)
    session.commit()
    with pytest.raises(rules.JobsDontCombine) as refusal:
        claim("Run director", walk.sam)
    assert refusal.value.sentence == (
        "Run director can’t be combined with Pacer on the same date."
    )
    session.rollback()
    claim("Results", walk.bela)
    claim("Run director", walk.bela)


def test_the_course_check_is_done_beside_the_run_directors_job(session, walk):
    series = a_ready_made(session, walk, "walk")
    for name in ("Run director", "Course check"):
        slot = slot_of(session, series, name)
        claiming.claim_slot(session, slot_id=slot.id, membership_id=walk.bela.id, now=NOW)
    doubles = sa.text("SELECT count(*) FROM claim WHERE beside_id IS NOT NULL")
    assert session.scalar(doubles) == 1


def test_a_junior_run_is_led_by_somebody_with_a_check(session, walk):
    series = a_ready_made(session, walk, "junior-run")
    neighbours.note_age(session, member=walk.bela, age_at_least=18, today=NOW.date())
    slot = slot_of(session, series, "Run director")
    with pytest.raises(rules.NotQualified, match="Run director asks for DBS check"):
        claiming.claim_slot(session, slot_id=slot.id, membership_id=walk.bela.id, now=NOW)


def test_details_are_changed_and_the_line_stays(session, walk):
    kind = qualifications.add_kind(
        session,
        community_id=walk.community.id,
        name="First aid",
        kind=QualificationKind.TRAINING,
    )
    job = job_named(session, walk.series, "Marshal")
    change(
        session,
        walk.series,
        job,
        instructions="- *Cheer*",
        bring="A coat",
        minimum_age=16,
        newcomer_places=1,
        asked_ids=[kind.id, kind.id],
    )
    after = catalogue.read_job(session, series_id=walk.series.id, role_id=job.role_id)
    assert after.draft == dataclasses.replace(
        job.draft,
        instructions="- *Cheer*",
        bring="A coat",
        minimum_age=16,
        newcomer_places=1,
        asks_for=("First aid",),
    )
    change(session, walk.series, after, asked_ids=[])
    assert job_named(session, walk.series, "Marshal").asked_ids == ()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"newcomer_places": 3}, "newcomer_places"),
        ({"minimum_age": 0}, "minimum_age"),
        ({"newcomer_hours": 721}, "newcomer_hours"),
        ({"opens_hours_before": 0}, "opens_hours_before"),
        ({"opens_hours_before": 48, "newcomer_places": 1}, "opens_hours_before"),
        ({"one_per": 0}, "one_per"),
        ({"arrive_minutes_before": 241}, "arrive_minutes_before"),
        ({"instructions": "x" * 5001}, "instructions"),
    ],
)
def test_what_cannot_be_meant_is_refused_beside_its_field(session, walk, given, field):
    job = job_named(session, walk.series, "Marshal")
    with pytest.raises(details.JobRefused) as refusal:
        change(session, walk.series, job, **given)
    assert refusal.value.field == field


def test_a_learning_place_is_for_another_job_and_asks_for_less(session, walk):
    kind = qualifications.add_kind(
        session,
        community_id=walk.community.id,
        name="Walking last",
        kind=QualificationKind.TRAINING,
        shadow_turns=2,
    )
    marshal = job_named(session, walk.series, "Marshal")
    tail = job_named(session, walk.series, "Tail walker")
    change(session, walk.series, tail, asked_ids=[kind.id])
    for trains_for, asked, field in (
        (marshal.role_id, (), "trains_for"),
        (10**9, (), "trains_for"),
        (tail.role_id, (kind.id,), "asks_for"),
    ):
        with pytest.raises(details.JobRefused) as refusal:
            change(session, walk.series, marshal, trains_for_id=trains_for, asked_ids=asked)
        session.rollback()
        assert refusal.value.field == field
    change(session, walk.series, marshal, trains_for_id=tail.role_id)
    assert job_named(session, walk.series, "Marshal").draft.trains_for == "Tail walker"


def test_pairs_are_set_for_one_job_at_a_time(session, walk):
    tea = builders.a_role(session, walk.series, name="Tea", starts_after_minutes=100, position=3)
    marshal, tail = walk.marshal.role_id, walk.tail_walker.role_id

    def pair(role_id, **given):
        catalogue.set_pairs(session, series=walk.series, role_id=role_id, rules=given["rules"])
        session.commit()

    pair(marshal, rules={tail: PairRule.NEVER, tea.id: None})
    assert catalogue.pairs_of(session, role_id=tail) == {marshal: PairRule.NEVER}
    pair(tea.id, rules={tail: PairRule.NEVER})
    pair(tail, rules={marshal: None})
    assert catalogue.pairs_of(session, role_id=tail) == {tea.id: PairRule.NEVER}
    with pytest.raises(catalogue.PairRefused) as refusal:
        pair(tea.id, rules={marshal: PairRule.TOGETHER})
    assert refusal.value.sentence == (
        "“Tea” and “Marshal” can’t be done at the same time:"
        " neither begins and ends within the other."
    )
    assert refusal.value.field == str(marshal)
    for stranger in (10**9, tea.id):
        with pytest.raises(NotFound):
            pair(tea.id, rules={stranger: PairRule.NEVER})


def test_another_series_job_is_not_found(session, walk):
    other = builders.a_series(session, group=walk.group, organiser=walk.nadia, slug="other")
    role = builders.a_role(session, other)
    with pytest.raises(NotFound):
        catalogue.read_job(session, series_id=walk.series.id, role_id=role.id)


def take_in(session, walk, rota, series=None, by=None):
    told = taking_in.take_in(
        session, series=series or walk.series, rota=rota, by=by or walk.nadia, now=NOW
    )
    session.commit()
    return told


def test_jobs_of_another_event_are_copied_and_none_is_taken_off(session, walk):
    source = a_ready_made(session, walk, "walk")
    rota = taking_in.rota_of(session, series=source)
    shown = taking_in.preview(session, series=walk.series, rota=rota)
    assert (len(shown.changes), shown.same) == (18, 0)
    assert [change.name for change in shown.changes if not change.is_new] == ["Tail walker"]
    take_in(session, walk, rota)
    names = [job.draft.name for job in catalogue.read_jobs(session, series_id=walk.series.id)]
    assert names[:2] == ["Marshal", "Tail walker"]
    assert len(names) == 19
    assert taking_in.preview(session, series=walk.series, rota=rota).does_nothing
    assert slot_of(session, walk.series, "Results").places == 1
    series = session.get(Series, walk.series.id, populate_existing=True)
    assert (series.title, series.venue.name) == (
        "Danson Saturday Stroll",
        "Danson Park, by the boathouse",
    )


def test_taking_in_twice_changes_nothing_the_second_time(session, walk):
    rota = events.ready_made_rota("repair-cafe")
    take_in(session, walk, rota)
    before = taking_in.rota_of(session, series=walk.series)
    take_in(session, walk, rota)
    assert taking_in.rota_of(session, series=walk.series) == before


def test_a_file_takes_no_place_from_under_anybody(session, walk):
    for place, member in enumerate((walk.bela, walk.sam), start=1):
        builders.a_claim(session, walk.marshal, member, place=place)
    session.commit()
    marshal = events.RoleDraft(
        name="Marshal", places=1, starts_after_minutes=-15, duration_minutes=90
    )
    rota = dataclasses.replace(
        events.ready_made_rota("walk"), roles=(marshal,), pairs=(), qualifications=()
    )
    with pytest.raises(JobHasTurns, match="Bela N and Sam T"):
        take_in(session, walk, rota)


def test_only_those_who_run_it_take_jobs_in(session, walk):
    chi = builders.an_elsewhere(session).chi
    for stranger in (walk.bela, chi):
        with pytest.raises(NotFound):
            take_in(session, walk, events.ready_made_rota("walk"), by=stranger)


def test_open_dates_say_what_is_in_the_way(session, walk):
    session.get(Role, walk.tail_walker.role_id).minimum_age = 18
    session.commit()

    def seen_by(member):
        found = catalogue.open_dates(
            session,
            role_id=walk.tail_walker.role_id,
            membership_id=member.id if member else None,
            now=NOW,
        )
        return [(one.occurs_on, one.free, one.is_needed, one.is_yours, one.rule) for one in found]

    day = dt.date(2027, 5, 1)
    assert seen_by(None) == [(day, 1, True, False, None)]
    assert seen_by(walk.bela) == [(day, 1, True, False, "old_enough")]
    neighbours.note_age(session, member=walk.bela, age_at_least=18, today=NOW.date())
    assert seen_by(walk.bela) == [(day, 1, True, False, None)]
    builders.a_claim(session, walk.tail_walker, walk.bela)
    assert seen_by(walk.bela) == [(day, 0, False, True, None)]
    assert seen_by(walk.sam) == []


def test_a_job_that_grows_with_the_crowd_has_its_places_at_once(session, walk):
    series = a_ready_made(session, walk, "walk", expected_people=200)
    assert slot_of(session, series, "Barcode scanning").needed == 4
    change(session, series, job_named(session, series, "Barcode scanning"), one_per=25)
    assert slot_of(session, series, "Barcode scanning").needed == 8
    change(session, series, job_named(session, series, "Finish tokens"), one_per=100)
    assert slot_of(session, series, "Finish tokens").needed == 2


def test_jobs_taken_in_grow_with_the_crowd_too(session, walk):
    walk.series.expected_people = 200
    session.commit()
    take_in(session, walk, events.ready_made_rota("walk"))
    slot = slot_of(session, walk.series, "Barcode scanning")
    session.refresh(slot)
    assert (slot.needed, slot.places) == (4, 4)
