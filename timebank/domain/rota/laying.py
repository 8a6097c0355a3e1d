"""Lay the jobs of a series, as they stand, on its dates to come once more."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields

from sqlalchemy.orm import Session

from timebank.domain import events
from timebank.domain.events import leads
from timebank.domain.rota import catalogue
from timebank.domain.rota import editing
from timebank.models import Membership
from timebank.models import Series
from timebank.models import Venue


def lay_again(session: Session, *, series: Series, by: Membership, now: dt.datetime) -> int:
    """Let dates to come follow what was changed on jobs by themselves -> how many were told.

    Raises:
        JobHasTurns, TurnsOverlap: As for `editing.edit_series`.
        NotFound: `by` does not run the group.
    """
    roles = tuple(job.draft for job in catalogue.read_jobs(session, series_id=series.id))
    draft = draft_of_series(session, series=series, roles=roles)
    return editing.edit_series(session, series=series, draft=draft, by=by, now=now)


def draft_of_series(
    session: Session, *, series: Series, roles: tuple[events.RoleDraft, ...]
) -> events.SeriesDraft:
    """Write a series down as it stands, with these jobs."""
    place = session.get_one(Venue, series.venue_id)
    venue = {field.name: getattr(place, field.name) for field in fields(events.VenueDraft)}
    own = [field.name for field in fields(events.SeriesDraft) if hasattr(Series, field.name)]
    values = {name: getattr(series, name) for name in own if name != "venue"}
    values["leads"] = leads.of_series(series)
    return events.SeriesDraft(**values, venue=events.VenueDraft(**venue), roles=roles)
