"""Turns nobody looks after: holds without a yes, places somebody waits for, unticked dates."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.rota import checkin
from timebank.domain.rota import claiming
from timebank.domain.rota import offering
from timebank.jobs import tools


def lapse_holds() -> int:
    """Lapse every hold that ran out -> how many."""
    with tools.current().session() as session:
        return claiming.lapse_holds(session, now=clock.now())


def offer_places() -> int:
    """Offer every free place to whoever waits for it -> how many."""
    with tools.current().session() as session:
        return offering.offer_everywhere(session, now=clock.now())


def close_turns() -> int:
    """A week after a date, credit what was ticked, mark the other turns as missed -> how many."""
    with tools.current().session() as session:
        return checkin.close_after_a_week(session, now=clock.now())
