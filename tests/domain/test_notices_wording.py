"""Notices in words: what a message says, to whom, and in whose time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import Walk
from tests.conftest import SECRET
from tests.notices import owe
from tests.statements import count_statements
from timebank.core import clock
from timebank.core import ids
from timebank.core import when
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import outbox
from timebank.domain.notices import letters
from timebank.domain.notices import wording
from timebank.domain.notices.coming_again import AboutComingAgain
from timebank.domain.notices.exchanges import AboutExchange
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.links import NOTHING
from timebank.domain.notices.messages import AboutMessage
from timebank.domain.notices.posts import AboutPost
from timebank.domain.notices.weekly import Week
from timebank.domain.notices.wording import Wording
from timebank.domain.rota.come_again import Suggested
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Profile
from timebank.models import SignInRequest

HOME = "https://localhost"  # where the builders' Bexley lives
EVE = dt.datetime(2027, 4, 30, 17, tzinfo=dt.UTC)


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


def worded(session: Session, notice: Notice, *, now: dt.datetime = EVE) -> Wording:
    letter = letters.read_letter(session, notice_id=notice.id)
    return word(letter, now=now)


def word(letter: Letter, *, now: dt.datetime = EVE, enclosed: Enclosed = NOTHING) -> Wording:
    return wording.word(
        letter,
        public_url="https://goodturn.example",
        secret_key=SECRET,
        now=now,
        enclosed=enclosed,
    )


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
            f"Choose which e-mails you get: {HOME}/me/mail\n"
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

    def test_a_move_without_a_reason_does_not_repeat_an_older_one(
        self, session: Session, walk: Walk, claim: Claim
    ) -> None:
        walk.event.reason, walk.event.sequence = "Flooded path", 1
        moved = owe(session, walk.bela, NoticeKind.EVENT_MOVED, claim=claim, earlier_place="Pond")
        cancelled = owe(session, walk.bela, NoticeKind.EVENT_CANCELLED, claim=claim)
        for part in (worded(session, moved).text, worded(session, moved).html):
            assert "Flooded path" not in part
            assert "It was to be at Pond." in part
        assert "Flooded path" in worded(session, cancelled).text

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
            words = word(
                _of_every_kind(letter, kind, request.id),
                enclosed=Enclosed(letters=(letter,), week=Week()),
            )
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
        facts={
            "balance_minutes": "-615", "as": "helper", "last_day": "2027-10-19",
            "minutes": "-90", "what": "Bread for beginners", "is_put_right": "", "why": "empty",
        },
        exchange=AboutExchange(
            exchange_id=1, state="thanked", what="Hemming curtains", planned_at=EVE,
            happened_on=EVE.date(), timezone=builders.LONDON, minutes=120, helper="Sam Tran",
            helped="Bela Novak", step="thanked", by="Bela Novak", is_by_helper=False,
            is_by_other=False, words="They hang beautifully", is_for_group=False,
            is_for_helper=True,
        ),
        post=AboutPost(
            post_id=1, kind="ask", title="My lawn", state="open", expires_on=EVE.date(),
            talk_id=1, words="I can come.", to_owner=True, writer="Sam Tran", is_blocked=False,
        ),
        message=AboutMessage(
            message_id=1, series_id=1, whom="date", subject="Another place", words="The café.",
            called_off=False, job=None, writer="Nadia Khan", membership_id=1, answer="Good.",
            by_organiser=False,
            had_files=False, answerer="Bela Novak", event_state="planned", is_member=True,
            is_around=True, may_be_asked=True, hears=False, has_turn=True, is_blocked=False,
        ),
        again=AboutComingAgain(
            may_ask=True,
            has_turn=False,
            turns=(
                Suggested(
                    slot_id=1, job="Marshal", title="Danson Saturday Stroll",
                    slug="danson-saturday-stroll", occurs_on=EVE.date(), starts_at=EVE,
                    ends_at=EVE, place="Danson Park",
                ),
            ),
        ),
    )  # fmt: skip


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


class TestExchanges:
    """What the two sides of an exchange read, in full."""

    @pytest.fixture
    def about(self) -> AboutExchange:
        return AboutExchange(
            exchange_id=7, state="thanked", what="Hemming curtains", planned_at=None,
            happened_on=EVE.date(), timezone=builders.LONDON, minutes=120, helper="Sam Tran",
            helped="Marjorie Hall", step="thanked", by="Marjorie Hall", is_by_helper=False,
            is_by_other=False, words="They hang beautifully", is_for_group=False,
            is_for_helper=True,
        )  # fmt: skip

    @pytest.fixture
    def say(self, session: Session, walk: Walk, about: AboutExchange) -> Callable[..., Wording]:
        letter = letters.read_letter(session, notice_id=owe(session, walk.sam).id)

        def say(kind: NoticeKind, **changed: object) -> Wording:
            exchange = dataclasses.replace(about, **changed)  # type: ignore[arg-type]
            return word(dataclasses.replace(letter, kind=kind, exchange=exchange))

        return say

    def test_thanks(self, say: Callable[..., Wording]) -> None:
        words = say(NoticeKind.THANKED)
        assert words.subject == "Marjorie says thanks: 2 hours added"
        assert words.text == (
            "Marjorie H: thank you!\n"
            "\n"
            "You helped, and the hours are in your time account:\n"
            "\n"
            "Hemming curtains\n"
            "2 hours added\n"
            "Friday 30 April\n"
            "\n"
            "“They hang beautifully”\n"
            "\n"
            "Not right? For 14 days you can undo it, or say what isn’t right.\n"
            "\n"
            "See it:\n"
            f"{HOME}/neighbours/thanks/7\n"
            "\n"
            "--\n"
            "You get this because of help between neighbours.\n"
            "Rather talk? Ring 020 8000 0000.\n"
            f"Choose which e-mails you get: {HOME}/me/mail\n"
            f"Bexley: {HOME}\n"
        )
        group = say(NoticeKind.THANKED, is_for_group=True, helped="Danson Strollers")
        assert group.subject == "Danson Strollers say thanks: 2 hours added"
        passed_on = say(NoticeKind.THANKED, is_for_helper=False, is_by_other=True, by="Ama Owusu")
        assert passed_on.subject == "Thanks passed on to Sam T: 2 hours"
        assert "Ama O wrote it down for you. The hours went to Sam T:" in passed_on.text

    def test_agreed_and_due(self, say: Callable[..., Wording]) -> None:
        agreed = say(NoticeKind.EXCHANGE_AGREED, planned_at=EVE, happened_on=None, words=None)
        assert agreed.subject == "Agreed: Hemming curtains, Fri 30 April"
        assert "Hemming curtains\nFriday 30 April, 6pm\nabout 2 hours\n" in agreed.text
        due = say(NoticeKind.EXCHANGE_DUE, happened_on=None, is_for_helper=False)
        token = ids.signed_token(SECRET, "exchange", 7)
        assert due.subject == "Did it happen? Hemming curtains"
        assert f"{HOME}/t/{token}/thank" in due.text

    def test_undone_disputed_and_settled(self, say: Callable[..., Wording]) -> None:
        undone = say(NoticeKind.EXCHANGE_UNDONE)
        assert "Marjorie H has undone the thanks between you:" in undone.text
        own = say(NoticeKind.EXCHANGE_UNDONE, is_by_helper=True)
        assert "You’ve undone the thanks between you and Marjorie H:" in own.text
        asked = say(NoticeKind.STATEMENT_WANTED, words="It was three")
        assert "Marjorie H remembers this differently:" in asked.text
        assert "“It was three”" in asked.text
        told = say(NoticeKind.EXCHANGE_DISPUTED)
        assert told.subject == "To settle: Sam T and Marjorie H, Hemming curtains"
        assert f"{HOME}/bank/exchanges/7" in told.text
        for step, minutes, said in (
            ("kept", 120, "The hours stay as they are"),
            ("changed", 90, "It’s 1½ hours now"),
            ("taken_back", 0, "The hours went back"),
        ):
            assert said in say(NoticeKind.EXCHANGE_SETTLED, step=step, minutes=minutes).text
