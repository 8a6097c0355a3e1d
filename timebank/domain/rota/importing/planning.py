"""What a spreadsheet would do to a series, and what has to be asked first. Nothing is written."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.core.text import fold
from timebank.core.text import public_name
from timebank.core.text import unaccented
from timebank.domain import events
from timebank.domain.rota.importing import drafts
from timebank.domain.rota.spreadsheets.dating import FAR_AWAY
from timebank.domain.rota.spreadsheets.members import Match
from timebank.domain.rota.spreadsheets.members import Member
from timebank.domain.rota.spreadsheets.members import match_people
from timebank.domain.rota.spreadsheets.records import SheetDate
from timebank.domain.rota.spreadsheets.records import SheetJob
from timebank.domain.rota.spreadsheets.records import Understood
from timebank.models import Community
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Membership
from timebank.models import Profile
from timebank.models import Role
from timebank.models import RotaImport
from timebank.models import Series
from timebank.models import Standing

NEW, NOBODY, LEAVE, SKIP = "new", "nobody", "leave", "skip"

Answers = Mapping[str, str]


class SayWhoItIs(Refused):
    """Say who this is: somebody we know, somebody new, or nobody to take in."""


class Fate(enum.StrEnum):
    """What becomes of a date of the spreadsheet."""

    THERE = "there"
    NEW = "new"
    PAST = "past"
    FAR = "far"
    NO_DAY = "no_day"
    NOT_ON = "not_on"  # cancelled or left out in the series
    CANCELLED = "cancelled"  # in the spreadsheet: stays as it is in the series
    SKIPPED = "skipped"  # the same, and it shall be left out in the series too


@dataclass(frozen=True, slots=True)
class PlannedDate:
    """A date: which day it is by now, what becomes of it.

    Attributes:
        key: of its question: which day it is, or whether to leave it out; empty: none.
        event_id: None where the series has no such date.
        is_usual: the series would have it anyway.
    """

    sheet: SheetDate
    day: dt.date | None
    fate: Fate
    key: str
    event_id: int | None
    is_usual: bool

    @property
    def is_on(self) -> bool:
        """Whether people are taken in on it."""
        return self.fate in {Fate.THERE, Fate.NEW}


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """A job. `role_id`: which of the series' jobs it is, None: a new one.

    `key`: of its question, when it has no namesake among the series' jobs; else empty. Until it is
    answered, `role_id` is our guess.
    """

    sheet: SheetJob
    role_id: int | None
    key: str


@dataclass(frozen=True, slots=True)
class PlannedPerson:
    """Somebody. `choice`: a membership, NEW, NOBODY, or "" where it has to be said.

    Attributes:
        key: of its question; empty: there is no doubt.
        candidates: (membership, name) of whom it may be, the likeliest first.
    """

    names: tuple[str, ...]
    key: str
    choice: str
    candidates: tuple[tuple[int, str], ...]
    turns: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it. `roles`: (id, name) of the series' jobs, to choose from."""

    understood: Understood
    dates: tuple[PlannedDate, ...]
    jobs: tuple[PlannedJob, ...]
    people: tuple[PlannedPerson, ...]
    roles: tuple[tuple[int, str], ...]

    def require_answers(self) -> None:
        """Insist on a word about everybody who is in doubt.

        Raises:
            SayWhoItIs: Of the first about whom nothing was said.
        """
        for person in self.people:
            if not person.choice:
                raise SayWhoItIs(field=person.key)


def plan(
    session: Session,
    *,
    made: RotaImport,
    series: Series,
    now: dt.datetime,
    answers: Answers | None = None,
) -> Plan:
    """Work out what would be done, with the answers given so far."""
    answers = made.choices["answers"] if answers is None else answers
    understood = drafts.read_again(session, made=made, series=series)
    roles = _roles(session, series)
    dates = _dates(session, understood, series, answers, now)
    return Plan(
        understood=understood,
        dates=dates,
        jobs=tuple(
            _job(number, job, roles, answers) for number, job in enumerate(understood.jobs)
        ),
        people=_people(session, understood, series, dates, answers),
        roles=tuple((role.id, role.name) for role in roles),
    )


def _roles(session: Session, series: Series) -> list[Role]:
    found = session.scalars(
        sa.select(Role)
        .where(
            Role.series_id == series.id, Role.retired_at.is_(None), Role.only_event_id.is_(None)
        )
        .order_by(Role.position, Role.id)
    )
    return list(found)


def _job(number: int, sheet: SheetJob, roles: list[Role], answers: Answers) -> PlannedJob:
    namesake = next((role.id for role in roles if fold(role.name) == fold(sheet.name)), None)
    if namesake is not None or not roles:
        return PlannedJob(sheet, namesake, "")
    key = f"job_{number}"
    chosen = answers.get(key, _alike(sheet, roles))
    known = {str(role.id): role.id for role in roles}
    return PlannedJob(sheet, known.get(chosen), key)


