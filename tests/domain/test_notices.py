"""Notices: who may send which when, and whether it still holds."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import Walk
from tests.notices import owe
from tests.storms import DONE
from tests.storms import Storm
from timebank.core import clock
from timebank.domain import outbox
from timebank.domain import suppression
from timebank.domain.notices import delivery
from timebank.domain.notices import letters
from timebank.domain.notices import watching
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import EventState
from timebank.models import MailRest
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import Person
from timebank.models import Profile
from timebank.models import Slot
from timebank.models import WithdrawnBecause

LONG = dt.timedelta(minutes=3)
OVER = dt.timedelta(seconds=-1)
EVE = dt.datetime(2027, 4, 30, 17, tzinfo=dt.UTC)


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


def state_of(session: Session, notice: Notice) -> NoticeState:
    session.commit()
    session.refresh(notice)
    return notice.state


def leased(session: Session, lasts: dt.timedelta = LONG) -> delivery.Lease:
    lease = delivery.lease_notice(session, lasts=lasts)
    assert lease is not None
    session.commit()
    return lease


class TestDelivery:
    def test_eight_workers_take_each_notice_once(
        self, session: Session, engine: sa.Engine, walk: Walk
    ) -> None:
        for _ in range(120):
            owe(session, walk.ama)
        taken: list[int] = []

        def work(own: Session) -> None:
            while lease := delivery.lease_notice(own, lasts=LONG):
                taken.append(lease.notice_id)
                own.commit()

        with Storm(engine, crowd=8) as storm:
            assert storm.answers([work] * 8) == {DONE: 8}
        assert set(Counter(taken).values()) == {1}
        assert len(taken) == 120

    def test_only_what_is_due_and_worth_telling_is_taken(
        self, session: Session, walk: Walk
    ) -> None:
        owe(session, walk.ama, due_in=dt.timedelta(minutes=1))
        owe(session, walk.ama, due_in=-dt.timedelta(hours=2), worth_for=-dt.timedelta(hours=1))
        assert delivery.count_due(session) == 0
        assert delivery.lease_notice(session, lasts=LONG) is None

    def test_what_has_been_due_longest_goes_first(self, session: Session, walk: Walk) -> None:
        owe(session, walk.ama)
        older = owe(session, walk.bela, due_in=-dt.timedelta(hours=1))
        assert leased(session).notice_id == older.id

    def test_who_waits_at_the_sign_in_page_comes_before_ten_thousand_reminders(
        self, session: Session, walk: Walk
    ) -> None:
        owe(session, walk.ama, due_in=-dt.timedelta(hours=1))
        waiting = owe(session, walk.bela, NoticeKind.SIGN_IN)
        assert leased(session).notice_id == waiting.id
        session.execute(
            sa.text("""
              INSERT INTO notice
                     (community_id, person_id, kind, dedupe_key, not_before, expires_at)
              SELECT community_id, person_id, kind, 'more-' || n, not_before - n * interval '1 s',
                     expires_at
                FROM notice, generate_series(1, 10000) n WHERE kind = 'books_wrong'""")
        )
        waiting = owe(session, walk.sam, NoticeKind.SIGN_IN)
        assert leased(session).notice_id == waiting.id
        assert leased(session).notice_id != waiting.id

    def test_several_are_leased_in_order_but_who_waits_for_it_now_alone(
        self, session: Session, walk: Walk
    ) -> None:
        hours = [owe(session, walk.ama, due_in=-n * dt.timedelta(hours=1)).id for n in (1, 3, 2)]
        waiting = owe(session, walk.bela, NoticeKind.SIGN_IN).id
        rounds = [delivery.lease_notices(session, most=2, lasts=LONG) for _ in range(4)]
        taken = [[lease.notice_id for lease in one] for one in rounds]
        assert taken == [[waiting], [hours[1], hours[2]], [hours[0]], []]

    def test_what_a_worker_died_with_is_leased_alone_and_after_the_others(
        self, session: Session, walk: Walk
    ) -> None:
        for _ in range(2):
            owe(session, walk.ama, due_in=-dt.timedelta(hours=1))
        assert len(delivery.lease_notices(session, most=9, lasts=OVER)) == 2
        session.commit()
        fresh = owe(session, walk.bela).id
        rounds = [delivery.lease_notices(session, most=9, lasts=LONG) for _ in range(4)]
        assert [len(one) for one in rounds] == [1, 1, 1, 0]
        assert rounds[0][0].notice_id == fresh

    def test_given_back_it_is_as_it_was_unless_somebody_else_has_it(
        self, session: Session, walk: Walk
    ) -> None:
        notices = [owe(session, walk.ama), owe(session, walk.bela)]
        mine = delivery.lease_notices(session, most=2, lasts=OVER)
        session.commit()
        other = leased(session)
        delivery.give_back(session, leases=mine)
        states = {one.id: (state_of(session, one), one.attempts) for one in notices}
        assert states.pop(other.notice_id) == (NoticeState.LEASED, 2)
        assert list(states.values()) == [(NoticeState.PENDING, 0)]
        assert delivery.hand_over(session, lease=other, lasts=LONG)

    def test_fence_lets_the_holder_pass_once(self, session: Session, walk: Walk) -> None:
        notice = owe(session, walk.ama)
        lease = leased(session)
        assert delivery.hand_over(session, lease=lease, lasts=LONG)
        assert not delivery.hand_over(session, lease=lease, lasts=LONG)
        assert delivery.mark_sent(session, lease=lease)
        assert state_of(session, notice) is NoticeState.SENT
        assert notice.sent_at is not None
        assert notice.attempts == 1

    def test_worker_that_slept_beyond_its_lease_stops_at_the_fence(
        self, session: Session, walk: Walk
    ) -> None:
        notice = owe(session, walk.ama)
        sleeper = leased(session, OVER)
        assert delivery.count_due(session) == 1
        other = leased(session)
        assert other.notice_id == notice.id
        assert not delivery.hand_over(session, lease=sleeper, lasts=LONG)
        assert not delivery.mark_sent(session, lease=sleeper)
        assert not delivery.put_back(session, lease=sleeper, step=LONG, why="451")
        assert delivery.hand_over(session, lease=other, lasts=LONG)

    def test_death_behind_the_fence_is_uncertain_and_never_taken_again(
        self, session: Session, walk: Walk
    ) -> None:
        notice = owe(session, walk.ama)
        assert delivery.hand_over(session, lease=leased(session), lasts=OVER)
        session.commit()
        assert delivery.lease_notice(session, lasts=LONG) is None
        assert delivery.sweep(session) == 1
        assert state_of(session, notice) is NoticeState.UNCERTAIN
        assert notice.last_error == "the worker died while handing it over"
        assert delivery.count_due(session) == 0
        assert delivery.sweep(session) == 0

    def test_answer_that_comes_after_the_sweep_still_counts(
        self, session: Session, walk: Walk
    ) -> None:
        notice = owe(session, walk.ama)
        lease = leased(session)
        delivery.hand_over(session, lease=lease, lasts=OVER)
        session.commit()
        delivery.sweep(session)
        assert delivery.mark_sent(session, lease=lease)
        assert state_of(session, notice) is NoticeState.SENT
        assert notice.last_error is None

    def test_sweep_leaves_a_worker_at_its_work(self, session: Session, walk: Walk) -> None:
        notice = owe(session, walk.ama)
        delivery.hand_over(session, lease=leased(session), lasts=LONG)
        assert delivery.sweep(session) == 0
        assert state_of(session, notice) is NoticeState.HANDOVER

    def test_too_late_expires(self, session: Session, walk: Walk) -> None:
        late = owe(session, walk.ama, worth_for=dt.timedelta(seconds=-1))
        died = owe(session, walk.ama)
        lease = leased(session, OVER)
        assert lease.notice_id == died.id
        died.expires_at = clock.now() - dt.timedelta(seconds=1)
        session.commit()
        assert delivery.sweep(session) == 2
        assert state_of(session, late) is NoticeState.EXPIRED
        assert state_of(session, died) is NoticeState.EXPIRED

    def test_put_back_waits_before_the_next_try(self, session: Session, walk: Walk) -> None:
        notice = owe(session, walk.ama)
        lease = leased(session)
        assert delivery.put_back(session, lease=lease, step=LONG, why="RCPT: 451")
        assert state_of(session, notice) is NoticeState.PENDING
        assert (notice.last_error, notice.lease_token, notice.attempts) == ("RCPT: 451", None, 1)
        wait = notice.not_before - clock.now()
        assert dt.timedelta(minutes=2, seconds=50) < wait <= LONG
        assert delivery.lease_notice(session, lasts=LONG) is None

    def test_each_third_refusal_waits_longer_up_to_an_hour_and_the_last_one_fails(
        self, session: Session, walk: Walk
    ) -> None:
        notice = owe(session, walk.ama, worth_for=dt.timedelta(days=9))
        due = notice.not_before
        step, waits = dt.timedelta(minutes=5), []
        for _ in range(delivery.MOST_REFUSALS):
            delivery.put_back(session, lease=leased(session), step=step, why="RCPT: 451 4.7.1")
            session.commit()
            session.refresh(notice)
            waits.append(round((notice.not_before - clock.now()) / step))
            if notice.state is NoticeState.PENDING:
                notice.not_before = clock.now()
                session.commit()
        assert waits[:7] == [1, 1, 1, 2, 2, 2, 3]
        assert max(waits) == waits[-1] == 12
        assert (notice.state, notice.refusals) == (NoticeState.FAILED, 48)
        assert notice.due_at == due

    def test_refusals_and_what_cannot_be_worded_are_counted_apart(
        self, session: Session, walk: Walk
    ) -> None:
        notice = owe(session, walk.ama, worth_for=dt.timedelta(days=9))

        def put_back(*, worded: bool) -> NoticeState:
            lease = leased(session)
            delivery.put_back(session, lease=lease, step=OVER, why="x", worded=worded)
            return state_of(session, notice)

        refused = [put_back(worded=True) for _ in range(delivery.MOST_REFUSALS - 1)]
        wordless = [put_back(worded=False) for _ in range(delivery.MOST_WORDINGS)]
        assert {*refused, *wordless[:-1]} == {NoticeState.PENDING}
        assert wordless[-1] is NoticeState.FAILED
        assert (notice.refusals, notice.wordings) == (59, 12)

    def test_put_off_it_waits_for_its_reader_and_is_late_no_more(
        self, session: Session, walk: Walk
    ) -> None:
        notice = owe(session, walk.ama, worth_for=dt.timedelta(days=9))
        delivery.put_back(session, lease=leased(session), step=OVER, why="RCPT: 451")
        tomorrow = clock.now() + dt.timedelta(days=1)
        assert delivery.postpone(session, lease=leased(session), until=tomorrow, why="quiet")
        assert state_of(session, notice) is NoticeState.PENDING
        assert (notice.not_before, notice.due_at, notice.attempts) == (tomorrow, None, 1)
        assert watching.oldest_pending(session) is None

    def test_put_off_by_a_worker_whose_clock_is_behind_it_is_not_due_at_once(
        self, session: Session, walk: Walk
    ) -> None:
        notice = owe(session, walk.ama)
        an_hour_ago = clock.now() - dt.timedelta(hours=1)
        assert delivery.postpone(session, lease=leased(session), until=an_hour_ago, why="quiet")
        assert state_of(session, notice) is NoticeState.PENDING
        assert delivery.lease_notice(session, lasts=LONG) is None

    def test_mail_server_that_is_away_costs_no_try_and_lets_all_mail_rest(
        self, session: Session, walk: Walk
    ) -> None:
        notice = owe(session, walk.ama)
        due = notice.not_before
        delivery.let_go(session, lease=leased(session), why="ConnectionRefusedError 111")
        delivery.rest(session, why="ConnectionRefusedError 111", first=LONG, longest=LONG)
        assert state_of(session, notice) is NoticeState.PENDING
        assert (notice.attempts, notice.refusals, notice.not_before) == (0, 0, due)
        assert delivery.count_due(session) == 0
        assert delivery.lease_notice(session, lasts=LONG) is None
        delivery.end_rest(session)
        assert leased(session).notice_id == notice.id

    def test_rest_doubles_each_time_it_is_over_and_not_before(self, session: Session) -> None:
        first, longest = dt.timedelta(seconds=5), dt.timedelta(seconds=30)
        rests = []
        for _ in range(5):
            for _ in range(3):  # three workers notice it together
                delivery.rest(session, why="x", first=first, longest=longest)
            rest = session.scalars(sa.select(MailRest)).one()
            session.refresh(rest)
            rests.append((rest.tries, round((rest.rests_until - clock.now()).total_seconds())))
            rest.rests_until = clock.now() + OVER
            session.commit()
        assert rests == [(1, 5), (2, 10), (3, 20), (4, 30), (5, 30)]

    def test_lease_and_rest_from_before_a_clock_was_put_back_are_over(
        self, session: Session, walk: Walk
    ) -> None:
        notice = owe(session, walk.ama)
        sleeper = leased(session, dt.timedelta(hours=1))
        delivery.rest(session, why="x", first=dt.timedelta(hours=1), longest=LONG)
        other = leased(session)
        assert other.notice_id == notice.id
        assert not delivery.hand_over(session, lease=sleeper, lasts=LONG)
        assert delivery.hand_over(session, lease=other, lasts=dt.timedelta(hours=1))
        assert delivery.sweep(session) == 1
        assert delivery.mark_sent(session, lease=other), "a clear answer still counts"

    def test_notice_that_every_worker_dies_of_is_failed(
        self, session: Session, walk: Walk
    ) -> None:
        notice = owe(session, walk.ama)
        delivery.put_back(session, lease=leased(session), step=OVER, why="RCPT: 451")
        for _ in range(delivery.MOST_DEATHS):
            assert delivery.sweep(session) == 0
            leased(session, OVER)
        assert delivery.sweep(session) == 1
        assert state_of(session, notice) is NoticeState.FAILED
        assert notice.last_error == "every worker that took it died"

    def test_address_that_takes_no_mail_is_written_to_for_a_sign_in_only(
        self, session: Session, walk: Walk
    ) -> None:
        suppression.note_refusal(
            session, person_id=walk.bela.person_id, address="bela@example.com",
            status="550 5.1.1", now=clock.now(),
        )  # fmt: skip
        owe(session, walk.bela)
        assert not leased(session).takes_mail
        owe(session, walk.bela, NoticeKind.SIGN_IN)
        owe(session, walk.ama)
        assert leased(session).takes_mail
        assert leased(session).takes_mail


def drop_reason(session: Session, notice: Notice) -> str | None:
    session.commit()
    return letters.reason_to_drop(letters.read_letter(session, notice_id=notice.id))


def withdraw(claim: Claim) -> None:
    claim.state = ClaimState.WITHDRAWN
    claim.held_until = None
    claim.withdrawn_at = EVE
    claim.withdrawn_because = WithdrawnBecause.PERSON


class TestWhetherItStillHolds:
    @pytest.fixture
    def claim(self, session: Session, walk: Walk) -> Claim:
        return builders.a_claim(session, walk.tail_walker, walk.bela)

    @pytest.mark.parametrize(
        "kind",
        [
            NoticeKind.YOU_ARE_IN,
            NoticeKind.REMINDER_TWO_DAYS,
            NoticeKind.REMINDER_EVE,
            NoticeKind.EVENT_MOVED,
        ],
    )
    def test_turn_that_was_given_back_is_not_told(
        self, session: Session, walk: Walk, claim: Claim, kind: NoticeKind
    ) -> None:
        notice = owe(session, walk.bela, kind, claim=claim)
        assert drop_reason(session, notice) is None
        withdraw(claim)
        assert drop_reason(session, notice) == "the place was given back"

    @pytest.mark.parametrize(
        "kind", [NoticeKind.YOU_ARE_IN, NoticeKind.REMINDER_EVE, NoticeKind.DROPPED_OUT]
    )
    def test_cancelled_date_is_not_told_about(
        self, session: Session, walk: Walk, claim: Claim, kind: NoticeKind
    ) -> None:
        notice = owe(session, walk.bela, kind, claim=claim)
        walk.event.state = EventState.CANCELLED
        walk.event.reason = "Flooded path"
        walk.event.sequence = 1
        assert drop_reason(session, notice) == "the date was cancelled"

    def test_cancellation_holds_while_the_date_is_cancelled(
        self, session: Session, walk: Walk, claim: Claim
    ) -> None:
        notice = owe(session, walk.bela, NoticeKind.EVENT_CANCELLED, claim=claim)
        assert drop_reason(session, notice) == "the date takes place after all"
        walk.event.state = EventState.CANCELLED
        walk.event.reason = "Flooded path"
        walk.event.sequence = 1
        assert drop_reason(session, notice) is None

    def test_reminder_of_the_earlier_time_is_dropped(
        self, session: Session, walk: Walk, claim: Claim
    ) -> None:
        notice = owe(session, walk.bela, NoticeKind.REMINDER_EVE, claim=claim)
        session.execute(sa.update(Slot).values(ends_at=Slot.ends_at + dt.timedelta(hours=1)))
        session.execute(sa.update(Slot).values(starts_at=Slot.starts_at + dt.timedelta(hours=1)))
        assert drop_reason(session, notice) == "the job was moved"

    def test_held_place_is_confirmed_only_while_it_is_held(
        self, session: Session, walk: Walk
    ) -> None:
        held = builders.a_claim(
            session,
            walk.marshal,
            walk.sam,
            state=ClaimState.HELD,
            held_until=clock.now() + dt.timedelta(hours=1),
        )
        notice = owe(session, walk.sam, NoticeKind.CONFIRM_CLAIM, claim=held)
        assert drop_reason(session, notice) is None
        held.held_until = clock.now() - dt.timedelta(seconds=1)
        assert drop_reason(session, notice) == "the place is no longer held"
        held.state, held.held_until = ClaimState.CONFIRMED, None
        assert drop_reason(session, notice) == "the place is no longer held"

    def test_organisers_do_not_hear_of_a_dropping_out_that_was_undone(
        self, session: Session, walk: Walk, claim: Claim
    ) -> None:
        withdraw(claim)
        notice = owe(session, walk.nadia, NoticeKind.DROPPED_OUT, claim_id=str(claim.id))
        assert drop_reason(session, notice) is None
        builders.a_claim(session, walk.tail_walker, walk.bela)
        assert drop_reason(session, notice) == "they took it back"

    def test_hours_that_were_never_credited_are_not_told(
        self, session: Session, walk: Walk, claim: Claim
    ) -> None:
        notice = owe(session, walk.bela, NoticeKind.HOURS_CREDITED, claim=claim)
        assert drop_reason(session, notice) == "the hours were taken back"

    def test_used_or_old_sign_in_is_not_sent(self, session: Session, walk: Walk) -> None:
        request = outbox.send_sign_in(
            session,
            community_id=walk.community.id,
            person_id=walk.bela.person_id,
            next_path="/me",
            now=clock.now(),
        )
        notice = session.scalars(sa.select(Notice)).one()
        assert drop_reason(session, notice) is None
        request.expires_at = clock.now() - dt.timedelta(seconds=1)
        assert drop_reason(session, notice) == "the sign-in was used or ran out"
        request.expires_at = clock.now() + dt.timedelta(minutes=1)
        request.used_at = clock.now()
        assert drop_reason(session, notice) == "the sign-in was used or ran out"

    def test_nobody_writes_to_the_erased_or_to_people_without_e_mail(
        self, session: Session, walk: Walk, claim: Claim
    ) -> None:
        notice = owe(session, walk.bela, NoticeKind.REMINDER_EVE, claim=claim)
        session.execute(sa.update(Profile).values(email=None))
        assert drop_reason(session, notice) == "nobody to write to"
        session.execute(sa.delete(Profile))
        session.execute(sa.update(Person).values(erased_at=clock.now()))
        assert drop_reason(session, notice) == "nobody to write to"

    def test_claim_of_another_community_is_never_looked_up(
        self, session: Session, walk: Walk, claim: Claim
    ) -> None:
        chi = builders.an_elsewhere(session).chi
        notice = owe(session, chi, NoticeKind.DROPPED_OUT, claim_id=str(claim.id))
        letter = letters.read_letter(session, notice_id=notice.id)
        assert (letter.job, letter.about_name, letter.title) == (None, "", None)
