"""Foreign calendars: forget those that nobody took in; ask members' own when they are busy."""

from __future__ import annotations

import logging
import time

from timebank.adapters import fetching
from timebank.core import clock
from timebank.core.errors import Refused
from timebank.domain.calendar.incoming import busy
from timebank.domain.calendar.incoming import drafts
from timebank.jobs import tools

log = logging.getLogger(__name__)
ASKS_FOR_SECONDS = 30.0  # the last address may take ten more: a job ends well within its time


def forget_leftovers() -> int:
    """Delete what was read of calendars that have waited a day to be taken in -> how many."""
    with tools.current().session() as session:
        return drafts.forget(session, now=clock.now())


def ask_busy_calendars() -> int:
    """Ask the addresses that are due, one by one -> how many; no transaction is open meanwhile."""
    mine = tools.current()
    until = time.monotonic() + ASKS_FOR_SECONDS
    asked = 0
    while time.monotonic() < until and not mine.stopping:
        with mine.session() as session:
            due = busy.due(session, now=clock.now(), most=1)
        if not due:
            break
        _ask(mine, due[0])
        asked += 1
    return asked


def _ask(mine: tools.Tools, asked: busy.Due) -> None:
    """Ask one; when it can't be read, what was known stays, and it is asked again in an hour."""
    try:
        found = fetching.fetch(
            asked.address,
            etag=asked.etag,
            is_local_allowed=mine.settings.fetches_locally,
        )
        with mine.session() as session:
            busy.keep(session, asked=asked, raw=found.body, etag=found.etag, now=clock.now())
    except Refused as refusal:  # never the address: it is a secret
        log.info("a member's own calendar was not read: %s", type(refusal).__name__)
