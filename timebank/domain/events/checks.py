"""What of a draft is refused, each with its sentence beside the field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from timebank.core import clock
from timebank.core import when
from timebank.core.errors import Refused
from timebank.domain.events import rhythm
from timebank.domain.events.drafts import SeriesDraft
from timebank.domain.events.jobs import MOST_PLACES
from timebank.domain.events.jobs import MOST_ROLES
from timebank.domain.events.jobs import RoleDraft
from timebank.models import Frequency

FURTHEST_AHEAD = dt.timedelta(days=731)
FURTHEST_BACK = dt.timedelta(days=3653)
FURTHEST_LAST = dt.timedelta(days=3653)
MINUTES_A_DAY = 24 * 60
MOST_TURNS_A_JOB = 100  # as the table has it: role_turns
MOST_TURNS_A_DATE = 300
SHORTEST_TURN = 5


class DraftRefused(Refused):
    """Something about this event can't be kept as it is. Check the fields below."""


def check_draft(draft: SeriesDraft, *, timezone: str, now: dt.datetime) -> None:
    """Refuse what no field alone can see.

    Raises:
        DraftRefused: The end is not after the start, the clock skips the first start, the first or
            last date is out of reach, no date falls in the season, or see `check_roles`. `field`
            says which.
    """
    if draft.ends_time <= draft.starts_time:
        raise DraftRefused("That time ends before it starts. Check From and To.", field="ends")
    today = clock.local_date(now, timezone)
    if draft.first_on < today - FURTHEST_BACK:
        raise DraftRefused("That’s long ago. Choose a nearer date.", field="first")
    if draft.first_on > today + FURTHEST_AHEAD:
        raise DraftRefused("That’s more than two years away. Choose a nearer date.", field="first")
    _check_end(draft, today)
    for time, field in ((draft.starts_time, "starts"), (draft.ends_time, "ends")):
        if not clock.exists_locally(draft.first_on, time, timezone):
            raise DraftRefused(
                "The clocks go forward that night and skip this time. Choose another.", field=field
            )
    check_roles(draft.roles)


def check_roles(roles: Sequence[RoleDraft]) -> None:
    """Refuse jobs that make no rota.

    Raises:
        DraftRefused: There are too many jobs or turns, or a job makes no sense: `field` says
            which (`roles-3-needed`).
    """
    if len(roles) > MOST_ROLES:
        raise DraftRefused(f"A rota has room for {MOST_ROLES} jobs.", field="roles")
    for number, role in enumerate(roles):
        _check_role(role, f"roles-{number}")
    turns = sum(turns_of(role) for role in roles)
    if turns > MOST_TURNS_A_DATE:
        raise DraftRefused(
            f"These jobs make {turns} turns a date, and a rota has room for {MOST_TURNS_A_DATE}. "
            "Make the turns longer, or leave more time between them.",
            field="roles",
        )


def turns_of(role: RoleDraft) -> int:
    """Count the turns that a job is shared out into."""
    if role.turn_minutes is None:
        return 1
    return (role.duration_minutes - role.turn_minutes) // every_minutes(role) + 1


def every_minutes(role: RoleDraft) -> int:
    """Tell from one start to the next how many minutes it is; turns follow each other."""
    return role.every_minutes or role.turn_minutes or role.duration_minutes


def _check_end(draft: SeriesDraft, today: dt.date) -> None:
    if draft.last_on is not None:
        if draft.last_on < draft.first_on:
            raise DraftRefused("That’s before the first date. Check both.", field="last")
        if draft.last_on > today + FURTHEST_LAST:
            raise DraftRefused(
                "That’s more than ten years away. Choose a nearer date.", field="last"
            )
    if (draft.season_from is None) != (draft.season_until is None):
        raise DraftRefused("Say both months of the season, or none.", field="season_from")
    if rhythm.next_day(draft, today=draft.first_on) is None:
        raise DraftRefused(_no_date(draft), field="season_from")


def _no_date(draft: SeriesDraft) -> str:
    if draft.frequency in {Frequency.DAILY, Frequency.MONTHLY_BY_DATE}:
        return "No day of this series falls in the season. Check its months and the last date."
    weekday = when.WEEKDAYS[draft.first_on.weekday()]
    if draft.frequency is Frequency.ONCE:
        return "The date isn’t in the season. Check its months, or choose all year round."
    return f"No {weekday} falls in the season. Check its months and the last date."


def _check_role(role: RoleDraft, line: str) -> None:
    if not 1 <= role.places <= MOST_PLACES:
        raise DraftRefused(f"A job has 1 to {MOST_PLACES} places.", field=f"{line}-places")
    if not 0 <= role.needed <= role.places:
        raise DraftRefused(f"You can’t need more than {role.places}.", field=f"{line}-needed")
    if abs(role.starts_after_minutes) > MINUTES_A_DAY:
        raise DraftRefused(
            "That’s more than a day from the event. Check From and To.", field=f"{line}-starts"
        )
    if role.duration_minutes < 1:
        raise DraftRefused(
            "That time ends before it starts. Check From and To.", field=f"{line}-ends"
        )
    if role.duration_minutes > MINUTES_A_DAY:
        raise DraftRefused("A job lasts a day at most. Check From and To.", field=f"{line}-ends")
    if role.turn_minutes is not None:
        _check_turns(role, role.turn_minutes, line)
    elif role.every_minutes is not None:
        raise DraftRefused("Say how long one turn is, too.", field=f"{line}-turn")


def _check_turns(role: RoleDraft, turn_minutes: int, line: str) -> None:
    if turn_minutes < SHORTEST_TURN:
        raise DraftRefused(f"A turn is {SHORTEST_TURN} minutes at least.", field=f"{line}-turn")
    if turn_minutes > role.duration_minutes:
        raise DraftRefused(
            f"That’s longer than the job, which has {role.duration_minutes} minutes.",
            field=f"{line}-turn",
        )
    every = every_minutes(role)
    if not turn_minutes <= every <= MINUTES_A_DAY:
        raise DraftRefused(
            f"Turns of {turn_minutes} minutes begin at least {turn_minutes} minutes apart.",
            field=f"{line}-every",
        )
    turns = turns_of(role)
    if turns > MOST_TURNS_A_JOB:
        raise DraftRefused(
            f"That makes {turns} turns, and a job can have {MOST_TURNS_A_JOB}. "
            "Make them longer, or leave more time between them.",
            field=f"{line}-turn",
        )
