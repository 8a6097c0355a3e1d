"""The lines of the editor's rota as they are typed: adding, emptying, filling and moving along.

All of it is done to the typed text, before the form looks at it: so every button gives back
exactly what was written.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields
from dataclasses import replace

from timebank.domain.events import ReadyRota
from timebank.domain.events import RoleDraft
from timebank.domain.events import ready_made_rotas
from timebank.domain.events.drafts import MOST_ROLES
from timebank.web.events.fields import read_time

MINUTES_A_DAY = 24 * 60
MINUTES_AN_HOUR = 60
_FIELD = re.compile(r"roles-([0-9]{1,3})-([a-z_]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the rota, every field as text.

    `was_name` and `was_times` say how the page showed it, so that we can tell what was changed.
    """

    name: str = ""
    about: str = ""
    places: str = ""
    needed: str = ""
    starts: str = ""
    ends: str = ""
    role_id: str = ""
    was_name: str = ""
    was_times: str = ""

    @property
    def is_off(self) -> bool:
        """Whether it was emptied, or never written."""
        if self.name.strip():
            return False
        typed = (self.about, self.places, self.needed, self.starts, self.ends)
        return bool(self.was_name) or not any(part.strip() for part in typed)


NAMES = frozenset(field.name for field in fields(Line))


def read_lines(typed: Mapping[str, str]) -> list[Line]:
    """Read the lines of a form in their order, without those that were emptied."""
    found: dict[int, dict[str, str]] = {}
    for key, value in typed.items():
        match = _FIELD.fullmatch(key)
        if match and match[2] in NAMES:
            found.setdefault(int(match[1]), {})[match[2]] = value
    lines = (Line(**found[number]) for number in sorted(found))
    return [line for line in lines if not line.is_off][: MOST_ROLES + 1]


def typed_lines(lines: Iterable[Line]) -> dict[str, str]:
    """Write lines as fields of a form, numbered from 0, and note how the page shows them."""
    typed = {}
    for number, line in enumerate(lines):
        shown = replace(line, was_name=line.name, was_times=f"{line.starts}-{line.ends}")
        for name in NAMES:
            typed[f"roles-{number}-{name}"] = getattr(shown, name)
    return typed


def line_of(role: RoleDraft, starts_time: dt.time) -> Line:
    """Write a job as a line of an event that starts at `starts_time`."""
    start = _minutes(starts_time) + role.starts_after_minutes
    return Line(
        name=role.name,
        about=role.about,
        places=str(role.places),
        needed=str(role.needed),
        starts=_clock(start),
        ends=_clock(start + role.duration_minutes),
        role_id=str(role.role_id or ""),
    )


def fill(lines: Iterable[Line], rota: ReadyRota, starts_time: dt.time) -> list[Line]:
    """Put a ready-made rota's jobs in, keeping every line that somebody wrote or changed.

    Lines that another ready-made rota put in, and nobody touched, make room.
    """
    ready_made = {
        (role.name, role.about, str(role.places), str(role.needed))
        for one in ready_made_rotas()
        for role in one.roles
    }
    own = [
        line
        for line in lines
        if line.role_id or (line.name, line.about, line.places, line.needed) not in ready_made
    ]
    names = {line.name for line in own}
    added = [line_of(role, starts_time) for role in rota.roles if role.name not in names]
    return (own + added)[:MOST_ROLES]


def move_along(lines: Iterable[Line], *, before: dt.time, after: dt.time) -> list[Line]:
    """Move the times that nobody touched by as much as the event's start was moved."""
    offset = _minutes(after) - _minutes(before)
    return [_moved(line, offset) for line in lines]


def _moved(line: Line, offset: int) -> Line:
    starts, ends = read_time(line.starts), read_time(line.ends)
    if starts is None or ends is None or line.was_times != f"{line.starts}-{line.ends}":
        return line
    start, end = _minutes(starts) + offset, _minutes(ends) + offset
    if not 0 <= start < end < MINUTES_A_DAY:
        return line
    return replace(line, starts=_clock(start), ends=_clock(end))


def _minutes(time: dt.time) -> int:
    return time.hour * MINUTES_AN_HOUR + time.minute


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes % MINUTES_A_DAY, MINUTES_AN_HOUR)
    return f"{hour:02d}:{minute:02d}"
