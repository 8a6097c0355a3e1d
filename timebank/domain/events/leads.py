"""When those who are down for an event are reminded: the organisers say it, for all or one date.

What somebody chose themselves wins over it; that stands in `timebank.domain.notices.choosing`.
"""

from __future__ import annotations

from collections.abc import Iterable

from timebank.models import Event
from timebank.models import Lead
from timebank.models import Series

USUAL_LEADS = frozenset({Lead.TWO_DAYS, Lead.EVE})


def of_series(series: Series) -> frozenset[Lead]:
    """Tell when people are reminded of the dates of a series."""
    return read(series.leads)


def of_date(event: Event, series: Series) -> frozenset[Lead]:
    """Tell when people are reminded of one date."""
    return of_series(series) if event.leads is None else read(event.leads)


def read(kept: Iterable[str] | None) -> frozenset[Lead]:
    """Read what is kept; None is what is usual everywhere."""
    return USUAL_LEADS if kept is None else frozenset(map(Lead, kept))


def written(leads: Iterable[Lead]) -> list[str]:
    """Write leads down, the earliest first."""
    chosen = frozenset(leads)
    return [lead.value for lead in Lead if lead in chosen]


def written_of_series(leads: Iterable[Lead]) -> list[str] | None:
    """Write the leads of a series down; what is usual everywhere is not kept."""
    return None if frozenset(leads) == USUAL_LEADS else written(leads)
