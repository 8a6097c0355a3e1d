"""Forget, every night, whoever was invited or named and never came."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.joining import forgetting
from timebank.jobs import tools


def forget_strangers() -> int:
    """Delete the addresses that nothing waits for any more -> how many."""
    with tools.current().session() as session:
        return forgetting.forget_strangers(session, now=clock.now())
