"""Answers by mail: whom they are from, what becomes of them, and what is never believed."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import uuid

import pytest
import sqlalchemy as sa

from tests import builders
from tests.answers import answer
from tests.conftest import SECRET
from timebank.core import clock
from timebank.domain import read_mail
from timebank.domain.messages import answering
from timebank.domain.messages import by_mail
from timebank.domain.messages import reading
from timebank.domain.messages import writing
from timebank.domain.messages.by_mail import Desk
from timebank.domain.messages.reach import Chosen
from timebank.domain.messages.writing import Words
from timebank.models import AnswerOutcome
from timebank.models import Audience
from timebank.models import GroupMessage
from timebank.models import MailedAnswer
from timebank.models import Membership
from timebank.models import MessageAnswer
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import Standing

DESK = Desk(secret_key=SECRET, reply_address="rota@goodturn.example")
WROTE, ANSWERED = NoticeKind.ORGANISER_WROTE, NoticeKind.MESSAGE_ANSWERED
RETURNED = NoticeKind.ANSWER_RETURNED
P, W, G = AnswerOutcome.PASSED_ON, AnswerOutcome.WRONG, AnswerOutcome.GONE


@pytest.fixture
def walk(session):
    return builders.a_walk(session, day=clock.now().date() + dt.timedelta(days=14))


@pytest.fixture
def message(session, walk):
    """Nadia has written to Bela and Sam, who have turns."""
    builders.a_claim(session, walk.marshal, walk.bela)
    builders.a_claim(session, walk.tail_walker, walk.sam)
    session.commit()
    chosen = Chosen(
        community_id=walk.community.id, series_id=walk.series.id, event_id=walk.event.id,
        whom=Audience.DATE, role_id=None, by=walk.nadia.id,
    )  # fmt: skip
    said = Words("Another place", "We meet at the café this time.")
    return writing.send(session, chosen=chosen, words=said, intent=uuid.uuid4(), now=clock.now())


def newest(session, kind, member):
    found = sa.select(Notice).where(Notice.kind == kind, Notice.person_id == member.person_id)
    return session.scalars(found.order_by(Notice.id.desc())).first()


def address_of(session, kind, member, email):
    notice = newest(session, kind, member)
    return DESK.answers_to(kind=kind, notice_id=notice.id, address=email)


def to_bela(session, walk):
    return address_of(session, WROTE, walk.bela, "bela@example.com")


def take(session, raw, desk=DESK):
    outcome = by_mail.take(session, raw=raw, desk=desk, now=clock.now())
    session.commit()
    return outcome


def said(session):
    """Each answer: whose, by an organiser, its words, whether files came."""
    session.expire_all()
    rows = session.scalars(sa.select(MessageAnswer).order_by(MessageAnswer.id))
    return [(one.membership_id, one.by_organiser, one.words, one.had_files) for one in rows]


def told(session, kind):
    session.expire_all()
    found = sa.select(Notice).where(Notice.kind == kind).order_by(Notice.id)
    return [(one.person_id, one.facts.get("why")) for one in session.scalars(found)]


def test_what_bela_answers_goes_to_nadia_without_any_address(session, walk, message):
    raw = answer(to_bela(session, walk), "May I bring my dog?")
    assert take(session, raw) is P
    assert said(session) == [(walk.bela.id, False, "May I bring my dog?", False)]
    assert told(session, ANSWERED) == [(walk.nadia.person_id, None)]
    [row] = session.scalars(sa.select(MailedAnswer)).all()
    assert row.outcome is P


def test_nadia_answers_back_by_mail_and_bela_again(session, walk, message):
    take(session, answer(to_bela(session, walk), "May I bring my dog?"))
    to = address_of(session, ANSWERED, walk.nadia, "nadia@example.com")
    assert take(session, answer(to, "Please do!", message_id="<2@x>")) is P
    back = address_of(session, ANSWERED, walk.bela, "bela@example.com")
    assert take(session, answer(back, "Lovely.", message_id="<3@x>")) is P
    assert [words for _who, _by, words, _files in said(session)] == [
        "May I bring my dog?",
        "Please do!",
        "Lovely.",
    ]
    assert [by for _who, by, _words, _files in said(session)] == [False, True, False]
    assert [person for person, _why in told(session, ANSWERED)] == [
        walk.nadia.person_id,
        walk.bela.person_id,
        walk.nadia.person_id,
    ]


def test_the_same_mail_again_is_one_answer_whichever_way_it_came(session, walk, message):
    to = to_bela(session, walk)
    raw = answer(to, "Yes.")
    twice = b"Received: from elsewhere\n" + raw
    for one in (raw, raw, twice):
        assert take(session, one) is P
    assert session.query(MailedAnswer).count() == 1
    assert take(session, answer(to, "Yes.", message_id="<replayed@x>")) is P
    assert len(said(session)) == 1
    assert len(told(session, ANSWERED)) == 1
    assert take(session, answer(to, "Yes, and tea.", message_id="<4@x>")) is P
    assert len(said(session)) == 2


def test_what_an_earlier_version_read_is_not_judged_again(session, walk, message):
    to = to_bela(session, walk)
    number, proof = re.fullmatch(r"rota\+m(\d+)-(.{32})@goodturn.example", to).groups()
    written = f"[({number}, '{proof}')] <1@example.net>"  # what is kept of it for ninety days
    digest = hashlib.sha256(written.encode()).digest()
    session.add(MailedAnswer(digest=digest, outcome=P, read_at=clock.now()))
    stop_organising(session, walk.nadia)  # so that it would be returned now
    assert take(session, answer(to, "Yes.")) is P
    assert (said(session), told(session, RETURNED)) == ([], [])


def test_a_forged_token_says_nothing(session, walk, message):
    to = to_bela(session, walk)
    number = newest(session, WROTE, walk.bela).id
    proof = to.partition("-")[2].partition("@")[0]
    sam = newest(session, WROTE, walk.sam).id
    forged = [
        f"rota+m{number}-{'a' * 32}@goodturn.example",
        f"rota+m{sam}-{proof}@goodturn.example",  # of another's mail
        f"rota+m999999999999999999-{proof}@goodturn.example",
    ]
    for at, one in enumerate(forged):
        assert take(session, answer(one, "It's me.", message_id=f"<{at}@x>")) is W
    assert said(session) == []
    assert told(session, RETURNED) == []


def test_a_mail_for_another_desk_is_none_of_ours(session, walk, message):
    number = newest(session, WROTE, walk.bela).id
    for to in (
        "rota@goodturn.example",
        f"rota+{number}-{'a' * 32}@goodturn.example",  # a calendar's
        to_bela(session, walk).replace("goodturn", "badturn"),
        to_bela(session, walk).replace("rota+", "back+"),
    ):
        assert take(session, answer(to, "Hello.")) is None
    assert take(session, b"") is None
    off = Desk(secret_key=SECRET, reply_address="")
    assert take(session, answer(to_bela(session, walk), "Hello."), off) is None
    assert off.answers_to(kind=WROTE, notice_id=number, address="bela@example.com") == ""
    assert DESK.answers_to(kind=NoticeKind.THANKED, notice_id=1, address="a@b.example") == ""
    assert session.query(MailedAnswer).count() == 0


def test_an_address_that_is_no_longer_theirs_does_not_speak_for_them(session, walk, message):
    elsewhere = DESK.answers_to(
        kind=WROTE, notice_id=newest(session, WROTE, walk.bela).id, address="old@example.com"
    )
    assert take(session, answer(elsewhere, "It's me.")) is W
    assert said(session) == []


@pytest.mark.parametrize(
    ("header", "value"),
    [("Auto_Submitted", "auto-replied"), ("Precedence", "bulk"), ("Return_Path", "<>")],
)
def test_what_programs_write_is_counted_and_answered_by_nobody(
    session, walk, message, header, value
):
    raw = answer(to_bela(session, walk), "I am away.", **{header: value})
    assert take(session, raw) is AnswerOutcome.AUTOMATIC
    assert (said(session), told(session, RETURNED), told(session, ANSWERED)) == ([], [], [])


@pytest.mark.parametrize(
    ("words", "why"), [("", "empty"), ("> only quoted", "empty"), ("x" * 1001, "long")]
)
def test_what_cannot_be_passed_on_is_said_to_its_writer_once(session, walk, message, words, why):
    to = to_bela(session, walk)
    for number in range(2):
        raw = answer(to, words, message_id=f"<{number}@x>")
        assert take(session, raw) is AnswerOutcome.RETURNED
    assert said(session) == []
    assert told(session, RETURNED) == [(walk.bela.person_id, why)]


def test_a_mail_too_deep_to_read_is_said_too(session, walk, message):
    head = f"To: {to_bela(session, walk)}\nContent-Type: multipart/x; boundary=b\n\n".encode()
    raw = head + b"--b\nContent-Type: multipart/x\n" * 30
    assert take(session, raw) is AnswerOutcome.UNREADABLE
    assert told(session, RETURNED) == [(walk.bela.person_id, "unreadable")]


def test_files_are_left_out_with_a_sentence(session, walk, message):
    head = f"To: {to_bela(session, walk)}\nContent-Type: multipart/mixed; boundary=b\n\n".encode()
    picture = b"--b\nContent-Type: image/jpeg; name=a.jpg\n\nx\n"
    words = b"--b\nContent-Type: text/plain\n\nLook!\n"
    assert take(session, head + words + picture + b"--b--") is P
    assert said(session) == [(walk.bela.id, False, "Look!", True)]
    [talk] = reading.answers_to(session, message_id=message.id)
    assert [line.had_files for line in talk.lines] == [True]
    assert take(session, b"Message-ID: <5@x>\n" + head + picture + b"--b--") is (
        AnswerOutcome.RETURNED
    )
    assert told(session, RETURNED) == [(walk.bela.person_id, "files")]


def test_twenty_a_day_are_enough(session, walk, message):
    to = to_bela(session, walk)
    for number in range(answering.MOST_A_DAY):
        assert take(session, answer(to, f"No. {number}", message_id=f"<{number}@x>")) is P
    assert take(session, answer(to, "One more", message_id="<x@x>")) is AnswerOutcome.RETURNED
    assert told(session, RETURNED) == [(walk.bela.person_id, "many")]


def test_whoever_has_left_says_nothing_any_more(session, walk, message):
    to = to_bela(session, walk)
    bela = session.get_one(Membership, walk.bela.id)
    bela.standing, bela.left_at = Standing.LEFT, clock.now()
    session.commit()
    assert take(session, answer(to, "I was there.")) is G
    assert (said(session), told(session, RETURNED)) == ([], [])


def test_a_message_whose_words_are_gone_is_not_answered(session, walk, message):
    to = to_bela(session, walk)
    one = session.get_one(GroupMessage, message.id)
    one.subject, one.words, one.erased_at = "", "", clock.now()
    session.commit()
    assert take(session, answer(to, "Yes.")) is G
    assert (said(session), told(session, RETURNED)) == ([], [])


def test_of_whom_we_know_no_address_any_more_nothing_is_believed(session, walk, message):
    to = to_bela(session, walk)
    session.execute(
        sa.text("UPDATE profile SET email = NULL WHERE person_id = :id"),
        {"id": walk.bela.person_id},
    )
    session.commit()
    assert take(session, answer(to, "Yes.")) is W
    assert said(session) == []


def stop_organising(session, member):
    session.execute(
        sa.text("DELETE FROM group_organiser WHERE membership_id = :id"), {"id": member.id}
    )
    session.commit()


def test_who_is_no_organiser_any_more_gets_no_answers_by_mail_or_page(session, walk, message):
    to = to_bela(session, walk)
    stop_organising(session, walk.nadia)
    assert take(session, answer(to, "Yes.")) is AnswerOutcome.RETURNED
    assert (said(session), told(session, ANSWERED)) == ([], [])
    assert told(session, RETURNED) == [(walk.bela.person_id, "refused")]
    with pytest.raises(answering.NotPassedOn):
        answering.answer(
            session, message=message, reader=walk.bela, words="Yes.", intent=uuid.uuid4(),
            now=clock.now(),
        )  # fmt: skip


def test_and_writes_back_to_nobody(session, walk, message):
    take(session, answer(to_bela(session, walk), "May I bring my dog?"))
    to = address_of(session, ANSWERED, walk.nadia, "nadia@example.com")
    stop_organising(session, walk.nadia)
    assert take(session, answer(to, "Please do!", message_id="<2@x>")) is AnswerOutcome.RETURNED
    assert len(said(session)) == 1


def test_old_ones_are_forgotten_and_the_rest_is_counted(session, walk, message):
    take(session, answer(to_bela(session, walk), "Yes."))
    long_ago = clock.now() - read_mail.KEPT_FOR
    session.add(MailedAnswer(digest=b"a" * 32, outcome=W, read_at=long_ago))
    session.flush()
    read_mail.forget(session, MailedAnswer, now=clock.now())
    counted = read_mail.counts(session, MailedAnswer, AnswerOutcome, now=clock.now())
    assert counted == {outcome: int(outcome is P) for outcome in AnswerOutcome}
