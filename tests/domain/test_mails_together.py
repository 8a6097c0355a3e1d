"""Reminders at other times, several in one mail, and the weekly mail: what is planned when."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

import pytest
import sqlalchemy as sa

from tests import builders
from tests.conftest import SECRET
from tests.domain.test_mail_choosing import USUAL
from tests.domain.test_mail_choosing import hows
from tests.domain.test_messages import did
from tests.domain.test_messages import send
from tests.notices import owe
from tests.statements import count_statements
from timebank.core import clock
from timebank.domain import outbox
from timebank.domain.events.leads import written as leads_written
from timebank.domain.notices import choosing
from timebank.domain.notices import judging
from timebank.domain.notices import letters
from timebank.domain.notices import saving
from timebank.domain.notices import together
from timebank.domain.notices import weekly
from timebank.domain.notices import wording
from timebank.domain.notices.delivery import lease_notice
from timebank.domain.notices.families import Family
from timebank.domain.notices.links import Links
from timebank.domain.rota import reminders
from timebank.models import Audience
from timebank.models import Lead
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Venue

LONG_AGO = dt.datetime(2027, 4, 1, 12, tzinfo=dt.UTC)
A_WEEK = dt.datetime(2027, 4, 24, 9, tzinfo=dt.UTC)  # 10am in London, a week before the walk
TWO_DAYS = dt.datetime(2027, 4, 29, 9, tzinfo=dt.UTC)
EVE = dt.datetime(2027, 4, 30, 17, tzinfo=dt.UTC)  # 6pm
MORNING = dt.datetime(2027, 5, 1, 6, tzinfo=dt.UTC)  # 7am
THURSDAY = dt.datetime(2027, 4, 29, 16, tzinfo=dt.UTC)  # 5pm
SECOND = dt.timedelta(seconds=1)
WEEKLY = dataclasses.replace(USUAL, weekly=True)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def a_turn(session, slot, member, **more):
    turn = builders.a_claim(session, slot, member, **more)
    turn.created_at = LONG_AGO
    session.flush()
    return turn


def choose(session, member, **changes):
    wanted = dataclasses.replace(USUAL, **changes)
    saving.save(session, member=member, wanted=wanted, now=LONG_AGO)


def planned(session, at):
    reminders.plan_due(session, now=at)
    together.gather_reminders(session, now=at)
    session.expire_all()
    found = session.query(Notice).order_by(Notice.id)
    return [(one.kind.value, one.state.value) for one in found]


class TestLeads:
    @pytest.mark.parametrize(
        ("lead", "moment"),
        [
            (Lead.WEEK, A_WEEK),
            (Lead.TWO_DAYS, TWO_DAYS),
            (Lead.EVE, EVE),
            (Lead.MORNING, MORNING),
        ],
    )
    def test_each_lead_has_its_moment(self, session, walk, lead, moment):
        choose(session, walk.bela, leads=frozenset({lead}))
        a_turn(session, walk.tail_walker, walk.bela)
        assert planned(session, moment - SECOND) == []
        assert planned(session, moment) == [(f"reminder_{lead}", "pending")]

    def test_somebody_else_s_choice_is_theirs(self, session, walk):
        choose(session, walk.bela, leads=frozenset({Lead.WEEK}))
        a_turn(session, walk.tail_walker, walk.bela)
        a_turn(session, walk.marshal, walk.sam)
        assert planned(session, EVE) == [("reminder_eve", "pending")]

    def test_none_is_none(self, session, walk):
        choose(session, walk.bela, leads=frozenset())
        a_turn(session, walk.tail_walker, walk.bela)
        for moment in (A_WEEK, TWO_DAYS, EVE, MORNING):
            assert planned(session, moment) == []

    def test_all_four_come_one_after_the_other(self, session, walk):
        choose(session, walk.bela, leads=frozenset(Lead))
        a_turn(session, walk.tail_walker, walk.bela)
        for moment in (A_WEEK, TWO_DAYS, EVE, MORNING):
            planned(session, moment)
        assert [kind for kind, _state in planned(session, MORNING)] == [
            "reminder_week",
            "reminder_two_days",
            "reminder_eve",
            "reminder_morning",
        ]

    def test_before_an_early_start_the_morning_is_two_hours_ahead(self, session, walk):
        choose(session, walk.bela, leads=frozenset({Lead.MORNING}))
        walk.marshal.starts_at = dt.datetime(2027, 5, 1, 6, 30, tzinfo=dt.UTC)
        session.flush()
        a_turn(session, walk.marshal, walk.bela)
        early = dt.datetime(2027, 5, 1, 4, 30, tzinfo=dt.UTC)
        assert planned(session, early - SECOND) == []
        assert planned(session, early) == [("reminder_morning", "pending")]


def say(session, walk, *leads):
    walk.series.leads = leads_written(leads)
    session.flush()


class TestLeadsOfAnEvent:
    """The organisers say when its people are reminded; what somebody chose themselves wins."""

    @pytest.mark.parametrize(
        ("lead", "moment"),
        [(Lead.WEEK, A_WEEK), (Lead.TWO_DAYS, TWO_DAYS), (Lead.EVE, EVE), (Lead.MORNING, MORNING)],
    )
    def test_its_people_are_reminded_then_and_at_no_other_time(self, session, walk, lead, moment):
        say(session, walk, lead)
        a_turn(session, walk.tail_walker, walk.bela)
        for one in (A_WEEK, TWO_DAYS, EVE, MORNING):
            planned(session, one)
        assert planned(session, MORNING) == [(f"reminder_{lead}", "pending")]
        assert session.query(Notice).one().not_before == moment

    def test_one_date_has_its_own_and_the_others_go_on_as_the_series(self, session, walk):
        say(session, walk, Lead.WEEK)
        walk.event.leads = ["morning"]
        other = builders.an_event(session, walk.series, dt.date(2027, 5, 8))
        a_turn(session, walk.tail_walker, walk.bela)
        a_turn(session, builders.a_slot(session, other, walk.marshal.role), walk.sam)
        assert planned(session, A_WEEK) == []
        assert planned(session, MORNING) == [("reminder_morning", "pending")]
        assert planned(session, A_WEEK + dt.timedelta(days=7))[1:] == [
            ("reminder_week", "pending")
        ]

    def test_a_person_s_own_choice_wins_even_where_it_is_the_usual_one(self, session, walk):
        say(session, walk, Lead.WEEK)
        choose(session, walk.bela, leads=frozenset({Lead.TWO_DAYS, Lead.EVE}))
        choose(session, walk.sam, leads=None)
        a_turn(session, walk.tail_walker, walk.bela)
        a_turn(session, walk.marshal, walk.sam)
        planned(session, A_WEEK)
        assert planned(session, TWO_DAYS) == [
            ("reminder_week", "pending"),
            ("reminder_two_days", "pending"),
        ]
        assert [one.person_id for one in session.query(Notice).order_by(Notice.id)] == [
            walk.sam.person_id,
            walk.bela.person_id,
        ]

    def test_nobody_is_reminded_where_they_say_so_but_who_chose_to_be(self, session, walk):
        say(session, walk)
        choose(session, walk.sam, leads=frozenset({Lead.EVE}))
        a_turn(session, walk.tail_walker, walk.bela)
        a_turn(session, walk.marshal, walk.sam)
        for one in (A_WEEK, TWO_DAYS, EVE, MORNING):
            planned(session, one)
        assert session.query(Notice).one().person_id == walk.sam.person_id

    def test_a_change_adds_what_is_new_and_planning_twice_adds_no_row(self, session, walk):
        say(session, walk, Lead.MORNING)
        a_turn(session, walk.tail_walker, walk.bela)
        assert planned(session, EVE + SECOND) == []
        say(session, walk, Lead.EVE, Lead.MORNING)
        assert planned(session, EVE + SECOND) == [("reminder_eve", "pending")]
        assert planned(session, EVE + SECOND) == [("reminder_eve", "pending")]

    def test_what_is_no_longer_wanted_and_not_sent_yet_is_called_off(self, session, walk):
        a_turn(session, walk.tail_walker, walk.bela)
        planned(session, EVE)
        reminder = session.query(Notice).one()

        def verdict():
            due = choosing.read_due(session, notice_id=reminder.id)
            return choosing.decide(due, now=EVE).verdict

        assert verdict() is choosing.Verdict.SEND
        say(session, walk, Lead.WEEK)
        assert verdict() is choosing.Verdict.DROP
        choose(session, walk.bela, leads=frozenset({Lead.EVE}))
        assert verdict() is choosing.Verdict.SEND

    def test_of_several_in_one_mail_each_is_as_its_own_event_says(self, session, walk):
        tea = builders.a_series(
            session, group=walk.group, organiser=walk.nadia, slug="tea", title="Tea party",
            starts=dt.time(14), ends=dt.time(16),
        )  # fmt: skip
        event = builders.an_event(session, tea, walk.event.occurs_on)
        role = builders.a_role(session, tea, name="Baker")
        a_turn(session, walk.tail_walker, walk.bela)
        a_turn(session, builders.a_slot(session, event, role), walk.bela)
        planned(session, EVE)
        tea.leads = ["morning"]
        session.flush()
        whole = session.query(Notice).filter_by(kind="reminders").one()
        told = together.told_in(session, notice_id=whole.id, now=EVE)
        assert len(told) == 2
        choices = choosing.read_choices(session, membership_id=walk.bela.id)
        assert [one.title for one in judging._reminded(told, choices)] == [walk.series.title]


class TestGathering:
    @pytest.fixture
    def two(self, session, walk):
        """Two turns of Bela's on one day, the second after the first."""
        tea = builders.a_role(
            session, walk.series, name="Tea", starts_after_minutes=90, position=7
        )
        slot = builders.a_slot(session, walk.event, tea)
        return [
            a_turn(session, walk.tail_walker, walk.bela),
            a_turn(session, slot, walk.bela),
        ]

    def test_what_is_due_at_one_moment_goes_as_one(self, session, walk, two):
        a_turn(session, walk.marshal, walk.sam)
        assert sorted(planned(session, EVE)) == [
            ("reminder_eve", "cancelled"),
            ("reminder_eve", "cancelled"),
            ("reminder_eve", "pending"),  # Sam's only one
            ("reminders", "pending"),
        ]
        batch = session.query(Notice).filter_by(kind=NoticeKind.REMINDERS).one()
        told = session.query(Notice).filter_by(told_in_id=batch.id).all()
        assert {one.claim_id for one in told} == {turn.id for turn in two}
        assert {one.person_id for one in (batch, *told)} == {walk.bela.person_id}
        assert (batch.not_before, batch.expires_at) == (EVE, max(t.starts_at for t in two))

    def test_planning_and_gathering_again_adds_nothing(self, session, walk, two):
        first = planned(session, EVE)
        assert planned(session, EVE + dt.timedelta(minutes=1)) == first
        with count_statements() as count:
            assert together.gather_reminders(session, now=EVE) == 0
        assert count.total == 1

    def test_a_turn_given_back_meanwhile_is_left_out(self, session, walk, two):
        planned(session, EVE)
        two[0].state, two[0].withdrawn_at = "withdrawn", EVE
        two[0].withdrawn_because = "person"
        session.flush()
        batch = session.query(Notice).filter_by(kind=NoticeKind.REMINDERS).one()
        told = together.told_in(session, notice_id=batch.id, now=EVE)
        assert [letter.claim_id for letter in told] == [two[1].id]

    def test_what_is_over_is_left_out(self, session, walk, two):
        planned(session, EVE)
        batch = session.query(Notice).filter_by(kind=NoticeKind.REMINDERS).one()
        begun = two[0].starts_at
        told = together.told_in(session, notice_id=batch.id, now=begun)
        assert [letter.claim_id for letter in told] == [two[1].id]

    def test_one_mail_a_person_however_many_there_are(self, session, walk, two):
        """Other people's are never in it: the database refuses that, too."""
        sams = [a_turn(session, walk.marshal, walk.sam)]
        tea = builders.a_role(
            session, walk.series, name="Coffee", starts_after_minutes=120, position=8
        )
        sams.append(a_turn(session, builders.a_slot(session, walk.event, tea), walk.sam))
        planned(session, EVE)
        batches = session.query(Notice).filter_by(kind=NoticeKind.REMINDERS).all()
        assert {one.person_id for one in batches} == {walk.bela.person_id, walk.sam.person_id}
        for batch in batches:
            told = together.told_in(session, notice_id=batch.id, now=EVE)
            mine = two if batch.person_id == walk.bela.person_id else sams
            assert {letter.claim_id for letter in told} == {turn.id for turn in mine}


