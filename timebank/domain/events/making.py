"""Make a series out of what an organiser wrote, and publish it."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import slugify
from timebank.domain import communities
from timebank.domain.events import dates
from timebank.domain.events.checks import check_draft
from timebank.domain.events.drafts import SeriesDraft
from timebank.domain.events.drafts import VenueDraft
from timebank.domain.events.leads import written_of_series
from timebank.domain.events.ready_made import ready_made_rota
from timebank.domain.events.ready_made import with_details
from timebank.domain.events.roles import write_roles
from timebank.domain.events.roles import write_rules
from timebank.models import Community
from timebank.models import Group
from timebank.models import Membership
from timebank.models import Role
from timebank.models import Series
from timebank.models import SeriesState
from timebank.models import Venue

LONGEST_BASE = 54  # room for a number behind it
PAGES_BESIDE_SERIES = {"new"}  # /e/new is the editor


class SeriesMadeAlready(Conflict):
    """You’ve made this event already."""


class NoDatesAhead(Refused):
    """That date has passed. Choose one that’s still to come."""


class NoJobs(Refused):
    """Add at least one job, so that neighbours can lend a hand."""


def make_series(
    session: Session,
    *,
    draft: SeriesDraft,
    by: Membership,
    now: dt.datetime,
    intent: uuid.UUID | None = None,
) -> Series:
    """Keep an event as a draft: its place, words, rhythm and jobs. No dates yet.

    Args:
        intent: Of the page that it was typed into, or None when nothing can come twice.

    Raises:
        SeriesMadeAlready: `by` made one with this intent; `series_of_intent` finds it.
        NotFound: `by` does not run the group, or it belongs to another community.
        DraftRefused: See `check_draft`.
    """
    group = session.get(Group, draft.group_id)
    if group is None:
        raise NotFound
    require_organiser(session, group_id=group.id, community_id=group.community_id, by=by)
    community = session.get_one(Community, group.community_id)
    check_draft(draft, timezone=community.timezone, now=now)
    series = _insert_series(session, draft, by, intent)
    rota = ready_made_rota(draft.ready_made)
    write_roles(session, series=series, roles=with_details(draft.roles, rota))
    if rota is not None:
        write_rules(session, series=series, rota=rota)
    return series


def publish(session: Session, *, series: Series, now: dt.datetime) -> None:
    """Show a series to neighbours, with its dates of the next eight weeks. Safe to repeat.

    Raises:
        NoJobs: Its rota is empty.
        NoDatesAhead: None of its dates is still to come.
    """
    jobs = sa.select(sa.exists().where(Role.series_id == series.id, Role.retired_at.is_(None)))
    if not session.scalar(jobs):
        raise NoJobs(field="roles")
    timezone = session.get_one(Community, series.community_id).timezone
    ahead = dates.dates_ahead(series, timezone, now)
    if not ahead:
        raise NoDatesAhead(field="first")
    series.state = SeriesState.PUBLISHED
    session.flush()
    dates.write_dates(session, ahead)


def require_organiser(
    session: Session, *, group_id: int, community_id: int, by: Membership
) -> None:
    """Let only those pass who run the group: its organisers, and coordinators.

    Raises:
        NotFound: `by` is somebody else: a stranger learns nothing.
    """
    here = by.community_id == community_id
    if not (here and communities.may_organise(session, membership=by, group_id=group_id)):
        raise NotFound


def find_or_make_venue(
    session: Session, *, community_id: int, draft: VenueDraft, now_at: int | None = None
) -> Venue:
    """Take the community's venue that reads exactly like this, or write down a new one.

    A venue never changes under the dates that were held there; in which part of the borough it
    lies only helps to find it, so that may be corrected.

    Args:
        session: The session.
        community_id: Whose venue.
        draft: What it reads like.
        now_at: The venue to stay at when several read the same.
    """
    facts = {
        "name": draft.name,
        "address": draft.address,
        "latitude": draft.latitude,
        "longitude": draft.longitude,
        "step_free": draft.step_free,
        "accessible_toilet": draft.accessible_toilet,
        "hearing_loop": draft.hearing_loop,
        "quiet_space": draft.quiet_space,
    }
    same = sa.select(Venue).filter_by(community_id=community_id, **facts)
    same = same.order_by(Venue.id != now_at, Venue.id)
    venue = session.scalars(same.limit(1)).first()
    if venue is None:
        venue = Venue(community_id=community_id, area=draft.area or "", **facts)
        session.add(venue)
        session.flush()
    elif draft.area is not None:
        venue.area = draft.area
    return venue


def series_of_intent(session: Session, *, intent: uuid.UUID | None, by: Membership) -> Series:
    """Find the series that a member made with this page of the editor."""
    return session.scalars(
        sa.select(Series).where(Series.created_by == by.id, Series.intent == intent)
    ).one()


def _insert_series(
    session: Session, draft: SeriesDraft, by: Membership, intent: uuid.UUID | None
) -> Series:
    """Write the series under the first free address; if a rival takes it, the next."""
    venue = find_or_make_venue(session, community_id=by.community_id, draft=draft.venue)
    values = {
        "community_id": by.community_id,
        "group_id": draft.group_id,
        "venue_id": venue.id,
        "title": draft.title,
        "description": draft.description,
        "scene": draft.scene,
        "first_timers": draft.first_timers,
        "bring": draft.bring,
        "frequency": draft.frequency,
        "first_on": draft.first_on,
        "starts_time": draft.starts_time,
        "ends_time": draft.ends_time,
        "last_on": draft.last_on,
        "season_from": draft.season_from,
        "season_until": draft.season_until,
        "expected_people": draft.expected_people,
        "most_a_week": draft.most_a_week,
        "drop_out_hours": draft.drop_out_hours,
        "decide_hours_before": draft.decide_hours_before,
        "if_short": draft.if_short,
        "leads": written_of_series(draft.leads),
        "created_by": by.id,
        "intent": intent,
    }
    while True:
        slug = _free_slug(session, community_id=by.community_id, title=draft.title)
        made = session.scalars(
            insert(Series).values(slug=slug, **values).on_conflict_do_nothing().returning(Series)
        ).first()
        if made:
            return made
        same = sa.exists().where(Series.created_by == by.id, Series.intent == intent)
        if intent and session.scalar(sa.select(same)):
            raise SeriesMadeAlready


def _free_slug(session: Session, *, community_id: int, title: str) -> str:
    base = slugify(title, length=LONGEST_BASE)
    taken = set(
        session.scalars(
            sa.select(Series.slug).where(
                Series.community_id == community_id, Series.slug.startswith(base, autoescape=True)
            )
        )
    )
    taken |= PAGES_BESIDE_SERIES
    number = 1
    slug = base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
