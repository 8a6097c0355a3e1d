"""Judge the dates ahead: go, at risk or no-go; and call off what is to be called off by itself."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.rota import outlook
from timebank.jobs import tools


def judge_dates() -> int:
    """Judge the dates of the next two weeks -> how many changed.

    Those whose organisers want it so are called off.
    """
    mine = tools.current()
    now = clock.now()
    with mine.session() as session:
        changed = outlook.judge_dates(session, now=now)
    with mine.session() as session:
        due = outlook.to_be_called_off(session, now=now)
    for event_id in due:
        with mine.session() as session:
            outlook.call_off(session, event_id=event_id, now=now)
    return len(changed) + len(due)
