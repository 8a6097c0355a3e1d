"""The lines of a series' rota as roles: which there are, whether they differ, and writing them.

Only what stands on a line is written; the rest of a job has a page of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain import events
from timebank.domain.events.checks import every_minutes
from timebank.models import Role
from timebank.models import Series

Facts = tuple[int | None, ...]


def roles_of_series(session: Session, *, series_id: int) -> list[Role]:
    """List the jobs that new dates of a series get, in the rota's order."""
    found = sa.select(Role).where(
        Role.series_id == series_id, Role.retired_at.is_(None), Role.only_event_id.is_(None)
    )
    return list(session.scalars(found.order_by(Role.position, Role.id)))


def jobs_differ(roles: Sequence[Role], drafts: Sequence[events.RoleDraft]) -> bool:
    """Whether dates would get other jobs than these roles give: other words are no difference."""
    if len(roles) != len(drafts):
        return True
    known = {role.id: _facts_of_role(role) for role in roles}
    return any(known.get(draft.role_id or 0) != facts_of(draft) for draft in drafts)


def facts_of(draft: events.RoleDraft) -> Facts:
    """Take what a line says about places and times."""
    every = every_minutes(draft) if draft.turn_minutes else None
    times = (draft.starts_after_minutes, draft.duration_minutes)
    return (draft.needed, draft.places, *times, draft.turn_minutes, every)


def write_roles(
    session: Session, *, series: Series, drafts: Sequence[events.RoleDraft], now: dt.datetime
) -> list[int]:
    """Make a series' jobs those of the draft -> their ids, in the draft's order."""
    known = {role.id: role for role in roles_of_series(session, series_id=series.id)}
    roles = []
    for position, draft in enumerate(drafts, start=1):
        role = known.pop(draft.role_id or 0, None)
        if role is None:
            role = Role(community_id=series.community_id, series_id=series.id)
            session.add(role)
        role.position = position
        write_line(role, draft)
        roles.append(role)
    for role in known.values():
        role.retired_at = now
    session.flush()
    return [role.id for role in roles]


def write_line(role: Role, draft: events.RoleDraft) -> None:
    """Write a line over a role. No more places are kept for newcomers than there are."""
    role.name = draft.name
    role.about = draft.about
    role.needed = draft.needed
    role.places = draft.places
    role.starts_after_minutes = draft.starts_after_minutes
    role.duration_minutes = draft.duration_minutes
    role.turn_minutes = draft.turn_minutes
    role.every_minutes = every_minutes(draft) if draft.turn_minutes else None
    role.newcomer_places = min(role.newcomer_places or 0, draft.places)


def write_role_words(
    session: Session, *, series: Series, drafts: Sequence[events.RoleDraft]
) -> None:
    """Write the names and words of known jobs, which are the same on every date."""
    known = {role.id: role for role in roles_of_series(session, series_id=series.id)}
    for draft in drafts:
        role = known.get(draft.role_id or 0)
        if role is not None:
            role.name, role.about = draft.name, draft.about
    session.flush()


def _facts_of_role(role: Role) -> Facts:
    times = (role.starts_after_minutes, role.duration_minutes)
    return (role.needed, role.places, *times, role.turn_minutes, role.every_minutes)
