"""What there is to choose from in a community: what to follow, and what to narrow it to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.models import Event
from timebank.models import EventState
from timebank.models import Group
from timebank.models import Role
from timebank.models import Series
from timebank.models import SeriesState
from timebank.models import Venue

MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosable:
    """What there is to choose from: groups and series as (number, name), areas and jobs as words.

    Jobs are those of published series, each name once.
    """

    groups: tuple[tuple[int, str], ...]
    series: tuple[tuple[int, str], ...]
    areas: tuple[str, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingSeries:
    """A series with dates to come, and whose it is."""

    slug: str
    title: str
    next_at: dt.datetime
    group: str
    group_slug: str


def read_choosable(session: Session, *, community_id: int) -> Choosable:
    """Read what there is to choose from, in four statements."""
    published = (
        Series.community_id == community_id,
        Series.state == SeriesState.PUBLISHED,
    )
    groups = sa.select(Group.id, Group.name).where(Group.community_id == community_id)
    series = sa.select(Series.id, Series.title).where(*published)
    roles = (
        sa.select(Role.name)
        .join(Series, Series.id == Role.series_id)
        .where(*published, Role.retired_at.is_(None))
    )
    return Choosable(
        groups=_pairs(session, groups.order_by(Group.name, Group.id)),
        series=_pairs(session, series.order_by(Series.title, Series.id)),
        areas=read_areas(session, community_id=community_id),
        roles=tuple(session.scalars(roles.distinct().order_by(Role.name).limit(MOST))),
    )


def read_areas(session: Session, *, community_id: int) -> tuple[str, ...]:
    """Read which parts of the place something happens in, each once."""
    areas = sa.select(Venue.area).where(Venue.community_id == community_id, Venue.area != "")
    return tuple(session.scalars(areas.distinct().order_by(Venue.area).limit(MOST)))


def _pairs(session: Session, found: sa.Select[int, str]) -> tuple[tuple[int, str], ...]:
    return tuple((key, name) for key, name in session.execute(found.limit(MOST)))


def coming_series(session: Session, *, community_id: int, now: dt.datetime) -> list[ComingSeries]:
    """List the series that neighbours can follow, the soonest first."""
    next_at = sa.func.min(Event.starts_at).label("next_at")
    rows = session.execute(
        sa.select(
            Series.slug, Series.title, next_at, Group.name.label("group"), Group.slug.label("of")
        )
        .join(Event, Event.series_id == Series.id)
        .join(Group, Group.id == Series.group_id)
        .where(
            Series.community_id == community_id,
            Series.state == SeriesState.PUBLISHED,
            Event.state == EventState.PLANNED,
            Event.starts_at > now,
        )
        .group_by(Series.id, Group.id)
        .order_by(next_at, Series.id)
    )
    return [
        ComingSeries(
            slug=row.slug, title=row.title, next_at=row.next_at, group=row.group, group_slug=row.of
        )
        for row in rows
    ]
