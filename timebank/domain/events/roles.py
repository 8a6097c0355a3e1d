"""Keep the jobs of a rota: their rows, what they ask for, and which go together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.domain.communities import qualifications
from timebank.domain.events import jobs
from timebank.domain.events.checks import every_minutes
from timebank.domain.events.jobs import PairDraft
from timebank.domain.events.jobs import RoleDraft
from timebank.domain.events.rota_files import ReadyRota
from timebank.models import PairRule
from timebank.models import Role
from timebank.models import RolePair
from timebank.models import RoleQualification
from timebank.models import Series

LINE = ("name", "about", "needed", "places", "starts_after_minutes", "duration_minutes")
COLUMNS = (*LINE, *jobs.DETAILS, *jobs.TURNS)


def write_roles(session: Session, *, series: Series, roles: Iterable[RoleDraft]) -> None:
    """Add jobs to a series, in this order, in one statement.

    What they ask for, and which go together, comes from the rota they belong to: `write_rules`.
    """
    rows = [
        {
            "community_id": series.community_id,
            "series_id": series.id,
            "position": position,
            **{name: getattr(role, name) for name in COLUMNS},
            "every_minutes": every_minutes(role) if role.turn_minutes else None,
        }
        for position, role in enumerate(roles, start=1)
    ]
    if rows:
        session.execute(sa.insert(Role), rows)


def write_rules(session: Session, *, series: Series, rota: ReadyRota) -> None:
    """Lay a rota's rules on the jobs of a series that have the same names.

    A job asks for what the rota says, and for nothing else; it is a learning place where the rota
    says so. Pairs of two jobs of the rota become as the rota has them, except that jobs whose
    times no longer lie within each other don't go together; other pairs stay.
    """
    kept = _by_name(session, series)
    ids = {name: role.id for name, role in kept.items()}
    known = {role.name: role for role in rota.roles if role.name in ids}
    _write_asked(session, series, rota, {ids[name]: role for name, role in known.items()})
    learning = [
        {"key": ids[name], "trains_for": ids.get(role.trains_for)} for name, role in known.items()
    ]
    if learning:
        session.execute(
            sa.text("UPDATE role SET trains_for_id = :trains_for WHERE id = :key"), learning
        )
    _write_pairs(session, series, rota, {name: kept[name] for name in known})


def role_ids(session: Session, *, series: Series) -> dict[str, int]:
    """Tell the ids of a series' jobs by name; of two with one name, the first."""
    return {name: role.id for name, role in _by_name(session, series).items()}


def _by_name(session: Session, series: Series) -> dict[str, Role]:
    found = session.scalars(
        sa.select(Role)
        .where(
            Role.series_id == series.id,
            Role.retired_at.is_(None),
            Role.only_event_id.is_(None),
        )
        .order_by(Role.position.desc(), Role.id.desc())
        .execution_options(populate_existing=True)
    )
    return {role.name: role for role in found}


def _write_asked(
    session: Session, series: Series, rota: ReadyRota, roles: dict[int, RoleDraft]
) -> None:
    asked = {name for role in roles.values() for name in role.asks_for}
    wanted = [asdict(one) for one in rota.qualifications if one.name in asked]
    by_name = qualifications.ensure_kinds(session, community_id=series.community_id, wanted=wanted)
    session.execute(sa.delete(RoleQualification).where(RoleQualification.role_id.in_(list(roles))))
    rows = {(role_id, by_name[name]) for role_id, role in roles.items() for name in role.asks_for}
    if rows:
        session.execute(
            sa.insert(RoleQualification),
            [
                {"role_id": role_id, "qualification_id": key, "community_id": series.community_id}
                for role_id, key in sorted(rows)
            ],
        )


def _write_pairs(session: Session, series: Series, rota: ReadyRota, kept: dict[str, Role]) -> None:
    ids = [role.id for role in kept.values()]
    session.execute(
        sa.delete(RolePair).where(
            RolePair.first_role_id.in_(ids), RolePair.second_role_id.in_(ids)
        )
    )
    rules = {
        tuple(sorted((kept[pair.first].id, kept[pair.second].id))): pair.rule
        for pair in rota.pairs
        if pair.names <= kept.keys() and _is_possible(pair, kept)
    }
    rows = [
        {"first_role_id": first, "second_role_id": second, "series_id": series.id, "rule": rule}
        for (first, second), rule in sorted(rules.items())
    ]
    if rows:
        session.execute(insert(RolePair).values(rows))


def _is_possible(pair: PairDraft, kept: dict[str, Role]) -> bool:
    if pair.rule is PairRule.NEVER:
        return True
    return jobs.can_be_together(*(_times_of(kept[name]) for name in (pair.first, pair.second)))


def _times_of(role: Role) -> RoleDraft:
    return RoleDraft(
        name=role.name,
        places=role.places,
        starts_after_minutes=role.starts_after_minutes,
        duration_minutes=role.duration_minutes,
        turn_minutes=role.turn_minutes,
        every_minutes=role.every_minutes,
    )
