"""Keep the dates of every series published far enough ahead."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain import events
from timebank.jobs import tools


def extend_dates() -> int:
    """Add the dates that have come within reach since yesterday -> how many."""
    with tools.current().session() as session:
        return events.extend_dates(session, now=clock.now())
