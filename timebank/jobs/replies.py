"""Read what comes to our address for replies: from people, and from their calendars.

Off where the operator named no mailbox; the mail server may hand messages over itself instead.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.core.settings import Settings
from timebank.domain import read_mail
from timebank.domain.calendar import replies
from timebank.domain.messages import by_mail
from timebank.domain.notices.delivery import Lease
from timebank.domain.notices.letters import Letter
from timebank.jobs import mailboxes
from timebank.jobs import tools
from timebank.jobs.tools import Tools
from timebank.models import CalendarReply
from timebank.models import MailedAnswer


def read_mailbox() -> int:
    """Take in everything that has arrived -> how many."""
    mine = tools.current()
    return mailboxes.read_all(
        mine,
        mine.settings.replies_url,
        lambda session, raw: take(session, raw=raw, settings=mine.settings, now=clock.now()),
        called="replies",
    )


def take(session: Session, *, raw: bytes, settings: Settings, now: dt.datetime) -> str:
    """Take one message in, as an answer to an organiser or a calendar's reply -> what it was."""
    answer = by_mail.take(session, raw=raw, desk=answers_desk_of(settings), now=now)
    return answer or replies.take(session, raw=raw, desk=calendars_desk_of(settings), now=now)


def forget_replies() -> None:
    """Forget which messages were read long ago."""
    with tools.current().session() as session:
        for read in (CalendarReply, MailedAnswer):
            read_mail.forget(session, read, now=clock.now())


def answers_to(mine: Tools, lease: Lease, letter: Letter) -> str:
    """Tell where a mail that is about to leave is answered; empty: it can't be."""
    return answers_desk_of(mine.settings).answers_to(
        kind=letter.kind, notice_id=lease.notice_id, address=letter.email or ""
    )


def answers_desk_of(settings: Settings) -> by_mail.Desk:
    """Say where people's answers arrive here."""
    return by_mail.Desk(secret_key=settings.secret_key, reply_address=settings.reply_address)


def calendars_desk_of(settings: Settings) -> replies.Desk:
    """Say where calendars' replies arrive here."""
    return replies.Desk(
        public_url=settings.public_url,
        secret_key=settings.secret_key,
        reply_address=settings.reply_address,
    )
