"""Handing messages over, to a real SMTP server that misbehaves on request."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from tests import mail_sink
from tests.mail_sink import Sink
from timebank.adapters import mail
from timebank.adapters import maildir
from timebank.adapters.channels import Fate
from timebank.adapters.channels import Outcome
from timebank.adapters.channels import Step
from timebank.core.emails import email_typed

HTML = "<p>See you on Saturday, by the boathouse</p>"


def a_message(
    recipient: str = "sam@example.com", subject: str = "You’re in", sender_name: str = "Bexley"
) -> EmailMessage:
    return mail.write_message(
        sender_name=sender_name,
        sender="noreply@goodturn.example",
        recipient=recipient,
        subject=subject,
        text="See you on Saturday – by the boathouse.\n.\nA dot alone.\n",
        html=HTML,
        message_id="0123@goodturn.example",
        date="Sat, 01 May 2027 08:00:00 +0000",
    )


def deliver(url: str, hand_over: Callable[[], bool] = lambda: True) -> Outcome:
    postbox = mail.open_postbox(url, hello="goodturn.example", timeout_seconds=1)
    try:
        return postbox.deliver(a_message(), hand_over=hand_over)
    finally:
        postbox.close()


def test_message_arrives_whole() -> None:
    with mail_sink.running(Sink()) as sink:
        outcome = deliver(sink.url)
    [arrived] = sink.messages
    assert outcome == Outcome(Fate.SENT, step=Step.CONTENT)
    assert sink.recipients == ["sam@example.com"]
    assert arrived["From"] == "Bexley <noreply@goodturn.example>"
    assert arrived["To"] == "sam@example.com"
    assert arrived["Subject"] == "You’re in"
    assert arrived["Message-ID"] == "<0123@goodturn.example>"
    assert arrived["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in arrived.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    parts = (part.get_content().replace("\r\n", "\n") for part in arrived.iter_parts())
    text, html = parts
    assert text == "See you on Saturday – by the boathouse.\n.\nA dot alone.\n"
    assert html == f"{HTML}\n"


@pytest.mark.parametrize(
    "typed",
    [
        "lee.o'brien+rota@example.com",
        "sam@bücher.example",
        f"{'a' * 64}@{'b' * 61}.{'c' * 61}.{'d' * 57}.example",  # 254 characters
    ],
)
def test_every_address_that_people_may_type_can_be_written_to(typed: str) -> None:
    address = email_typed(typed)
    assert address is not None
    with mail_sink.running(Sink()) as sink:
        postbox = mail.open_postbox(sink.url, hello="localhost")
        fate = postbox.deliver(a_message(address), hand_over=lambda: True).fate
        postbox.close()
    assert (fate, sink.recipients) == (Fate.SENT, [address])


def test_mail_returns_where_it_is_told_to_and_says_so_in_a_folder(tmp_path: Path) -> None:
    back = "back+17-aaaa@goodturn.example"
    sink = Sink()
    with mail_sink.running(sink):
        for url in (sink.url, f"maildir://{tmp_path}/mail"):
            postbox = mail.open_postbox(url, hello="localhost")
            postbox.deliver(a_message(), hand_over=lambda: True, bounces_to=back)
            postbox.close()
    assert sink.senders == [back]
    assert sink.messages[0]["From"] == "Bexley <noreply@goodturn.example>"
    [filed] = (tmp_path / "mail" / "new").iterdir()
    assert filed.read_bytes().startswith(f"Return-Path: <{back}>".encode())


def test_server_that_cuts_when_it_hears_whom_it_is_for_is_away_and_says_how_far_it_came() -> None:
    class Cutter(Sink):
        async def handle_RCPT(self, server: SMTP, *_: object) -> str:  # noqa: N802
            server.transport.abort()
            return "421 cut"

    with mail_sink.running(Cutter()) as sink:
        outcome = deliver(sink.url)
    assert (outcome.fate, outcome.step) == (Fate.AWAY, Step.RECIPIENT)


@pytest.mark.parametrize(
    "recipient",
    [
        "sam@example.com, chi@example.com",
        "sam@example.com,chi@example.com",
        "sam@example.com chi@example.com",
        "Sam <sam@example.com>",
        "sam@example.com\r\nBcc: chi@example.com",
        "sam@example.com\n",
        "sam",
        "",
        "sam@exämple.com",
    ],
)
def test_anything_but_one_plain_address_is_refused(recipient: str) -> None:
    with pytest.raises(mail.NotOneRecipient):
        a_message(recipient)


@pytest.mark.parametrize("evil", ["Hello\r\nBcc: chi@example.com", "Hello\nX: y", "Hello\rX: y"])
def test_line_end_in_a_subject_is_refused(evil: str) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        a_message(subject=evil)


@pytest.mark.parametrize(
    "evil", ['Bexley" <chi@example.com>, "x', "Bexley <chi@example.com>", 'a\\" <b@c.d> "', "a,b"]
)
def test_name_of_a_community_cannot_become_an_address(evil: str) -> None:
    [sender] = a_message(sender_name=evil)["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (evil, "noreply@goodturn.example")


def test_line_end_in_the_name_of_a_community_is_refused() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        a_message(sender_name="Bexley\r\nBcc: chi@example.com")


def test_closed_fence_keeps_the_message_back() -> None:
    with mail_sink.running(Sink()) as sink:
        outcome = deliver(sink.url, hand_over=lambda: False)
    assert outcome == Outcome(Fate.STOPPED)
    assert sink.messages == []


def test_fence_that_breaks_keeps_the_message_back() -> None:
    def broken() -> bool:
        raise LookupError

    with mail_sink.running(Sink()) as sink, pytest.raises(LookupError):
        deliver(sink.url, hand_over=broken)
    assert sink.messages == []


def test_no_server_at_all() -> None:
    outcome = deliver(f"smtp://127.0.0.1:{mail_sink.free_port()}")
    assert outcome.fate is Fate.AWAY
    assert outcome.why.startswith("ConnectionRefusedError")


def test_server_that_says_nothing() -> None:
    passed: list[bool] = []
    with mail_sink.hanging_port() as port:
        outcome = deliver(f"smtp://127.0.0.1:{port}", hand_over=lambda: not passed.append(True))
    assert outcome.fate is Fate.AWAY
    assert passed == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            "451 4.3.0 try later, sam@example.com",
            Outcome(Fate.LATER, "RCPT: 451 4.3.0", Step.RECIPIENT),
        ),
        (
            "550 5.1.1 <sam@example.com> unknown",
            Outcome(Fate.NEVER, "RCPT: 550 5.1.1", Step.RECIPIENT),
        ),
        ("421 4.7.0 too many", Outcome(Fate.AWAY, "RCPT: 421 4.7.0", Step.RECIPIENT)),
        ("550 who?", Outcome(Fate.NEVER, "RCPT: 550", Step.RECIPIENT)),
    ],
)
def test_recipient_refused(answer: str, expected: Outcome) -> None:
    passed: list[bool] = []
    with mail_sink.running(Sink(at_recipient=lambda _count, _address: answer)) as sink:
        outcome = deliver(sink.url, hand_over=lambda: not passed.append(True))
    assert outcome == expected
    assert passed == []
    assert sink.messages == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("452 4.2.2 full", Outcome(Fate.LATER, "DATA: 452 4.2.2", Step.CONTENT)),
        ("421 4.3.2 closing", Outcome(Fate.AWAY, "DATA: 421 4.3.2", Step.CONTENT)),
        ("554 5.7.1 spam", Outcome(Fate.NEVER, "DATA: 554 5.7.1", Step.CONTENT)),
        (mail_sink.CUT, Outcome(Fate.UNKNOWN, "SMTPServerDisconnected", Step.CONTENT)),
        (mail_sink.TAKEN_THEN_CUT, Outcome(Fate.UNKNOWN, "SMTPServerDisconnected", Step.CONTENT)),
    ],
)
def test_message_refused_or_answer_lost(answer: str, expected: Outcome) -> None:
    with mail_sink.running(Sink(at_data=lambda _count: answer)) as sink:
        assert deliver(sink.url) == expected


def test_server_that_falls_silent_after_the_message() -> None:
    with mail_sink.running(Sink(slow_seconds=3)) as sink:
        outcome = deliver(sink.url)
    assert outcome.fate is Fate.UNKNOWN


def test_one_connection_serves_many_messages_and_a_refused_one_between() -> None:
    answers = {2: "451 later", 3: "550 never"}
    sink = Sink(at_recipient=lambda count, _address: answers.get(count, mail_sink.OK))
    with mail_sink.running(sink):
        postbox = mail.open_postbox(sink.url, hello="localhost")
        fates = [postbox.deliver(a_message(), hand_over=lambda: True).fate for _ in range(5)]
        postbox.close()
    assert fates == [Fate.SENT, Fate.LATER, Fate.NEVER, Fate.SENT, Fate.SENT]
    assert sink.connections == 1
    assert len(sink.messages) == 3


def test_lost_connection_is_made_again_for_the_next_message() -> None:
    sink = Sink(at_data=lambda count: mail_sink.CUT if count == 1 else mail_sink.OK)
    with mail_sink.running(sink):
        postbox = mail.open_postbox(sink.url, hello="localhost")
        fates = [postbox.deliver(a_message(), hand_over=lambda: True).fate for _ in range(2)]
        postbox.close()
    assert fates == [Fate.UNKNOWN, Fate.SENT]
    assert sink.connections == 2


def test_password_is_not_sent_in_the_clear_to_another_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server's name is not a loopback address, though this test looks it up as one."""
    heard: list[bytes] = []
    monkeypatch.setattr(socket, "getaddrinfo", _everything_is_here)
    with _server_without_tls(heard) as port:
        outcome = deliver(f"smtp://ama:geheim@mail.example:{port}")
    assert outcome == Outcome(Fate.AWAY, "SMTPNotSupportedError")
    assert not any(line.upper().startswith(b"AUTH") for line in heard)


