"""Ready-made rotas: jobs that a kind of event usually needs, to begin with and then change.

Each is a file of `timebank/data/rotas/`, so that a coordinator who reads no Python can mend one.
Source: the role catalogues of parkrun, Keep Britain Tidy, the repair cafés of Kingston and
Banbury, the food banks of Oxford and Thetford, and The Big Lunch.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib.resources
import tomllib
from dataclasses import dataclass
from typing import Any

from timebank.domain.events.drafts import RoleDraft
from timebank.models import Frequency


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRota:
    """A kind of event with the jobs it usually needs; `key` stands in addresses."""

    key: str
    name: str
    scene: str
    description: str
    first_timers: str
    bring: str
    frequency: Frequency
    starts_time: dt.time
    ends_time: dt.time
    roles: tuple[RoleDraft, ...]


@functools.cache
def ready_made_rotas() -> tuple[ReadyRota, ...]:
    """Read all ready-made rotas, in the order in which they are offered."""
    folder = importlib.resources.files("timebank") / "data" / "rotas"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")),
        key=lambda file: file.name,
    )
    return tuple(_rota(tomllib.loads(file.read_text("utf-8"))) for file in files)


def ready_made_rota(key: str) -> ReadyRota | None:
    """Find a ready-made rota by its key."""
    return next((rota for rota in ready_made_rotas() if rota.key == key), None)


def _rota(data: dict[str, Any]) -> ReadyRota:
    roles = tuple(RoleDraft(**job) for job in data.pop("jobs"))
    return ReadyRota(**{**data, "frequency": Frequency(data["frequency"]), "roles": roles})
