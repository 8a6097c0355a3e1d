"""Mail from anybody, taken to pieces within narrow limits: what is larger or odder is not read."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

LARGEST_MAIL = 500_000  # bytes; with a signature's pictures a reply has a tenth of it
MOST_PARTS = 40
MOST_NESTED = 8
LONGEST_HEADER = 2_000
LARGEST_HEAD = 64_000
MOST_RECIPIENTS = 20

RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")

_MULTIPART = re.compile(rb"(?i)multipart/")
_MESSAGE = re.compile(rb"(?i)message/")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_HEADER = re.compile(rb"(?im)^content-[a-z-]+:[^\n]*(?:\n[ \t][^\n]*)*")


class TooMuch(ValueError):
    """A message that would take the parser long."""


def opened(raw: bytes) -> Message:
    """Take a message to pieces.

    Raises:
        TooMuch: It is too large, too deep, or its headers are too long.
    """
    too_much = (
        len(raw) > LARGEST_MAIL
        or raw.count(b"\n--") > 4 * MOST_PARTS
        or len(_MULTIPART.findall(raw)) > MOST_NESTED
        or len(_MESSAGE.findall(raw)) > MOST_NESTED
        or any(len(header) > LONGEST_HEADER for header in _HEADER.findall(raw))
    )
    if too_much:
        raise TooMuch
    return message_from_bytes(raw, policy=compat32)


def headers_of(raw: bytes) -> Message:
    """Read the headers of a message alone, as far as anybody would write them."""
    head = raw[:LARGEST_HEAD]
    ends = _END_OF_HEAD.search(head)
    return message_from_bytes(head[: ends.start()] if ends else head, policy=compat32)


def recipients_of(mime: Message) -> str:
    """Write down where a message was sent to, in one string and in lower case."""
    told = [str(line) for name in RECIPIENTS for line in mime.get_all(name, [])]
    return " ".join(line[:LONGEST_HEADER] for line in told[:MOST_RECIPIENTS]).lower()
