"""A real SMTP server for tests, that can be told to misbehave, in a process's own thread."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from email import message_from_bytes
from email import policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Envelope
from aiosmtpd.smtp import Session

OK = "250 OK"
CUT = "cut"
TAKEN_THEN_CUT = "taken, then cut"


@dataclass
class Sink:
    """Takes messages and remembers them.

    Attributes:
        at_recipient, at_data: Answer for the nth time somebody gets that far, counted from 1.
        slow_seconds: How long each message takes.
    """

    at_recipient: Callable[[int, str], str] = lambda _count, _address: OK
    at_data: Callable[[int], str] = lambda _count: OK
    slow_seconds: float = 0.0
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _recipients_asked: int = 0
    _data_asked: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def arrived(self) -> Counter[str]:
        """How often each Message-ID arrived."""
        return Counter(str(message["Message-ID"]) for message in self.messages)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        answers: list[str],
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return answers

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        self._recipients_asked += 1
        answer = self.at_recipient(self._recipients_asked, address)
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self._data_asked += 1
        await asyncio.sleep(self.slow_seconds)
        answer = self.at_data(self._data_asked)
        if answer in {OK, TAKEN_THEN_CUT}:
            self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
            self.recipients += envelope.rcpt_tos
            self.senders.append(envelope.mail_from or "")
        if answer in {CUT, TAKEN_THEN_CUT}:
            server.transport.abort()
            return "421 cut"
        return answer


@contextmanager
def running(sink: Sink) -> Iterator[Sink]:
    """Serve for as long as the block lasts."""
    sink.port = sink.port or free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port, ready_timeout=10)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def hanging_port() -> Iterator[int]:
    """Accept connections and say nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def wait_until(what: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Look again and again; a test fails when it does not come true."""
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)
