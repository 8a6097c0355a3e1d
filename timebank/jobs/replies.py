"""Read what people's calendars answered; off where the operator named no mailbox."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.calendar import replies
from timebank.domain.calendar.replies import Desk
from timebank.jobs import mailboxes
from timebank.jobs import tools
from timebank.jobs.tools import Tools


def read_mailbox() -> int:
    """Take in every reply that has arrived -> how many."""
    mine = tools.current()
    desk = desk_of(mine)
    return mailboxes.read_all(
        mine,
        mine.settings.replies_url,
        lambda session, raw: replies.take(session, raw=raw, desk=desk, now=clock.now()),
        called="replies",
    )


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
