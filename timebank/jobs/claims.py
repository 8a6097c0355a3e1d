"""Turns nobody looks after: holds without a yes, places somebody waits for, unticked dates."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.rota import checkin
from timebank.domain.rota import claiming
from timebank.domain.rota import offering
from timebank.jobs import tools


def lapse_holds() -> None:
    """Lapse every hold that ran out."""
    with tools.current().session() as session:
        claiming.lapse_holds(session, now=clock.now())


def offer_places() -> None:
    """Offer every free place to whoever waits for it."""
    with tools.current().session() as session:
        offering.offer_everywhere(session, now=clock.now())


def close_turns() -> None:
    """A week after a date, credit what was ticked and mark the other turns as missed."""
    with tools.current().session() as session:
        checkin.close_after_a_week(session, now=clock.now())
