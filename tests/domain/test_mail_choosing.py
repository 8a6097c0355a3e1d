"""What somebody chose about their mails, and what becomes of one at a moment."""

from __future__ import annotations

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import builders
from tests.notices import owe
from tests.statements import count_statements
from timebank.domain.notices import choosing
from timebank.domain.notices import saving
from timebank.domain.notices.choosing import Choices
from timebank.domain.notices.choosing import Due
from timebank.domain.notices.choosing import Verdict
from timebank.domain.notices.families import CHOOSABLE
from timebank.domain.notices.families import FAMILY_OF
from timebank.domain.notices.families import KINDS_OF
from timebank.domain.notices.families import LEAD_OF
from timebank.domain.notices.families import NEEDED
from timebank.domain.notices.families import Family
from timebank.domain.notices.saving import Wanted
from timebank.domain.rota import appeals
from timebank.models import How
from timebank.models import Lead
from timebank.models import MailChoice
from timebank.models import NoticeKind

NOON = dt.datetime(2027, 4, 28, 11, tzinfo=dt.UTC)  # noon in London, a Wednesday
THURSDAY = dt.datetime(2027, 4, 29, 16, tzinfo=dt.UTC)  # 5pm: the next weekly mail
SECOND = dt.timedelta(seconds=1)
NIGHT = (dt.time(21), dt.time(7))
NOBODY = Choices(membership_id=1, person_id=2, community_id=3, zone=builders.LONDON)
USUAL = Wanted(
    hows=dict.fromkeys(CHOOSABLE, How.MAIL),
    leads=frozenset({Lead.TWO_DAYS, Lead.EVE}),
    quiet_from=None,
    quiet_until=None,
    paused_until=None,
    weekly=False,
    weekly_on=4,
    weekly_hour=17,
    near=None,
    language=None,
)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def chosen(**changes):
    return dataclasses.replace(NOBODY, **changes)


def hows(**changes):
    return {**NOBODY.hows, **{Family(name): How(how) for name, how in changes.items()}}


def due(kind=NoticeKind.REMINDER_EVE, choices=NOBODY, *, worth=dt.timedelta(days=2), now=NOON):
    return Due(kind, now + worth, choices)


def decided(*given, now=NOON, **more):
    return choosing.decide(due(*given, now=now, **more), now=now)


class TestFamilies:
    def test_every_kind_is_needed_or_in_one_family(self):
        """A new kind belongs in `families`: in a family people can end, or among the needed."""
        listed = [*NEEDED, *(kind for kinds in KINDS_OF.values() for kind in kinds)]
        assert sorted(listed) == sorted(NoticeKind)

    def test_every_lead_has_a_reminder(self):
        assert set(LEAD_OF.values()) == set(Lead)


