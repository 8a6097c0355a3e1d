"""Calls for help go on by themselves, wave by wave, until every place is taken."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.rota import appeals
from timebank.jobs import tools


def ask_on() -> int:
    """Close the calls that are done, and ask the next people of the others -> how many."""
    with tools.current().session() as session:
        return appeals.ask_on(session, now=clock.now())
