"""Exchanges nobody has said anything about: ask whether they happened; let thanks stand."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import undoing
from timebank.jobs import tools


def ask_whether_it_happened() -> int:
    """Ask everybody who was to be helped, the morning after, once -> how many."""
    with tools.current().session() as session:
        return agreeing.ask_whether_it_happened(session, now=clock.now())


def let_stand() -> int:
    """Let stand what nobody said anything about for 14 days -> how many."""
    with tools.current().session() as session:
        return undoing.let_stand(session, now=clock.now())
