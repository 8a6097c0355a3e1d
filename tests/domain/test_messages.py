"""Organisers' messages: whom they reach, how many in a day, sent once, and what is still so."""

from __future__ import annotations

import datetime as dt
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.mails import mail
from tests.statements import count_statements
from timebank.core.errors import NotFound
from timebank.domain import suppression
from timebank.domain.exchange.contacting import NotPassedOn
from timebank.domain.exchange.contacting import SayWhat
from timebank.domain.exchange.contacting import TooMuchMail
from timebank.domain.joining import erasing
from timebank.domain.joining.leaving import Whereto
from timebank.domain.messages import answering
from timebank.domain.messages import hearing
from timebank.domain.messages import limits
from timebank.domain.messages import reach
from timebank.domain.messages import reading
from timebank.domain.messages import writing
from timebank.domain.messages.reach import Chosen
from timebank.domain.messages.writing import Words
from timebank.domain.notices import choosing
from timebank.domain.notices import letters
from timebank.domain.notices import saving
from timebank.domain.notices.choosing import Verdict
from timebank.domain.notices.families import Family
from timebank.models import Audience
from timebank.models import Block
from timebank.models import ClaimState
from timebank.models import GroupMessage
from timebank.models import HeldFor
from timebank.models import MessageAnswer
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Role
from timebank.models import SeriesState
from timebank.models import Standing

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SAID = Words("Another place", "We meet at the café.")


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def chosen(walk, whom=Audience.DATE, role_id=None, by=None):
    return Chosen(
        community_id=walk.community.id,
        series_id=walk.series.id,
        event_id=walk.event.id,
        whom=whom,
        role_id=role_id,
        by=(by or walk.nadia).id,
    )


def send(session, walk, *, whom=Audience.DATE, role_id=None, now=NOW, said=SAID, intent=None):
    return writing.send(
        session,
        chosen=chosen(walk, whom, role_id),
        words=said,
        intent=intent or uuid.uuid4(),
        now=now,
    )


def notices(session, *kinds):
    session.expire_all()
    kinds = kinds or (NoticeKind.ORGANISER_WROTE, NoticeKind.ORGANISER_NEWS)
    found = sa.select(Notice).where(Notice.kind.in_(kinds)).order_by(Notice.id)
    return list(session.scalars(found))


def reasons(session, *kinds):
    """Why each of the mails would not go out now; None: it would."""
    session.expire_all()
    return [
        letters.reason_to_drop(letters.read_letter(session, notice_id=one.id))
        for one in notices(session, *kinds)
    ]


def did(session, walk, member, slot, day):
    event = builders.an_event(session, walk.series, day)
    role = session.get_one(Role, slot.role_id)
    done = builders.a_slot(session, event, role)
    return builders.a_claim(session, done, member, state=ClaimState.ATTENDED)


def answer(session, message, reader, words="Yes!", *, intent=None, now=NOW):
    return answering.answer(
        session, message=message, reader=reader, words=words,
        intent=intent or uuid.uuid4(), now=now,
    )  # fmt: skip


