"""Write the reminders and weekly mails whose moment has come."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.notices import together
from timebank.domain.notices import weekly
from timebank.domain.rota import come_again
from timebank.domain.rota import first_turns
from timebank.domain.rota import reminders
from timebank.jobs import tools


def plan_due() -> int:
    """Owe everybody the reminders and weekly mails that are due, newcomers a word -> how many."""
    with tools.current().session() as session:
        now = clock.now()
        written = first_turns.plan_due(session, now=now) + reminders.plan_due(session, now=now)
        together.gather_reminders(session, now=now)
        return written + weekly.plan_due(session, now=now)


def ask_to_come_again() -> int:
    """Offer three fitting turns to who had their first some days ago, once -> to how many."""
    with tools.current().session() as session:
        return come_again.plan_due(session, now=clock.now())
