"""Read what mail servers returned; off where the operator named no mailbox."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain import read_mail
from timebank.domain import suppression
from timebank.domain.notices import bounces
from timebank.domain.notices.bounces import Desk
from timebank.jobs import mailboxes
from timebank.jobs import tools
from timebank.jobs.tools import Tools
from timebank.models import Bounce


def read_mailbox() -> int:
    """Take in every report that has arrived -> how many."""
    mine = tools.current()
    desk = desk_of(mine)
    return mailboxes.read_all(
        mine,
        mine.settings.bounces_url,
        lambda session, raw: bounces.take(session, raw=raw, desk=desk, now=clock.now()),
        called="bounces",
    )


def forget_bounces() -> None:
    """Forget which messages were read long ago, and refusals of long ago."""
    with tools.current().session() as session:
        read_mail.forget(session, Bounce, now=clock.now())
        suppression.forget(session, now=clock.now())


def desk_of(mine: Tools) -> Desk:
    """Say where mail returns to here."""
    settings = mine.settings
    return Desk(secret_key=settings.secret_key, bounce_address=settings.bounce_address)
