"""Forget member lists that nobody took in."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.ledger.member_lists import drafts
from timebank.jobs import tools


def forget() -> None:
    """Delete the names and addresses of lists that have waited a day to be taken in."""
    with tools.current().session() as session:
        drafts.forget(session, now=clock.now())
