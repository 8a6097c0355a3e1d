"""Standing turns get their new dates, and offers of turns that have begun come to an end."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.rota import handing_over
from timebank.domain.rota import standing
from timebank.jobs import tools


def give_standing_turns() -> int:
    """Give every standing turn the dates that were made since, each by itself -> how many."""
    mine = tools.current()
    now = clock.now()
    with mine.session() as session:
        wanted = standing.missing(session, now=now)
    for number, one in enumerate(wanted):
        if mine.stopping:
            return number
        with mine.session() as session:
            standing.give(session, one=one, now=now)
    return len(wanted)


def lapse_offers() -> int:
    """End the offers of turns that nobody can take over any more -> how many."""
    with tools.current().session() as session:
        return handing_over.lapse_offers(session, now=clock.now())
