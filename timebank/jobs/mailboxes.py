"""Read a mailbox of ours to its end: once each message, however often somebody dies at it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy.exc import InterfaceError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from timebank.adapters import dropped_mail
from timebank.adapters import imap
from timebank.adapters.dropped_mail import Folder
from timebank.adapters.imap import Mailbox
from timebank.core.mime import LARGEST_MAIL
from timebank.jobs.tools import Tools

log = logging.getLogger(__name__)

Take = Callable[[Session, bytes], object]


def read_all(mine: Tools, url: str, take: Take, *, called: str) -> int:
    """Take in every unread message, for some seconds or until none is left -> how many.

    A message is marked as read after what it said is noted: whoever dies in between reads it
    again, which changes nothing.

    Args:
        mine: The tools of this process.
        url: The mailbox; empty: there is none.
        take: Notes what a message says; safe to do twice.
        called: What the mailbox is called in the log.
    """
    if not url:
        return 0
    try:
        with _opened(url, mine.pace.smtp_seconds) as mailbox:
            return _take_all(mine, mailbox, take)
    except imap.MailboxError as error:
        log.warning("The mailbox of %s could not be read: %s", called, error)
        return 0


def _opened(url: str, seconds: float) -> AbstractContextManager[Mailbox | Folder]:
    if url.startswith("maildir:"):
        return dropped_mail.opened(url)
    return imap.opened(url, timeout_seconds=seconds)


def _take_all(mine: Tools, mailbox: Mailbox | Folder, take: Take) -> int:
    ends = time.monotonic() + mine.pace.drain.total_seconds()
    taken = 0
    for number in mailbox.unread():
        if mine.stopping or time.monotonic() > ends:
            break
        raw = mailbox.read(number, most_bytes=LARGEST_MAIL + 1)
        if _is_taken(mine, take, raw):
            mailbox.mark_read(number)
            taken += 1
    return taken


def _is_taken(mine: Tools, take: Take, raw: bytes) -> bool:
    """Take one message in; one that we cannot read stays unread, and stops no other."""
    try:
        with mine.session() as session:
            take(session, raw)
    except (OperationalError, InterfaceError):
        raise  # the database is away: that is not the message's fault
    except Exception as error:  # noqa: BLE001 - strangers send whatever they like
        log.warning("A message could not be taken in: %s", type(error).__name__)
        return False
    return True
