"""Neighbours write to each other: by mail, by a coordinator's call, and not when unwanted."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.boards import a_post
from tests.builders import Walk
from tests.mails import mail
from timebank.core.errors import NotFound
from timebank.domain.exchange import contacting
from timebank.domain.exchange import posting
from timebank.domain.exchange import ringing
from timebank.domain.exchange import talks
from timebank.domain.exchange.contacting import NotPassedOn
from timebank.domain.exchange.contacting import OffTheBoard
from timebank.domain.exchange.contacting import SayWhat
from timebank.domain.exchange.contacting import Side
from timebank.domain.exchange.contacting import TooMuchMail
from timebank.domain.exchange.contacting import YourOwn
from timebank.domain.exchange.talks import Complaint
from timebank.domain.exchange.talks import Line
from timebank.models import Membership
from timebank.models import Message
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Post
from timebank.models import Report
from timebank.models import Ring
from timebank.models import Standing

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
WROTE = NoticeKind.NEIGHBOUR_WROTE


@pytest.fixture
def walk(session: Session) -> Walk:
    return builders.a_walk(session)


@pytest.fixture
def ask(session: Session, walk: Walk) -> Post:
    return a_post(session, walk.bela)


@pytest.fixture
def edith(session: Session, walk: Walk) -> Membership:
    """A neighbour without e-mail."""
    edith = builders.a_member(session, walk.community, "Edith Marlow", None)
    session.commit()
    return edith


def answer(
    session: Session, post: Post, by: Membership, words: str = "I can come.", *,
    wants_a_ring: bool = False, intent: uuid.UUID | None = None, now: dt.datetime = NOW,
) -> Side:  # fmt: skip
    side = contacting.answer_post(
        session, post=post, by=by, words=words, wants_a_ring=wants_a_ring, intent=intent, now=now
    )
    session.commit()
    return side


def say(session: Session, side: Side, words: str, **more: object) -> Message:
    more = {"written_by": side.membership_id, "intent": None, "now": NOW, **more}
    said = contacting.say(session, side=side, words=words, **more)
    session.commit()
    return said


def count(session: Session, kind: type) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(kind))


class TestWriting:
    def test_a_message_goes_out_by_mail_without_any_address(
        self, session: Session, walk: Walk, ask: Post
    ) -> None:
        answer(session, ask, walk.sam, "I can come on Friday.\nShall I bring shears?")
        words = mail(session, WROTE, walk.bela)
        assert words.subject == "Sam T wrote to you: Cutting back a hedge"
        assert "> I can come on Friday.\n> Shall I bring shears?" in words.text
        for part in (words.subject, words.text, words.html):
            for secret in ("sam@example.com", "bela@example.com", "Tran", "Novak"):
                assert secret not in part

    def test_both_sides_read_the_same_conversation(
        self, session: Session, walk: Walk, ask: Post
    ) -> None:
        side = answer(session, ask, walk.sam)
        say(session, side.opposite, "Friday would be lovely.")
        ours = talks.read_talk(session, side=side)
        theirs = talks.read_talk(session, side=side.opposite)
        assert (ours.name, theirs.name) == ("Bela N", "Sam T")
        assert ours.lines == [
            Line(is_own=True, words="I can come.", written_at=NOW),
            Line(is_own=False, words="Friday would be lovely.", written_at=NOW),
        ]
        assert [line.is_own for line in theirs.lines] == [False, True]
        mine = talks.read_talks(session, membership_id=walk.sam.id)
        assert [(one.name, one.last_words, one.is_last_own) for one in mine] == [
            ("Bela N", "Friday would be lovely.", False)
        ]
        assert mail(session, WROTE, walk.sam).subject.startswith("Bela N wrote to you")

    def test_a_second_answer_goes_on_with_the_first(
        self, session: Session, walk: Walk, ask: Post
    ) -> None:
        first = answer(session, ask, walk.sam)
        assert answer(session, ask, walk.sam, "And on Monday too.").talk is first.talk
        assert contacting.talk_of(session, post=ask, membership_id=walk.sam.id) == first.talk.id
        assert contacting.talk_of(session, post=ask, membership_id=walk.nadia.id) is None

    def test_the_same_page_says_it_once(self, session: Session, walk: Walk, ask: Post) -> None:
        page = uuid.uuid4()
        for _ in range(2):
            answer(session, ask, walk.sam, intent=page)
        assert (count(session, Message), count(session, Notice)) == (1, 1)
        answer(session, ask, walk.sam, "Something else.", intent=page)
        assert count(session, Message) == 2

    def test_not_to_oneself_nor_to_strangers(
        self, session: Session, walk: Walk, ask: Post
    ) -> None:
        chi = builders.an_elsewhere(session).chi
        with pytest.raises(YourOwn):
            answer(session, ask, walk.bela)
        with pytest.raises(NotFound):
            answer(session, ask, chi)
        for neighbour, refusal in ((walk.bela, YourOwn), (chi, NotFound)):
            with pytest.raises(refusal):
                contacting.ask_neighbour(
                    session, post=ask, neighbour=neighbour, by=walk.bela, words="Could you?",
                    intent=None, now=NOW,
                )  # fmt: skip

    def test_not_about_what_came_down_but_a_conversation_goes_on(
        self, session: Session, walk: Walk, ask: Post
    ) -> None:
        side = answer(session, ask, walk.sam)
        posting.take_down(session, post=ask, by=walk.bela, now=NOW)
        session.commit()
        with pytest.raises(OffTheBoard):
            answer(session, ask, walk.nadia)
        say(session, side, "Pity!")

    @pytest.mark.parametrize("words", ["", "x" * 1001])
    def test_not_nothing_and_not_a_novel(
        self, session: Session, walk: Walk, ask: Post, words: str
    ) -> None:
        with pytest.raises(SayWhat):
            answer(session, ask, walk.sam, words)

    def test_twenty_a_day(self, session: Session, walk: Walk, ask: Post) -> None:
        side = answer(session, ask, walk.sam)
        for number in range(19):
            say(session, side, f"Message {number}")
        with pytest.raises(TooMuchMail):
            say(session, side, "One more")
        session.rollback()
        say(session, side.opposite, "Do stop.")
        say(session, side, "Good morning!", now=NOW + dt.timedelta(days=1))

    def test_a_coordinator_on_the_telephone_may_go_on(
        self, session: Session, walk: Walk, ask: Post
    ) -> None:
        side = answer(session, ask, walk.ama)
        for number in range(25):
            say(session, side, f"Message {number}")
        assert count(session, Message) == 26


class TestUnwanted:
    @pytest.mark.parametrize("by_owner", [True, False])
    def test_nothing_goes_either_way_after_a_block(
        self, session: Session, walk: Walk, ask: Post, *, by_owner: bool
    ) -> None:
        side = answer(session, ask, walk.sam)
        blocker = side.opposite if by_owner else side
        for _ in range(2):
            contacting.block(session, side=blocker)
        session.commit()
        for one in (side, side.opposite):
            with pytest.raises(NotPassedOn):
                say(session, one, "Hello?")
            session.rollback()
        with pytest.raises(NotPassedOn):
            answer(session, a_post(session, walk.bela, "Another hedge"), walk.sam)
        session.rollback()
        assert mail(session, WROTE, walk.bela) is None  # what still waited is dropped
        assert [talks.read_talk(session, side=one).has_blocked for one in (blocker, side)] == [
            True, not by_owner,
        ]  # fmt: skip

    def test_unblocked_it_goes_on(self, session: Session, walk: Walk, ask: Post) -> None:
        side = answer(session, ask, walk.sam)
        contacting.block(session, side=side)
        contacting.unblock(session, side=side.opposite, now=NOW)  # it is not theirs to end
        with pytest.raises(NotPassedOn):
            say(session, side, "Hello?")
        session.rollback()
        contacting.unblock(session, side=side, now=NOW)
        say(session, side, "Hello again.")

    def test_nothing_goes_to_who_has_left(self, session: Session, walk: Walk, ask: Post) -> None:
        side = answer(session, ask, walk.sam)
        walk.bela.standing, walk.bela.left_at = Standing.LEFT, NOW
        session.commit()
        with pytest.raises(NotPassedOn):
            say(session, side, "Hello?")
        with pytest.raises(NotFound):
            contacting.side_of_link(
                session, community_id=walk.community.id, talk_id=side.talk.id, is_owner=True
            )

    def test_a_report_shows_the_coordinators_what_was_written(
        self, session: Session, walk: Walk, ask: Post
    ) -> None:
        side = answer(session, ask, walk.sam)
        for _tap in range(2):
            contacting.report(session, side=side.opposite, words="He wants money.")
            session.commit()
        report = session.scalars(sa.select(Report)).one()
        here = {"community_id": walk.community.id}
        assert talks.read_complaints(session, **here) == [
            Complaint(
                report_id=report.id, since=report.created_at, by="Bela N", about="Sam T",
                title=ask.title, words="He wants money.", lines=[("Sam T", "I can come.")],
            )
        ]  # fmt: skip
        for _ in range(2):
            ringing.settle(session, **here, report_id=report.id, by=walk.ama, now=NOW)
        session.commit()
        assert (report.settled_at, report.settled_by) == (NOW, walk.ama.id)
        assert talks.read_complaints(session, **here) == []

    def test_more_that_is_not_right_reaches_the_coordinators_too(
        self, session: Session, walk: Walk, ask: Post
    ) -> None:
        side = answer(session, ask, walk.sam).opposite
        here = {"community_id": walk.community.id}
        said = ["He wants money.", *(f"He asked again: {time}" for time in range(2, 11))]
        for words in said:
            contacting.report(session, side=side, words=words)
        assert [one.words for one in talks.read_complaints(session, **here)] == said
        with pytest.raises(contacting.ToldEnough):
            contacting.report(session, side=side, words="And again")
        contacting.report(session, side=side.opposite, words="I don’t")  # the other has a say too
        first = talks.read_complaints(session, **here)[0].report_id
        ringing.settle(session, **here, report_id=first, by=walk.ama, now=NOW)
        session.flush()
        contacting.report(session, side=side, words="And again")
        waiting = [one.words for one in talks.read_complaints(session, **here)]
        assert waiting == [*said[1:], "I don’t", "And again"]

    def test_a_third_person_finds_no_conversation(
        self, session: Session, walk: Walk, ask: Post
    ) -> None:
        talk_id = answer(session, ask, walk.sam).talk.id
        chi = builders.an_elsewhere(session).chi
        for stranger in (walk.nadia, walk.ama, chi):
            with pytest.raises(NotFound):
                contacting.find_side(session, talk_id=talk_id, membership_id=stranger.id)
        for community_id, number in ((chi.community_id, talk_id), (walk.community.id, 0)):
            with pytest.raises(NotFound):
                contacting.side_of_link(
                    session, community_id=community_id, talk_id=number, is_owner=True
                )


class TestRinging:
    def test_who_has_no_e_mail_is_rung_and_answers_through_a_coordinator(
        self, session: Session, walk: Walk, edith: Membership
    ) -> None:
        lift = a_post(session, edith, "A lift to the doctor", by=walk.ama)
        side = answer(session, lift, walk.sam, "I have a car.")
        say(session, side, "And time on Friday.")
        assert count(session, Notice) == 0
        here = {"community_id": walk.community.id}
        (waiting,) = talks.read_waiting(session, **here)
        assert (waiting.name, waiting.other, waiting.last_words, waiting.phone) == (
            "Edith Marlow", "Sam T", "And time on Friday.", None,
        )  # fmt: skip
        assert ringing.count_waiting(session, **here) == 1
        page = uuid.uuid4()
        for _ in range(2):
            ringing.rung(
                session, **here, ring_id=waiting.ring_id, by=walk.ama, words="Friday at ten?",
                intent=page, now=NOW,
            )  # fmt: skip
        session.commit()
        assert talks.read_waiting(session, **here) == []
        last = talks.read_talk(session, side=side).lines[-1]
        assert (last.is_own, last.words) == (False, "Friday at ten?")
        assert mail(session, WROTE, walk.sam).subject == (
            "Edith M wrote to you: A lift to the doctor"
        )
        ring = session.scalars(sa.select(Ring)).one()
        assert (ring.rung_at, ring.rung_by) == (NOW, walk.ama.id)
        ringing.rung(  # a second coordinator rang as well, and heard more
            session, **here, ring_id=waiting.ring_id, by=walk.ama, words="Or at eleven",
            intent=uuid.uuid4(), now=NOW,
        )  # fmt: skip
        assert talks.read_talk(session, side=side).lines[-1].words == "Or at eleven"

    def test_who_would_rather_talk_is_rung_too(
        self, session: Session, walk: Walk, ask: Post
    ) -> None:
        side = answer(session, ask, walk.sam, wants_a_ring=True)
        contacting.ask_for_a_ring(session, side=side)
        (waiting,) = talks.read_waiting(session, community_id=walk.community.id)
        assert (waiting.name, waiting.other) == ("Sam Tran", "Bela N")

    def test_rung_and_nothing_to_pass_on(
        self, session: Session, walk: Walk, edith: Membership
    ) -> None:
        answer(session, a_post(session, edith, by=walk.ama), walk.sam)
        ring = session.scalars(sa.select(Ring)).one()
        here = {"community_id": walk.community.id, "by": walk.ama, "intent": None, "now": NOW}
        ringing.rung(session, **here, ring_id=ring.id, words="")
        assert (count(session, Message), ring.rung_by) == (1, walk.ama.id)

    def test_another_community_s_coordinator_rings_nobody_here(
        self, session: Session, walk: Walk, edith: Membership
    ) -> None:
        answer(session, a_post(session, edith, by=walk.ama), walk.sam)
        chi = builders.an_elsewhere(session).chi
        ring = session.scalars(sa.select(Ring)).one()
        there = {"community_id": chi.community_id, "by": chi, "now": NOW}
        with pytest.raises(NotFound):
            ringing.rung(session, **there, ring_id=ring.id, words="Hm", intent=None)
        with pytest.raises(NotFound):
            ringing.settle(session, **there, report_id=0)
        assert talks.read_waiting(session, community_id=chi.community_id) == []


def test_asking_a_neighbour_about_one_s_own_ask(session: Session, walk: Walk, ask: Post) -> None:
    side = contacting.ask_neighbour(
        session, post=ask, neighbour=walk.sam, by=walk.bela, words="Could you?", intent=None,
        now=NOW,
    )  # fmt: skip
    session.commit()
    assert side.membership_id == walk.bela.id
    assert mail(session, WROTE, walk.sam).subject == "Bela N wrote to you: Cutting back a hedge"
    (asked,) = talks.read_answers(session, post=ask)
    assert (asked.name, asked.was_asked) == ("Sam T", True)