class TestWeekly:
    def keys(self, session):
        session.expire_all()
        kinds = session.query(Notice).filter_by(kind=NoticeKind.WEEKLY).order_by(Notice.id)
        return [(one.dedupe_key, one.not_before) for one in kinds]

    def test_it_is_planned_at_their_hour_once_a_person_and_week(self, session, walk):
        saving.save(session, member=walk.bela, wanted=WEEKLY, now=LONG_AGO)
        assert weekly.plan_due(session, now=THURSDAY - SECOND) == 0
        with count_statements() as count:
            assert weekly.plan_due(session, now=THURSDAY) == 1
        assert count.total == 1
        assert weekly.plan_due(session, now=THURSDAY + dt.timedelta(hours=5)) == 0
        key = f"weekly-{walk.bela.id}-2027-17"
        assert self.keys(session) == [(key, THURSDAY)]
        assert weekly.plan_due(session, now=THURSDAY + dt.timedelta(days=7)) == 1

    def test_a_day_missed_is_made_up_and_two_are_not(self, session, walk):
        saving.save(session, member=walk.bela, wanted=WEEKLY, now=LONG_AGO)
        assert weekly.plan_due(session, now=THURSDAY + dt.timedelta(days=2)) == 0
        assert weekly.plan_due(session, now=THURSDAY + dt.timedelta(days=1, hours=23)) == 1

    @pytest.mark.parametrize(
        ("day", "moment"),
        [
            (7, dt.datetime(2027, 10, 31, 17, tzinfo=dt.UTC)),  # the clocks went back that night
            (6, dt.datetime(2027, 10, 30, 16, tzinfo=dt.UTC)),
        ],
    )
    def test_their_hour_is_by_the_community_s_clock(self, session, walk, day, moment):
        wanted = dataclasses.replace(WEEKLY, weekly_on=day)
        saving.save(session, member=walk.bela, wanted=wanted, now=LONG_AGO)
        assert weekly.plan_due(session, now=moment - SECOND) == 0
        assert weekly.plan_due(session, now=moment) == 1

    def test_who_left_or_reads_no_mail_gets_none(self, session, walk):
        elsie = builders.a_member(session, walk.community, "Elsie Ward", email=None)
        for member in (walk.bela, elsie):
            saving.save(session, member=member, wanted=WEEKLY, now=LONG_AGO)
        walk.bela.standing, walk.bela.left_at = "left", LONG_AGO
        session.flush()
        assert weekly.plan_due(session, now=THURSDAY) == 0

    def test_another_day_this_week_brings_no_second_mail(self, session, walk):
        saving.save(session, member=walk.bela, wanted=WEEKLY, now=LONG_AGO)
        weekly.plan_due(session, now=THURSDAY)
        session.execute(sa.update(Notice).values(state="sent"))
        friday = dataclasses.replace(WEEKLY, weekly_on=5)
        saving.save(session, member=walk.bela, wanted=friday, now=THURSDAY)
        assert weekly.plan_due(session, now=THURSDAY + dt.timedelta(days=1)) == 0
        assert weekly.plan_due(session, now=THURSDAY + dt.timedelta(days=8)) == 1

    def week_of(self, session, member, now=THURSDAY):
        choices = choosing.read_choices(session, membership_id=member.id)
        return weekly.read_week(session, notice_id=None, choices=choices, now=now)

    def test_it_brings_turns_what_is_needed_and_what_is_on(self, session, walk):
        saving.save(session, member=walk.bela, wanted=WEEKLY, now=LONG_AGO)
        a_turn(session, walk.marshal, walk.sam)
        week = self.week_of(session, walk.bela)
        assert [job.name for job in week.needed] == ["Tail walker"]
        assert [date.title for date in week.dates] == ["Danson Saturday Stroll"]
        assert (week.turns, week.has_hours) == ((), False)
        a_turn(session, walk.tail_walker, walk.bela)
        week = self.week_of(session, walk.bela)
        assert [turn.job for turn in week.turns] == ["Tail walker"]
        assert week.needed == ()

    def test_who_is_not_to_be_asked_reads_nothing_of_what_is_needed(self, session, walk):
        unasked = dataclasses.replace(WEEKLY, hows=hows(asking="none"))
        saving.save(session, member=walk.bela, wanted=unasked, now=LONG_AGO)
        assert self.week_of(session, walk.bela).needed == ()

    def test_near_is_the_part_they_chose(self, session, walk):
        venue = session.get(Venue, walk.event.venue_id)
        venue.area = "Danson"
        near = dataclasses.replace(WEEKLY, near="Danson")
        saving.save(session, member=walk.bela, wanted=near, now=LONG_AGO)
        assert self.week_of(session, walk.bela).dates
        venue.area = "Welling"
        session.flush()
        assert self.week_of(session, walk.bela).is_empty

    def test_hours_of_the_last_week_are_told(self, session, walk):
        saving.save(session, member=walk.bela, wanted=WEEKLY, now=LONG_AGO)
        builders.a_gift(session, walk.sam, walk.bela, 90, on=clock.now().date())
        week = self.week_of(session, walk.bela, now=clock.now() + SECOND)
        assert (week.minutes_in, week.minutes_out, week.balance_minutes) == (90, 0, 90)
        later = self.week_of(session, walk.bela, now=clock.now() + dt.timedelta(days=8))
        assert not later.has_hours

    def test_nothing_to_say_is_empty(self, session, walk):
        saving.save(session, member=walk.bela, wanted=WEEKLY, now=LONG_AGO)
        assert self.week_of(session, walk.bela, now=EVE + dt.timedelta(days=3)).is_empty


