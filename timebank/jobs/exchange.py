"""Keep the board fresh: nudge about what lapses soon, take down what has."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.exchange import expiring
from timebank.jobs import tools


def lapse_posts() -> None:
    """Tell everybody whose offer or ask comes off the board soon, or has."""
    with tools.current().session() as session:
        expiring.nudge_and_lapse(session, now=clock.now())