class TestDeciding:
    @pytest.mark.parametrize("kind", sorted(NEEDED))
    def test_what_is_needed_comes_whatever_they_chose(self, kind):
        nothing = chosen(
            hows=dict.fromkeys(CHOOSABLE, How.NONE),
            leads=frozenset(),
            quiet=(dt.time(0), dt.time(23, 59)),
            paused_until=NOON + dt.timedelta(days=90),
        )
        assert decided(kind, nothing).verdict is Verdict.SEND

    @pytest.mark.parametrize("kind", sorted(FAMILY_OF))
    def test_what_is_chosen_off_does_not_come(self, kind):
        family = FAMILY_OF[kind]
        if family is Family.WEEK:
            return  # nothing plans it then; one that waits already is emptied, and says nothing
        assert decided(kind, chosen(hows=hows(**{family: "none"}))).verdict is Verdict.DROP
        others = {one: "none" for one in CHOOSABLE if one is not family}
        leads = frozenset(Lead)
        left = chosen(hows=hows(**others), leads=leads)
        assert decided(kind, left).verdict is Verdict.SEND

    @pytest.mark.parametrize(("kind", "lead"), LEAD_OF.items())
    def test_a_reminder_comes_only_at_a_time_they_chose(self, kind, lead):
        assert decided(kind, chosen(leads=frozenset({lead}))).verdict is Verdict.SEND
        others = frozenset(Lead) - {lead}
        assert decided(kind, chosen(leads=others)).verdict is Verdict.DROP

    def test_what_they_keep_for_the_weekly_mail_goes_into_it(self):
        weekly = chosen(hows=hows(hours="weekly"))
        assert decided(NoticeKind.THANKED, weekly).verdict is Verdict.WEEKLY
        assert decided(NoticeKind.NEIGHBOUR_WROTE, weekly).verdict is Verdict.SEND

    @pytest.mark.parametrize(
        ("kind", "until", "verdict"),
        [
            (NoticeKind.PLACE_FREE, THURSDAY, Verdict.SEND),
            (NoticeKind.PLACE_FREE, THURSDAY + SECOND, Verdict.WEEKLY),
            (NoticeKind.WHAT_TO_EXPECT, THURSDAY, Verdict.SEND),
            (NoticeKind.WHAT_TO_EXPECT, THURSDAY + SECOND, Verdict.WEEKLY),
            (NoticeKind.REMINDER_EVE, THURSDAY, Verdict.SEND),
            (NoticeKind.REMINDER_EVE, THURSDAY + SECOND, Verdict.WEEKLY),
            (NoticeKind.REMINDERS, THURSDAY, Verdict.SEND),
        ],
    )
    def test_a_turn_before_the_next_weekly_mail_is_not_lost(self, kind, until, verdict):
        at = {"expires_at": until, "untold_at": until}
        told = dataclasses.replace(due(kind, chosen(hows=hows(turns="weekly"))), **at)
        assert choosing.decide(told, now=NOON).verdict is verdict

    def test_a_turn_that_a_weekly_mail_has_named_is_not_told_again(self):
        named = due(NoticeKind.REMINDER_EVE, chosen(hows=hows(turns="weekly")), worth=SECOND)
        assert choosing.decide(named, now=NOON).verdict is Verdict.WEEKLY

    def test_a_pause_puts_off_what_can_wait_and_drops_what_cannot(self):
        until = NOON + dt.timedelta(days=1)
        paused = chosen(paused_until=until)
        put_off = decided(NoticeKind.NEIGHBOUR_WROTE, paused)
        assert (put_off.verdict, put_off.until) == (Verdict.LATER, until)
        too_late = decided(NoticeKind.REMINDER_EVE, paused, worth=dt.timedelta(hours=15))
        assert too_late.verdict is Verdict.DROP
        assert decided(NoticeKind.THANKED, chosen(paused_until=NOON)).verdict is Verdict.SEND

    @pytest.mark.parametrize(
        ("local", "until"),
        [
            ("2027-04-28 20:59", None),
            ("2027-04-28 21:00", "2027-04-29 07:00"),
            ("2027-04-28 23:59", "2027-04-29 07:00"),
            ("2027-04-29 00:00", "2027-04-29 07:00"),
            ("2027-04-29 06:59", "2027-04-29 07:00"),
            ("2027-04-29 07:00", None),
            ("2027-03-27 23:00", "2027-03-28 07:00"),  # clocks go forward that night
            ("2027-10-30 23:00", "2027-10-31 07:00"),  # and back
        ],
    )
    def test_quiet_hours_pass_midnight_on_the_community_s_clock(self, local, until):
        zone = ZoneInfo(builders.LONDON)
        now = dt.datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(dt.UTC)
        verdict = decided(NoticeKind.THANKED, chosen(quiet=NIGHT), now=now)
        if until is None:
            assert verdict.verdict is Verdict.SEND
        else:
            at = dt.datetime.fromisoformat(until).replace(tzinfo=zone)
            assert (verdict.verdict, verdict.until) == (Verdict.LATER, at)

    def test_a_reminder_that_would_come_too_late_comes_in_the_night(self):
        now = dt.datetime(2027, 4, 29, 5, tzinfo=dt.UTC)  # 6am
        soon = {"worth": dt.timedelta(minutes=45), "now": now}
        asleep = chosen(quiet=NIGHT, leads=frozenset(Lead))
        assert decided(NoticeKind.REMINDER_MORNING, asleep, **soon).verdict is Verdict.SEND
        assert decided(NoticeKind.CALL_FOR_HELP, asleep, **soon).verdict is Verdict.DROP

    def test_whoever_runs_it_is_told_that_cover_is_wanted(self):
        unasked = chosen(hows=hows(asking="none"))
        told = Due(NoticeKind.COVER_WANTED, NOON, unasked, is_needed=True)
        assert choosing.decide(told, now=NOON).verdict is Verdict.SEND
        assert decided(NoticeKind.COVER_WANTED, unasked).verdict is Verdict.DROP

    def test_somebody_who_is_no_member_has_chosen_nothing(self):
        stranger = chosen(membership_id=None, hows=dict.fromkeys(CHOOSABLE, How.NONE))
        assert decided(NoticeKind.NEIGHBOUR_WROTE, stranger).verdict is Verdict.SEND

    @given(
        kind=st.sampled_from(NoticeKind),
        hows=st.fixed_dictionaries({one: st.sampled_from(How) for one in CHOOSABLE}),
        leads=st.frozensets(st.sampled_from(Lead)),
        quiet=st.none() | st.tuples(st.times(), st.times()).filter(lambda two: two[0] != two[1]),
        paused=st.none() | st.timedeltas(dt.timedelta(days=-9), dt.timedelta(days=9)),
        worth=st.timedeltas(dt.timedelta(minutes=1), dt.timedelta(days=9)),
        ahead=st.timedeltas(dt.timedelta(0), dt.timedelta(days=400)),
    )
    def test_nothing_comes_at_a_time_or_in_a_way_they_ruled_out(
        self, *, kind, hows, leads, quiet, paused, worth, ahead
    ):
        now = NOON + ahead
        until = now + paused if paused is not None else None
        choices = chosen(hows=hows, leads=leads, quiet=quiet, paused_until=until)
        decision = decided(kind, choices, worth=worth, now=now)
        family = FAMILY_OF.get(kind)
        if family is None:
            assert decision.verdict is Verdict.SEND
            return
        how = hows.get(family, How.MAIL)
        if how is How.NONE or (kind in LEAD_OF and LEAD_OF[kind] not in leads):
            assert decision.verdict is Verdict.DROP
        if decision.verdict is Verdict.SEND:
            assert how not in {How.WEEKLY, How.NONE} or family is Family.TURNS
            assert until is None or until <= now
            assert not _is_quiet(now, quiet) or family is Family.TURNS
        if decision.verdict is Verdict.LATER:
            assert now < decision.until < now + worth
            assert until is None or decision.until >= until
            assert not _is_quiet(decision.until, quiet)


