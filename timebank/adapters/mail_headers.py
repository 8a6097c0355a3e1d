"""Headers that say how a message can be ended, and in which language it is."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import EmailPolicy


class _Whole(str):
    """A header that is never folded and never encoded: mail programs read the address as it is.

    The library would write a long address as encoded words, which RFC 2047 5 allows no address.
    """

    __slots__ = ("name",)
    name: str

    def fold(self, *, policy: EmailPolicy) -> str:
        """Write the header on one line; RFC 5322 allows 998 characters."""
        return f"{self.name}: {self}{policy.linesep}"


def add_way_out(message: EmailMessage, address: str) -> None:
    """Let a mail program offer to end such messages with one tap.

    Args:
        message: It goes out as often as the reader likes, so it has a way out.
        address: Of ours, https on a public site; a POST to it needs no sign-in.

    Raises:
        ValueError: The address could not stand in a header.

    Source: RFC 2369 3.2; RFC 8058 3.1.
    """
    if not (address.isascii() and address.isprintable()) or set(address) & set("<> "):
        raise ValueError("no address for a header")
    header = _Whole(f"<{address}>")
    header.name = "List-Unsubscribe"
    message["List-Unsubscribe"] = header
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def name_language(message: EmailMessage, language: str) -> None:
    """Say in which language it is, for whoever reads it out. Source: RFC 3282."""
    message["Content-Language"] = language
