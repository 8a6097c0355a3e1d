"""Notices: who may send which when, whether it still holds, and what it says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections import Counter

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import Walk
from tests.conftest import SECRET
from tests.statements import count_statements
from tests.storms import DONE
from tests.storms import Storm
from timebank.core import clock
from timebank.core import ids
from timebank.core import when
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import outbox
from timebank.domain.notices import delivery
from timebank.domain.notices import letters
from timebank.domain.notices import wording
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.wording import Wording
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import EventState
from timebank.models import Membership
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import NoticeState
from timebank.models import Person
from timebank.models import Profile
from timebank.models import SignInRequest
from timebank.models import Slot
from timebank.models import WithdrawnBecause

LONG = dt.timedelta(minutes=3)
OVER = dt.timedelta(seconds=-1)
HOME = "https://localhost"  # where the builders' Bexley lives
EVE = dt.datetime(2027, 4, 30, 17, tzinfo=dt.UTC)


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


def owe(
    session: Session,
    member: Membership,
    kind: NoticeKind = NoticeKind.BOOKS_WRONG,
    *,
    claim: Claim | None = None,
    due_in: dt.timedelta = -dt.timedelta(minutes=1),
    worth_for: dt.timedelta = dt.timedelta(days=1),
    request_id: int | None = None,
    **facts: str,
) -> Notice:
    """Post a notice to a member, due a minute ago unless told otherwise."""
    now = clock.now()
    key = str(uuid.uuid4())
    message = outbox.Message(
        community_id=member.community_id,
        person_id=member.person_id,
        kind=kind,
        dedupe_key=key,
        not_before=now + due_in,
        expires_at=now + worth_for,
        claim_id=claim.id if claim else None,
        starts_at=claim.starts_at if claim else None,
        sign_in_request_id=request_id,
        facts=facts,
    )
    outbox.post_notices(session, [message])
    session.commit()
    return session.scalars(sa.select(Notice).where(Notice.dedupe_key == key)).one()


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
        assert not delivery.put_back(session, lease=sleeper, after=LONG, why="451")
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
        assert delivery.put_back(session, lease=lease, after=LONG, why="RCPT: 451")
        assert state_of(session, notice) is NoticeState.PENDING
        assert (notice.last_error, notice.lease_token, notice.attempts) == ("RCPT: 451", None, 1)
        wait = notice.not_before - clock.now()
        assert dt.timedelta(minutes=2, seconds=50) < wait <= LONG
        assert delivery.lease_notice(session, lasts=LONG) is None


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


def worded(session: Session, notice: Notice, *, now: dt.datetime = EVE) -> Wording:
    letter = letters.read_letter(session, notice_id=notice.id)
    return word(letter, now=now)


def word(letter: Letter, *, now: dt.datetime = EVE) -> Wording:
    return wording.word(letter, public_url="https://goodturn.example", secret_key=SECRET, now=now)


class TestWording:
    @pytest.fixture
    def claim(self, session: Session, walk: Walk) -> Claim:
        return builders.a_claim(session, walk.tail_walker, walk.bela)

    def test_evening_before(self, session: Session, walk: Walk, claim: Claim) -> None:
        notice = owe(session, walk.bela, NoticeKind.REMINDER_EVE, claim=claim)
        with count_statements() as count:
            words = worded(session, notice)
        token = ids.signed_token(SECRET, "claim", claim.id)
        assert count.total == 1
        assert words.subject == "Tomorrow: tail walker, 9am at Danson Park"
        assert words.text == (
            "See you tomorrow, Bela\n"
            "\n"
            "You’re down for tail walker at Danson Saturday Stroll. Thank you.\n"
            "\n"
            "Saturday 1 May, 9am\n"
            "Danson Park, by the boathouse\n"
            "The boathouse, Danson Park, DA6 8HL\n"
            "Until 10:30am. 1½ hours for your time account.\n"
            "Nadia K is running it.\n"
            "\n"
            "See my turn:\n"
            f"{HOME}/me\n"
            "\n"
            "Plans changed? That’s fine, and you needn’t say why. I can’t make it:\n"
            f"{HOME}/t/{token}/cant\n"
            "\n"
            "--\n"
            "You get this because you’re on the rota.\n"
            "Rather talk? Ring 020 8000 0000.\n"
            f"Bexley: {HOME}\n"
        )
        for said in ("Saturday 1 May, 9am", f"/t/{token}/cant", "Ring 020 8000 0000", "1½ hours"):
            assert said in words.html

    @pytest.mark.parametrize(
        ("now", "subject"),
        [
            (EVE, "Tomorrow: tail walker, 9am at Danson Park"),
            (EVE + dt.timedelta(hours=6), "Today: tail walker, 9am at Danson Park"),
            (EVE - dt.timedelta(days=1), "On Saturday: tail walker, 9am at Danson Park"),
            (EVE - dt.timedelta(days=9), "On Sat 1 May: tail walker, 9am at Danson Park"),
        ],
        ids=["in time", "after midnight", "two days before", "long before"],
    )
    def test_reminder_says_the_day_as_it_is_when_it_leaves(
        self, session: Session, walk: Walk, claim: Claim, now: dt.datetime, subject: str
    ) -> None:
        notice = owe(session, walk.bela, NoticeKind.REMINDER_EVE, claim=claim)
        assert worded(session, notice, now=now).subject == subject

    def test_other_subjects(self, session: Session, walk: Walk) -> None:
        claim = builders.a_claim(
            session,
            walk.marshal,
            walk.sam,
            state=ClaimState.HELD,
            held_until=EVE + dt.timedelta(hours=2),
        )
        earlier = (claim.starts_at - dt.timedelta(hours=1)).isoformat()
        subjects = {
            NoticeKind.CONFIRM_CLAIM: "Tap to confirm: marshal, Sat 1 May",
            NoticeKind.YOU_ARE_IN: "You’re in: marshal, Sat 1 May, 8:45am",
            NoticeKind.REMINDER_TWO_DAYS: "Tomorrow: marshal, 8:45am at Danson Park",
            NoticeKind.DROPPED_OUT: "Sam T can’t make it: marshal, Sat 1 May",
            NoticeKind.EVENT_MOVED: "Moved: Danson Saturday Stroll, now Sat 1 May, 8:45am",
            NoticeKind.EVENT_CANCELLED: (
                "Cancelled: Danson Saturday Stroll, Sat 1 May (flooded path)"
            ),
        }
        facts = {"reason": "flooded path", "earlier_starts_at": earlier, "earlier_place": "Pond"}
        said = {
            kind: worded(session, owe(session, walk.sam, kind, claim=claim, **facts))
            for kind in subjects
        }
        assert {kind: words.subject for kind, words in said.items()} == subjects
        token = ids.signed_token(SECRET, "claim", claim.id)
        assert f"/t/{token}/confirm" in said[NoticeKind.CONFIRM_CLAIM].text
        assert f"/t/{token}/confirm" in said[NoticeKind.CONFIRM_CLAIM].html
        assert "until Friday 30 April, 8pm" in said[NoticeKind.CONFIRM_CLAIM].text
        assert "It was to be Saturday 1 May, 7:45am." in said[NoticeKind.EVENT_MOVED].text
        assert "It was to be at Pond." in said[NoticeKind.EVENT_MOVED].text

    def test_sign_in_has_a_link_and_a_code(self, session: Session, walk: Walk) -> None:
        request = outbox.send_sign_in(
            session,
            community_id=walk.community.id,
            person_id=walk.bela.person_id,
            next_path="/me",
            now=clock.now(),
        )
        session.commit()
        words = worded(session, session.scalars(sa.select(Notice)).one())
        token = identity.sign_in_link_token(request, secret_key=SECRET)
        code = identity.sign_in_code(request, secret_key=SECRET)
        assert words.subject == "Your way in to Bexley"
        for part in (words.text, words.html):
            assert f"{HOME}/sign-in/{token}" in part
            assert code in part
        assert code not in words.subject

    def test_coordinators_hear_of_the_books(self, session: Session, walk: Walk) -> None:
        low = owe(
            session,
            walk.ama,
            NoticeKind.BELOW_FLOOR,
            membership_id=str(walk.sam.id),
            balance_minutes="-615",
        )
        wrong = owe(session, walk.ama, NoticeKind.BOOKS_WRONG, wrong_balances="2")
        assert worded(session, low).subject == "After a correction: Sam T’s time account"
        assert "−10¼ hours" in worded(session, low).text
        assert "- wrong balances: 2" in worded(session, wrong).text
        assert f"{HOME}/books" in worded(session, wrong).text

    def test_typed_words_cannot_leave_their_place(
        self, session: Session, walk: Walk, claim: Claim
    ) -> None:
        walk.series.title = "Stroll\r\nBcc: chi@example.com\u2028<b>&"
        session.execute(sa.update(Profile).values(full_name="<b>Bela</b>"))
        notice = owe(session, walk.bela, NoticeKind.EVENT_MOVED, claim=claim)
        words = worded(session, notice)
        assert words.subject == ("Moved: Stroll Bcc: chi@example.com <b>&, now Sat 1 May, 9am")
        assert "<b>" not in words.html

    @pytest.mark.parametrize(
        ("full_name", "greeting"),
        [
            ("Bela Novak", "Bela"),
            ("Zoë", "Zoë"),
            ("Anne-Marie O’Neill", "Anne-Marie"),
            ("http://win.example now", "neighbour"),
            ("win.example", "neighbour"),
            ("12345", "neighbour"),
        ],
    )
    def test_only_what_looks_like_a_name_is_called_out(
        self, session: Session, walk: Walk, full_name: str, greeting: str
    ) -> None:
        session.execute(sa.update(Profile).values(full_name=full_name))
        notice = owe(session, walk.bela)
        assert letters.read_letter(session, notice_id=notice.id).greeting == greeting

    def test_links_lead_to_the_community_s_own_host(self, session: Session) -> None:
        chi = builders.an_elsewhere(session).chi
        notice = owe(session, chi, wrong_balances="1")
        assert "https://ashford.example/books" in worded(session, notice).text
        chi.community.host = None
        session.commit()
        assert "https://goodturn.example/books" in worded(session, notice).text

    def test_every_kind_is_worded_whole(self, session: Session, walk: Walk, claim: Claim) -> None:
        request = identity.request_sign_in(
            session,
            community_id=walk.community.id,
            person_id=walk.bela.person_id,
            next_path="/me",
            now=clock.now(),
        )
        communities.create_group(  # another group's organisers are not named
            session, community=walk.community, slug="x", name="X", organisers=[walk.ama]
        )
        notice = owe(session, walk.bela, NoticeKind.REMINDER_EVE, claim=claim)
        letter = letters.read_letter(session, notice_id=notice.id)
        for kind in NoticeKind:
            words = word(_of_every_kind(letter, kind, request.id))
            for part in (words.subject, words.text, words.html):
                assert part.strip()
                assert "None" not in part
                assert "%(" not in part
            assert "020 8000 0000" in words.text
            assert "020 8000 0000" in words.html
            assert words.html.startswith("<!doctype html>")
            assert "http://" not in words.text


def _of_every_kind(letter: Letter, kind: NoticeKind, request_id: int) -> Letter:
    return dataclasses.replace(
        letter,
        kind=kind,
        held_until=EVE,
        minutes_credited=105,
        reason="Flooded path",
        request=SignInRequest(id=request_id, nonce=uuid.uuid4()),
        facts={"balance_minutes": "-615"},
    )


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (dt.datetime(2027, 3, 28, 0, 59, tzinfo=dt.UTC), ("12:59am", "Sun 28 March")),
        (dt.datetime(2027, 3, 28, 1, 0, tzinfo=dt.UTC), ("2am", "Sun 28 March")),
        (dt.datetime(2027, 6, 30, 23, 0, tzinfo=dt.UTC), ("midnight", "Thu 1 July")),
        (dt.datetime(2027, 10, 31, 1, 30, tzinfo=dt.UTC), ("1:30am", "Sun 31 October")),
        (dt.datetime(2027, 12, 1, 12, 0, tzinfo=dt.UTC), ("noon", "Wed 1 December")),
    ],
)
def test_times_are_the_community_s_own(moment: dt.datetime, said: tuple[str, str]) -> None:
    assert (when.clock(moment, builders.LONDON), when.day(moment, builders.LONDON)) == said
