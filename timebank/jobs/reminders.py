"""Write the reminders whose moment has come."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.rota import first_turns
from timebank.domain.rota import reminders
from timebank.jobs import tools


def plan_due() -> None:
    """Owe everybody the reminders of their turns that are due by now, and newcomers a word before their first."""
    with tools.current().session() as session:
        now = clock.now()
        first_turns.plan_due(session, now=now)
        reminders.plan_due(session, now=now)
