"""What an organiser writes down before anything is kept: plain frozen values, and their limits."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.domain.events.jobs import MOST_PLACES
from timebank.domain.events.jobs import MOST_ROLES
from timebank.domain.events.jobs import RoleDraft
from timebank.models import Frequency

__all__ = [
    "FURTHEST_AHEAD",
    "FURTHEST_BACK",
    "MOST_PLACES",
    "MOST_ROLES",
    "DraftRefused",
    "RoleDraft",
    "SeriesDraft",
    "VenueDraft",
    "check_draft",
]
FURTHEST_AHEAD = dt.timedelta(days=731)
FURTHEST_BACK = dt.timedelta(days=3653)


class DraftRefused(Refused):
    """Something about this event can't be kept as it is. Check the fields below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueDraft:
    """Where people meet."""

    name: str
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    step_free: bool = False
    accessible_toilet: bool = False
    hearing_loop: bool = False
    quiet_space: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDraft:
    """An event with its rhythm and its jobs. Times of day are the community's own.

    `ready_made` is the key of the ready-made rota that its jobs were filled in from, if any: what
    that says about a job, and the editor's line doesn't, is kept with it.
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


def check_draft(draft: SeriesDraft, *, timezone: str, now: dt.datetime) -> None:
    """Refuse what no field alone can see.

    Raises:
        DraftRefused: The end is not after the start, the clock skips the first start, the first
            date is out of reach, or there are too many jobs. `field` says which.
    """
    if draft.ends_time <= draft.starts_time:
        raise DraftRefused("That time ends before it starts. Check From and To.", field="ends")
    today = clock.local_date(now, timezone)
    if draft.first_on < today - FURTHEST_BACK:
        raise DraftRefused("That’s long ago. Choose a nearer date.", field="first")
    if draft.first_on > today + FURTHEST_AHEAD:
        raise DraftRefused("That’s more than two years away. Choose a nearer date.", field="first")
    for time, field in ((draft.starts_time, "starts"), (draft.ends_time, "ends")):
        if not clock.exists_locally(draft.first_on, time, timezone):
            raise DraftRefused(
                "The clocks go forward that night and skip this time. Choose another.", field=field
            )
    if len(draft.roles) > MOST_ROLES:
        raise DraftRefused(f"A rota has room for {MOST_ROLES} jobs.", field="roles")
