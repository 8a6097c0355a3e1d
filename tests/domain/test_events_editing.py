from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from tests.drafts import MARSHAL
from tests.drafts import TAIL
from tests.drafts import a_draft
from tests.storms import Storm
from timebank.core.errors import NotFound
from timebank.domain import events
from timebank.domain.events import leads
from timebank.domain.rota import changing
from timebank.domain.rota import claiming
from timebank.domain.rota import editing
from timebank.domain.rota import following
from timebank.domain.rota import reading
from timebank.domain.rota import reminding
from timebank.domain.rota import withdrawing
from timebank.models import Claim
from timebank.models import Event
from timebank.models import Frequency
from timebank.models import Lead
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import Role
from timebank.models import Series
from timebank.models import Slot
from timebank.models import Venue

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)


@dataclasses.dataclass
class Scene:
    """A published weekly stroll with four marshals' places and a tail walker's, nine dates."""

    walk: builders.Walk
    series: object
    draft: events.SeriesDraft

    def slot(self, session, name, day=dt.date(2027, 5, 1)):
        return session.scalars(
            sa.select(Slot)
            .join(Role, Role.id == Slot.role_id)
            .join(Event, Event.id == Slot.event_id)
            .where(Role.name == name, Event.occurs_on == day, Slot.series_id == self.series.id)
            .execution_options(populate_existing=True)
        ).one_or_none()

    def claim(self, session, name, member):
        slot = self.slot(session, name)
        return claiming.claim_slot(session, slot_id=slot.id, membership_id=member.id, now=NOW)

    def edit(self, session, *, who=None, now=NOW, **changes):
        draft = dataclasses.replace(self.draft, **changes)
        editing.edit_series(
            session, series=self.series, draft=draft, by=who or self.walk.nadia, now=now
        )
        session.expire_all()


@pytest.fixture
def scene(session):
    walk = builders.a_walk(session)
    draft = a_draft(group_id=walk.group.id)
    series = events.make_series(session, draft=draft, by=walk.nadia, now=NOW)
    events.publish(session, series=series, now=NOW)
    roles = session.scalars(sa.select(Role).filter_by(series_id=series.id).order_by("position"))
    known = tuple(
        dataclasses.replace(line, role_id=role.id)
        for line, role in zip((MARSHAL, TAIL), roles, strict=True)
    )
    session.commit()
    return Scene(walk, series, dataclasses.replace(draft, roles=known))


def dates_of(session, scene):
    found = sa.select(Event).where(Event.series_id == scene.series.id).order_by(Event.occurs_on)
    return session.scalars(found).all()


def moved_notices(session):
    return session.scalars(sa.select(Notice).filter_by(kind="event_moved")).all()


def test_saving_without_a_change_changes_nothing(session, scene):
    scene.edit(session)
    assert {date.sequence for date in dates_of(session, scene)} == {0}
    assert moved_notices(session) == []


def test_a_new_title_keeps_the_address_and_reaches_every_calendar(session, scene):
    scene.edit(session, title="Amble")
    assert (scene.series.title, scene.series.slug) == ("Amble", "stroll")
    assert {date.sequence for date in dates_of(session, scene)} == {1}
    assert moved_notices(session) == []


def test_past_dates_keep_what_they_were(session, scene):
    later = dt.datetime(2027, 5, 3, tzinfo=dt.UTC)
    scene.edit(session, now=later, starts_time=dt.time(10), ends_time=dt.time(11))
    first, second, *_ = dates_of(session, scene)
    assert (first.sequence, first.starts_at.hour) == (0, 8)
    assert (second.starts_at.hour, second.updated_at) == (9, later)
    assert second.sequence > 0


def test_a_job_at_another_time_is_told_to_calendars(session, scene):
    marshal, tail = scene.draft.roles
    earlier = dataclasses.replace(marshal, starts_after_minutes=-30, duration_minutes=120)
    scene.edit(session, roles=(earlier, tail))
    assert {date.sequence for date in dates_of(session, scene)} == {1}