def _everything_is_here(
    _host: str, port: int, *_: object, **__: object
) -> list[tuple[object, object, int, str, tuple[str, int]]]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


class _server_without_tls:  # noqa: N801 - reads as a block
    """Offers AUTH and no STARTTLS."""

    def __init__(self, heard: list[bytes]) -> None:
        self._heard = heard
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> int:
        self._thread.start()
        port: int = self._listener.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        with client, client.makefile("rwb") as lines:
            for answer in (b"220 hi", b"250-hi\r\n250 AUTH PLAIN LOGIN"):
                lines.write(answer + b"\r\n")
                lines.flush()
                self._heard.append(lines.readline())


def test_folder_keeps_whole_messages_the_newest_first(tmp_path: Path) -> None:
    url = f"maildir://{tmp_path}/new%20folder/mail"
    folder = mail.mail_folder(url)
    assert maildir.newest_mail(folder) == []
    postbox = mail.open_postbox(url, hello="localhost")
    for subject in ("First", "Second"):
        message = a_message(subject=subject)
        assert postbox.deliver(message, hand_over=lambda: True) == Outcome(Fate.SENT)
    newest, oldest = maildir.newest_mail(folder)
    assert (newest.subject, oldest.subject) == ("Second", "First")
    assert newest.html == f"{HTML}\n"
    assert newest.text.startswith("See you on Saturday –")
    assert maildir.find_mail(folder, newest.key) == newest
    assert maildir.newest_mail(folder, most=1) == [newest]


@pytest.mark.parametrize("key", ["", "..", "../../etc/passwd", "1.M1P1Q1.nowhere"])
def test_folder_has_no_message_of_that_name(tmp_path: Path, key: str) -> None:
    postbox = mail.open_postbox(f"maildir://{tmp_path}/mail", hello="localhost")
    postbox.deliver(a_message(), hand_over=lambda: True)
    assert maildir.find_mail(tmp_path / "mail", key) is None
    assert maildir.find_mail(tmp_path / "none", key) is None


def test_folder_with_a_closed_fence_stays_empty(tmp_path: Path) -> None:
    url = f"maildir://{tmp_path}/mail"
    assert deliver(url, hand_over=lambda: False) == Outcome(Fate.STOPPED)
    assert maildir.newest_mail(tmp_path / "mail") == []


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert deliver(f"maildir://{tmp_path}/file/mail").fate is Fate.AWAY
