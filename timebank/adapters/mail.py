"""Hand a message to the mail server, or file it in a folder, and say what became of it.

Every answer of a mail server falls into one of six fates, and which one decides whether the
message may be tried again: only what was certainly not taken is. Between the envelope and the
message itself the caller passes its fence (`hand_over`); from there on a lost connection means
that nobody knows.
"""

from __future__ import annotations

import mailbox
import re
import smtplib
import ssl
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote
from urllib.parse import urlsplit

from timebank.adapters.channels import Carrier
from timebank.adapters.channels import Fate
from timebank.adapters.channels import Outcome
from timebank.adapters.channels import Step
from timebank.adapters.mail_headers import POLICY
from timebank.adapters.mail_headers import set_whole
from timebank.adapters.mail_writing import Mail
from timebank.adapters.mail_writing import fill
from timebank.core.settings import is_loopback

TIMEOUT_SECONDS = 20.0
PORTS = {"smtp": 25, "smtps": 465}
OK = 250
OK_CODES = frozenset({250, 251})
CLOSING = 421
TEMPORARY = range(400, 500)
PERMANENT = range(500, 600)

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*"
)
_ENHANCED_CODE = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}\b")


class NotOneRecipient(ValueError):
    """A message goes to exactly one plain address."""


class Postbox(Carrier[EmailMessage], Protocol):
    """Somewhere to put messages."""

    def deliver(
        self, message: EmailMessage, /, *, hand_over: Callable[[], bool], bounces_to: str = ""
    ) -> Outcome:
        """Deliver one message; asks `hand_over` right before it lets go of it.

        Args:
            message: What to deliver, to whom it says.
            hand_over: The caller's fence.
            bounces_to: Where it returns to when it cannot be delivered; its own sender, if empty.
        """

    def close(self) -> None:
        """Let go of the server."""


def open_postbox(
    smtp_url: str, *, hello: str, timeout_seconds: float = TIMEOUT_SECONDS
) -> Postbox:
    """Choose the postbox that the operator's SMTP_URL names; nothing is connected yet.

    Args:
        hello: The host name we introduce ourselves with.
    """
    if urlsplit(smtp_url).scheme == "maildir":
        return FolderPostbox(mail_folder(smtp_url))
    return SmtpPostbox(smtp_url, hello=hello, timeout_seconds=timeout_seconds)


def mail_folder(smtp_url: str) -> Path:
    """Tell which folder a `maildir:///folder` address names."""
    return Path(unquote(urlsplit(smtp_url).path))


def write_message(
    *,
    sender_name: str,
    sender: str,
    recipient: str,
    subject: str,
    text: str,
    html: str,
    message_id: str,
    date: str,
) -> EmailMessage:
    """Write a message, the text part first.

    Args:
        sender_name: What people see; put into the header only after quoting.
        message_id: Without the angle brackets; the same for every try.
        date: As RFC 5322 writes it.

    Raises:
        NotOneRecipient: When `recipient` is anything but one plain address.
        ValueError: When a header holds a line end.
    """
    if not _ADDRESS.fullmatch(recipient):
        raise NotOneRecipient
    message = Mail(policy=POLICY)
    message["From"] = _from_header(sender_name, sender)
    set_whole(message, "To", recipient)
    message["Subject"] = subject
    message["Date"] = date
    set_whole(message, "Message-ID", f"<{message_id}>")
    message["Auto-Submitted"] = "auto-generated"
    fill(message, text=text, html=html)
    return message


def add_calendars(message: EmailMessage, calendars: Sequence[bytes], *, method: str) -> None:
    """Put calendars into a message: the first as a part of it, and each as a file besides.

    The part is what mail programs show with the message, the file what the others open. Method and
    charset stand in the MIME type, too: without them it is a file like any other.

    Args:
        calendars: UTF-8, lines ended by CRLF; one UID each.
        method: REQUEST or CANCEL.

    Source: RFC 6047 2.4.
    """
    of_part = {"method": method, "charset": "utf-8", "component": "VEVENT"}
    message.add_alternative(
        calendars[0], maintype="text", subtype="calendar", cte="base64", params=of_part
    )
    for number, calendar in enumerate(calendars, 1):
        message.add_attachment(
            calendar,
            maintype="application",
            subtype="ics",
            filename="turn.ics" if number == 1 else f"turn-{number}.ics",
            params={"method": method, "charset": "utf-8"},
        )


def _from_header(name: str, address: str) -> str:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


