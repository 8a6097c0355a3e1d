"""Write the bytes of a message: as the library does, in a fraction of the time."""

from __future__ import annotations

import binascii
from email import quoprimime
from email.message import EmailMessage
from email.policy import Policy
from functools import lru_cache
from typing import Any
from typing import cast

from timebank.adapters.mail_headers import POLICY

LINES_TRIED = 10  # by the library, before it decides how to encode them
LINES_REMEMBERED = 2_000

# "=_" stands in no quoted-printable and no base64 (RFC 2045 6.7), so that only typed words which
# leave as they are could hold it. It is the same in every message: its header is read once.
BOUNDARY = "=_the_same_in_words_and_in_html_="


class Mail(EmailMessage):
    """A message, or a part of one, that is written whole and not line by line."""

    def as_bytes(self, unixfrom: bool = False, policy: Policy[Any] | None = None) -> bytes:  # noqa: FBT001, FBT002 - the library's own
        """Write it; what is built otherwise than by us is left to the library."""
        if unixfrom or policy is not None or not _is_ours(self):
            return super().as_bytes(unixfrom, policy)
        return _written(self)


def fill(message: Mail, *, text: str, html: str) -> None:
    """Put its words into a message, as a text and as a page."""
    plain, page = _part(text, "plain"), _part(html, "html")
    if any(BOUNDARY in str(part.get_payload()) for part in (plain, page)):
        message.set_content(text)  # the library finds another boundary
        message.add_alternative(html, subtype="html")
        return
    del plain["MIME-Version"]
    message["MIME-Version"] = "1.0"
    message["Content-Type"] = f'multipart/alternative; boundary="{BOUNDARY}"'
    message.set_payload([plain, page])


def _part(words: str, subtype: str) -> Mail:
    """Make a part of some words; only the usual encoding of them is ours."""
    part = Mail(policy=POLICY)
    quoted = None if words.isascii() else _quoted(words)
    if quoted is None:
        part.set_content(words, subtype=subtype)
        return part
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part["MIME-Version"] = "1.0"
    part.set_payload(quoted)
    return part


def _quoted(words: str) -> str | None:
    """Write words as quoted-printable; None, where base64 were shorter by their first lines."""
    lines = words.encode().splitlines()
    quoted = [_quoted_line(line) for line in lines]
    begins = b"\r\n".join([*lines[:LINES_TRIED], b""])
    length = sum(len(line) + 1 for line in quoted[:LINES_TRIED])
    return "\n".join([*quoted, ""]) if length <= len(binascii.b2a_base64(begins)) else None


@lru_cache(maxsize=LINES_REMEMBERED)
def _quoted_line(line: bytes) -> str:
    """Write a line; most lines of a page are the same in every message."""
    return quoprimime.body_encode(line.decode("latin-1"), POLICY.max_line_length or 0)


def _is_ours(message: EmailMessage) -> bool:
    """Tell whether it is words, or words beside each other that can be told apart."""
    parts = list(message.iter_parts())
    is_told_apart = message.get_boundary() == BOUNDARY if parts else True
    return is_told_apart and not any(part.is_multipart() for part in parts)


def _written(message: EmailMessage) -> bytes:
    lines = [message.policy.fold_binary(name, value) for name, value in message.raw_items()]
    parts = [_written(cast("EmailMessage", part)) for part in message.iter_parts()]
    return b"".join([*lines, b"\r\n", _parted(parts) if parts else _words(message)])


def _words(message: EmailMessage) -> bytes:
    """Write what is ASCII already, and has plain line ends."""
    return str(message.get_payload()).encode("ascii").replace(b"\n", b"\r\n")


def _parted(parts: list[bytes]) -> bytes:
    between = f"\r\n--{BOUNDARY}\r\n".encode()
    return b"--%b\r\n%b\r\n--%b--\r\n" % (
        BOUNDARY.encode(),
        between.join(parts),
        BOUNDARY.encode(),
    )