def test_more_places_need_no_news_in_calendars(session, scene):
    marshal, tail = scene.draft.roles
    scene.edit(session, roles=(dataclasses.replace(marshal, places=5), tail))
    assert {date.sequence for date in dates_of(session, scene)} == {0}


def test_a_new_title_and_a_new_time_at_once_are_told_to_calendars(session, scene):
    scene.edit(session, title="Amble", starts_time=dt.time(10), ends_time=dt.time(11))
    assert {date.starts_at.hour for date in dates_of(session, scene)} == {9}
    assert min(date.sequence for date in dates_of(session, scene)) > 0


def test_another_time_of_day_takes_turns_along_and_tells_them(session, scene):
    scene.claim(session, "Marshal", scene.walk.bela)
    scene.edit(session, starts_time=dt.time(10), ends_time=dt.time(11, 30))
    assert {date.starts_at.hour for date in dates_of(session, scene)} == {9}
    assert scene.slot(session, "Marshal").starts_at.isoformat() == "2027-05-01T08:45:00+00:00"
    assert [notice.person_id for notice in moved_notices(session)] == [scene.walk.bela.person_id]


def test_a_date_that_was_moved_by_itself_keeps_its_own_time_and_place(session, scene):
    date = dates_of(session, scene)[1]
    changing.move_event(
        session,
        event=date,
        starts_at=date.starts_at + dt.timedelta(hours=5),
        ends_at=date.ends_at + dt.timedelta(hours=5),
        venue=events.VenueDraft(name="Hall Place"),
        reason="Fair",
        by=scene.walk.nadia,
        now=NOW,
    )
    scene.edit(
        session,
        starts_time=dt.time(10),
        ends_time=dt.time(11),
        venue=events.VenueDraft(name="Lake"),
    )
    places = [session.get(Venue, date.venue_id).name for date in dates_of(session, scene)]
    assert places == ["Lake", "Hall Place", *["Lake"] * 7]
    assert [date.starts_at.hour for date in dates_of(session, scene)][:3] == [9, 13, 9]


def test_a_new_job_is_on_every_date_still_to_come(session, scene):
    tea = events.RoleDraft(name="Tea", places=2, starts_after_minutes=60, duration_minutes=60)
    scene.edit(session, roles=(*scene.draft.roles, tea))
    assert scene.slot(session, "Tea").places == 2
    assert scene.slot(session, "Tea", dt.date(2027, 6, 26)).places == 2


def test_a_job_taken_off_disappears_where_nobody_had_it(session, scene):
    scene.edit(session, roles=scene.draft.roles[:1])
    assert scene.slot(session, "Tail walker") is None
    assert session.scalars(sa.select(Role.retired_at).filter_by(name="Tail walker")).all()


def test_a_job_that_somebody_has_is_not_taken_off(session, scene):
    scene.claim(session, "Tail walker", scene.walk.sam)
    with pytest.raises(editing.JobHasTurns) as refusal:
        scene.edit(session, roles=scene.draft.roles[:1])
    assert refusal.value.sentence == (
        "Sam T has “Tail walker” on 1 May. Keep the job, or have a word first."
    )


def test_a_job_that_somebody_gave_back_can_go(session, scene):
    claim = scene.claim(session, "Tail walker", scene.walk.sam)
    withdrawing.withdraw_claim(session, claim_id=claim.id, now=NOW)
    scene.edit(session, roles=scene.draft.roles[:1])
    kept = scene.slot(session, "Tail walker")  # for its story, but nobody sees or takes it
    assert [job.name for job in reading.jobs_of_event(session, event_id=kept.event_id)] == [
        "Marshal"
    ]
    with pytest.raises(claiming.JobGone):
        claiming.claim_slot(session, slot_id=kept.id, membership_id=scene.walk.bela.id, now=NOW)
    assert scene.slot(session, "Tail walker", dt.date(2027, 5, 8)) is None


