"""What of a group's calendar would come in, what is here already, and what has to be said."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.core.text import fold
from timebank.domain.calendar.incoming import drafts
from timebank.domain.calendar.incoming.drafts import Found
from timebank.domain.calendar.incoming.gathering import NO_GROUP
from timebank.domain.calendar.incoming.gathering import Gathered
from timebank.domain.events.rhythm import next_day
from timebank.models import CalendarImport
from timebank.models import Community
from timebank.models import Event
from timebank.models import Frequency
from timebank.models import ImportedEntry
from timebank.models import Series


class SayWhere(Refused):
    """Say where people should meet."""


@dataclass(frozen=True, slots=True)
class Planned:
    """An event that would come in.

    Attributes:
        number: Which of those that were read; questions about it are named after it.
        namesake: The slug of an event of the group that is called the same; "": there is none.
    """

    number: int
    event: Gathered
    namesake: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it. `there`: what was taken in before, or is ours from the beginning."""

    found: Found
    events: tuple[Planned, ...]
    there: tuple[Gathered, ...]

    @property
    def lacks_a_place(self) -> bool:
        """Whether the calendar doesn't say of all of them where they are."""
        return any(not planned.event.place for planned in self.events)


def plan(session: Session, *, made: CalendarImport, now: dt.datetime) -> Plan:
    """Work out what would be done, as things are now."""
    found = drafts.found_in(made)
    timezone = session.get_one(Community, made.community_id).timezone
    here = _here(session, made, found)
    titles = _titles(session, made)
    planned, there = [], []
    for number, event in enumerate(found.events):
        if any(digest_of(uid) in here for uid in event.uids):
            there.append(event)
            continue
        ahead = _ahead(event, timezone, now)
        if ahead is not None:
            planned.append(Planned(number, ahead, titles.get(fold(event.title), "")))
    return Plan(found=found, events=tuple(planned), there=tuple(there))


def digest_of(uid: str) -> bytes:
    """Give what is kept of the name of an entry: it may hold somebody's address."""
    return hashlib.sha256(uid.encode()).digest()


def _ahead(event: Gathered, timezone: str, now: dt.datetime) -> Gathered | None:
    """Leave out what has begun since it was read; None: all of it has.

    A rhythm that has come to its end leaves single dates.
    """
    dates = tuple(
        when for when in event.dates if clock.at_local(when.day, when.starts, timezone) > now
    )
    if not dates:
        return None
    today = clock.local_date(now, timezone)
    if next_day(event.draft(NO_GROUP, event.place), today=today) is None:
        return replace(
            event,
            dates=dates,
            frequency=Frequency.ONCE,
            first_on=dates[0].day,
            last_on=None,
            off=(),
        )
    return replace(event, dates=dates)


def _here(session: Session, made: CalendarImport, found: Found) -> set[bytes]:
    """Find which entries are here: taken in before, or events of ours that come back."""
    uids = {uid for event in found.events for uid in event.uids}
    digests = {digest_of(uid) for uid in uids}
    taken_in = session.scalars(
        sa.select(ImportedEntry.digest).where(
            ImportedEntry.group_id == made.group_id, ImportedEntry.digest.in_(digests)
        )
    )
    ours = {own: uid for uid in uids if (own := _own(uid))}
    come_back = session.scalars(
        sa.select(Event.uid).where(Event.community_id == made.community_id, Event.uid.in_(ours))
    )
    return {*taken_in, *(digest_of(ours[own]) for own in come_back)}


def _own(uid: str) -> uuid.UUID | None:
    """Read the name of an entry as we give them: a number before the @."""
    try:
        return uuid.UUID(uid.partition("@")[0])
    except ValueError:
        return None


def _titles(session: Session, made: CalendarImport) -> dict[str, str]:
    """Read what the group's events are called -> their slugs."""
    rows = session.execute(
        sa.select(Series.title, Series.slug).where(Series.group_id == made.group_id)
    )
    return {fold(title): slug for title, slug in rows}


def places_missing(planned: Iterable[Planned]) -> bool:
    """Whether any of these lacks a place."""
    return any(not one.event.place for one in planned)