def _is_quiet(moment, quiet):
    if quiet is None:
        return False
    time = moment.astimezone(ZoneInfo(builders.LONDON)).time()
    begins, ends = quiet
    return begins <= time < ends if begins < ends else time >= begins or time < ends


class TestReading:
    def test_nobody_who_chose_nothing_has_a_row(self, session, walk):
        read = choosing.read_choices(session, membership_id=walk.bela.id)
        assert session.query(MailChoice).count() == 0
        assert read == chosen(
            membership_id=walk.bela.id,
            person_id=walk.bela.person_id,
            community_id=walk.community.id,
        )

    def test_a_notice_knows_its_reader_s_choices_in_one_statement(self, session, walk):
        wanted = dataclasses.replace(USUAL, quiet_from=NIGHT[0], quiet_until=NIGHT[1])
        saving.save(session, member=walk.bela, wanted=wanted, now=NOON)
        notice = owe(session, walk.bela, NoticeKind.THANKED)
        others = owe(session, walk.sam, NoticeKind.THANKED)
        with count_statements() as count:
            read = choosing.read_due(session, notice_id=notice.id)
        assert count.total == 1
        assert (read.kind, read.choices.quiet) == (NoticeKind.THANKED, NIGHT)
        assert choosing.read_due(session, notice_id=others.id).choices.quiet is None

    def test_a_reminder_knows_whether_a_weekly_mail_has_named_its_turn(self, session, walk):
        wanted = dataclasses.replace(USUAL, hows=hows(turns="weekly"))
        saving.save(session, member=walk.bela, wanted=wanted, now=NOON - dt.timedelta(days=9))
        turn = builders.a_claim(session, walk.marshal, walk.bela)
        reminder = owe(session, walk.bela, NoticeKind.REMINDER_EVE, claim=turn)
        batch = owe(session, walk.bela, NoticeKind.REMINDERS)
        reminder.state, reminder.told_in_id = "cancelled", batch.id
        mail = owe(session, walk.bela, NoticeKind.WEEKLY)
        mail.state = "sent"

        def untold():
            session.flush()
            read = [choosing.read_due(session, notice_id=one.id) for one in (reminder, batch)]
            return [one.untold_at for one in read]

        for created, sent, is_named in (
            (NOON, NOON + SECOND, True),
            (NOON, NOON - SECOND, False),  # taken since
            (NOON - dt.timedelta(days=9), NOON - dt.timedelta(days=8), False),  # too far ahead
        ):
            turn.created_at, mail.sent_at = created, sent
            assert untold() == [None if is_named else turn.starts_at] * 2

    def test_next_weekly_is_by_the_community_s_clock(self):
        thursday = chosen(weekly_on=4, weekly_hour=17)
        at = dt.datetime(2027, 4, 29, 16, tzinfo=dt.UTC)  # 5pm in London
        assert thursday.next_weekly(after=NOON) == at
        assert thursday.next_weekly(after=at) == at + dt.timedelta(days=7)
        winter = dt.datetime(2027, 10, 30, 12, tzinfo=dt.UTC)
        assert thursday.next_weekly(after=winter) == dt.datetime(2027, 11, 4, 17, tzinfo=dt.UTC)