class FolderPostbox:
    """Files each message in a Maildir, for trying things out: it is read at /demo/mail."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(
        self, message: EmailMessage, /, *, hand_over: Callable[[], bool], bounces_to: str = ""
    ) -> Outcome:
        """File the message; a file appears whole or not at all."""
        envelope = f"Return-Path: <{bounces_to or _sender_of(message)}>\r\n"
        content = envelope.encode() + message.as_bytes()
        step = Step.SERVER
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            box = mailbox.Maildir(self._folder, create=True)
            if not hand_over():
                return Outcome(Fate.STOPPED)
            step = Step.CONTENT
            box.add(content)
        except OSError as error:
            return Outcome(Fate.AWAY, _reason(error), step)
        return Outcome(Fate.SENT)

    def close(self) -> None:
        """Nothing to let go of."""


class SmtpPostbox:
    """Speaks to the operator's mail server, on one connection for as long as it works."""

    def __init__(
        self, smtp_url: str, *, hello: str, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._parts = urlsplit(smtp_url)
        self._hello = hello
        self._timeout = timeout_seconds
        self._server: smtplib.SMTP | None = None

    def deliver(
        self, message: EmailMessage, /, *, hand_over: Callable[[], bool], bounces_to: str = ""
    ) -> Outcome:
        """Give the message to the server."""
        content = message.as_bytes()
        step = Step.SERVER
        try:
            server, refusal = self._offer_from(bounces_to or _sender_of(message))
            if refusal is None:
                step = Step.RECIPIENT
                refusal = self._offer_to(server, str(message["To"]))
            passed = refusal is None and hand_over()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(Fate.AWAY, _reason(error), step)
        except BaseException:
            self.close()  # the envelope is still open: nobody may put another message into it
            raise
        if refusal:
            self._start_over(server)
            return refusal
        if not passed:
            self._start_over(server)
            return Outcome(Fate.STOPPED)
        return self._let_go(server, content)

    def close(self) -> None:
        """Say good-bye, or just leave."""
        server, self._server = self._server, None
        if server:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        host = self._parts.hostname or ""
        port = self._parts.port or PORTS[self._parts.scheme]
        tls = ssl.create_default_context()
        server: smtplib.SMTP
        if self._parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, port, self._hello, timeout=self._timeout, context=tls)
        else:
            server = smtplib.SMTP(host, port, self._hello, timeout=self._timeout)
        try:
            self._introduce(server, tls)
        except BaseException:
            server.close()
            raise
        return server

    def _introduce(self, server: smtplib.SMTP, tls: ssl.SSLContext) -> None:
        """Say hello, go over to TLS when offered, log in when told to.

        A server on this machine is spoken to as it is: its certificate is seldom made out to
        "localhost", and nobody listens in between.
        """
        is_here = is_loopback(f"smtp://{self._parts.netloc}")
        server.ehlo_or_helo_if_needed()
        secure = self._parts.scheme == "smtps" or is_here
        if not secure and server.has_extn("starttls"):
            server.starttls(context=tls)
            server.ehlo()
            secure = True
        if self._parts.username:
            if not secure:
                raise smtplib.SMTPNotSupportedError("no TLS: the password stays here")
            server.login(unquote(self._parts.username), unquote(self._parts.password or ""))

    def _offer_from(self, sender: str) -> tuple[smtplib.SMTP, Outcome | None]:
        """Show who it is from -> to whom, and why nothing is wanted just now, or None.

        Servers close a connection after a while, or after so many messages: where the one we have
        is of no use any more, another is made.
        """
        if self._server:
            with suppress(OSError, smtplib.SMTPException):
                code, answer = self._server.mail(sender)
                if code != CLOSING:
                    return self._server, _refusal_of_sender(code, answer)
            self.close()
        self._server = self._connect()
        return self._server, _refusal_of_sender(*self._server.mail(sender))

    def _offer_to(self, server: smtplib.SMTP, recipient: str) -> Outcome | None:
        """Show whom it is for -> why it is not wanted, or None. Nothing has been handed over."""
        code, answer = server.rcpt(recipient)
        if code in OK_CODES:
            return None
        fate = Fate.NEVER if code in PERMANENT else Fate.LATER
        fate = Fate.AWAY if code == CLOSING else fate
        return Outcome(fate, _answer("RCPT", code, answer), Step.RECIPIENT)

    def _let_go(self, server: smtplib.SMTP, content: bytes) -> Outcome:
        """Send the message itself: only a clear answer tells what became of it."""
        try:
            code, answer = server.data(content)
        except smtplib.SMTPDataError as error:  # refused before the message was wanted
            code, answer = error.smtp_code, _bytes(error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Outcome(Fate.UNKNOWN, _reason(error), Step.CONTENT)
        if code == OK:
            return Outcome(Fate.SENT, step=Step.CONTENT)
        self._start_over(server)
        return Outcome(_fate_after_data(code), _answer("DATA", code, answer), Step.CONTENT)

    def _start_over(self, server: smtplib.SMTP) -> None:
        """Clear the envelope; a server that cannot is left."""
        try:
            code, _ = server.rset()
        except (OSError, smtplib.SMTPException):
            code = CLOSING
        if code != OK:
            self.close()


def _refusal_of_sender(code: int, answer: bytes) -> Outcome | None:
    return None if code == OK else Outcome(Fate.AWAY, _answer("MAIL", code, answer))


def _sender_of(message: EmailMessage) -> str:
    sender: str = message["From"].addresses[0].addr_spec
    return sender


def _fate_after_data(code: int) -> Fate:
    if code == CLOSING:
        return Fate.AWAY
    if code in PERMANENT:
        return Fate.NEVER
    return Fate.LATER if code in TEMPORARY else Fate.UNKNOWN


def _answer(step: str, code: int, answer: bytes) -> str:
    """Keep the codes of an answer and not its words: they often repeat the address."""
    found = _ENHANCED_CODE.search(answer)
    return f"{step}: {code} {found[0].decode()}" if found else f"{step}: {code}"


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(type(error).__name__, error.smtp_code, _bytes(error.smtp_error))
    number = getattr(error, "errno", None)
    return f"{type(error).__name__} {number}" if number else type(error).__name__


def _bytes(answer: bytes | str) -> bytes:
    return answer if isinstance(answer, bytes) else answer.encode("utf-8", "replace")
