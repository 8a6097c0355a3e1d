"""Replies from a real mailbox: dovecot over TLS, read by the job, twice and in between."""

from __future__ import annotations

import dataclasses
import mailbox
import tempfile
import uuid
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import answers as letters
from tests import builders
from tests import dovecot
from tests import mail_sink
from tests.builders import Walk
from tests.dovecot import Mailserver
from tests.invitations import REPLY_ADDRESS
from tests.invitations import Postman
from tests.invitations import answer
from tests.invitations import bound
from tests.invitations import first_of_may
from timebank.adapters import imap
from timebank.core import clock
from timebank.core.mime import LARGEST_MAIL
from timebank.core.settings import Settings
from timebank.domain import read_mail
from timebank.domain.messages import writing
from timebank.domain.messages.reach import Chosen
from timebank.domain.messages.writing import Words
from timebank.domain.rota import claiming
from timebank.jobs import mailboxes
from timebank.jobs import replies as job
from timebank.jobs import tools
from timebank.models import AnswerOutcome
from timebank.models import Audience
from timebank.models import CalendarReply
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import MailedAnswer
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import ReplyOutcome

DAY = first_of_may()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailserver]:
    # A short path that the server's own users may enter, for its sockets.
    with (
        tempfile.TemporaryDirectory(prefix="dovecot-", dir="/tmp") as folder,
        dovecot.running(Path(folder)) as server,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        yield server


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = builders.a_walk(session, day=DAY)
    session.commit()
    return walk


def reading(settings: Settings, url: str) -> Settings:
    return dataclasses.replace(settings, reply_address=REPLY_ADDRESS, replies_url=url)


def read(settings: Settings) -> None:
    with bound(settings):
        job.read_mailbox()


def outcomes(session: Session) -> list[ReplyOutcome]:
    session.rollback()
    return list(session.scalars(sa.select(CalendarReply.outcome).order_by(CalendarReply.id)))


def test_round_trip_a_no_comes_back_and_asks_once(
    session: Session, walk: Walk, server: Mailserver, settings: Settings
) -> None:
    settings = reading(settings, server.url)
    postman = Postman(settings)
    taken = claiming.claim_slot(
        session, slot_id=walk.marshal.id, membership_id=walk.bela.id, now=clock.now()
    )
    invitation = postman.brings_one(session)
    server.receive(answer(invitation, "TENTATIVE"))
    server.receive(answer(invitation))
    server.receive(b"Subject: hello\r\n\r\n" + b"x" * 2 * LARGEST_MAIL)
    read(settings)
    read(settings)
    assert outcomes(session) == ["no_change", "asked", "unreadable"]
    assert server.flags() == ["S", "S", "S"]
    question = postman.brings_one(session)
    assert question["Subject"] == "You said no in your calendar: shall we free your place?"
    assert session.get_one(Claim, taken.id).state is ClaimState.CONFIRMED

    server.receive(answer(invitation))  # their phone says it, too
    read(settings)
    assert outcomes(session)[3:] == ["asked"]
    assert postman.brings(session) == []


def test_whoever_dies_before_marking_it_reads_it_again_for_nothing(
    session: Session, walk: Walk, server: Mailserver, settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    settings = reading(settings, server.url)
    claiming.claim_slot(
        session, slot_id=walk.marshal.id, membership_id=walk.bela.id, now=clock.now()
    )
    server.receive(answer(Postman(settings).brings_one(session)))

    def die(_mailbox: imap.Mailbox, _number: str) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(imap.Mailbox, "mark_read", die)
        with pytest.raises(SystemExit):
            read(settings)
    assert server.flags() == [""]
    assert outcomes(session) == ["asked"]
    read(settings)
    assert server.flags() == ["S"]
    assert outcomes(session) == ["asked"]
    kinds = sa.select(sa.func.count()).where(Notice.kind == NoticeKind.SAID_NO)
    assert session.scalar(kinds) == 1


def test_certificate_that_nobody_vouches_for_is_not_trusted(
    server: Mailserver, settings: Settings, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.delenv("SSL_CERT_FILE")
    server.receive(b"Subject: hello\r\n\r\nhello\r\n")
    read(reading(settings, server.url))
    assert "could not be read: SSLCertVerificationError" in caplog.text
    assert server.flags() == [""]


@pytest.mark.parametrize(
    ("change", "why"),
    [(("words", "wrong"), "error"), (("/INBOX", "/Nowhere"), "there is no such folder")],
)
def test_mailbox_that_lets_nobody_in_is_said_and_nothing_else(
    server: Mailserver, settings: Settings, caplog: pytest.LogCaptureFixture,
    change: tuple[str, str], why: str,
) -> None:  # fmt: skip
    read(reading(settings, server.url.replace(*change)))
    assert f"The mailbox of replies could not be read: {why}" in caplog.text
    assert "signs" not in caplog.text


def test_mailbox_that_is_away_is_said(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    read(reading(settings, f"imaps://a:b@localhost:{mail_sink.free_port()}/INBOX"))
    assert "could not be read: ConnectionRefusedError" in caplog.text


def test_without_a_mailbox_the_job_does_nothing(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    read(settings)
    assert caplog.text == ""


def test_old_messages_are_forgotten(session: Session, walk: Walk, settings: Settings) -> None:
    long_ago = clock.now() - read_mail.KEPT_FOR
    for digest, read_at in ((b"a" * 32, long_ago), (b"b" * 32, clock.now())):
        session.add(CalendarReply(digest=digest, outcome=ReplyOutcome.WRONG, read_at=read_at))
        session.add(MailedAnswer(digest=digest, outcome="wrong", read_at=read_at))
    session.commit()
    with bound(settings):
        job.forget_replies()
    session.rollback()
    for record in (CalendarReply, MailedAnswer):
        assert session.scalars(sa.select(record.digest)).all() == [b"b" * 32]


class Box:
    """A mailbox that is a folder, as a mail server fills it."""

    def __init__(self, folder: Path) -> None:
        self._box = mailbox.Maildir(folder, create=True)
        self.url = f"maildir://{folder}"

    def receive(self, raw: bytes) -> None:
        self._box.add(raw)

    def flags(self) -> list[str]:
        return [message.get_flags() for message in self._box]


@pytest.fixture(params=["imap", "folder"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Mailserver | Box:
    if request.param == "folder":
        return Box(tmp_path / "replies")
    server: Mailserver = request.getfixturevalue("server")
    return server


@pytest.fixture
def written(session: Session, walk: Walk, settings: Settings, box: Mailserver | Box) -> Postman:
    """Nadia has written to Bela, who has a turn; the postman has yet to bring it."""
    builders.a_claim(session, walk.marshal, walk.bela)
    chosen = Chosen(
        community_id=walk.community.id, series_id=walk.series.id, event_id=walk.event.id,
        whom=Audience.DATE, role_id=None, by=walk.nadia.id,
    )  # fmt: skip
    said = Words("Another place", "We meet at the café this time.")
    writing.send(session, chosen=chosen, words=said, intent=uuid.uuid4(), now=clock.now())
    return Postman(reading(settings, box.url))


def of_answers(session: Session) -> list[AnswerOutcome]:
    session.rollback()
    return list(session.scalars(sa.select(MailedAnswer.outcome).order_by(MailedAnswer.id)))


def words_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_an_organiser_s_mail_is_answered_and_answered_back(
    session: Session, written: Postman, box: Mailserver | Box
) -> None:
    first = written.brings_one(session, in_ten_minutes=True)
    assert "Just answer this e-mail" in words_of(first)
    raw = letters.answer(first["Reply-To"], "May I bring my dog?", sender="home@example.net")
    away = {"Auto_Submitted": "auto-replied", "message_id": "<away@x>"}
    for one in (raw, letters.answer(first["Reply-To"], "Away.", **away), raw):
        box.receive(one)
    read(written.settings)
    assert box.flags() == ["S", "S", "S"]
    told = written.brings_one(session)
    assert (told["To"], told["Subject"]) == ("nadia@example.com", "Bela N answered: Another place")
    for address in ("home@example.net", "bela@example.com"):
        assert address not in told.as_string()

    box.receive(letters.answer(told["Reply-To"], "Please do!", message_id="<2@x>"))
    read(written.settings)
    read(written.settings)
    back = written.brings_one(session)
    assert (back["To"], back["Subject"]) == (
        "bela@example.com",
        "Nadia K wrote back: Another place",
    )
    assert "> Please do!" in words_of(back)
    assert "nadia@example.com" not in back.as_string()
    assert sorted(of_answers(session)) == ["automatic", "passed_on", "passed_on"]
    assert outcomes(session) == []  # no calendar was heard


def test_what_could_not_be_passed_on_comes_back_once_and_says_why(
    session: Session, written: Postman, box: Mailserver | Box
) -> None:
    first = written.brings_one(session, in_ten_minutes=True)
    for number in range(2):
        box.receive(letters.answer(first["Reply-To"], "x" * 1001, message_id=f"<{number}@x>"))
    read(written.settings)
    returned = written.brings_one(session)
    assert (returned["To"], returned["Reply-To"]) == ("bela@example.com", None)
    assert returned["Subject"] == "Your answer hasn’t gone out: Another place"
    assert "It’s longer than the 1,000 letters that we pass on." in words_of(returned)
    assert "/answer/" in words_of(returned)
    assert of_answers(session) == ["returned", "returned"]


def test_a_message_that_breaks_us_stays_unread_and_stops_no_other(
    session: Session, settings: Settings, box: Mailserver | Box, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("first", "second"):
        box.receive(f"Subject: {name}\r\n\r\n".encode())

    def take(_session: Session, raw: bytes) -> None:
        if b"first" in raw:
            raise LookupError

    with bound(reading(settings, box.url)):
        mine = tools.current()
        assert mailboxes.read_all(mine, mine.settings.replies_url, take, called="replies") == 1
    assert sorted(box.flags()) == ["", "S"]
    assert "A message could not be taken in: LookupError" in caplog.text


def test_a_folder_that_is_not_there_is_said(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read(reading(settings, f"maildir://{tmp_path}/nowhere"))
    assert "The mailbox of replies could not be read: FileNotFoundError" in caplog.text
