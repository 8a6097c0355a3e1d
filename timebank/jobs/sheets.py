"""Paper sheets: what people wrote on them is not kept longer than it is needed."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain.rota.sheets import tracing
from timebank.jobs import tools


def forget_leftovers() -> None:
    """Forget names that were taken for nobody, and sheets that nobody finished typing up."""
    with tools.current().session() as session:
        tracing.forget_leftovers(session, now=clock.now())
