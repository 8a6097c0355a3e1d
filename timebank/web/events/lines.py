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
from timebank.domain.events.jobs import MOST_ROLES
from timebank.web.events.fields import read_time

MINUTES_A_DAY = 24 * 60
MINUTES_AN_HOUR = 60
Span = tuple[int, int]  # start and end, in minutes since midnight
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
    turn: str = ""
    every: str = ""
    role_id: str = ""
    was_name: str = ""
    was_times: str = ""

    @property
    def is_off(self) -> bool:
        """Whether it was emptied, or never written."""
        if self.name.strip():
            return False
        typed = (self.about, self.places, self.needed, self.starts, self.ends, self.turn)
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
    start = minutes_of(starts_time) + role.starts_after_minutes
    return Line(
        name=role.name,
        about=role.about,
        places=str(role.places),
        needed=str(role.needed),
        starts=_clock(start),
        ends=_clock(start + role.duration_minutes),
        turn=str(role.turn_minutes or ""),
        every=str(role.every_minutes or ""),
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


def move_along(lines: Iterable[Line], *, before: Span, after: Span) -> list[Line]:
    """Move the times that nobody touched with the event, from `before` to `after`.

    A job moves with the event's start and keeps its length. One that spans the whole event
    follows its end too, one that comes after the event follows its end, and no other is left to
    run on beyond the event: nobody is credited for time after everybody went home.
    What crosses midnight comes out with its end before its start, for the form to refuse.
    """
    return [_moved(line, before, after) for line in lines]


def _moved(line: Line, before: Span, after: Span) -> Line:
    starts, ends = read_time(line.starts), read_time(line.ends)
    if starts is None or ends is None or line.was_times != f"{line.starts}-{line.ends}":
        return line
    start, end = minutes_of(starts), minutes_of(ends)
    if end < start:  # it was moved over midnight before, and is on its way back
        end += MINUTES_A_DAY
    start, end = _moved_span((start, end), before, after)
    return replace(line, starts=_clock(start), ends=_clock(end))


def _moved_span(job: Span, before: Span, after: Span) -> Span:
    start, end = job
    with_start, with_end = after[0] - before[0], after[1] - before[1]
    if start >= before[1]:
        return start + with_end, end + with_end
    start += with_start
    if job[0] <= before[0] and end >= before[1]:
        return start, end + with_end
    end += with_start
    if job[1] <= before[1]:
        end = max(start, min(end, after[1]))
    return start, end


def minutes_of(time: dt.time) -> int:
    """Count the minutes since midnight."""
    return time.hour * MINUTES_AN_HOUR + time.minute


def span_of(starts: dt.time | None, ends: dt.time | None) -> Span | None:
    """Take an event's two times as minutes since midnight, or None until they make sense."""
    if starts is None or ends is None or ends <= starts:
        return None
    return minutes_of(starts), minutes_of(ends)


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes % MINUTES_A_DAY, MINUTES_AN_HOUR)
    return f"{hour:02d}:{minute:02d}"
