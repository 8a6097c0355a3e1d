"""The mugs on the shelf of My turns: milestones of hours given."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from timebank.web.filters import hours

MUGS_HOURS = (5, 10, 25, 50, 100, 250)
MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True)
class Mug:
    """A milestone of hours given."""

    hours: int
    is_done: bool
    words: str


def mugs(given_minutes: int) -> list[Mug]:
    """Lay out the mugs earned by hours given, and the next one."""
    given_hours = given_minutes // MINUTES_PER_HOUR
    done = [
        Mug(hours=n, is_done=True, words=_("%(n)s hours given", n=n))
        for n in MUGS_HOURS
        if n <= given_hours
    ]
    following = [n for n in MUGS_HOURS if n > given_hours][:1]
    return done + [
        Mug(hours=n, is_done=False, words=_("%(n)s hours: not yet", n=n)) for n in following
    ]


def to_next_mug(given_minutes: int) -> str:
    """Say how much is missing to the next mug: "6 more hours"; nothing when all are there."""
    following = [n for n in MUGS_HOURS if n * MINUTES_PER_HOUR > given_minutes][:1]
    if not following:
        return ""
    return hours(following[0] * MINUTES_PER_HOUR - given_minutes)