def test_fewer_places_than_are_taken_are_refused_beside_the_field_with_names(session, scene):
    for member in (scene.walk.bela, scene.walk.sam):
        scene.claim(session, "Marshal", member)
    marshal, tail = scene.draft.roles
    fewer = dataclasses.replace(marshal, places=1, needed=1)
    with pytest.raises(editing.JobHasTurns) as refusal:
        scene.edit(session, roles=(tail, fewer))
    assert refusal.value.field == "roles-1-places"
    assert refusal.value.sentence == (
        "Bela N and Sam T have this job on 1 May. Keep 2 places, or have a word first."
    )


def test_whoever_has_a_high_place_moves_down_when_places_go(session, scene):
    marshal, tail = scene.draft.roles
    for place, member in ((4, scene.walk.bela), (2, scene.walk.sam)):
        builders.a_claim(session, scene.slot(session, "Marshal"), member, place=place)
    scene.edit(session, roles=(dataclasses.replace(marshal, places=2), tail))
    claims = session.scalars(sa.select(Claim).order_by(Claim.place)).all()
    assert [(c.place, c.places, c.membership_id) for c in claims] == [
        (1, 2, scene.walk.bela.id),
        (2, 2, scene.walk.sam.id),
    ]


def test_two_jobs_may_swap_their_times_under_one_person(session, scene):
    early = events.RoleDraft(name="A", places=1, starts_after_minutes=0, duration_minutes=60)
    late = events.RoleDraft(name="B", places=1, starts_after_minutes=60, duration_minutes=60)
    scene.edit(session, roles=(*scene.draft.roles, early, late))
    ids = {name: session.scalar(sa.select(Role.id).filter_by(name=name)) for name in ("A", "B")}
    scene.claim(session, "A", scene.walk.bela)
    scene.claim(session, "B", scene.walk.bela)
    scene.edit(
        session,
        roles=(
            *scene.draft.roles,
            dataclasses.replace(late, name="A", role_id=ids["A"]),
            dataclasses.replace(early, name="B", role_id=ids["B"]),
        ),
    )
    assert scene.slot(session, "A").starts_at > scene.slot(session, "B").starts_at
    assert len(moved_notices(session)) == 2


def test_a_job_moved_onto_somebodys_other_turn_is_refused(session, scene):
    tea = events.RoleDraft(name="Tea", places=1, starts_after_minutes=90, duration_minutes=60)
    scene.edit(session, roles=(*scene.draft.roles, tea))
    scene.claim(session, "Tail walker", scene.walk.bela)
    scene.claim(session, "Tea", scene.walk.bela)
    role_id = session.scalar(sa.select(Role.id).filter_by(name="Tea"))
    earlier = dataclasses.replace(tea, role_id=role_id, starts_after_minutes=60)
    with pytest.raises(following.TurnsOverlap, match="Bela N"):
        scene.edit(session, roles=(*scene.draft.roles, earlier))


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"frequency": Frequency.MONTHLY}, editing.DatesAreOut, "often"),
        ({"first_on": dt.date(2027, 5, 8)}, editing.DatesAreOut, "first"),
        ({"roles": ()}, events.NoJobs, "roles"),
        ({"ends_time": dt.time(8)}, events.DraftRefused, "ends"),
    ],
)
def test_what_a_published_series_cannot_change_is_refused(session, scene, changes, refusal, field):
    with pytest.raises(refusal) as refused:
        scene.edit(session, **changes)
    assert refused.value.field == field


def test_a_draft_may_change_its_rhythm(session, scene):
    draft = a_draft(group_id=scene.walk.group.id)
    series = events.make_series(session, draft=draft, by=scene.walk.nadia, now=NOW)
    Scene(scene.walk, series, draft).edit(session, frequency=Frequency.MONTHLY)
    assert series.frequency is Frequency.MONTHLY


