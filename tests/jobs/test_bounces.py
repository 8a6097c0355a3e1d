"""Bounces from a real mailbox: dovecot over TLS, read by the job, twice and in between."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import dovecot
from tests import mail_sink
from tests.bounces import BOUNCE_ADDRESS
from tests.bounces import report
from tests.dovecot import Mailserver
from tests.invitations import bound
from tests.jobs import conftest
from tests.mail_sink import Sink
from timebank.adapters import imap
from timebank.core import clock
from timebank.core.settings import Settings
from timebank.domain import read_mail
from timebank.domain import suppression
from timebank.domain.notices import bounces
from timebank.jobs import bounces as job
from timebank.jobs import notices
from timebank.models import Bounce


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailserver]:
    # A short path that the server's own users may enter, for its sockets.
    with (
        tempfile.TemporaryDirectory(prefix="dovecot-", dir="/tmp") as folder,
        dovecot.running(Path(folder)) as server,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        yield server


def outcomes(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(sa.select(Bounce.outcome).order_by(Bounce.id)))


def test_mail_leaves_with_a_sender_of_its_own_and_comes_back_there_once(
    session: Session, settings: Settings, server: Mailserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    [claim, _] = conftest.owe_reminders(session, 2)
    with mail_sink.running(Sink()) as sink:
        settings = dataclasses.replace(
            settings, smtp_url=sink.url, bounce_address=BOUNCE_ADDRESS, bounces_url=server.url
        )
        with bound(settings):
            notices.drain()
    senders = dict(zip(sink.recipients, sink.senders, strict=True))
    assert len(set(senders.values())) == 2
    assert all(sender.startswith("back+") for sender in senders.values())
    assert {str(message["From"]) for message in sink.messages} == {"Bexley <noreply@localhost>"}

    sender = senders["person1@example.com"]
    server.receive(report(sender, "person1@example.com"))
    server.receive(report(sender, "person2@example.com"))
    server.receive(b"Subject: I am away\r\n\r\nBack on Monday.\r\n")

    def die(_mailbox: imap.Mailbox, _number: str) -> None:
        raise SystemExit

    with bound(settings):
        with monkeypatch.context() as dying:
            dying.setattr(imap.Mailbox, "mark_read", die)
            with pytest.raises(SystemExit):
                job.read_mailbox()
        assert outcomes(session) == ["hard"]
        job.read_mailbox()
        job.read_mailbox()
    assert outcomes(session) == ["hard", "wrong", "unreadable"]
    assert server.flags() == ["S", "S", "S"]
    assert suppression.trouble_of(session, person_id=claim.person_id) is not None
    assert conftest.states(session) == {"failed": 1, "sent": 1}


def test_without_an_address_mail_returns_to_its_sender_and_nothing_is_read(
    session: Session, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    conftest.owe_reminders(session, 1)
    sink = Sink(port=mail_sink.free_port())
    with mail_sink.running(sink), bound(dataclasses.replace(settings, smtp_url=sink.url)):
        notices.drain()
        job.read_mailbox()
    assert sink.senders == ["noreply@localhost"]
    assert caplog.text == ""


def test_old_messages_are_forgotten(session: Session, settings: Settings) -> None:
    long_ago = clock.now() - read_mail.KEPT_FOR
    desk = bounces.Desk(secret_key="x", bounce_address=BOUNCE_ADDRESS)
    bounces.take(session, raw=b"old", desk=desk, now=long_ago)
    bounces.take(session, raw=b"new", desk=desk, now=clock.now())
    session.commit()
    with bound(settings):
        job.forget_bounces()
    assert outcomes(session) == ["unreadable"]
