"""What somebody runs: a series or one of its dates, found for those who run it and nobody else."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from timebank.core.errors import NotFound
from timebank.db import db
from timebank.domain.rota import occasions
from timebank.models import Event
from timebank.models import Membership
from timebank.models import Series
from timebank.web.auth import member
from timebank.web.auth import organiser_of
from timebank.web.door import door


def find_series(slug: str) -> Series:
    """Find a series of this community, whoever asks.

    Raises:
        NotFound: No such series here.
    """
    series = db.session.scalars(
        sa.select(Series).where(Series.community_id == door().community.id, Series.slug == slug)
    ).one_or_none()
    if series is None:
        raise NotFound
    return series


def series_of_organiser(slug: str) -> Series:
    """Find a series for somebody who runs it.

    Raises:
        NotFound: No such series here, or they don't run it.
    """
    series = find_series(slug)
    organiser_of(series.group_id)
    return series


def event_of_organiser(slug: str, day: dt.date) -> Event:
    """Find a date, as its record, for somebody who runs it.

    Raises:
        NotFound: No such date here, or they don't run it.
    """
    found = db.session.execute(
        sa.select(Event, Series.group_id)
        .join(Series, Series.id == Event.series_id)
        .where(
            Series.community_id == door().community.id,
            Series.slug == slug,
            Event.occurs_on == day,
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    organiser_of(found.group_id)
    event: Event = found.Event
    return event


def occasion_of_organiser(slug: str, day: dt.date) -> occasions.Occasion:
    """Find a date, as the rota knows it, for somebody who runs it.

    Raises:
        NotFound: No such date here, or they don't run it.
    """
    occasion = occasions.find_occasion(
        db.session(), community_id=door().community.id, slug=slug, day=day
    )
    organiser_of(occasion.group_id)
    return occasion


def by() -> Membership:
    """Give the membership of the organiser who is doing it."""
    return db.session.get_one(Membership, member())
