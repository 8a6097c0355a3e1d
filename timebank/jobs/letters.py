"""What is told on paper: put aside what is due to people without e-mail, and say when to print."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.notices import by_letter
from timebank.domain.notices import letters_due
from timebank.jobs import tools


def keep_in_step() -> int:
    """Put aside what no mail can tell, mail what it can by now, end what is late -> how many."""
    with tools.current().session() as session:
        return by_letter.keep_in_step(session) + letters_due.say_whom_to_ring(session)


def say_letters_are_due() -> int:
    """Tell coordinators, once a fortnight, that there are letters to print -> how many."""
    with tools.current().session() as session:
        return letters_due.say(session, now=clock.now())