def _alike(sheet: SheetJob, roles: list[Role]) -> str:
    """Guess which job is meant, for a question: "Marshal (lake)" is likely "Marshal: lake"."""
    words = _words(sheet.name)
    return next((str(role.id) for role in roles if words and _words(role.name) == words), "")


def _words(name: str) -> list[str]:
    return re.findall(r"\w+", unaccented(name).replace("’", "").replace("'", ""))


def _dates(
    session: Session, understood: Understood, series: Series, answers: Answers, now: dt.datetime
) -> tuple[PlannedDate, ...]:
    timezone = session.get_one(Community, series.community_id).timezone
    there = {
        event.occurs_on: event
        for event in session.scalars(sa.select(Event).where(Event.series_id == series.id))
    }
    last = clock.local_date(now, timezone) + FAR_AWAY
    usual = set(events.days_of(series, until=last))
    planned = []
    for number, sheet in enumerate(understood.dates):
        day = sheet.day or _answered_day(answers.get(f"day_{number}", ""))
        event = there.get(day) if day else None
        skips = answers.get(f"off_{number}") == SKIP
        fate = _fate(sheet, day, event, skips=skips, last=last)
        if day and fate in {Fate.THERE, Fate.NEW, Fate.CANCELLED, Fate.SKIPPED}:
            begins = event.starts_at if event else _begins(series, day, timezone)
            fate = Fate.PAST if begins <= now else fate
        key = ""
        if sheet.day is None:
            key = f"day_{number}"
        elif fate in {Fate.CANCELLED, Fate.SKIPPED}:
            key = f"off_{number}"
        event_id = event.id if event else None
        planned.append(PlannedDate(sheet, day, fate, key, event_id, is_usual=day in usual))
    return tuple(planned)


def _fate(
    sheet: SheetDate, day: dt.date | None, event: Event | None, *, skips: bool, last: dt.date
) -> Fate:
    if day is None:
        return Fate.NO_DAY
    if day > last:
        return Fate.FAR
    if day < last - 2 * FAR_AWAY:
        return Fate.PAST
    if event is not None and event.state is not EventState.PLANNED:
        return Fate.NOT_ON
    if sheet.is_cancelled:
        return Fate.SKIPPED if skips else Fate.CANCELLED
    return Fate.NEW if event is None else Fate.THERE


def _begins(series: Series, day: dt.date, timezone: str) -> dt.datetime:
    starts_at, _ = events.span_on(day, series.starts_time, series.ends_time, timezone)
    return starts_at


def _answered_day(typed: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(typed)
    except ValueError:
        return None


def _people(
    session: Session,
    understood: Understood,
    series: Series,
    dates: tuple[PlannedDate, ...],
    answers: Answers,
) -> tuple[PlannedPerson, ...]:
    """Match everybody who stands on a date that is on; a key is the number of their first turn."""
    first: dict[str, int] = {}
    turns: dict[str, int] = {}
    for number, entry in enumerate(understood.entries):
        if dates[entry.date].is_on:
            first.setdefault(entry.name, number)
            turns[entry.name] = turns.get(entry.name, 0) + 1
    members = _members(session, series)
    names = {member.membership_id: member.full_name for member in members}
    return tuple(
        _person(
            match,
            key=f"who_{min(first[name] for name in match.names)}",
            turns=sum(turns[name] for name in match.names),
            names=names,
            answers=answers,
        )
        for match in match_people(first, members=members)
    )


def _person(
    match: Match, *, key: str, turns: int, names: Mapping[int, str], answers: Answers
) -> PlannedPerson:
    candidates = _told_apart([(one, names[one]) for one in match.membership_ids])
    if match.is_certain:
        return PlannedPerson(match.names, "", str(match.membership_ids[0]), candidates, turns)
    offered = {str(one) for one in match.membership_ids} | {NEW, NOBODY}
    choice = answers.get(key, "")
    if choice not in offered:
        choice = "" if candidates else NEW
    return PlannedPerson(match.names, key, choice, candidates, turns)


def _told_apart(found: list[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Name people as everybody sees them; in full where two would read the same."""
    short = [public_name(name) for _, name in found]
    return tuple(
        (one, name if short.count(public_name(name)) > 1 else public_name(name))
        for one, name in found
    )


def _members(session: Session, series: Series) -> list[Member]:
    rows = session.execute(
        sa.select(Membership.id, Profile.full_name)
        .join(Profile, Profile.person_id == Membership.person_id)
        .where(
            Membership.community_id == series.community_id, Membership.standing != Standing.LEFT
        )
        .order_by(Membership.id)
    )
    return [Member(*row) for row in rows]
