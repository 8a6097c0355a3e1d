"""Keep what was read of a group's calendar until it is taken in, and no longer than a day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import asdict
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm import defer

from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import events
from timebank.domain.calendar.incoming.entries import Note
from timebank.domain.calendar.incoming.entries import Passed
from timebank.domain.calendar.incoming.entries import When
from timebank.domain.calendar.incoming.entries import sift
from timebank.domain.calendar.incoming.gathering import Gathered
from timebank.domain.calendar.incoming.gathering import gather
from timebank.domain.calendar.incoming.lines import take_apart
from timebank.domain.calendar.incoming.values import Why
from timebank.models import CalendarImport
from timebank.models import Community
from timebank.models import Frequency
from timebank.models import Group
from timebank.models import Membership

LONGEST_SOURCE = 200
MOST_SHOWN = 5
MOST_PASSED = 100
KEPT_FOR = dt.timedelta(days=1)


class NothingToCome(Refused):
    """Nothing in that calendar is still to come."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was read of a calendar.

    Attributes:
        passed: What can't be an event here, up to so many; `more_passed` counts the rest.
        over: How many entries have no date to come.
        others: How many there are of what is no event: (kind, count).
    """

    events: tuple[Gathered, ...]
    passed: tuple[Passed, ...]
    more_passed: int
    over: int
    others: tuple[tuple[str, int], ...]


def start(
    session: Session,
    *,
    group: Group,
    raw: bytes,
    source: str,
    by: Membership,
    now: dt.datetime,
) -> CalendarImport:
    """Keep a calendar that can be read; nothing of it is written yet.

    Args:
        session: The session.
        group: Whose events they would be.
        raw: The calendar as it came.
        source: The name of the file, or the host of the address.
        by: Who brings it.
        now: The moment.

    Raises:
        NotFound: `by` does not run the group.
        NothingToCome: All of it is over.
        NotACalendar, StopsHalfway, CalendarTooLong, NotUtf8, TooTangled, TooManyEntries,
        TooMuchToCome: See each.
    """
    events.require_organiser(session, group_id=group.id, community_id=group.community_id, by=by)
    timezone = session.get_one(Community, group.community_id).timezone
    found = read(raw, timezone=timezone, now=now)
    if not found.events and not found.passed:
        raise NothingToCome
    made = CalendarImport(
        community_id=group.community_id,
        group_id=group.id,
        made_by=by.id,
        source=source[:LONGEST_SOURCE],
        found=_written(found),
        wrote={},
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def read(raw: bytes, *, timezone: str, now: dt.datetime) -> Found:
    """Read a calendar.

    Raises:
        The refusals of `start` about what it holds.
    """
    taken = take_apart(raw)
    sifted = sift(taken, timezone=timezone, now=now)
    gathered, besides = gather(sifted, timezone=timezone, now=now)
    passed = list(dict.fromkeys([*sifted.passed, *besides]))
    others = Counter({kind: count for kind, count in taken.others.items() if kind in OTHERS})
    return Found(
        events=tuple(gathered),
        passed=tuple(passed[:MOST_PASSED]),
        more_passed=len(passed[MOST_PASSED:]),
        over=sifted.over,
        others=tuple(sorted(others.items())),
    )


OTHERS = {"VTODO", "VJOURNAL"}


def find(session: Session, *, community_id: int, import_id: int) -> CalendarImport:
    """Find what a group brought.

    Raises:
        NotFound: Nothing was, under this number, in this community.
    """
    made = session.scalars(
        sa.select(CalendarImport).where(
            CalendarImport.id == import_id, CalendarImport.community_id == community_id
        )
    ).one_or_none()
    if made is None:
        raise NotFound
    return made


def taken_in(session: Session, *, group_ids: list[int]) -> list[CalendarImport]:
    """Read what was taken in for groups and stands, the newest first."""
    found = session.scalars(
        sa.select(CalendarImport)
        .options(defer(CalendarImport.wrote))
        .where(
            CalendarImport.group_id.in_(group_ids),
            CalendarImport.written_at.is_not(None),
            CalendarImport.undone_at.is_(None),
        )
        .order_by(CalendarImport.written_at.desc(), CalendarImport.id.desc())
        .limit(MOST_SHOWN)
    )
    return list(found)


def lock(session: Session, made: CalendarImport) -> None:
    """Queue up: a group's calendars come in one after the other, and a second tap finds the first.

    Two at once could make one event twice.
    """
    session.execute(
        sa.select(Group.id).where(Group.id == made.group_id).with_for_update(key_share=True)
    )
    session.refresh(made, with_for_update=True)


def forget(session: Session, *, now: dt.datetime) -> int:
    """Delete calendars that nobody has taken in within a day -> how many."""
    gone = session.execute(
        sa.delete(CalendarImport).where(
            CalendarImport.written_at.is_(None), CalendarImport.created_at < now - KEPT_FOR
        )
    )
    return gone.rowcount  # type: ignore[attr-defined, no-any-return]  # a deletion has one


def found_in(made: CalendarImport) -> Found:
    """Read again what was kept.

    Raises:
        NotFound: It is forgotten: taken in, or whoever brought it was erased.
    """
    kept = made.found
    if not kept:
        raise NotFound
    return Found(
        events=tuple(_gathered(one) for one in kept["events"]),
        passed=tuple(Passed(title, Why(why), name) for title, why, name in kept["passed"]),
        more_passed=kept["more_passed"],
        over=kept["over"],
        others=tuple((kind, count) for kind, count in kept["others"]),
    )


def _written(found: Found) -> dict[str, Any]:
    """Write it as JSON: days and times by their names."""
    return {
        "events": [
            {name: _plain(value) for name, value in asdict(one).items()} for one in found.events
        ],
        "passed": [[one.title, one.why.value, one.name] for one in found.passed],
        "more_passed": found.more_passed,
        "over": found.over,
        "others": [list(one) for one in found.others],
    }


def _plain(value: object) -> object:
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


def _gathered(kept: dict[str, Any]) -> Gathered:
    facts = dict(kept)
    last_on = facts.pop("last_on")
    return Gathered(
        title=facts["title"],
        description=facts["description"],
        place=facts["place"],
        frequency=Frequency(facts["frequency"]),
        first_on=_day(facts["first_on"]),
        last_on=_day(last_on) if last_on else None,
        starts=dt.time.fromisoformat(facts["starts"]),
        ends=dt.time.fromisoformat(facts["ends"]),
        dates=tuple(_when(one) for one in facts["dates"]),
        off=tuple(_day(one) for one in facts["off"]),
        uids=tuple(facts["uids"]),
        notes=tuple(Note(one) for one in facts["notes"]),
    )


def _when(kept: dict[str, str]) -> When:
    return When(
        day=_day(kept["day"]),
        starts=dt.time.fromisoformat(kept["starts"]),
        ends=dt.time.fromisoformat(kept["ends"]),
        place=kept["place"],
    )


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
