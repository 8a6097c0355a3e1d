"""Forget member lists that nobody took in."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.ledger.member_lists import drafts
from timebank.jobs import tools


def forget() -> int:
    """Delete what stands in lists that have waited a day to be taken in -> how many."""
    with tools.current().session() as session:
        return drafts.forget(session, now=clock.now())
