"""Ready-made rotas: jobs that a kind of event usually needs, to begin with and then change.

Each is a file of `timebank/data/rotas/`, so that a coordinator who reads no Python can mend one.
Source: the role catalogues of parkrun, Keep Britain Tidy, the repair cafés of Kingston and
Banbury, the food banks of Oxford and Thetford, and The Big Lunch.
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Iterable
from dataclasses import replace

from timebank.domain.events import jobs
from timebank.domain.events.jobs import RoleDraft
from timebank.domain.events.rota_files import ReadyRota
from timebank.domain.events.rota_files import read_rota_file


@functools.cache
def ready_made_rotas() -> tuple[ReadyRota, ...]:
    """Read all ready-made rotas, in the order in which they are offered."""
    folder = importlib.resources.files("timebank") / "data" / "rotas"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")),
        key=lambda file: file.name,
    )
    return tuple(read_rota_file(file.read_text("utf-8")) for file in files)


def ready_made_rota(key: str) -> ReadyRota | None:
    """Find a ready-made rota by its key."""
    return next((rota for rota in ready_made_rotas() if rota.key == key), None)


def with_details(roles: Iterable[RoleDraft], rota: ReadyRota | None) -> tuple[RoleDraft, ...]:
    """Add to typed jobs what the rota they were filled in from says besides, job by job by name.

    What was typed counts: fewer places leave fewer for newcomers.
    """
    roles = tuple(roles)
    if rota is None:
        return roles
    known = {role.name: role for role in rota.roles}
    names = {role.name for role in roles}
    return tuple(
        _with_details(role, known[role.name], names) if role.name in known else role
        for role in roles
    )


def _with_details(role: RoleDraft, ready: RoleDraft, names: set[str]) -> RoleDraft:
    details = {name: getattr(ready, name) for name in (*jobs.DETAILS, "asks_for")}
    details["newcomer_places"] = min(ready.newcomer_places, role.places)
    details["trains_for"] = ready.trains_for if ready.trains_for in names else ""
    return replace(role, **details)
