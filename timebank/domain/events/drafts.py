"""What an organiser writes down before anything is kept: plain frozen values.

What is refused of them stands in `timebank.domain.events.checks`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from timebank.domain.events.jobs import RoleDraft
from timebank.domain.events.leads import USUAL_LEADS
from timebank.models import Frequency
from timebank.models import IfShort
from timebank.models import Lead


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueDraft:
    """Where people meet.

    `area`: the part of the borough; None leaves what is known about the place.
    """

    name: str
    address: str = ""
    area: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    step_free: bool = False
    accessible_toilet: bool = False
    hearing_loop: bool = False
    quiet_space: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDraft:
    """An event with its rhythm, its jobs and its house rules (see `models.Series`).

    Times of day are the community's own. `ready_made` is the key of the ready-made rota that its
    jobs were filled in from, if any: what that says about a job, and the editor's line doesn't, is
    kept with it.
    """

    group_id: int
    title: str
    description: str
    venue: VenueDraft
    frequency: Frequency
    first_on: dt.date
    starts_time: dt.time
    ends_time: dt.time
    roles: tuple[RoleDraft, ...] = ()
    scene: str = "park"
    first_timers: str = ""
    bring: str = ""
    ready_made: str = ""
    last_on: dt.date | None = None
    season_from: int | None = None
    season_until: int | None = None
    expected_people: int | None = None
    most_a_week: int | None = None
    drop_out_hours: int = 0
    decide_hours_before: int | None = None
    if_short: IfShort = IfShort.ASK
    leads: frozenset[Lead] = USUAL_LEADS
