"""Thanks, agreements and disputes: what each step moves, whom it tells, that it counts once."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import sqlalchemy as sa

from tests import builders
from tests.mails import mail
from tests.statements import count_statements
from timebank.core.errors import NotFound
from timebank.domain import communities
from timebank.domain import ledger
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import chain
from timebank.domain.exchange import people
from timebank.domain.exchange import posting
from timebank.domain.exchange import settling
from timebank.domain.exchange import thanking
from timebank.domain.exchange import undoing
from timebank.domain.exchange.agreeing import Agreement
from timebank.domain.exchange.chain import Side
from timebank.domain.exchange.settling import Outcome
from timebank.domain.exchange.settling import Verdict
from timebank.domain.exchange.thanking import Thanks
from timebank.domain.ledger.correcting import NothingToCorrect
from timebank.domain.ledger.transfers import BelowFloor
from timebank.domain.ledger.transfers import KeyReused
from timebank.domain.ledger.transfers import OwnHours
from timebank.domain.notices import saving
from timebank.domain.notices.families import Family
from timebank.models import Account
from timebank.models import Block
from timebank.models import Category
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import ExchangeStep
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import PostKind
from timebank.models import PostState
from timebank.models import Standing
from timebank.models import Transfer

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
LATER = NOW + dt.timedelta(days=3)
FIFTEEN_DAYS = dt.timedelta(days=15)
LATE = NOW + dt.timedelta(days=90)


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def of(session, helper, helped, minutes=120, **changed):
    payer = builders.account_of(session, helped)
    facts = {"happened_on": TODAY, "what": "Hemming curtains", "payer_id": payer.id, **changed}
    return Thanks(helper_id=helper.id, helped_id=helped.id, minutes=minutes, **facts)


def thank(session, thanks, by, key=None, now=NOW):
    done = thanking.thank(
        session, thanks=thanks, by=by, key=key or uuid.uuid4(), today=TODAY, now=now
    )
    session.commit()
    return done


def agree(session, walk, *, key=None, now=NOW, by=None, **changed):
    facts = {
        "helper_id": walk.sam.id,
        "helped_id": walk.bela.id,
        "payer_id": builders.account_of(session, walk.bela).id,
        "what": "The hedge",
        "minutes": 60,
        "planned_at": LATER,
        **changed,
    }
    made = agreeing.agree(
        session,
        agreement=Agreement(**facts),
        by=by or walk.bela,
        key=key or uuid.uuid4(),
        now=now,
    )
    session.commit()
    return made


def balances(session, *members):
    session.expire_all()
    return [ledger.balance(session, membership_id=one.id) for one in members]


def told(session, kind):
    """Who is owed a notice of a kind, by public first name."""
    people = session.execute(
        sa.text("""SELECT p.full_name FROM notice n JOIN profile p USING (person_id)
                    WHERE n.kind = :kind ORDER BY n.id"""),
        {"kind": kind.value},
    ).scalars()
    return [name.partition(" ")[0] for name in people]


def steps(session, exchange):
    rows = session.scalars(
        sa.select(ExchangeStep.step)
        .where(ExchangeStep.exchange_id == exchange.id)
        .order_by(ExchangeStep.id)
    )
    return [step.value for step in rows]


def adds_up(session):
    """Every account holds what its transfers say, and all of them together nothing."""
    wrong = session.scalar(
        sa.text("""SELECT count(*) FROM account a WHERE balance <>
          (SELECT coalesce(sum(CASE WHEN t.credit_id = a.id THEN t.minutes ELSE -t.minutes END), 0)
             FROM transfer t WHERE a.id IN (t.credit_id, t.debit_id))""")
    )
    return wrong == 0 and session.scalar(sa.select(sa.func.sum(Account.balance))) == 0


class TestThanks:
    def test_the_hours_move_at_once_and_the_helper_is_told(self, session, walk):
        done = thank(session, of(session, walk.sam, walk.bela, words="Lovely work"), walk.bela)
        assert (done.state, done.minutes, done.revision) == (ExchangeState.THANKED, 120, 0)
        assert balances(session, walk.sam, walk.bela) == [120, -120]
        assert told(session, NoticeKind.THANKED) == ["Sam"]
        entry = session.query(Transfer).one()
        assert builders.memo_of(session, entry) == "Hemming curtains"
        assert (entry.exchange_id, entry.created_by) == (done.id, walk.bela.id)

    def test_sent_twice_it_is_one(self, session, walk):
        key = uuid.uuid4()
        first = thank(session, of(session, walk.sam, walk.bela), walk.bela, key)
        again = thank(session, of(session, walk.sam, walk.bela), walk.bela, key)
        assert first.id == again.id
        assert session.query(Transfer).count() == 1
        assert told(session, NoticeKind.THANKED) == ["Sam"]

    @pytest.mark.parametrize(
        "changed",
        [
            {"minutes": 90},
            {"what": "Something else"},
            {"happened_on": TODAY - dt.timedelta(days=1)},
            {"words": "Thank you!"},
        ],
        ids=str,
    )
    def test_the_same_key_with_other_details_is_refused(self, session, walk, changed):
        key = uuid.uuid4()
        thank(session, of(session, walk.sam, walk.bela), walk.bela, key)
        with pytest.raises(KeyReused):
            thank(session, of(session, walk.sam, walk.bela, **changed), walk.bela, key)
        with pytest.raises(KeyReused):
            thank(session, of(session, walk.nadia, walk.bela), walk.bela, key)

    def test_nobody_writes_hours_into_their_own_account(self, session, walk):
        with pytest.raises(OwnHours):
            thank(session, of(session, walk.sam, walk.bela), walk.sam)
        with pytest.raises(OwnHours):
            thank(session, of(session, walk.ama, walk.bela), walk.ama)

    def test_only_who_was_helped_or_a_coordinator_says_thanks(self, session, walk):
        with pytest.raises(thanking.NotForOthers):
            thank(session, of(session, walk.sam, walk.bela), walk.nadia)
        done = thank(session, of(session, walk.sam, walk.bela), walk.ama)
        assert done.created_by == walk.ama.id
        assert told(session, NoticeKind.THANKED) == ["Sam", "Bela"]

    def test_not_oneself_not_a_stranger_not_somebody_who_left(self, session, walk):
        chi = builders.an_elsewhere(session).chi
        with pytest.raises(thanking.ThatsYou):
            thank(session, of(session, walk.bela, walk.bela), walk.bela)
        with pytest.raises(NotFound):
            thank(session, of(session, chi, walk.bela), walk.bela)
        walk.sam.standing, walk.sam.left_at = Standing.LEFT, NOW
        session.commit()
        with pytest.raises(NotFound):
            thank(session, of(session, walk.sam, walk.bela), walk.bela)
        assert session.query(Exchange).count() == 0

    @pytest.mark.parametrize(
        ("changed", "refusal"),
        [
            ({"minutes": 0}, chain.HowLong),
            ({"minutes": -30}, chain.HowLong),
            ({"minutes": 1441}, chain.HowLong),
            ({"minutes": 2**40}, chain.HowLong),
            ({"what": ""}, chain.SayWhatFor),
            ({"what": "x" * 121}, chain.SayWhatFor),
            ({"words": "x" * 501}, chain.TooManyWords),
            ({"happened_on": TODAY + dt.timedelta(days=1)}, thanking.NotThatDay),
            ({"happened_on": TODAY - dt.timedelta(days=61)}, thanking.NotThatDay),
        ],
    )
    def test_what_cannot_be_is_refused(self, session, walk, changed, refusal):
        with pytest.raises(refusal):
            thank(session, of(session, walk.sam, walk.bela, **changed), walk.bela)

    def test_sixty_days_back_and_a_whole_day_are_fine(self, session, walk):
        earliest = TODAY - dt.timedelta(days=60)
        done = thank(session, of(session, walk.sam, walk.bela, happened_on=earliest), walk.bela)
        assert session.query(Transfer).one().happened_on == done.happened_on == earliest

    def test_below_the_floor_nothing_is_written(self, session, walk):
        with pytest.raises(BelowFloor):
            thank(session, of(session, walk.sam, walk.bela, 601), walk.bela)
        session.rollback()
        assert (session.query(Exchange).count(), session.query(ExchangeStep).count()) == (0, 0)

    def test_a_group_thanks_from_its_pot(self, session, walk):
        pot = session.query(Account).filter_by(group_id=walk.group.id).one()
        ledger.give(
            session, giver=walk.ama, to_account_id=pot.id, minutes=120, key=uuid.uuid4(),
            memo=None, today=TODAY, now=NOW,
        )  # fmt: skip
        from_pot = Thanks(
            helper_id=walk.sam.id, helped_id=None, payer_id=pot.id, minutes=90,
            happened_on=TODAY, what="Leaflets",
        )  # fmt: skip
        with pytest.raises(thanking.NotForOthers):
            thank(session, from_pot, walk.bela)
        done = thank(session, from_pot, walk.nadia)
        assert balances(session, walk.sam) == [90]
        assert thanking.pots_of(session, member=walk.nadia) == [pot]
        assert thanking.pots_of(session, member=walk.bela) == []
        undoing.undo(session, exchange=done, by=walk.nadia, now=NOW)
        session.commit()
        assert balances(session, walk.sam) == [0]
        assert sorted(told(session, NoticeKind.EXCHANGE_UNDONE)) == ["Nadia", "Sam"]

    def test_another_s_account_cannot_be_made_to_pay(self, session, walk):
        commons = ledger.commons(session, community_id=walk.community.id)
        with pytest.raises(NotFound):
            thank(
                session,
                Thanks(
                    helper_id=walk.sam.id, helped_id=None, payer_id=commons.id, minutes=60,
                    happened_on=TODAY, what="Hm",
                ),
                walk.ama,
            )  # fmt: skip


class TestUndo:
    @pytest.mark.parametrize("who", ["sam", "bela"])
    def test_either_side_takes_it_back_and_both_are_told(self, session, walk, who):
        done = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        for _ in range(2):  # a second tap changes nothing
            undoing.undo(session, exchange=done, by=getattr(walk, who), now=NOW)
            session.commit()
        assert balances(session, walk.sam, walk.bela) == [0, 0]
        assert sorted(told(session, NoticeKind.EXCHANGE_UNDONE)) == ["Bela", "Sam"]
        assert steps(session, done) == ["thanked", "undone"]

    def test_then_it_may_be_thanked_for_again(self, session, walk):
        done = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        undoing.undo(session, exchange=done, by=walk.sam, now=NOW)
        key = uuid.uuid4()
        for _ in range(2):
            thanking.thank_again(
                session, exchange=done, minutes=90, happened_on=TODAY, words=None,
                by=walk.bela, key=key, today=TODAY, now=NOW,
            )  # fmt: skip
            session.commit()
        assert (done.revision, done.minutes) == (1, 90)
        assert balances(session, walk.sam, walk.bela) == [90, -90]
        with pytest.raises(thanking.ThankedAlready):
            thanking.thank_again(
                session, exchange=done, minutes=90, happened_on=TODAY, words=None,
                by=walk.bela, key=uuid.uuid4(), today=TODAY, now=NOW,
            )  # fmt: skip
        assert adds_up(session)

    def test_a_coordinator_takes_back_only_what_they_wrote_down(self, session, walk):
        theirs = thank(session, of(session, walk.sam, walk.bela), walk.ama)
        hers = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        undoing.undo(session, exchange=theirs, by=walk.ama, now=NOW)
        session.commit()
        with pytest.raises(NotFound):
            undoing.undo(session, exchange=hers, by=walk.ama, now=NOW)
        assert sorted(told(session, NoticeKind.EXCHANGE_UNDONE)) == ["Bela", "Sam"]

    def test_after_fourteen_days_it_stands(self, session, walk):
        done = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        with pytest.raises(undoing.TooLateToUndo):
            undoing.undo(session, exchange=done, by=walk.sam, now=NOW + FIFTEEN_DAYS)
        fresh = thank(
            session, of(session, walk.nadia, walk.bela), walk.bela, now=NOW + FIFTEEN_DAYS
        )
        counts = []
        for _ in range(2):
            with count_statements() as count:
                counts.append(undoing.let_stand(session, now=NOW + FIFTEEN_DAYS))
            assert count.total == 1
            session.commit()
        session.expire_all()
        assert (counts, done.state, fresh.state) == (
            [1, 0],
            ExchangeState.STANDS,
            ExchangeState.THANKED,
        )
        assert steps(session, done) == ["thanked", "stands"]
        with pytest.raises(undoing.TooLateToUndo):
            undoing.undo(session, exchange=done, by=walk.bela, now=NOW)

    def test_thanked_again_counts_on_from_whatever_the_books_have(self, session, walk):
        done = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        for minutes in (90, 0):  # put right by an operator, and then taken back
            ledger.correct(
                session, transfer=chain.standing_thanks(session, done), minutes=minutes,
                by=walk.ama.id, key=uuid.uuid4(), memo="A slip", now=NOW,
            )  # fmt: skip
        session.commit()
        undoing.let_stand(session, now=NOW + FIFTEEN_DAYS)
        session.commit()
        session.expire_all()
        thanking.thank_again(
            session, exchange=done, minutes=60, happened_on=TODAY, words=None,
            by=walk.bela, key=uuid.uuid4(), today=TODAY, now=NOW,
        )  # fmt: skip
        session.commit()
        assert (done.revision, balances(session, walk.sam)) == (2, [60])

    def test_what_was_corrected_to_nothing_does_not_stand(self, session, walk):
        done = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        hours = session.query(Transfer).one()
        ledger.correct(
            session, transfer=hours, minutes=0, by=walk.ama.id, key=uuid.uuid4(),
            memo="Entered twice", now=NOW,
        )  # fmt: skip
        session.commit()
        assert undoing.let_stand(session, now=NOW + FIFTEEN_DAYS) == 0
        session.commit()
        session.expire_all()
        assert done.state is ExchangeState.UNDONE

    def test_a_third_person_finds_nothing(self, session, walk):
        chi = builders.an_elsewhere(session).chi
        done = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        for stranger in (walk.nadia, walk.ama, chi):
            with pytest.raises(NotFound):
                undoing.undo(session, exchange=done, by=stranger, now=NOW)
        with pytest.raises(NotFound):
            chain.find(session, community_id=chi.community_id, exchange_id=done.id)


class TestSettling:
    @pytest.fixture
    def disputed(self, session, walk):
        done = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        self.dispute(session, done, walk.sam)
        return done

    @staticmethod
    def dispute(session, exchange, by, words="It was three hours", key=None):
        settling.dispute(
            session, exchange=exchange, words=words, by=by, key=key or uuid.uuid4(), now=NOW
        )
        session.commit()

    @staticmethod
    def settle(
        session, exchange, by, outcome, minutes=None, *, key=None, reason="Both agree", seen=None
    ):
        settling.settle(
            session,
            exchange=exchange,
            verdict=Verdict(
                outcome=outcome,
                minutes=minutes,
                reason=reason,
                last_step=seen or chain.last_step(session, exchange),
            ),
            by=by,
            key=key or uuid.uuid4(),
            now=LATE,
        )
        session.commit()

    def test_the_other_side_is_asked_and_coordinators_are_told(self, session, walk, disputed):
        assert disputed.state is ExchangeState.DISPUTED
        assert told(session, NoticeKind.STATEMENT_WANTED) == ["Bela"]
        assert told(session, NoticeKind.EXCHANGE_DISPUTED) == ["Ama"]
        [line] = settling.disputed(session, community_id=walk.community.id)
        assert (line.helper, line.helped, line.words, line.is_answered) == (
            "Sam Tran", "Bela Novak", "It was three hours", False,
        )  # fmt: skip
        settling.give_statement(
            session, exchange=disputed, words="Two, I think", by=walk.bela, key=uuid.uuid4(),
            now=NOW,
        )  # fmt: skip
        session.commit()
        [line] = settling.disputed(session, community_id=walk.community.id)
        assert line.is_answered
        for again in (walk.bela, walk.sam):
            with pytest.raises(settling.SaidAlready):
                settling.give_statement(
                    session, exchange=disputed, words="Hm", by=again, key=uuid.uuid4(), now=NOW
                )

    def test_sent_twice_it_is_said_once(self, session, walk):
        done = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        key = uuid.uuid4()
        self.dispute(session, done, walk.sam, key=key)
        self.dispute(session, done, walk.sam, key=key)
        with pytest.raises(KeyReused):
            self.dispute(session, done, walk.sam, words="Something else", key=key)
        assert steps(session, done) == ["thanked", "disputed"]

    def test_it_can_be_undone_no_more(self, session, walk, disputed):
        with pytest.raises(undoing.LookedInto):
            undoing.undo(session, exchange=disputed, by=walk.bela, now=NOW)
        with pytest.raises(undoing.LookedInto):
            self.dispute(session, disputed, walk.bela)
        assert undoing.let_stand(session, now=NOW + FIFTEEN_DAYS) == 0

    def test_kept(self, session, walk, disputed):
        self.settle(session, disputed, walk.ama, Outcome.KEEP)
        assert disputed.state is ExchangeState.SETTLED
        assert balances(session, walk.sam, walk.bela) == [120, -120]
        assert sorted(told(session, NoticeKind.EXCHANGE_SETTLED)) == ["Bela", "Sam"]
        assert settling.disputed(session, community_id=walk.community.id) == []

    def test_other_hours(self, session, walk, disputed):
        key = uuid.uuid4()
        for _ in range(2):
            self.settle(session, disputed, walk.ama, Outcome.CHANGE, 180, key=key)
        assert (disputed.minutes, disputed.revision) == (180, 1)
        assert balances(session, walk.sam, walk.bela) == [180, -180]
        assert session.query(Transfer).count() == 3
        assert adds_up(session)
        assert sorted(told(session, NoticeKind.EXCHANGE_SETTLED)) == ["Bela", "Sam"]
        with pytest.raises(KeyReused):
            self.settle(session, disputed, walk.ama, Outcome.CHANGE, 150, key=key)
        with pytest.raises(settling.NothingToSettle):
            self.settle(session, disputed, walk.ama, Outcome.KEEP)

    def test_taken_back(self, session, walk, disputed):
        self.settle(session, disputed, walk.ama, Outcome.TAKE_BACK)
        assert balances(session, walk.sam, walk.bela) == [0, 0]
        assert disputed.state is ExchangeState.SETTLED

    def test_what_stands_can_still_be_put_right_unasked(self, session, walk):
        done = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        undoing.let_stand(session, now=NOW + FIFTEEN_DAYS)
        session.commit()
        session.expire_all()
        with pytest.raises(settling.NothingToSettle):  # nobody asked whether to keep it
            self.settle(session, done, walk.ama, Outcome.KEEP)
        self.settle(session, done, walk.ama, Outcome.CHANGE, 30, reason="It was half an hour")
        assert balances(session, walk.sam) == [30]
        first, mirror, anew = session.query(Transfer).order_by(Transfer.id)
        assert (mirror.reverses_id, anew.exchange_id, anew.revision) == (first.id, done.id, 1)
        assert builders.memo_of(session, anew) == "It was half an hour"
        assert first.happened_on == mirror.happened_on == anew.happened_on
        assert sorted(told(session, NoticeKind.EXCHANGE_SETTLED)) == ["Bela", "Sam"]

    def test_a_coordinator_needs_no_complaint_within_the_days_either(self, session, walk):
        done = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        self.settle(session, done, walk.ama, Outcome.TAKE_BACK, reason="Entered twice")
        assert balances(session, walk.sam, walk.bela) == [0, 0]
        assert done.state is ExchangeState.SETTLED
        with pytest.raises(undoing.TooLateToUndo):
            undoing.undo(session, exchange=done, by=walk.bela, now=NOW)

    def test_a_side_can_say_so_months_later(self, session, walk):
        done = thank(session, of(session, walk.sam, walk.bela), walk.bela)
        undoing.let_stand(session, now=NOW + FIFTEEN_DAYS)
        session.commit()
        session.expire_all()
        self.dispute(session, done, walk.bela, words="That was one hour")
        assert done.state is ExchangeState.DISPUTED
        assert told(session, NoticeKind.STATEMENT_WANTED) == ["Sam"]
        self.settle(session, done, walk.ama, Outcome.CHANGE, 60)
        assert balances(session, walk.sam) == [60]

    def test_what_was_settled_wrongly_is_settled_again(self, session, walk, disputed):
        self.settle(session, disputed, walk.ama, Outcome.TAKE_BACK)
        with pytest.raises(settling.NothingToSettle):
            self.settle(session, disputed, walk.ama, Outcome.TAKE_BACK)
        with pytest.raises(settling.NothingToSettle):  # there are no hours to say it of
            self.dispute(session, disputed, walk.sam)
        self.settle(session, disputed, walk.ama, Outcome.CHANGE, 180, reason="I misread it")
        assert balances(session, walk.sam, walk.bela) == [180, -180]
        assert (disputed.minutes, disputed.revision) == (180, 1)
        self.settle(session, disputed, walk.ama, Outcome.CHANGE, 90)
        assert balances(session, walk.sam, walk.bela) == [90, -90]
        assert (disputed.minutes, disputed.revision) == (90, 2)
        assert adds_up(session)

    def test_said_again_after_it_was_settled_both_are_heard_anew(self, session, walk, disputed):
        settling.give_statement(
            session, exchange=disputed, words="Two", by=walk.bela, key=uuid.uuid4(), now=NOW
        )
        self.settle(session, disputed, walk.ama, Outcome.KEEP)
        self.dispute(session, disputed, walk.bela, words="Sam says himself that it was one")
        assert settling.sides_heard(session, disputed) == {Side.HELPED}
        [line] = settling.disputed(session, community_id=walk.community.id)
        assert (line.words, line.is_answered) == ("Sam says himself that it was one", False)
        settling.give_statement(
            session, exchange=disputed, words="One it is", by=walk.sam, key=uuid.uuid4(), now=NOW
        )
        [line] = settling.disputed(session, community_id=walk.community.id)
        assert line.is_answered

    def test_who_settles_has_read_all_that_was_said(self, session, walk, disputed):
        seen = chain.last_step(session, disputed)
        settling.give_statement(
            session, exchange=disputed, words="Two", by=walk.bela, key=uuid.uuid4(), now=NOW
        )
        session.commit()
        with pytest.raises(settling.MovedOn):
            self.settle(session, disputed, walk.ama, Outcome.CHANGE, 180, seen=seen)
        assert balances(session, walk.sam) == [120]

    def test_hours_that_are_gone_already_can_be_settled_as_gone(self, session, walk, disputed):
        """As when an operator took them back in the books."""
        ledger.correct(
            session, transfer=session.query(Transfer).one(), minutes=0, by=walk.ama.id,
            key=uuid.uuid4(), memo="Entered twice", now=NOW,
        )  # fmt: skip
        session.commit()
        with pytest.raises(settling.NothingToSettle):
            self.settle(session, disputed, walk.ama, Outcome.KEEP)
        self.settle(session, disputed, walk.ama, Outcome.TAKE_BACK)
        assert disputed.state is ExchangeState.SETTLED
        assert balances(session, walk.sam, walk.bela) == [0, 0]

    def test_kept_is_what_the_books_say(self, session, walk, disputed):
        ledger.correct(
            session, transfer=session.query(Transfer).one(), minutes=45, by=walk.ama.id,
            key=uuid.uuid4(), memo="A slip", now=NOW,
        )  # fmt: skip
        session.commit()
        self.settle(session, disputed, walk.ama, Outcome.KEEP)
        step = session.query(ExchangeStep).filter_by(step="kept").one()
        assert step.minutes == 45

    def test_who_may_not_and_what_must_be_said(self, session, walk, disputed):
        with pytest.raises(NotFound):
            self.settle(session, disputed, walk.nadia, Outcome.KEEP)
        with pytest.raises(settling.SayWhy):
            self.settle(session, disputed, walk.ama, Outcome.KEEP, reason="")
        with pytest.raises(chain.HowLong):
            self.settle(session, disputed, walk.ama, Outcome.CHANGE, None)
        with pytest.raises(NothingToCorrect):
            self.settle(session, disputed, walk.ama, Outcome.CHANGE, 120)
        with pytest.raises(BelowFloor):
            self.settle(session, disputed, walk.ama, Outcome.CHANGE, 601)
        walk.bela.standing = Standing.COORDINATOR
        session.commit()
        with pytest.raises(settling.YourOwnExchange):
            self.settle(session, disputed, walk.bela, Outcome.TAKE_BACK)
        with pytest.raises(settling.SayWhatIsWrong):
            self.dispute(session, disputed, walk.sam, words="")


class TestAgreements:
    def test_the_other_side_is_told_and_nothing_moves(self, session, walk):
        key = uuid.uuid4()
        first, again = (agree(session, walk, key=key) for _ in range(2))
        assert first.id == again.id
        assert told(session, NoticeKind.EXCHANGE_AGREED) == ["Sam"]
        assert session.query(Transfer).count() == 0
        with pytest.raises(KeyReused):
            agree(session, walk, key=key, minutes=90)

    def test_then_thanked_for_in_the_hours_it_took(self, session, walk):
        made = agree(session, walk)
        thanking.thank_again(
            session, exchange=made, minutes=75, happened_on=TODAY, words="Neat!", by=walk.bela,
            key=uuid.uuid4(), today=TODAY, now=NOW,
        )  # fmt: skip
        session.commit()
        assert (made.revision, made.minutes) == (0, 75)
        assert balances(session, walk.sam, walk.bela) == [75, -75]
        with pytest.raises(agreeing.HappenedAlready):
            agreeing.cancel(session, exchange=made, by=walk.bela, today=TODAY, now=NOW)
        with pytest.raises(thanking.NotForOthers):
            thanking.thank_again(
                session, exchange=made, minutes=75, happened_on=TODAY, words=None, by=walk.sam,
                key=uuid.uuid4(), today=TODAY, now=NOW,
            )  # fmt: skip

    def test_called_off(self, session, walk):
        made = agree(session, walk)
        with pytest.raises(NotFound):
            agreeing.cancel(session, exchange=made, by=walk.nadia, today=TODAY, now=NOW)
        for _ in range(2):
            agreeing.cancel(session, exchange=made, by=walk.sam, today=TODAY, now=NOW)
            session.commit()
        assert told(session, NoticeKind.EXCHANGE_CANCELLED) == ["Bela"]
        assert steps(session, made) == ["agreed", "cancelled"]

    def test_an_ask_leads_to_it_and_is_back_when_it_is_called_off(self, session, walk):
        ask = posting.put_up(
            session,
            draft=posting.Draft(
                kind=PostKind.ASK, category=Category.GARDEN, title="My hedge", words="",
                area="Crayford", when_words="",
            ),
            member=walk.bela, by=walk.bela, intent=None, today=TODAY,
        )  # fmt: skip
        made = agree(session, walk, post_id=ask.id)
        assert ask.state is PostState.MATCHED
        agreeing.cancel(session, exchange=made, by=walk.bela, today=TODAY, now=NOW)
        session.commit()
        assert ask.state is PostState.OPEN
        thank(session, of(session, walk.sam, walk.bela, post_id=ask.id), walk.bela)
        assert ask.state is PostState.DONE
        with pytest.raises(NotFound):
            agree(session, walk, post_id=ask.id, helped_id=walk.nadia.id,
                  payer_id=builders.account_of(session, walk.nadia).id, by=walk.nadia)  # fmt: skip

    def test_not_with_somebody_who_does_not_want_to_hear_from_them(self, session, walk):
        session.add(
            Block(community_id=walk.community.id, by_id=walk.sam.id, against_id=walk.bela.id)
        )
        session.commit()
        with pytest.raises(agreeing.NotBetweenYou):
            agree(session, walk)
        with pytest.raises(thanking.WordsNotPassedOn):
            thank(session, of(session, walk.sam, walk.bela, words="Hm"), walk.bela)
        thank(session, of(session, walk.sam, walk.bela), walk.bela)
        assert balances(session, walk.sam) == [120]

    @pytest.mark.parametrize("days", [-62, 367])
    def test_not_long_ago_and_not_in_years(self, session, walk, days):
        with pytest.raises(agreeing.NotThen):
            agree(session, walk, planned_at=NOW + dt.timedelta(days=days))

    def test_fifty_things_at_a_time(self, session, walk):
        for _ in range(agreeing.MOST_AGREED):
            agree(session, walk)
        with pytest.raises(agreeing.TooManyAgreed):
            agree(session, walk)

    def test_a_day_after_it_one_mail_asks_whether_it_happened(self, session, walk):
        agree(session, walk)
        agree(session, walk, planned_at=None)
        asked = [
            agreeing.ask_whether_it_happened(session, now=now)
            for now in (LATER, LATER + dt.timedelta(days=1), LATER + FIFTEEN_DAYS)
        ]
        session.commit()
        assert asked == [0, 1, 1]
        assert told(session, NoticeKind.EXCHANGE_DUE) == ["Bela", "Bela"]
        saving.stop(session, member=walk.bela, family=Family.HOURS, now=NOW)
        session.commit()
        assert mail(session, NoticeKind.EXCHANGE_DUE, walk.bela).stop is None
        with count_statements() as count:
            agreeing.ask_whether_it_happened(session, now=LATER + FIFTEEN_DAYS)
        assert count.total == 1

    def test_a_coordinator_sees_what_should_have_happened(self, session, walk):
        made = agree(session, walk)
        here = {"community_id": walk.community.id}
        day = LATER.date()
        assert agreeing.should_have_happened(session, **here, today=day) == []
        [line] = agreeing.should_have_happened(session, **here, today=day + dt.timedelta(days=1))
        assert (line.exchange_id, line.helper, line.helped, line.planned_on, line.has_email) == (
            made.id, "Sam Tran", "Bela Novak", day, True,
        )  # fmt: skip
        chi = builders.an_elsewhere(session).chi
        there = {"community_id": chi.community_id}
        assert agreeing.should_have_happened(session, **there, today=day + FIFTEEN_DAYS) == []


def test_a_community_of_its_own_sees_none_of_it(session, walk):
    made = agree(session, walk)
    other = builders.an_elsewhere(session)
    coordinator = communities.create_coordinator(
        session, community=other.community, email="cy@example.com", full_name="Cy Ro"
    )
    session.commit()
    with pytest.raises(NotFound):
        agreeing.cancel(session, exchange=made, by=coordinator, today=TODAY, now=NOW)
    with pytest.raises(NotFound):
        thanking.thank_again(
            session, exchange=made, minutes=60, happened_on=TODAY, words=None, by=coordinator,
            key=uuid.uuid4(), today=TODAY, now=NOW,
        )  # fmt: skip
    assert session.query(Notice).filter_by(community_id=other.community.id).count() == 0


class TestPeople:
    """Whom somebody may mean: by first name and initial, or by the whole of a name."""

    @pytest.fixture
    def crowd(self, session, walk):
        for name in ("Siân Price", "Sam Tully", "Anne-Marie Ojo", "Samira Hill"):
            builders.a_member(session, walk.community, name, None)
        left = builders.a_member(session, walk.community, "Sam Gone", "gone@example.com")
        left.standing, left.left_at = Standing.LEFT, NOW
        session.commit()

    @pytest.mark.parametrize(
        ("typed", "names"),
        [
            ("sian", ["Siân P"]),
            ("SIÂN P", ["Siân P"]),
            ("Sian Pr", []),
            ("sam", ["Sam T", "Sam T", "Samira H"]),
            ("sam t", ["Sam T", "Sam T"]),
            ("Sam Tully", ["Sam T"]),
            ("Price", []),
            ("bela", []),
            ("", []),
            ("%", []),
            ("a" * 80, []),
        ],
    )
    def test_by_name(self, session, walk, crowd, typed, names):
        found = people.find_by_name(
            session, community_id=walk.community.id, me=walk.bela.id, typed=typed
        )
        assert [one.name for one in found] == names
        assert all(one.is_ambiguous == (names.count(one.name) > 1) for one in found)

    def test_the_last_met_come_first_and_who_is_blocked_does_not(self, session, walk, crowd):
        for minute, helper in enumerate((walk.ama, walk.sam, walk.nadia)):
            at = NOW + dt.timedelta(minutes=minute)
            thank(session, of(session, helper, walk.bela, 10), walk.bela, now=at)
        thank(session, of(session, walk.bela, walk.ama, 10), walk.ama, now=NOW + FIFTEEN_DAYS)
        here = {"community_id": walk.community.id}
        with count_statements() as count:
            met = people.recent_people(session, **here, me=walk.bela.id)
        assert count.total == 1
        assert [one.name for one in met] == ["Ama O", "Nadia K", "Sam T"]
        session.add(Block(**here, by_id=walk.nadia.id, against_id=walk.bela.id))
        session.commit()
        met = people.recent_people(session, **here, me=walk.bela.id)
        assert [one.name for one in met] == ["Ama O", "Sam T"]
        named = people.find_by_name(session, **here, me=walk.bela.id, typed="Nadia")
        assert named == []
