"""Read the mail that was filed in a folder instead of being sent."""

from __future__ import annotations

import datetime as dt
import mailbox
from dataclasses import dataclass
from email import message_from_bytes
from email import policy
from email.message import EmailMessage
from pathlib import Path

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class FiledMail:
    """One message in the folder.

    Attributes:
        key: Names it in the folder.
        sent_at: When the message says it was written, if it says so.
        text, html: Its two parts; empty when it has none.
    """

    key: str
    subject: str
    sender: str
    recipient: str
    sent_at: dt.datetime | None
    text: str
    html: str


def newest_mail(folder: Path, *, most: int = MOST_SHOWN) -> list[FiledMail]:
    """Read the newest messages, the newest first; none when nothing was ever filed."""
    if not folder.is_dir():
        return []
    box = mailbox.Maildir(folder, create=False)
    keys = sorted(box.keys(), key=_filed_when, reverse=True)
    return [_read(box, key) for key in keys[:most]]


def find_mail(folder: Path, key: str) -> FiledMail | None:
    """Read one message, or None when the folder has none of that name."""
    if not folder.is_dir():
        return None
    box = mailbox.Maildir(folder, create=False)
    return _read(box, key) if key in list(box.keys()) else None


def _filed_when(key: str) -> tuple[float, str]:
    """Order by the name, which begins with the second and goes on with the microsecond.

    Source: mailbox.Maildir names its files "<second>.M<microsecond>P<process>Q<count>.<host>".
    """
    seconds, _, rest = key.partition(".")
    micro = rest.partition("P")[0].removeprefix("M")
    is_ours = seconds.isdigit() and micro.isdigit()
    return (int(seconds) + int(micro) / 1e6 if is_ours else 0.0, key)


def _read(box: mailbox.Maildir, key: str) -> FiledMail:
    message = message_from_bytes(box.get_bytes(key), policy=policy.default)
    return FiledMail(
        key=key,
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or ""),
        recipient=str(message["To"] or ""),
        sent_at=getattr(message["Date"], "datetime", None),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part else ""
