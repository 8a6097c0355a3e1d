"""A notice right before it leaves: its words, the way it goes, and the mail that it becomes."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from dataclasses import replace
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from timebank.adapters.mail import add_calendars
from timebank.adapters.mail import write_message
from timebank.adapters.mail_headers import add_reply_to
from timebank.adapters.mail_headers import add_way_out
from timebank.adapters.mail_headers import name_language
from timebank.domain.calendar.invitations import Office
from timebank.domain.notices import wording
from timebank.domain.notices.delivery import Lease
from timebank.domain.notices.entries import Entries
from timebank.domain.notices.entries import entries_for
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.rendering import one_line
from timebank.domain.notices.wording import Wording
from timebank.jobs import carrying
from timebank.jobs import replies
from timebank.jobs.errands import Errand
from timebank.jobs.errands import Ready
from timebank.jobs.tools import Tools

ID_DIGITS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A notice in words that is about to leave.

    Attributes:
        entries: What it brings for its reader's calendar.
        reply_to: Where it is answered by mail; empty: it can't be.
        errand: How it goes by another way than mail; None: by mail.
        at: When it was worded.
    """

    letter: Letter
    words: Wording
    entries: Entries | None
    reply_to: str
    errand: Errand | None
    at: dt.datetime


def word(
    mine: Tools,
    session: Session,
    lease: Lease,
    *,
    letter: Letter,
    enclosed: Enclosed,
    now: dt.datetime,
) -> Leaving:
    """Put it into words for its way; what brings something for their calendar goes by mail."""
    entries = None
    if lease.takes_mail:
        entries = entries_for(
            session, letter, notice_id=lease.notice_id, office=_office(mine), now=now
        )
    settings, reply_to = mine.settings, replies.answers_to(mine, lease, letter)
    enclosed = replace(enclosed, reply_to=reply_to)
    words = wording.word(
        letter,
        public_url=settings.public_url,
        secret_key=settings.secret_key,
        now=now,
        enclosed=enclosed,
    )
    ready = Ready(lease=lease, letter=letter, enclosed=enclosed, words=words)
    errand = None if entries else carrying.pack(mine, session, ready, now=now)
    return Leaving(
        letter=letter, words=words, entries=entries, reply_to=reply_to, errand=errand, at=now
    )


def write(mine: Tools, leaving: Leaving) -> EmailMessage:
    """Write the mail.

    Raises:
        NotOneRecipient: Its address is anything but one plain address.
    """
    letter, words, entries = leaving.letter, leaving.words, leaving.entries
    message = write_message(
        sender_name=one_line(letter.community_name),
        sender=_sender(mine),
        recipient=letter.email or "",
        subject=words.subject,
        text=words.text,
        html=words.html,
        message_id=message_id(letter.dedupe_key, host_of(mine)),
        date=format_datetime(leaving.at),
    )
    name_language(message, words.language)
    if words.stop:
        add_way_out(message, words.stop)
    if leaving.reply_to:
        add_reply_to(message, leaving.reply_to)
    if entries:
        add_calendars(message, entries.calendars, method=entries.method.value.upper())
    return message


def host_of(mine: Tools) -> str:
    """The host name that our messages and their senders carry."""
    host = urlsplit(mine.settings.public_url).hostname or ""
    return host if any(letter.isalpha() for letter in host) and ":" not in host else "localhost"


def message_id(dedupe_key: str, host: str) -> str:
    """Name a message after its notice, so that every try carries the same name."""
    return f"{hashlib.sha256(dedupe_key.encode()).hexdigest()[:ID_DIGITS]}@{host}"


def _office(mine: Tools) -> Office:
    """Say whom the calendars in our mails are from."""
    return Office(
        public_url=mine.settings.public_url,
        secret_key=mine.settings.secret_key,
        sender=_sender(mine),
        reply_address=mine.settings.reply_address,
    )


def _sender(mine: Tools) -> str:
    return f"noreply@{host_of(mine)}"