class TestReach:
    def test_everybody_with_a_live_turn_once_and_who_has_no_mail_by_first_name(
        self, session, walk
    ):
        elsie = builders.a_member(session, walk.community, "Elsie Ward", email=None)
        sweep = builders.a_slot(
            session,
            walk.event,
            builders.a_role(session, walk.series, name="Sweep", places=3, position=3,
                            starts_after_minutes=120),
        )  # fmt: skip
        builders.a_claim(session, walk.marshal, walk.bela)
        builders.a_claim(session, sweep, walk.bela, place=1)  # a second turn, one mail
        builders.a_claim(session, sweep, walk.nadia, place=2)  # who writes gets none
        builders.a_claim(session, sweep, elsie, place=3)
        builders.a_claim(session, walk.tail_walker, walk.sam, state=ClaimState.MISSED)
        with count_statements() as count:
            found = reach.read_reach(session, chosen=chosen(walk), now=NOW)
        assert (found.people, found.not_by_mail, found.to_ring) == (1, 1, ("Elsie",))
        assert count.total == 1
        assert send(session, walk).people == 1
        assert [one.person_id for one in notices(session)] == [walk.bela.person_id]

    def test_a_hold_that_ran_out_and_somebody_who_left_are_not_meant(self, session, walk):
        builders.a_claim(
            session, walk.marshal, walk.bela, state=ClaimState.HELD, held_for=HeldFor.YES,
            held_until=NOW,
        )  # fmt: skip
        builders.a_claim(session, walk.tail_walker, walk.sam, state=ClaimState.ATTENDED)
        walk.sam.standing, walk.sam.left_at = Standing.LEFT, NOW
        session.flush()
        assert reach.read_reach(session, chosen=chosen(walk), now=NOW) == reach.Reach(0, 0, ())

    def test_who_is_having_a_rest_is_rung_about_a_turn_and_left_in_peace_otherwise(
        self, session, walk
    ):
        builders.a_claim(session, walk.marshal, walk.bela)
        hearing.start(session, series=walk.series, member=walk.bela)
        walk.bela.paused_at = NOW
        session.flush()
        assert reach.read_reach(session, chosen=chosen(walk), now=NOW).to_ring == ("Bela",)
        hears = chosen(walk, Audience.HEARING)
        assert reach.read_reach(session, chosen=hears, now=NOW) == reach.Reach(0, 0, ())

    def test_whose_address_takes_no_mail_is_rung(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        assert reach.read_reach(session, chosen=chosen(walk), now=NOW) == reach.Reach(1, 0, ())
        suppression.note_refusal(
            session, person_id=walk.bela.person_id, address="bela@example.com",
            status="550 5.1.1", now=NOW,
        )  # fmt: skip
        found = reach.read_reach(session, chosen=chosen(walk), now=NOW)
        assert found == reach.Reach(0, 1, ("Bela",))

    def test_past_doers_by_the_jobs_name_in_this_group_within_a_year_who_may_be_asked(
        self, session, walk
    ):
        tail = walk.tail_walker
        other = builders.a_series(
            session, group=walk.group, organiser=walk.nadia, slug="dusk", title="Dusk walk"
        )
        same = builders.a_role(session, other, name="tail WALKER")
        event = builders.an_event(session, other, dt.date(2027, 3, 6))
        builders.a_claim(
            session, builders.a_slot(session, event, same), walk.sam, state=ClaimState.ATTENDED
        )
        did(session, walk, walk.bela, tail, dt.date(2027, 4, 24))
        did(session, walk, walk.ama, tail, dt.date(2026, 4, 25))  # a year and three days ago
        carl = builders.a_member(session, walk.community, "Carl Roe")
        did(session, walk, carl, tail, dt.date(2027, 4, 17))
        carl.may_be_asked = False
        dana = builders.a_member(session, walk.community, "Dana Lee")
        did(session, walk, dana, walk.marshal, dt.date(2027, 4, 10))  # another job
        session.flush()
        assert send(session, walk, whom=Audience.JOB, role_id=tail.role_id).people == 2
        got = {one.person_id for one in notices(session)}
        assert got == {walk.bela.person_id, walk.sam.person_id}

    def test_who_does_not_want_to_hear_from_the_organiser_gets_the_dates_news_only(
        self, session, walk
    ):
        builders.a_claim(session, walk.marshal, walk.bela)
        hearing.start(session, series=walk.series, member=walk.bela)
        session.add(
            Block(community_id=walk.community.id, by_id=walk.bela.id, against_id=walk.nadia.id)
        )
        session.flush()
        assert reach.read_reach(session, chosen=chosen(walk), now=NOW).people == 1
        hears = chosen(walk, Audience.HEARING)
        assert reach.read_reach(session, chosen=hears, now=NOW).people == 0


class TestSending:
    def test_message_and_mails_are_one_statement_however_many(self, session, walk):
        """Not one a person: the count is the same for two and for forty."""
        counted = []
        for size in (2, 40):
            for number in range(size):
                member = builders.a_member(session, walk.community, f"N{size}x{number} Lee")
                hearing.start(session, series=walk.series, member=member)
            with count_statements() as count:
                message = send(session, walk, whom=Audience.HEARING, now=NOW + size * DAY)
            counted.append((message.people, count.total))
        assert [people for people, _ in counted] == [2, 42]
        assert counted[0][1] == counted[1][1]

    def test_the_same_page_sends_once_and_other_words_from_it_are_refused(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        intent = uuid.uuid4()
        first = send(session, walk, intent=intent)
        assert send(session, walk, intent=intent) is first
        assert len(notices(session)) == 1
        with pytest.raises(writing.OtherWords):
            send(session, walk, intent=intent, said=Words("Another place", "Or not."))
        with pytest.raises(writing.OtherWords):
            send(session, walk, intent=intent, whom=Audience.HEARING)

    @pytest.mark.parametrize(
        ("said", "refusal"),
        [
            (Words("", "x"), writing.SayWhatItIs),
            (Words("x" * 121, "x"), writing.SayWhatItIs),
            (Words("x", ""), writing.SaySomething),
            (Words("x", "x" * 4001), writing.SaySomething),
        ],
    )
    def test_too_little_and_too_much_is_refused(self, session, walk, said, refusal):
        with pytest.raises(refusal):
            send(session, walk, said=said)

    def test_what_is_about_a_turn_and_what_is_news_are_two_kinds_of_mail(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        hearing.start(session, series=walk.series, member=walk.sam)
        send(session, walk)
        send(session, walk, whom=Audience.HEARING)
        assert [one.kind for one in notices(session)] == [
            NoticeKind.ORGANISER_WROTE, NoticeKind.ORGANISER_NEWS,
        ]  # fmt: skip

    def test_nobody_to_write_to_is_refused_and_nothing_is_kept(self, session, walk):
        with pytest.raises(writing.NobodyToWriteTo):
            send(session, walk)
        assert session.query(GroupMessage).count() == 0

    def test_anothers_date_or_job_is_not_found(self, session, walk):
        elsewhere = builders.an_elsewhere(session)
        wrong = (
            {"community_id": elsewhere.community.id},
            {"event_id": 10**9},
            {"whom": Audience.JOB, "role_id": 10**9},
            {"whom": Audience.JOB, "role_id": None},
            {"role_id": walk.marshal.role_id},
        )
        for changed in wrong:
            values = {name: getattr(chosen(walk), name) for name in Chosen.__slots__} | changed
            with pytest.raises(NotFound):
                writing.send(
                    session, chosen=Chosen(**values), words=SAID, intent=uuid.uuid4(), now=NOW
                )

    def test_at_night_it_waits_until_morning_unless_the_date_is_near(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        night = dt.datetime(2027, 4, 28, 22, tzinfo=dt.UTC)
        send(session, walk, now=night)
        send(session, walk, now=night + 2 * DAY)
        assert [one.not_before for one in notices(session)] == [
            dt.datetime(2027, 4, 29, 7, tzinfo=dt.UTC),
            night + 2 * DAY,
        ]

    def test_about_a_date_it_is_worth_telling_until_that_is_over(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        hearing.start(session, series=walk.series, member=walk.sam)
        send(session, walk)
        send(session, walk, whom=Audience.HEARING)
        send(session, walk, now=NOW + 4 * DAY)  # thanks, the day after
        ends = [one.expires_at for one in notices(session)]
        assert ends == [walk.event.ends_at, NOW + 7 * DAY, NOW + 11 * DAY]


class TestLimits:
    def many(self, session, walk, people):
        for number in range(people):
            member = builders.a_member(session, walk.community, f"N{number} Lee")
            hearing.start(session, series=walk.series, member=member)

    def test_a_new_group_writes_to_fifty_people_in_a_day_and_the_sentence_says_what_is_left(
        self, session, walk
    ):
        self.many(session, walk, 30)
        send(session, walk, whom=Audience.HEARING)
        with pytest.raises(limits.TooManyToday) as refusal:
            send(session, walk, whom=Audience.HEARING, now=NOW + DAY - dt.timedelta(seconds=1))
        assert refusal.value.sentence == (
            "A new group may write to 50 people a day. Of these, 20 are left today, and this would"
            " go to 30. A coordinator can lift that: ring us."
        )

    def test_a_day_later_there_is_room_again(self, session, walk):
        self.many(session, walk, 30)
        send(session, walk, whom=Audience.HEARING)
        assert send(session, walk, whom=Audience.HEARING, now=NOW + DAY).people == 30

    def test_a_trusted_group_and_one_that_ran_five_dates_write_to_five_hundred(
        self, session, walk
    ):
        allowance = limits.allowance_of(session, group_id=walk.group.id, now=NOW)
        assert (allowance.most, allowance.is_new, allowance.dates) == (50, True, 0)
        for week in range(1, 6):
            assert limits.allowance_of(session, group_id=walk.group.id, now=NOW).is_new
            did(session, walk, walk.bela, walk.marshal, dt.date(2027, 5, 1) - week * 7 * DAY)
        assert limits.allowance_of(session, group_id=walk.group.id, now=NOW).most == 500

    def test_a_coordinator_lifts_the_limit_once(self, session, walk):
        limits.trust(session, group=walk.group, by=walk.ama.id, now=NOW)
        limits.trust(session, group=walk.group, by=walk.nadia.id, now=NOW + DAY)
        assert (walk.group.trusted_at, walk.group.trusted_by) == (NOW, walk.ama.id)
        assert limits.allowance_of(session, group_id=walk.group.id, now=NOW) == limits.Allowance(
            500, 500, 0, is_new=False
        )

    def test_two_at_once_do_not_both_use_what_is_left(self, session, walk):
        self.many(session, walk, 30)
        session.commit()
        engine = session.get_bind()

        def one(_number):
            with Session(engine, expire_on_commit=False) as own:
                try:
                    send(own, walk, whom=Audience.HEARING)
                except limits.TooManyToday:
                    own.rollback()
                    return 0
                own.commit()
                return 1

        what = chosen(walk)  # loaded before the threads begin
        assert what.by == walk.nadia.id
        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(one, range(6))) == 1
        assert len(notices(session)) == 30

    def test_the_button_pressed_by_several_at_once_sends_once(self, session, walk):
        self.many(session, walk, 5)
        session.commit()
        engine, intent = session.get_bind(), uuid.uuid4()

        def one(_number):
            with Session(engine, expire_on_commit=False) as own:
                message = send(own, walk, whom=Audience.HEARING, intent=intent)
                own.commit()
                return message.id

        assert chosen(walk).by == walk.nadia.id  # loaded before the threads begin
        with ThreadPoolExecutor(6) as pool:
            assert len(set(pool.map(one, range(6)))) == 1
        assert len(notices(session)) == 5


class TestStillSo:
    def test_at_sending_the_turn_must_still_be_theirs(self, session, walk):
        claim = builders.a_claim(session, walk.marshal, walk.bela)
        send(session, walk)
        assert reasons(session) == [None]
        claim.state = ClaimState.MISSED
        session.flush()
        assert reasons(session) == ["they have no turn on it any more"]

    def test_whoever_rests_left_or_has_stopped_hearing_gets_nothing(self, session, walk):
        hearing.start(session, series=walk.series, member=walk.bela)
        send(session, walk, whom=Audience.HEARING)
        walk.bela.paused_at = NOW
        session.flush()
        assert reasons(session) == ["they are having a rest"]
        walk.bela.paused_at = None
        session.flush()
        assert reasons(session) == [None]
        hearing.stop(session, series_id=walk.series.id, membership_id=walk.bela.id)
        hearing.stop(session, series_id=walk.series.id, membership_id=walk.bela.id)
        assert reasons(session) == ["they asked not to hear any more"]
        walk.bela.standing, walk.bela.left_at = Standing.LEFT, NOW
        session.flush()
        assert reasons(session) == ["they have left"]

    def test_a_rest_begun_meanwhile_keeps_nothing_back_about_a_turn(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        send(session, walk)
        walk.bela.paused_at = NOW
        session.flush()
        assert reasons(session) == [None]

    def test_who_asked_to_hear_is_told_though_nobody_may_ask_them(self, session, walk):
        hearing.start(session, series=walk.series, member=walk.bela)
        did(session, walk, walk.sam, walk.marshal, dt.date(2027, 4, 10))
        heard = send(session, walk, whom=Audience.HEARING)
        asked = send(session, walk, whom=Audience.JOB, role_id=walk.marshal.role_id)
        for member in (walk.bela, walk.sam):
            saving.stop(session, member=member, family=Family.ASKING, now=NOW)
        verdicts = {
            one.facts["group_message_id"]: choosing.decide(
                choosing.read_due(session, notice_id=one.id), now=NOW
            ).verdict
            for one in notices(session)
        }
        assert verdicts == {str(heard.id): Verdict.SEND, str(asked.id): Verdict.DROP}

    def test_erasing_the_writer_takes_the_words_and_what_is_on_its_way(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        message = send(session, walk)
        answer(session, message, walk.bela)
        answering.write_back(
            session, message=message, membership_id=walk.bela.id, by=walk.nadia.id,
            words="Good", intent=uuid.uuid4(), now=NOW,
        )  # fmt: skip
        session.commit()
        erasing.erase(
            session, person_id=walk.nadia.person_id, community_id=walk.community.id,
            whereto=Whereto.COMMUNITY, key=uuid.uuid4(), now=NOW,
        )  # fmt: skip
        session.expire_all()
        [kept] = session.query(GroupMessage)
        assert (kept.subject, kept.words, kept.people) == ("", "", 1)
        assert kept.erased_at is not None
        assert [one.words for one in session.query(MessageAnswer)] == ["Yes!"]
        assert reasons(session) == ["what was written is gone"]
        shown = reading.find_written(session, group_id=walk.group.id, message_id=kept.id)
        assert (shown.writer, shown.people) == ("", 1)
        with pytest.raises(NotPassedOn):
            answering.write_back(
                session, message=kept, membership_id=walk.bela.id, by=walk.ama.id,
                words="Well?", intent=uuid.uuid4(), now=NOW,
            )  # fmt: skip

    def test_erasing_a_reader_takes_their_answers_and_that_they_hear(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        hearing.start(session, series=walk.series, member=walk.bela)
        message = send(session, walk)
        answer(session, message, walk.bela)
        session.commit()
        erasing.erase(
            session, person_id=walk.bela.person_id, community_id=walk.community.id,
            whereto=Whereto.COMMUNITY, key=uuid.uuid4(), now=NOW,
        )  # fmt: skip
        assert session.query(MessageAnswer).count() == 0
        assert reading.answers_to(session, message_id=message.id) == []
        assert not hearing.hears(session, series=walk.series, membership_id=walk.bela.id)
        assert reasons(session, NoticeKind.MESSAGE_ANSWERED) == ["what was written is gone"]


class TestWords:
    HOSTILE = Words(
        "Cake\r\nBcc: everybody@example.com", "<script>alert(1)</script> & <b>{{ letter }}</b>"
    )

    def test_what_is_typed_is_only_ever_words(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        send(session, walk, said=self.HOSTILE)
        said = mail(session, NoticeKind.ORGANISER_WROTE)
        assert said.subject == "Cake Bcc: everybody@example.com"
        assert "<script>alert(1)</script> & <b>{{ letter }}</b>" in said.text
        assert "<script>" not in said.html
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;{{ letter }}" in said.html

    def test_an_answer_is_only_ever_words_and_the_longest_is_passed_on_whole(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        message = send(session, walk, said=Words("x" * 120, "y " * 1999 + "z"))
        answer(session, message, walk.bela, "<i>" * 333)
        said = mail(session, NoticeKind.MESSAGE_ANSWERED)
        assert "<i>" * 333 in said.text
        assert "<i>" not in said.html
        assert len(said.subject) <= 150


class TestAnswers:
    @pytest.fixture
    def message(self, session, walk):
        builders.a_claim(session, walk.marshal, walk.bela)
        return send(session, walk)

    def test_the_same_words_from_one_page_are_one_answer(self, session, walk, message):
        intent = uuid.uuid4()
        first = answer(session, message, walk.bela, intent=intent)
        assert answer(session, message, walk.bela, intent=intent) is first
        assert answer(session, message, walk.bela, "And cake?", intent=intent) is not first
        told = notices(session, NoticeKind.MESSAGE_ANSWERED)
        assert [one.person_id for one in told] == [walk.nadia.person_id] * 2

    def test_twenty_in_a_day_are_enough(self, session, walk, message):
        for number in range(answering.MOST_A_DAY):
            answer(session, message, walk.bela, f"No. {number}")
        with pytest.raises(TooMuchMail):
            answer(session, message, walk.bela, "One more")
        answer(session, message, walk.bela, "One more", now=NOW + DAY)

    def test_of_very_many_the_newest_are_shown_in_order(self, session, walk, message, monkeypatch):
        for number in range(4):
            answer(session, message, walk.bela, f"No. {number}", now=NOW + number * DAY)
        monkeypatch.setattr(reading, "MOST_ANSWERS", 3)
        [talk] = reading.answers_to(session, message_id=message.id)
        assert [line.words for line in talk.lines] == ["No. 1", "No. 2", "No. 3"]

    @pytest.mark.parametrize("words", ["", "x" * 1001])
    def test_nothing_said_and_too_much_is_refused(self, session, walk, message, words):
        with pytest.raises(SayWhat):
            answer(session, message, walk.bela, words)

    def test_nothing_gets_through_to_somebody_who_left_or_between_who_blocked(
        self, session, walk, message
    ):
        block = Block(community_id=walk.community.id, by_id=walk.nadia.id, against_id=walk.bela.id)
        session.add(block)
        session.flush()
        with pytest.raises(NotPassedOn):
            answer(session, message, walk.bela)
        block.ended_at = NOW
        walk.nadia.standing, walk.nadia.left_at = Standing.LEFT, NOW
        session.flush()
        with pytest.raises(NotPassedOn):
            answer(session, message, walk.bela)
        with pytest.raises(NotFound):
            answering.find_reader(
                session, community_id=walk.community.id, message_id=message.id,
                membership_id=walk.nadia.id,
            )  # fmt: skip

    def test_organisers_write_back_only_to_somebody_who_answered(self, session, walk, message):
        with pytest.raises(NotFound):
            answering.write_back(
                session, message=message, membership_id=walk.bela.id, by=walk.nadia.id,
                words="Well?", intent=uuid.uuid4(), now=NOW,
            )  # fmt: skip

    def test_a_draft_and_another_communitys_event_cannot_be_followed(self, session, walk):
        elsewhere = builders.an_elsewhere(session)
        with pytest.raises(NotFound):
            hearing.start(session, series=walk.series, member=elsewhere.chi)
        walk.series.state = SeriesState.DRAFT
        session.flush()
        with pytest.raises(NotFound):
            hearing.start(session, series=walk.series, member=walk.bela)
