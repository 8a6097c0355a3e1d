"""Calls for help: whom they ask, in waves, until every place is taken."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from tests import builders
from tests.notices import owe
from tests.statements import count_statements
from timebank.domain.rota import appeals
from timebank.domain.rota import calling
from timebank.domain.rota import claiming
from timebank.models import Appeal
from timebank.models import AppealAsk
from timebank.models import AppealReason
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Profile
from timebank.models import Role

STARTS = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)
NOW = dt.datetime(2027, 4, 26, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def a_helper(session, walk, name, role_id=None, *, weeks_ago=1):
    """A member who did a job of the walk, or who only reads their mail."""
    member = builders.a_member(session, walk.community, f"{name} Helper")
    session.get(Profile, member.person_id).email_confirmed_at = NOW
    if role_id:
        day = walk.event.occurs_on - dt.timedelta(weeks=weeks_ago)
        event = session.scalar(sa.select(Event).where(Event.occurs_on == day))
        event = event or builders.an_event(session, walk.series, day)
        did(session, event, role_id, member)
    session.commit()
    return member


def did(session, event, role_id, member):
    role = session.get(Role, role_id)
    slot = slot_of(session, event, role) or builders.a_slot(session, event, role)
    taken = session.scalar(sa.select(sa.func.count()).where(Claim.slot_id == slot.id))
    slot.places = max(slot.places, taken + 1)
    session.flush()
    claim = builders.a_claim(session, slot, member, place=taken + 1)
    claim.state = ClaimState.ATTENDED
    session.flush()


def slot_of(session, event, role):
    return session.scalar(
        sa.select(builders.Slot).where(
            builders.Slot.event_id == event.id, builders.Slot.role_id == role.id
        )
    )


def whom(session, walk, slot=None, now=NOW, **more):
    slot_id = (slot or walk.tail_walker).id
    people = appeals.whom_to_ask(session, event_id=walk.event.id, slot_id=slot_id, now=now, **more)
    return [(one.name, one.because.value) for one in people]


def call(session, walk, *, now=NOW, slot=None, leave_out=(), message=""):
    slot_id = slot.id if slot else None
    people = appeals.whom_to_ask(session, event_id=walk.event.id, slot_id=slot_id, now=now)
    shown = [one.membership_id for one in people]
    appeal = appeals.open_appeal(
        session,
        event_id=walk.event.id,
        slot_id=slot_id,
        message=message,
        ticked=[one for one in shown if one not in leave_out],
        shown=shown,
        by=walk.nadia.id,
        now=now,
    )
    session.commit()
    return appeal


def asked(session):
    session.expire_all()
    rows = session.scalars(sa.select(AppealAsk).order_by(AppealAsk.id)).all()
    return [(row.membership_id, row.wave) for row in rows]


def asks_on(session, now):
    number = appeals.ask_on(session, now=now)
    session.commit()
    return number


class TestWhomToAsk:
    def test_who_did_this_then_who_did_something_else_then_a_newcomer(self, session, walk):
        a_helper(session, walk, "Newt")
        a_helper(session, walk, "Mara", walk.marshal.role_id)
        a_helper(session, walk, "Tim", walk.tail_walker.role_id)
        with count_statements() as count:
            people = whom(session, walk)
        assert people == [("Tim H", "did_this"), ("Mara H", "did_another"), ("Newt H", "newcomer")]
        assert count.total == 1

    def test_newcomers_are_a_fifth_unless_there_is_nobody_else(self, session, walk):
        for number in range(8):
            a_helper(session, walk, f"Newt{number}x")
        assert len(whom(session, walk)) == 6
        for number in range(8):
            a_helper(session, walk, f"Tim{number}x", walk.tail_walker.role_id)
        kinds = [because for _, because in whom(session, walk)]
        assert kinds == ["did_this"] * 5 + ["newcomer"]

    def test_four_are_asked_for_each_missing_place(self, session, walk):
        for number in range(14):
            a_helper(session, walk, f"Mara{number}x", walk.marshal.role_id)
        assert len(whom(session, walk, walk.marshal)) == 8

    def test_the_whole_date_shares_people_out_and_asks_nobody_twice(self, session, walk):
        for number in range(9):
            a_helper(session, walk, f"Mara{number}x", walk.marshal.role_id)
        for number in range(9):
            a_helper(session, walk, f"Tim{number}x", walk.tail_walker.role_id)
        people = appeals.whom_to_ask(session, event_id=walk.event.id, slot_id=None, now=NOW)
        jobs = [one.job for one in people]
        assert (jobs.count("Marshal"), jobs.count("Tail walker")) == (8, 6)
        assert len({one.membership_id for one in people}) == 14

    def test_nobody_who_may_not_or_cannot_is_asked(self, session, walk):
        role_id = walk.tail_walker.role_id
        names = ("Off", "Nomail", "Busy", "There", "Young", "Left", "Runs")
        who = {name: a_helper(session, walk, name, role_id) for name in names}
        who["Off"].may_be_asked = False
        session.get(Profile, who["Nomail"].person_id).email = None
        who["Left"].standing, who["Left"].left_at = "left", NOW
        other = builders.a_series(session, group=walk.group, organiser=walk.nadia, slug="other")
        role = builders.a_role(session, other, name="Fixer")
        builders.a_claim(
            session,
            builders.a_slot(session, builders.an_event(session, other), role),
            who["Busy"],
        )
        later = builders.a_role(session, walk.series, name="Late", starts_after_minutes=200)
        builders.a_claim(session, builders.a_slot(session, walk.event, later), who["There"])
        session.execute(
            sa.text("INSERT INTO group_organiser VALUES (:g, :m, :c)"),
            {"g": walk.group.id, "m": who["Runs"].id, "c": walk.community.id},
        )
        session.get(Role, role_id).minimum_age = 18
        for name in names[:4] + names[5:]:
            profile = session.get(Profile, who[name].person_id)
            profile.age_at_least, profile.age_said_on = 40, dt.date(2027, 1, 1)
        session.commit()
        assert whom(session, walk) == []
        who["Off"].may_be_asked = True
        session.commit()
        assert whom(session, walk) == [("Off H", "did_this")]

    def test_a_typed_address_that_never_answered_is_not_written_to(self, session, walk):
        assert whom(session, walk) == []  # Bela and Sam have only been typed in

    def test_least_recently_asked_first_not_twice_a_month_and_not_within_a_fortnight(
        self, session, walk
    ):
        names = ("Ann", "Ben", "Cleo", "Dan")
        who = {name: a_helper(session, walk, name, walk.tail_walker.role_id) for name in names}
        was_asked(session, walk, who["Ann"], days_ago=40)
        was_asked(session, walk, who["Ben"], days_ago=20)
        was_asked(session, walk, who["Ben"], days_ago=25)
        was_asked(session, walk, who["Cleo"], days_ago=3)
        assert whom(session, walk) == [("Dan H", "did_this"), ("Ann H", "did_this")]
        who["Ann"].may_be_asked = who["Dan"].may_be_asked = False
        session.commit()
        assert whom(session, walk) == [("Cleo H", "did_this")]  # there is nobody else


def was_asked(session, walk, member, *, days_ago):
    at = NOW - dt.timedelta(days=days_ago)
    day = at.date()
    event = builders.an_event(session, walk.series, day)
    slot = builders.a_slot(session, event, session.get(Role, walk.tail_walker.role_id))
    appeal = Appeal(
        community_id=walk.community.id,
        event_id=event.id,
        series_id=walk.series.id,
        made_by=walk.nadia.id,
        ended_at=at,
        ended_because="filled",
    )
    session.add(appeal)
    session.flush()
    session.add(
        AppealAsk(
            community_id=walk.community.id,
            appeal_id=appeal.id,
            membership_id=member.id,
            slot_id=slot.id,
            wave=1,
            because=AppealReason.DID_THIS,
            asked_at=at,
        )
    )
    session.commit()


class TestWaves:
    @pytest.fixture
    def helpers(self, session, walk):
        return [
            a_helper(session, walk, f"Tim{number}x", walk.tail_walker.role_id)
            for number in range(15)
        ]

    def test_six_at_once_six_more_after_twelve_hours_none_at_night(self, session, walk, helpers):
        call(session, walk, slot=walk.tail_walker)
        assert [wave for _, wave in asked(session)] == [1] * 6
        # Twelve hours on it is 1am in London: the next wave waits until 8.
        morning = dt.datetime(2027, 4, 27, 7, tzinfo=dt.UTC)
        assert session.scalars(sa.select(Appeal)).one().next_wave_at == morning
        assert asks_on(session, morning - HOUR) == 0
        assert asks_on(session, morning) == 6
        assert asks_on(session, morning) == 0
        assert asks_on(session, morning + 12 * HOUR) == 3
        assert len({member for member, _ in asked(session)}) == 15
        assert asks_on(session, morning + 30 * HOUR) == 0  # there is nobody left

    def test_two_hours_apart_when_it_starts_within_two_days(self, session, walk, helpers):
        appeal = call(session, walk, now=STARTS - 20 * HOUR, slot=walk.tail_walker)
        assert appeal.next_wave_at == STARTS - 18 * HOUR

    def test_a_call_made_at_night_goes_out_in_the_morning(self, session, walk, helpers):
        night = dt.datetime(2027, 4, 26, 22, tzinfo=dt.UTC)
        call(session, walk, now=night, slot=walk.tail_walker)
        morning = dt.datetime(2027, 4, 27, 7, tzinfo=dt.UTC)
        due = session.scalars(
            sa.select(Notice.not_before).where(Notice.kind == "call_for_help").distinct()
        )
        assert due.all() == [morning]

    def test_whom_the_organiser_unticked_is_not_asked_later_either(self, session, walk, helpers):
        shown = appeals.whom_to_ask(
            session, event_id=walk.event.id, slot_id=walk.tail_walker.id, now=NOW
        )
        out = shown[0].membership_id
        call(session, walk, slot=walk.tail_walker, leave_out=[out])
        assert len(asked(session)) == 5
        for hours in (24, 48, 72):
            asks_on(session, NOW + hours * HOUR)
        assert out not in {member for member, _ in asked(session)}

    def test_yes_is_a_turn_at_once_and_closes_the_call(self, session, walk, helpers):
        call(session, walk, slot=walk.tail_walker)
        first, second = session.scalars(sa.select(AppealAsk.id).order_by(AppealAsk.id)).all()[:2]
        for _ in range(2):
            assert appeals.say_yes(session, ask_id=first, now=NOW).state is ClaimState.CONFIRMED
            session.commit()
        [called] = calling.calls_of_event(session, event_id=walk.event.id)
        assert (len(called.people), called.filled, called.ended_because) == (6, 1, "filled")
        waiting = sa.select(sa.func.count()).where(
            Notice.kind == "call_for_help", Notice.state == "pending"
        )
        assert session.scalar(waiting) == 0
        assert appeals.say_yes(session, ask_id=second, now=NOW) is None
        assert asks_on(session, NOW + 48 * HOUR) == 0

    def test_no_is_noted_and_a_change_of_mind_is_welcome(self, session, walk, helpers):
        call(session, walk, slot=walk.tail_walker)
        first = session.scalars(sa.select(AppealAsk.id).order_by(AppealAsk.id)).first()
        for _ in range(2):
            appeals.say_no(session, ask_id=first, now=NOW)
        assert session.get(AppealAsk, first).answer == "no"
        appeals.say_yes(session, ask_id=first, now=NOW)
        appeals.say_no(session, ask_id=first, now=NOW)  # an old page: the turn stays theirs
        assert session.get(AppealAsk, first).answer == "yes"

    def test_a_passer_by_who_fills_it_closes_it_too(self, session, walk, helpers):
        call(session, walk, slot=walk.tail_walker)
        claiming.claim_slot(
            session, slot_id=walk.tail_walker.id, membership_id=walk.sam.id, now=NOW
        )
        assert asks_on(session, NOW) == 0
        assert session.scalars(sa.select(Appeal.ended_because)).all() == ["filled"]

    def test_the_start_and_a_cancelled_date_end_it(self, session, walk, helpers):
        call(session, walk, slot=walk.tail_walker)
        call(session, walk, slot=walk.marshal)
        asks_on(session, STARTS - HOUR / 4)  # marshals begin a quarter of an hour before
        ends = sa.select(Appeal.ended_because).order_by(Appeal.id)
        assert session.scalars(ends).all() == [None, "started"]
        session.execute(
            sa.update(Event)
            .where(Event.id == walk.event.id)
            .values(state=EventState.CANCELLED, reason="Flood", sequence=1)
        )
        asks_on(session, STARTS - HOUR / 4)
        assert session.scalars(ends).all() == ["stopped", "started"]

    def test_one_call_at_a_time_and_only_where_somebody_is_missing(self, session, walk, helpers):
        appeal = call(session, walk, slot=walk.tail_walker)
        with pytest.raises(appeals.AskingAlready):
            call(session, walk, slot=walk.tail_walker)
        session.rollback()
        for _ in range(2):
            appeals.stop_appeal(session, appeal=appeal, now=NOW)
        assert appeal.ended_because == "stopped"
        session.commit()
        builders.a_claim(session, walk.tail_walker, walk.sam)
        with pytest.raises(appeals.NothingMissing):
            call(session, walk, slot=walk.tail_walker)

    def test_nobody_to_ask_and_a_foreign_job_are_refused(self, session, walk):
        with pytest.raises(appeals.NobodyToAsk):
            call(session, walk, slot=walk.tail_walker)
        session.rollback()
        other = builders.an_event(session, walk.series, dt.date(2027, 5, 8))
        foreign = builders.a_slot(session, other, session.get(Role, walk.marshal.role_id))
        with pytest.raises(appeals.NotFound):
            call(session, walk, slot=foreign)

    def test_who_would_rather_not_be_asked_gets_no_mail_that_is_on_its_way(
        self, session, walk, helpers
    ):
        call(session, walk, slot=walk.tail_walker)
        first = session.scalars(sa.select(AppealAsk).order_by(AppealAsk.id)).first()
        appeals.let_be_asked(session, membership_id=first.membership_id, may_be_asked=False)
        states = session.scalars(
            sa.select(Notice.state).where(Notice.kind == "call_for_help").order_by(Notice.id)
        )
        assert states.all() == ["cancelled"] + ["pending"] * 5

    def test_who_runs_it_hears_that_cover_is_wanted_though_they_are_not_asked(self, session, walk):
        asked = owe(session, walk.nadia, NoticeKind.COVER_WANTED, to=str(walk.nadia.id))
        runs_it = owe(session, walk.nadia, NoticeKind.COVER_WANTED)
        appeals.let_be_asked(session, membership_id=walk.nadia.id, may_be_asked=False)
        session.expire_all()
        assert (asked.state, runs_it.state) == ("cancelled", "pending")
