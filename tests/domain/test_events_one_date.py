"""One date with jobs of its own, or left out; and a change of a series for some dates only."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from tests.drafts import MARSHAL
from tests.drafts import TAIL
from tests.drafts import a_draft
from timebank.core.errors import NotFound
from timebank.domain import events
from timebank.domain.rota import affected
from timebank.domain.rota import changing
from timebank.domain.rota import claiming
from timebank.domain.rota import editing
from timebank.domain.rota import fitting
from timebank.domain.rota import leaving_out
from timebank.domain.rota import own_jobs
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Notice
from timebank.models import Role
from timebank.models import SeriesState
from timebank.models import Slot
from timebank.models import Venue

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
FIRST, SECOND, THIRD = (dt.date(2027, 5, day) for day in (1, 8, 15))
TEN = {"starts_time": dt.time(10), "ends_time": dt.time(11, 30)}


class Stroll:
    """A published weekly stroll with four marshals' places and a tail walker's, nine dates."""

    def __init__(self, session):
        self.session = session
        self.walk = builders.a_walk(session)
        draft = a_draft(group_id=self.walk.group.id)
        self.series = events.make_series(session, draft=draft, by=self.walk.nadia, now=NOW)
        events.publish(session, series=self.series, now=NOW)
        roles = session.scalars(
            sa.select(Role).filter_by(series_id=self.series.id).order_by("position")
        )
        known = tuple(
            dataclasses.replace(line, role_id=role.id)
            for line, role in zip((MARSHAL, TAIL), roles, strict=True)
        )
        self.draft = dataclasses.replace(draft, roles=known)
        session.commit()

    def date(self, day):
        return self.session.scalars(
            sa.select(Event).filter_by(series_id=self.series.id, occurs_on=day)
        ).one()

    def slots(self, day):
        """The open jobs of a date: name, start, needed, places."""
        self.session.expire_all()
        rows = self.session.execute(
            sa.select(Role.name, Slot.starts_at, Slot.needed, Slot.places)
            .join(Role, Role.id == Slot.role_id)
            .where(Slot.event_id == self.date(day).id, Slot.closed_at.is_(None))
            .order_by(Role.position, Slot.turn)
        )
        return [(name, f"{at:%H:%M}", *numbers) for name, at, *numbers in rows]

    def claim(self, name, member, day=FIRST):
        slot_id = self.session.scalar(
            sa.select(Slot.id)
            .join(Role, Role.id == Slot.role_id)
            .where(Slot.event_id == self.date(day).id, Role.name == name)
        )
        return claiming.claim_slot(self.session, slot_id=slot_id, membership_id=member.id, now=NOW)

    def values(self, scope=editing.EVERY_DATE, **changes):
        return {
            "series": self.series,
            "draft": dataclasses.replace(self.draft, **changes),
            "by": self.walk.nadia,
            "now": NOW,
            "scope": scope,
        }

    def edit(self, scope=editing.EVERY_DATE, agreed=None, **changes):
        return editing.edit_series(self.session, **self.values(scope, **changes), agreed=agreed)

    def preview(self, scope=editing.EVERY_DATE, **changes):
        return editing.preview_edit(self.session, **self.values(scope, **changes))

    def give(self, *drafts, day=FIRST, by=None):
        return own_jobs.give_own_jobs(
            self.session,
            event=self.date(day),
            drafts=drafts,
            by=by or self.walk.nadia,
            now=NOW,
        )

    def leave_out(self, day=FIRST, by=None):
        leaving_out.leave_out(
            self.session, event=self.date(day), by=by or self.walk.nadia, now=NOW
        )

    def put_back(self, day=FIRST, by=None, now=NOW):
        leaving_out.put_back(self.session, event=self.date(day), by=by or self.walk.nadia, now=now)


@pytest.fixture
def stroll(session):
    return Stroll(session)


def from_on(day):
    return editing.Scope(editing.Reach.LATER, day)


def only(day):
    return editing.Scope(editing.Reach.ONLY, day)


USUAL = [("Marshal", "07:45", 2, 4), ("Tail walker", "08:00", 0, 1)]


def test_later_dates_move_and_earlier_ones_stay_as_they_were(stroll):
    stroll.edit(from_on(SECOND), **TEN, venue=events.VenueDraft(name="Lake"))
    assert stroll.slots(FIRST) == USUAL
    assert stroll.slots(SECOND)[1] == ("Tail walker", "09:00", 0, 1)
    assert stroll.series.starts_time == dt.time(10)
    places = [stroll.session.get(Venue, stroll.date(day).venue_id).name for day in (FIRST, SECOND)]
    assert places == ["Danson Park", "Lake"]


def test_other_jobs_for_later_dates_leave_earlier_ones_with_their_own(stroll):
    marshal, _tail = stroll.draft.roles
    stroll.edit(from_on(SECOND), roles=(dataclasses.replace(marshal, places=6),))
    assert stroll.slots(FIRST) == USUAL
    assert stroll.slots(SECOND) == [("Marshal", "07:45", 2, 6)]
    assert [stroll.date(day).own_jobs for day in (FIRST, SECOND)] == [True, False]
    assert stroll.claim("Tail walker", stroll.walk.bela).id


def test_only_one_date_moves_and_the_words_are_for_all(stroll):
    stroll.edit(only(SECOND), **TEN, title="Amble", venue=events.VenueDraft(name="Lake"))
    assert (stroll.series.title, stroll.series.starts_time) == ("Amble", dt.time(9))
    assert [stroll.slots(day)[1][1] for day in (FIRST, SECOND, THIRD)] == [
        "08:00",
        "09:00",
        "08:00",
    ]
    assert stroll.session.get(Venue, stroll.date(SECOND).venue_id).name == "Lake"
    assert not stroll.date(SECOND).own_jobs


def test_other_jobs_for_one_date_only(stroll):
    marshal, _tail = stroll.draft.roles
    tea = events.RoleDraft(name="Tea", places=2, starts_after_minutes=60, duration_minutes=60)
    stroll.edit(only(SECOND), roles=(dataclasses.replace(marshal, name="Steward"), tea))
    assert stroll.slots(SECOND) == [("Steward", "07:45", 2, 4), ("Tea", "09:00", 0, 2)]
    assert stroll.slots(FIRST) == [("Steward", "07:45", 2, 4), USUAL[1]]


def test_a_scope_that_names_no_date_to_come_is_not_found(stroll):
    stroll.leave_out(THIRD)
    for scope in (from_on(dt.date(2027, 5, 2)), only(THIRD)):
        with pytest.raises(NotFound):
            stroll.edit(scope, **TEN)


def test_a_preview_shows_whom_it_moves_and_changes_nothing(stroll):
    stroll.claim("Marshal", stroll.walk.bela)
    stroll.claim("Tail walker", stroll.walk.sam, SECOND)
    stroll.session.commit()
    outcome = stroll.preview(from_on(SECOND), **TEN, venue=events.VenueDraft(name="Lake"))
    assert [(one.name, one.job, one.earlier_place, one.place) for one in outcome.effects] == [
        ("Sam T", "Tail walker", "Danson Park", "Lake")
    ]
    assert [one.starts_at - one.earlier_starts_at for one in outcome.effects] == [
        dt.timedelta(hours=1)
    ]
    assert stroll.slots(SECOND) == USUAL
    assert stroll.series.starts_time == dt.time(9)
    assert stroll.session.scalars(sa.select(Notice).filter_by(kind="event_moved")).all() == []


def test_what_was_agreed_to_is_made_and_another_list_is_not(stroll):
    stroll.claim("Marshal", stroll.walk.bela)
    agreed = stroll.preview(**TEN).digest
    stroll.claim("Tail walker", stroll.walk.sam)
    stroll.session.commit()
    with pytest.raises(affected.NotAsShown):
        stroll.edit(agreed=agreed, **TEN)
    stroll.session.rollback()
    assert stroll.edit(agreed=stroll.preview(**TEN).digest, **TEN) == 2


def test_a_preview_names_the_dates_that_keep_what_is_their_own(stroll):
    stroll.give(MARSHAL, day=FIRST)
    moved = stroll.date(SECOND)
    changing.move_event(
        stroll.session,
        event=moved,
        starts_at=moved.starts_at + dt.timedelta(hours=3),
        ends_at=moved.ends_at + dt.timedelta(hours=3),
        reason="Fair",
        by=stroll.walk.nadia,
        now=NOW,
    )
    outcome = stroll.preview(**TEN, roles=stroll.draft.roles[:1])
    assert (outcome.own_jobs, outcome.own_times) == ((FIRST,), (SECOND,))


def test_a_date_with_its_own_jobs_keeps_them_and_still_follows_the_time(stroll):
    marshal, tail = stroll.draft.roles
    stroll.give(dataclasses.replace(marshal, places=9), tail)
    stroll.edit(roles=(tail,), **TEN)
    assert stroll.slots(FIRST) == [("Tail walker", "09:00", 0, 1), ("Marshal", "08:45", 2, 9)]
    assert stroll.slots(SECOND) == [("Tail walker", "09:00", 0, 1)]


def test_a_date_goes_back_to_the_usual_jobs(stroll):
    tea = events.RoleDraft(name="Tea", places=2, starts_after_minutes=60, duration_minutes=60)
    stroll.give(tea)
    assert stroll.slots(FIRST) == [("Tea", "09:00", 0, 2)]
    own_jobs.use_usual_jobs(
        stroll.session, event=stroll.date(FIRST), by=stroll.walk.nadia, now=NOW
    )
    assert stroll.slots(FIRST) == USUAL
    assert not stroll.date(FIRST).own_jobs


def test_the_lines_of_a_date_read_back_as_they_were_written(stroll):
    marshal, _tail = stroll.draft.roles
    shared = dataclasses.replace(marshal, turn_minutes=30, every_minutes=75)
    stroll.give(shared)
    (line,) = [
        line for _role, line in own_jobs.jobs_of_date(stroll.session, event=stroll.date(FIRST))
    ]
    assert line == shared


def test_own_jobs_take_nothing_from_anybody_and_tell_whom_they_move(stroll):
    stroll.claim("Tail walker", stroll.walk.bela)
    stroll.session.commit()
    marshal, tail = stroll.draft.roles
    with pytest.raises(fitting.JobHasTurns, match="Bela N has “Tail walker” on 1 May"):
        stroll.give(marshal)
    stroll.session.rollback()
    outcome = stroll.give(marshal, dataclasses.replace(tail, starts_after_minutes=30))
    assert (outcome.told, [one.name for one in outcome.effects]) == (1, ["Bela N"])


@pytest.mark.parametrize(
    ("drafts", "refusal"),
    [
        ((), events.NoJobs),
        ((dataclasses.replace(TAIL, needed=2),), events.DraftRefused),
    ],
)
def test_jobs_of_a_date_that_make_no_rota_are_refused(stroll, drafts, refusal):
    with pytest.raises(refusal):
        stroll.give(*drafts)


def test_only_those_who_run_it_change_a_date(stroll):
    chi = builders.an_elsewhere(stroll.session).chi
    for stranger in (stroll.walk.bela, chi):
        with pytest.raises(NotFound):
            stroll.give(MARSHAL, by=stranger)
        for change in (stroll.leave_out, stroll.put_back):
            with pytest.raises(NotFound):
                change(by=stranger)


def test_a_date_is_left_out_and_put_back_as_the_series_then_is(stroll):
    stroll.leave_out()
    date = stroll.date(FIRST)
    assert (date.state, date.sequence) == (EventState.SKIPPED, 1)
    stroll.edit(**TEN)
    stroll.put_back()
    stroll.session.expire_all()
    assert date.state is EventState.PLANNED
    assert [slot[1] for slot in stroll.slots(FIRST)] == ["08:45", "09:00"]


def test_a_date_with_turns_is_not_left_out_and_names_them(stroll):
    stroll.claim("Marshal", stroll.walk.bela)
    with pytest.raises(leaving_out.DateHasTurns, match=r"^Bela N has a turn on this date\."):
        stroll.leave_out()


def test_what_is_left_out_can_neither_move_nor_be_claimed_nor_left_out_twice(stroll):
    stroll.leave_out()
    with pytest.raises(changing.DateIsLeftOut):
        stroll.leave_out()
    with pytest.raises(changing.DateIsLeftOut):
        stroll.give(MARSHAL)
    with pytest.raises(claiming.EventCancelled):
        stroll.claim("Marshal", stroll.walk.bela)


def test_only_what_is_left_out_and_still_to_come_is_put_back(stroll):
    with pytest.raises(leaving_out.DateIsNotLeftOut):
        stroll.put_back()
    stroll.leave_out()
    with pytest.raises(changing.DateHasBegun):
        stroll.put_back(now=dt.datetime(2027, 5, 1, 9, tzinfo=dt.UTC))


def test_a_last_date_leaves_out_what_comes_after_it_and_a_later_one_makes_more(stroll):
    stroll.edit(last_on=SECOND)
    states = [stroll.date(day).state for day in (FIRST, SECOND, THIRD)]
    assert states == [EventState.PLANNED, EventState.PLANNED, EventState.SKIPPED]
    assert events.extend_dates(stroll.session, now=NOW) == 8  # of the builder's walk


def test_a_date_with_turns_is_not_cut_off(stroll):
    stroll.claim("Marshal", stroll.walk.bela, THIRD)
    with pytest.raises(leaving_out.DateHasTurns, match="Bela N has a turn on 15 May") as refusal:
        stroll.edit(last_on=SECOND)
    assert refusal.value.field == "last"


def test_there_is_nothing_to_ask_about_words(stroll):
    def asks(**changes):
        draft = dataclasses.replace(stroll.draft, **changes)
        return editing.asks_which_dates(stroll.session, series=stroll.series, draft=draft, now=NOW)

    marshal, tail = stroll.draft.roles
    assert not asks(title="Amble", last_on=THIRD, most_a_week=2)
    assert not asks(roles=(dataclasses.replace(marshal, name="Steward"), tail))
    assert asks(starts_time=dt.time(8))
    assert asks(venue=events.VenueDraft(name="Lake"))
    assert asks(roles=(marshal,))
    assert asks(roles=(dataclasses.replace(marshal, places=5), tail))
    stroll.series.state = SeriesState.DRAFT
    assert not asks(roles=(marshal,))
