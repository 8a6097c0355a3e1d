"""What an organiser might write down, with sensible defaults."""

from __future__ import annotations

import datetime as dt
from typing import Any

from timebank.domain import events
from timebank.models import Frequency

MARSHAL = events.RoleDraft(
    name="Marshal", places=4, needed=2, starts_after_minutes=-15, duration_minutes=105
)
TAIL = events.RoleDraft(name="Tail walker", places=1, starts_after_minutes=0, duration_minutes=90)


def a_draft(
    *, starts: dt.time = dt.time(9), ends: dt.time = dt.time(10, 30), **changes: Any
) -> events.SeriesDraft:
    """A Saturday stroll from 1 May 2027, with a marshal's and a tail walker's job."""
    values: dict[str, Any] = {
        "group_id": 1,
        "title": "Stroll",
        "description": "",
        "venue": events.VenueDraft(name="Danson Park"),
        "frequency": Frequency.WEEKLY,
        "first_on": dt.date(2027, 5, 1),
        "roles": (MARSHAL, TAIL),
    }
    return events.SeriesDraft(starts_time=starts, ends_time=ends, **{**values, **changes})
