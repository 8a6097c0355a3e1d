"""Write ahead what calendars will ask for."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.calendar import ahead
from timebank.jobs import tools


def write_ahead() -> None:
    """Write the newest version of each date that nobody has written yet, a number a run."""
    mine = tools.current()
    with mine.session() as session:
        ahead.write_ahead(session, public_url=mine.settings.public_url, now=clock.now())