class TestSaving:
    def read(self, session, member):
        return choosing.read_choices(session, membership_id=member.id)

    def test_everything_is_kept_and_may_be_chosen_anew(self, session, walk):
        wanted = Wanted(
            hows=hows(turns="weekly", neighbours="none"),
            leads=frozenset({Lead.WEEK, Lead.MORNING}),
            quiet_from=NIGHT[0],
            quiet_until=NIGHT[1],
            paused_until=dt.date(2027, 5, 3),
            weekly=True,
            weekly_on=7,
            weekly_hour=0,
            near="Welling",
            language="en-GB",
        )
        saving.save(session, member=walk.bela, wanted=wanted, now=NOON)
        read = self.read(session, walk.bela)
        assert read.hows == wanted.hows
        assert (read.leads, read.quiet, read.near) == (wanted.leads, NIGHT, "Welling")
        assert read.paused_until == dt.datetime(2027, 5, 2, 23, tzinfo=dt.UTC)  # midnight
        assert (read.weekly, read.weekly_on, read.weekly_hour) == (True, 7, 0)
        saving.save(session, member=walk.bela, wanted=USUAL, now=NOON)
        assert self.read(session, walk.bela).quiet is None
        assert self.read(session, walk.bela).leads == USUAL.leads

    def test_no_reminders_at_all_is_a_choice(self, session, walk):
        none = dataclasses.replace(USUAL, leads=frozenset())
        saving.save(session, member=walk.bela, wanted=none, now=NOON)
        assert self.read(session, walk.bela).leads == frozenset()

    @pytest.mark.parametrize(
        ("changes", "refusal", "field"),
        [
            ({"quiet_from": NIGHT[0]}, saving.NoQuietHours, "quiet_until"),
            ({"quiet_until": NIGHT[0]}, saving.NoQuietHours, "quiet_from"),
            (
                {"quiet_from": NIGHT[0], "quiet_until": NIGHT[0]},
                saving.NoQuietHours,
                "quiet_until",
            ),
            ({"paused_until": dt.date(2027, 4, 28)}, saving.NotUntilThen, "paused_until"),
            ({"paused_until": dt.date(2028, 5, 1)}, saving.NotUntilThen, "paused_until"),
            ({"near": "x" * 41}, saving.NotThere, "near"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, session, walk, changes, refusal, field):
        wanted = dataclasses.replace(USUAL, **changes)
        with pytest.raises(refusal) as refused:
            saving.save(session, member=walk.bela, wanted=wanted, now=NOON)
        assert refused.value.field == field
        assert session.query(MailChoice).count() == 0

    def test_not_to_be_asked_is_one_and_the_same_wish(self, session, walk):
        unasked = dataclasses.replace(USUAL, hows=hows(asking="none"))
        saving.save(session, member=walk.bela, wanted=unasked, now=NOON)
        assert walk.bela.may_be_asked is False
        saving.save(session, member=walk.bela, wanted=USUAL, now=NOON)
        assert walk.bela.may_be_asked is True
        walk.bela.may_be_asked = False  # on My turns
        session.flush()
        assert self.read(session, walk.bela).hows[Family.ASKING] is How.NONE

    def test_who_is_asked_again_on_my_turns_gets_these_mails_again(self, session, walk):
        for how, again in (("none", How.MAIL), ("weekly", How.WEEKLY)):
            wanted = dataclasses.replace(USUAL, hows=hows(asking=how))
            saving.save(session, member=walk.bela, wanted=wanted, now=NOON)
            for may in (False, True):
                appeals.let_be_asked(session, membership_id=walk.bela.id, may_be_asked=may)
            assert self.read(session, walk.bela).hows == hows(asking=again)

    @pytest.mark.parametrize("family", CHOOSABLE)
    def test_one_tap_ends_one_family_and_twice_is_once(self, session, walk, family):
        for _tap in range(2):
            saving.stop(session, member=walk.bela, family=family, now=NOON)
            read = self.read(session, walk.bela)
            assert read.hows == hows(**{family: "none"})
            assert saving.is_stopped(read, family)
        assert walk.bela.may_be_asked is (family is not Family.ASKING)

    def test_ending_the_weekly_mail_ends_what_came_in_it(self, session, walk):
        wanted = dataclasses.replace(USUAL, weekly=True, hows=hows(hours="weekly"))
        saving.save(session, member=walk.bela, wanted=wanted, now=NOON)
        saving.stop(session, member=walk.bela, family=Family.WEEK, now=NOON)
        read = self.read(session, walk.bela)
        assert (read.weekly, read.hows) == (False, hows(hours="none"))
        assert saving.is_stopped(read, Family.WEEK)
