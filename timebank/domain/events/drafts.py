"""What an organiser writes down before anything is kept: plain frozen values.

What is refused of them stands in `timebank.domain.events.checks`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from timebank.models import Frequency
from timebank.models import IfShort

MOST_ROLES = 40
MOST_PLACES = 500


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
class RoleDraft:
    """A kind of work: how many people, and when, counted from the event's start.

    `role_id` names the role that the line came from, when a series is edited. A job that is shared
    out has turns of `turn_minutes`, one beginning every `every_minutes`.
    """

    name: str
    places: int
    starts_after_minutes: int
    duration_minutes: int
    needed: int = 0
    about: str = ""
    turn_minutes: int | None = None
    every_minutes: int | None = None
    role_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDraft:
    """An event with its rhythm, its jobs and its house rules (see `models.Series`).

    Times of day are the community's own.
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
    last_on: dt.date | None = None
    season_from: int | None = None
    season_until: int | None = None
    expected_people: int | None = None
    most_a_week: int | None = None
    drop_out_hours: int = 0
    decide_hours_before: int | None = None
    if_short: IfShort = IfShort.ASK
