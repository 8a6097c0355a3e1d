"""Take the jobs of another event or of a file into a series, after showing what that would do.

Jobs are known by name. Nothing is taken off: what the other rota doesn't mention stays.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain import events
from timebank.domain.events import jobs
from timebank.domain.events.roles import COLUMNS
from timebank.domain.rota import catalogue
from timebank.domain.rota import editing
from timebank.domain.rota import laying
from timebank.models import Membership
from timebank.models import Qualification
from timebank.models import Role
from timebank.models import RolePair
from timebank.models import RoleQualification
from timebank.models import Series

RULES = ("asks_for", "trains_for")


@dataclass(frozen=True, slots=True)
class Change:
    """What would happen to one job: it is new, or these columns of it differ."""

    name: str
    is_new: bool
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What taking a rota in would do: to jobs, to pairs of jobs, and to what is asked for."""

    changes: tuple[Change, ...]
    same: int
    new_pairs: tuple[events.PairDraft, ...]
    lost_pairs: tuple[events.PairDraft, ...]

    @property
    def does_nothing(self) -> bool:
        """Whether everything is so already."""
        return not (self.changes or self.new_pairs or self.lost_pairs)


def rota_of(session: Session, *, series: Series) -> events.ReadyRota:
    """Write a series' jobs down as a rota that can be copied, kept in a file, and taken in."""
    read = catalogue.read_jobs(session, series_id=series.id)
    return events.ReadyRota(
        key=series.slug,
        name=series.title,
        scene=series.scene,
        description=series.description,
        first_timers=series.first_timers,
        bring=series.bring,
        frequency=series.frequency,
        starts_time=series.starts_time,
        ends_time=series.ends_time,
        roles=tuple(replace(job.draft, role_id=None) for job in read),
        pairs=tuple(_pairs(session, series)),
        qualifications=tuple(_qualifications(session, series)),
    )


def _pairs(session: Session, series: Series) -> list[events.PairDraft]:
    first, second = sa.orm.aliased(Role), sa.orm.aliased(Role)
    rows = session.execute(
        sa.select(first.name, second.name, RolePair.rule)
        .join(first, first.id == RolePair.first_role_id)
        .join(second, second.id == RolePair.second_role_id)
        .where(
            RolePair.series_id == series.id,
            first.retired_at.is_(None),
            second.retired_at.is_(None),
            first.only_event_id.is_(None),
            second.only_event_id.is_(None),
        )
        .order_by(RolePair.rule.desc(), first.position, second.position)
    )
    return [events.PairDraft(first=one, second=two, rule=rule) for one, two, rule in rows]


def _qualifications(session: Session, series: Series) -> list[events.QualificationDraft]:
    asked = (
        sa.select(RoleQualification.qualification_id)
        .join(Role, Role.id == RoleQualification.role_id)
        .where(
            Role.series_id == series.id, Role.retired_at.is_(None), Role.only_event_id.is_(None)
        )
    )
    rows = session.scalars(
        sa.select(Qualification).where(Qualification.id.in_(asked)).order_by(Qualification.id)
    )
    return [
        events.QualificationDraft(
            name=row.name,
            kind=row.kind,
            about=row.about,
            lasts_months=row.lasts_months,
            shadow_turns=row.shadow_turns,
        )
        for row in rows
    ]


def preview(session: Session, *, series: Series, rota: events.ReadyRota) -> Preview:
    """Work out what taking a rota in would add and change."""
    now_there = rota_of(session, series=series)
    known = {role.name: role for role in now_there.roles}
    changes = [_change(role, known.get(role.name)) for role in rota.roles]
    names = {role.name for role in rota.roles}
    before = {(p.names, p.rule): p for p in now_there.pairs if p.names <= names}
    after = {(p.names, p.rule): p for p in rota.pairs}
    return Preview(
        changes=tuple(change for change in changes if change.is_new or change.differs),
        same=sum(not (change.is_new or change.differs) for change in changes),
        new_pairs=tuple(pair for key, pair in after.items() if key not in before),
        lost_pairs=tuple(pair for key, pair in before.items() if key not in after),
    )


def _change(role: events.RoleDraft, known: events.RoleDraft | None) -> Change:
    if known is None:
        return Change(role.name, is_new=True, differs=())
    differs = tuple(
        name
        for name in (*COLUMNS, *RULES)
        if _as_set(getattr(role, name)) != _as_set(getattr(known, name))
    )
    return Change(role.name, is_new=False, differs=differs)


def _as_set(value: object) -> object:
    return frozenset(value) if isinstance(value, tuple) else value


def take_in(
    session: Session,
    *,
    series: Series,
    rota: events.ReadyRota,
    by: Membership,
    now: dt.datetime,
) -> int:
    """Give a series the jobs of a rota, with what they ask and which go together.

    Returns how many people were told that a turn of theirs is at another time.

    Raises:
        RotaFileRefused: Two of its jobs have one name, or another thing that can't be meant.
        JobHasTurns, TurnsOverlap, DraftRefused: As for `editing.edit_series`.
        NotFound: `by` does not run the group.
    """
    said = jobs.problems_between(rota.roles, rota.pairs, rota.qualifications)
    if said:
        raise events.RotaFileRefused(said)
    ids = events.role_ids(session, series=series)
    by_name = {role.name: role for role in rota.roles}
    stay = [job.draft for job in catalogue.read_jobs(session, series_id=series.id)]
    roles = [
        replace(by_name[role.name], role_id=role.role_id)
        if ids.get(role.name) == role.role_id and role.name in by_name
        else role
        for role in stay
    ]
    roles += [role for role in rota.roles if role.name not in ids]
    draft = laying.draft_of_series(session, series=series, roles=tuple(roles))
    told = editing.edit_series(session, series=series, draft=draft, by=by, now=now)
    _write_details(session, series, by_name)
    events.write_rules(session, series=series, rota=rota)
    if any(job.draft.one_per for job in catalogue.read_jobs(session, series_id=series.id)):
        told += laying.lay_again(session, series=series, by=by, now=now)
    return told


def _write_details(session: Session, series: Series, by_name: dict[str, events.RoleDraft]) -> None:
    ids = events.role_ids(session, series=series)
    for name, role in by_name.items():
        details = {column: getattr(role, column) for column in jobs.DETAILS}
        session.execute(
            sa.update(Role)
            .where(Role.id == ids[name])
            .values(**details)
            .execution_options(synchronize_session=False)
        )


def others_of_group(session: Session, *, series: Series) -> list[tuple[str, str]]:
    """List the group's other events as (slug, title), to copy jobs from."""
    rows = session.execute(
        sa.select(Series.slug, Series.title)
        .where(Series.group_id == series.group_id, Series.id != series.id)
        .order_by(Series.title, Series.id)
    )
    return [(slug, title) for slug, title in rows]
