"""Headers: how they are written, how a message is answered or ended, and in which language."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import EmailPolicy
from functools import lru_cache
from typing import Any
from typing import Self

HEADERS_REMEMBERED = 256


class _Remembering(EmailPolicy):
    """Writes headers as the library does, and remembers them: most are the same in every message.

    The library reads a header anew, and builds a class for it, each time that it is set: half of
    what writing a message took.
    """

    def clone(self, **changes: Any) -> Self:  # noqa: ANN401 - the library's own
        """Give a policy with these changes; itself where that changes nothing."""
        is_same = all(getattr(self, name) == value for name, value in changes.items())
        return self if is_same else super().clone(**changes)

    def header_max_count(self, name: str) -> int | None:
        """Tell how often a header may stand in a message."""
        return _max_count(name)

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        """Read a header that is set."""
        if hasattr(value, "name"):  # it was read already
            return super().header_store_parse(name, value)
        return _parsed(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """Write a header in lines."""
        if self is not POLICY or isinstance(value, _Whole):
            return super().fold_binary(name, value)
        return _folded(name, value)


@lru_cache(maxsize=HEADERS_REMEMBERED)
def _max_count(name: str) -> int | None:
    return EmailPolicy.header_max_count(POLICY, name)


@lru_cache(maxsize=HEADERS_REMEMBERED)
def _parsed(name: str, value: str) -> tuple[str, str]:
    return EmailPolicy.header_store_parse(POLICY, name, value)


@lru_cache(maxsize=HEADERS_REMEMBERED, typed=True)
def _folded(name: str, value: str) -> bytes:
    return EmailPolicy.fold_binary(POLICY, name, value)


# Seven bits: a server that knows no 8BITMIME takes it too, and nothing is changed on the way.
POLICY = _Remembering(linesep="\r\n", cte_type="7bit")


class _Whole(str):
    """A header that is never folded and never encoded: mail programs read the address as it is.

    The library would write a long address as encoded words, which RFC 2047 5 allows no address. It
    would also read encoded words in one, and write to whoever they name.
    """

    __slots__ = ("name",)
    name: str

    def fold(self, *, policy: EmailPolicy) -> str:
        """Write the header on one line; RFC 5322 allows 998 characters."""
        return f"{self.name}: {self}{policy.linesep}"


def set_whole(message: EmailMessage, name: str, value: str) -> None:
    """Set a header that holds an address, which was checked: it is written as it is.

    Raises:
        ValueError: It could not stand in a header.
    """
    if not (value.isascii() and value.isprintable()):
        raise ValueError("no address for a header")
    header = _Whole(value)
    header.name = name
    message[name] = header


def add_way_out(message: EmailMessage, address: str) -> None:
    """Let a mail program offer to end such messages with one tap.

    Args:
        message: It goes out as often as the reader likes, so it has a way out.
        address: Of ours, https on a public site; a POST to it needs no sign-in.

    Raises:
        ValueError: The address could not stand in a header.

    Source: RFC 2369 3.2; RFC 8058 3.1.
    """
    set_whole(message, "List-Unsubscribe", _pointed(address))
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def add_reply_to(message: EmailMessage, address: str) -> None:
    """Say where the message is answered: an address of ours that stands for its reader's answer.

    Raises:
        ValueError: The address could not stand in a header.
    """
    set_whole(message, "Reply-To", _pointed(address))


def _pointed(address: str) -> str:
    if set(address) & set("<> "):
        raise ValueError("no address for a header")
    return f"<{address}>"


def name_language(message: EmailMessage, language: str) -> None:
    """Say in which language it is, for whoever reads it out. Source: RFC 3282."""
    message["Content-Language"] = language
