"""Free the places that were held for a yes that never came."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.rota import claiming
from timebank.jobs import tools


def lapse_holds() -> None:
    """Lapse every hold that ran out."""
    with tools.current().session() as session:
        claiming.lapse_holds(session, now=clock.now())