def test_only_those_who_run_it_edit_a_series(session, scene):
    chi = builders.an_elsewhere(session).chi
    for stranger in (scene.walk.bela, chi):
        with pytest.raises(NotFound):
            scene.edit(session, who=stranger)
    scene.edit(session, who=scene.walk.ama)


def test_of_two_who_save_at_once_one_reads_what_the_other_wrote_first(engine, session, scene):
    version = session.scalar(sa.select(Series.version).filter_by(id=scene.series.id))

    def save(title):
        def work(own):
            editing.edit_series(
                own,
                series=own.get_one(Series, scene.series.id),
                draft=dataclasses.replace(scene.draft, title=title),
                by=own.get_one(Membership, scene.walk.nadia.id),
                now=NOW,
                version=version,
            )

        return work

    with Storm(engine, crowd=2) as storm:
        answers = storm.answers([save("Amble"), save("Ramble")])
    assert answers == {"done": 1, "SeriesChangedMeanwhile": 1}


WEEK = frozenset({Lead.WEEK})


def reminded(session, scene):
    """When people are reminded of the first three dates."""
    return [leads.of_date(date, scene.series) for date in dates_of(session, scene)[:3]]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (editing.Scope(), [WEEK, WEEK, WEEK]),
        (
            editing.Scope(editing.Reach.LATER, dt.date(2027, 5, 8)),
            [leads.USUAL_LEADS, WEEK, WEEK],
        ),
        (
            editing.Scope(editing.Reach.ONLY, dt.date(2027, 5, 8)),
            [leads.USUAL_LEADS, WEEK, leads.USUAL_LEADS],
        ),
    ],
)
def test_other_reminders_are_for_the_dates_that_were_chosen(session, scene, scope, expected):
    draft = dataclasses.replace(scene.draft, leads=WEEK)
    change = {"series": scene.series, "draft": draft, "now": NOW}
    assert editing.asks_which_dates(session, **change)
    editing.edit_series(session, **change, by=scene.walk.nadia, scope=scope)
    session.expire_all()
    assert reminded(session, scene) == expected
    assert {date.sequence for date in dates_of(session, scene)} == {0}  # calendars don't show it
    new = Event(series_id=scene.series.id)
    assert leads.of_date(new, scene.series) == (
        leads.USUAL_LEADS if scope.reach is editing.Reach.ONLY else WEEK
    )


def test_a_date_with_reminders_of_its_own_keeps_them_and_it_is_said(session, scene):
    second = dates_of(session, scene)[1]
    reminding.remind(session, event=second, wanted=[], by=scene.walk.nadia, now=NOW)
    draft = dataclasses.replace(scene.draft, leads=WEEK)
    change = {"series": scene.series, "draft": draft, "by": scene.walk.nadia, "now": NOW}
    assert editing.preview_edit(session, **change).own_leads == (second.occurs_on,)
    editing.edit_series(session, **change)
    session.expire_all()
    assert reminded(session, scene) == [WEEK, frozenset(), WEEK]
    reminding.remind(session, event=second, wanted=None, by=scene.walk.nadia, now=NOW)
    assert reminded(session, scene) == [WEEK, WEEK, WEEK]


def test_back_to_the_usual_reminders_nothing_is_kept(session, scene):
    scene.edit(session, leads=WEEK)
    assert scene.series.leads == ["week"]
    scene.edit(session)
    assert scene.series.leads is None


def test_whoever_does_not_run_it_says_nothing_about_reminders(session, scene):
    first = dates_of(session, scene)[0]
    elsewhere = builders.a_community(session, slug="ashford", host="ashford.example")
    chi = builders.a_member(session, elsewhere, "Chi Wu", email="chi@example.com")
    for stranger in (scene.walk.bela, chi):
        with pytest.raises(NotFound):
            reminding.remind(session, event=first, wanted=WEEK, by=stranger, now=NOW)