class TestKeeping:
    def kept(self, session, walk, kind=NoticeKind.THANKED):
        notice = owe(session, walk.bela, kind)
        notice.state = "cancelled"
        session.flush()
        choices = choosing.read_choices(session, membership_id=walk.bela.id)
        weekly.keep(session, notice_id=notice.id, choices=choices, now=LONG_AGO)
        session.expire_all()
        return notice

    def test_what_is_kept_waits_for_the_next_one_together(self, session, walk):
        first, second = self.kept(session, walk), self.kept(session, walk)
        assert first.told_in_id == second.told_in_id
        mail = session.get(Notice, first.told_in_id)
        assert mail.kind is NoticeKind.WEEKLY
        assert mail.not_before == dt.datetime(2027, 4, 1, 16, tzinfo=dt.UTC)  # that Thursday

    def test_after_this_week_s_has_left_it_is_the_next(self, session, walk):
        first = self.kept(session, walk)
        session.get(Notice, first.told_in_id).state = "sent"
        session.flush()
        second = self.kept(session, walk)
        later = session.get(Notice, second.told_in_id)
        assert later.not_before == dt.datetime(2027, 4, 8, 16, tzinfo=dt.UTC)

    def test_another_day_moves_what_waits(self, session, walk):
        mail = session.get(Notice, self.kept(session, walk).told_in_id)
        saturday = dataclasses.replace(
            USUAL, weekly_on=6, weekly_hour=9, hows=hows(hours="weekly")
        )
        saving.save(session, member=walk.bela, wanted=saturday, now=LONG_AGO)
        session.refresh(mail)
        assert mail.not_before == dt.datetime(2027, 4, 3, 8, tzinfo=dt.UTC)
        assert weekly.plan_due(session, now=mail.not_before) == 0

    def test_a_pause_lets_what_waits_come_after_it(self, session, walk):
        choose(session, walk.bela, hows=hows(hours="weekly"))
        kept = self.kept(session, walk)
        choose(session, walk.bela, hows=hows(hours="weekly"), paused_until=dt.date(2027, 4, 20))
        mail = session.get(Notice, kept.told_in_id, populate_existing=True)
        assert mail.not_before == dt.datetime(2027, 4, 22, 16, tzinfo=dt.UTC)
        assert mail.expires_at > mail.not_before

    def test_another_day_moves_one_of_two_that_wait(self, session, walk):
        choose(session, walk.bela, hows=hows(hours="weekly"))
        first = session.get(Notice, self.kept(session, walk).told_in_id)
        first.state = "leased"  # so that the next is kept for the week after
        first.lease_token, first.lease_until = uuid.uuid4(), THURSDAY
        session.flush()
        second = session.get(Notice, self.kept(session, walk).told_in_id)
        first.state = "pending"  # put back
        session.flush()
        choose(session, walk.bela, hows=hows(hours="weekly"), weekly_on=6)
        session.expire_all()
        assert first.not_before == dt.datetime(2027, 4, 3, 16, tzinfo=dt.UTC)
        assert second.not_before == dt.datetime(2027, 4, 8, 16, tzinfo=dt.UTC)
        choose(session, walk.bela, hows=hows(hours="weekly"), paused_until=dt.date(2027, 4, 10))
        session.expire_all()
        assert first.not_before == dt.datetime(2027, 4, 3, 16, tzinfo=dt.UTC)
        assert second.not_before == dt.datetime(2027, 4, 15, 16, tzinfo=dt.UTC)

    def test_what_is_not_about_the_date_it_names_is_told_after_that_has_begun(self, session, walk):
        first = did(session, walk, walk.bela, walk.marshal, dt.date(2027, 4, 10))
        event = {"event_id": str(first.event_id)}
        again = owe(session, walk.bela, NoticeKind.COME_AGAIN, slots=str(walk.marshal.id), **event)
        role_id = walk.marshal.role_id
        send(session, walk, whom=Audience.JOB, role_id=role_id)
        [news] = session.query(Notice).filter_by(kind=NoticeKind.ORGANISER_NEWS)
        choices = choosing.read_choices(session, membership_id=walk.bela.id)
        for one in (again, news):
            one.state = "cancelled"
            session.flush()
            weekly.keep(session, notice_id=one.id, choices=choices, now=LONG_AGO)
        session.expire_all()
        after = walk.event.ends_at
        told = together.told_in(session, notice_id=again.told_in_id, now=after)
        assert [letter.kind for letter in told] == [again.kind, news.kind]
        assert told[0].starts_at < after
        assert told[1].starts_at < after
        leads_to = Links(told[0], "https://goodturn.example", SECRET).gist
        day = f"{walk.series.slug}/{walk.event.occurs_on}"
        assert leads_to == f"https://localhost/e/{day}/claim/{walk.marshal.id}"

    def test_ending_the_weekly_mail_ends_the_one_that_waits(self, session, walk):
        choose(session, walk.bela, hows=hows(hours="weekly"))
        mail = session.get(Notice, self.kept(session, walk).told_in_id)
        saving.stop(session, member=walk.sam, family=Family.WEEK, now=LONG_AGO)
        session.refresh(mail)
        assert mail.state == "pending"
        saving.stop(session, member=walk.bela, family=Family.WEEK, now=LONG_AGO)
        session.refresh(mail)
        assert mail.state == "cancelled"

    def test_what_they_have_ended_meanwhile_is_not_told_in_it(self, session, walk):
        choose(session, walk.bela, hows=hows(hours="weekly"))
        kept = self.kept(session, walk, NoticeKind.HOURS_MOVED)

        def told():
            choices = choosing.read_choices(session, membership_id=walk.bela.id)
            mail = {"notice_id": kept.told_in_id, "choices": choices, "now": LONG_AGO}
            return [letter.kind for letter in weekly.read_week(session, **mail).kept]

        assert told() == [NoticeKind.HOURS_MOVED]
        saving.stop(session, member=walk.bela, family=Family.HOURS, now=LONG_AGO)
        assert told() == []


