"""Read what people's calendars answered; off where the operator named no mailbox."""

from __future__ import annotations

import logging
import time

from timebank.adapters import imap
from timebank.adapters.imap import Mailbox
from timebank.core import clock
from timebank.domain.calendar import replies
from timebank.domain.calendar.replies import Desk
from timebank.jobs import tools
from timebank.jobs.tools import Tools

log = logging.getLogger(__name__)


def read_mailbox() -> None:
    """Take in every unread message, for some seconds or until none is left.

    A message is marked as read after what it said is noted: whoever dies in between reads it
    again, which changes nothing.
    """
    mine = tools.current()
    if not mine.settings.replies_url:
        return
    try:
        with imap.opened(
            mine.settings.replies_url, timeout_seconds=mine.pace.smtp_seconds
        ) as mailbox:
            _take_all(mine, mailbox)
    except imap.MailboxError as error:
        log.warning("The mailbox of replies could not be read: %s", error)


def forget_replies() -> None:
    """Forget which messages were read long ago."""
    with tools.current().session() as session:
        replies.forget(session, now=clock.now())


def desk_of(mine: Tools) -> Desk:
    """Say where replies arrive here."""
    settings = mine.settings
    return Desk(
        public_url=settings.public_url,
        secret_key=settings.secret_key,
        reply_address=settings.reply_address,
    )


def _take_all(mine: Tools, mailbox: Mailbox) -> None:
    ends = time.monotonic() + mine.pace.drain.total_seconds()
    for number in mailbox.unread():
        if mine.stopping or time.monotonic() > ends:
            return
        raw = mailbox.read(number, most_bytes=replies.LARGEST_MAIL + 1)
        with mine.session() as session:
            replies.take(session, raw=raw, desk=desk_of(mine), now=clock.now())
        mailbox.mark_read(number)
