"""Read the mailbox that replies arrive in, over TLS and nothing else.

Only what is unread is read, and only so much of it; it is marked as read afterwards and never
deleted, so that a mailbox that was somebody's own by mistake loses nothing.

Source: RFC 9051, RFC 3501.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote
from urllib.parse import urlsplit

PORT = 993
INBOX = "INBOX"
OK = "OK"
SEEN = r"(\Seen)"


class MailboxError(Exception):
    """The mailbox could not be opened or read; the message holds no password and no address."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An open mailbox."""

    _server: imaplib.IMAP4

    def unread(self) -> list[str]:
        """List the unread messages by their numbers, the oldest first."""
        found = self._ask("SEARCH", "UNSEEN")
        numbers = found[0] if found and isinstance(found[0], bytes) else b""
        return numbers.decode("ascii", "replace").split()

    def read(self, number: str, *, most_bytes: int) -> bytes:
        """Read the first so many bytes of a message, and leave it unread."""
        found = self._ask("FETCH", number, f"(BODY.PEEK[]<0.{most_bytes}>)")
        return next((part[1] for part in found if isinstance(part, tuple)), b"")

    def mark_read(self, number: str) -> None:
        """Mark a message as read."""
        self._ask("STORE", number, "+FLAGS.SILENT", SEEN)

    def _ask(self, command: str, *arguments: str) -> list[bytes | tuple[bytes, bytes] | None]:
        answer, found = self._server.uid(command, *arguments)
        if answer != OK:
            raise MailboxError(f"{command} was answered {answer}")
        return found


@contextmanager
def opened(replies_url: str, *, timeout_seconds: float) -> Iterator[Mailbox]:
    """Open the mailbox that the operator's REPLIES_URL names, with a checked certificate.

    Raises:
        MailboxError: The server is away, does not let us in, or breaks off.
    """
    parts = urlsplit(replies_url)
    folder = unquote(parts.path.lstrip("/")) or INBOX
    server: imaplib.IMAP4 | None = None
    try:
        server = imaplib.IMAP4_SSL(
            parts.hostname or "",
            parts.port or PORT,
            ssl_context=ssl.create_default_context(),
            timeout=timeout_seconds,
        )
        server.login(unquote(parts.username or ""), unquote(parts.password or ""))
        if server.select(f'"{folder}"')[0] != OK:
            raise MailboxError("there is no such folder")
        yield Mailbox(server)
    except (OSError, imaplib.IMAP4.error) as error:  # its own words may repeat the name
        raise MailboxError(type(error).__name__) from None
    finally:
        if server is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                server.logout()
