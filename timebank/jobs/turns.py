"""Standing turns get their new dates, and offers of turns that have begun come to an end."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.rota import handing_over
from timebank.domain.rota import standing
from timebank.jobs import tools


def give_standing_turns() -> None:
    """Give every standing turn the dates that were made since; each by itself."""
    mine = tools.current()
    now = clock.now()
    with mine.session() as session:
        wanted = standing.missing(session, now=now)
    for one in wanted:
        if mine.stopping:
            return
        with mine.session() as session:
            standing.give(session, one=one, now=now)


def lapse_offers() -> None:
    """End the offers of turns that nobody can take over any more."""
    with tools.current().session() as session:
        handing_over.lapse_offers(session, now=clock.now())