class TestTelling:
    """A batch and a weekly mail in words, by way of what is judged right before they leave."""

    def judged(self, session, now):
        session.commit()
        lease = lease_notice(session, lasts=dt.timedelta(minutes=3))
        letter = letters.read_letter(session, notice_id=lease.notice_id)
        due = choosing.read_due(session, notice_id=lease.notice_id)
        enclosed = judging.judge(session, lease=lease, letter=letter, due=due, now=now)
        if enclosed is None:
            return None
        return wording.word(
            letter,
            public_url="https://goodturn.example",
            secret_key=SECRET,
            now=now,
            enclosed=enclosed,
        )

    def test_a_weekly_mail_brings_what_was_kept_by_its_subject(self, session, walk):
        choose(session, walk.bela, hows=hows(hours="weekly"))
        moved = owe(
            session, walk.bela, NoticeKind.HOURS_MOVED, minutes="90", what="Bread", is_put_right=""
        )
        assert self.judged(session, clock.now()) is None
        session.refresh(moved)
        assert moved.state == "cancelled"
        mail = session.get(Notice, moved.told_in_id)
        mail.not_before = clock.now() - SECOND
        words = self.judged(session, clock.now())
        assert "- 1½ hours added to your time account\n  https://localhost/me\n" in words.text
        assert "1½ hours added to your time account" in words.html
        assert "/stop/week" in words.text

    def test_nothing_to_say_is_not_sent(self, session, walk):
        outbox.post_notices(
            session,
            [
                outbox.Message(
                    community_id=walk.community.id,
                    person_id=walk.bela.person_id,
                    kind=NoticeKind.WEEKLY,
                    dedupe_key="weekly",
                    not_before=clock.now() - SECOND,
                    expires_at=clock.now() + dt.timedelta(days=1),
                )
            ],
        )
        assert self.judged(session, clock.now()) is None
        [notice] = session.query(Notice)
        assert (notice.state, notice.last_error) == ("cancelled", judging.NOTHING_TO_SAY)
