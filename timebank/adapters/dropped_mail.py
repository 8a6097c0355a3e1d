"""Read a mailbox that is a folder of this machine: the mail server drops each message into it.

Only what nobody has read is read; it is marked as read afterwards and never deleted, as with a
mailbox elsewhere (`imap`).

Source: Maildir, https://cr.yp.to/proto/maildir.html: new/, cur/, and flags behind `:2,`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote
from urllib.parse import urlsplit

from timebank.adapters.imap import MailboxError

SEEN = "S"
FLAGS = ":2,"


@dataclass(frozen=True, slots=True)
class Folder:
    """An open mailbox; a message's number is its place in the folder."""

    _path: Path

    def unread(self) -> list[str]:
        """List the unread messages, the oldest first."""
        new = [file.name for file in (self._path / "new").iterdir()]
        looked_at = [
            file.name
            for file in (self._path / "cur").iterdir()
            if SEEN not in file.name.partition(FLAGS)[2]
        ]
        found = [(name, f"new/{name}") for name in new] + [
            (name, f"cur/{name}") for name in looked_at
        ]
        return [number for _name, number in sorted(found)]

    def read(self, number: str, *, most_bytes: int) -> bytes:
        """Read the first so many bytes of a message, and leave it unread."""
        with (self._path / number).open("rb") as file:
            return file.read(most_bytes)

    def mark_read(self, number: str) -> None:
        """Mark a message as read; whoever else did it meanwhile has done it."""
        name, _, flags = number.partition("/")[2].partition(FLAGS)
        marked = f"{name}{FLAGS}{''.join(sorted({*flags, SEEN}))}"
        with suppress(FileNotFoundError):
            (self._path / number).rename(self._path / "cur" / marked)


@contextmanager
def opened(url: str) -> Iterator[Folder]:
    """Open the folder that a `maildir:///folder` address names.

    Raises:
        MailboxError: It is no mailbox, or may not be read.
    """
    try:
        yield Folder(Path(unquote(urlsplit(url).path)))
    except OSError as error:
        raise MailboxError(type(error).__name__) from None
