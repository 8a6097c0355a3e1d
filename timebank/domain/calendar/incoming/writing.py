"""Take a group's calendar in: one transaction, once, and an account of what it made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.domain import events
from timebank.domain.calendar.incoming import drafts
from timebank.domain.calendar.incoming import planning
from timebank.domain.calendar.incoming.entries import When
from timebank.domain.calendar.incoming.gathering import Gathered
from timebank.domain.calendar.incoming.gathering import venue_of
from timebank.domain.calendar.incoming.planning import Planned
from timebank.domain.events.dates import write_dates
from timebank.models import CalendarImport
from timebank.models import Community
from timebank.models import EventState
from timebank.models import ImportedEntry
from timebank.models import Membership
from timebank.models import Series

SKIP, HELPER = "skip", "helper"


@dataclass(frozen=True, slots=True)
class Answers:
    """What an organiser says to what was read.

    Attributes:
        jobs: By the number of an event: the key of a ready-made rota, HELPER or SKIP.
        place: Where those meet of which the calendar doesn't say it.
    """

    jobs: Mapping[int, str]
    place: str = ""


def write(
    session: Session,
    *,
    made: CalendarImport,
    answers: Answers,
    by: Membership,
    now: dt.datetime,
) -> None:
    """Take a calendar in: a published series for each event. Twice is the same as once.

    Raises:
        NotFound: `by` does not run the group.
        SayWhere: The calendar doesn't say where something is, and nobody else did.
        DraftRefused: An event can't be kept as it is, because things have changed meanwhile.
    """
    events.require_organiser(
        session, group_id=made.group_id, community_id=made.community_id, by=by
    )
    drafts.lock(session, made)
    if made.written_at is not None:
        return
    plan = planning.plan(session, made=made, now=now)
    wanted = [one for one in plan.events if answers.jobs.get(one.number, HELPER) != SKIP]
    if planning.places_missing(wanted) and not answers.place:
        raise planning.SayWhere(field="place")
    timezone = session.get_one(Community, made.community_id).timezone
    series_ids = []
    for planned in wanted:
        draft = _draft(made, planned, answers)
        series = events.make_series(session, draft=draft, by=by, now=now)
        _dates(session, series, planned.event, timezone)
        events.publish(session, series=series, now=now)
        _remember(session, made, planned.event, series)
        series_ids.append(series.id)
    made.wrote = {
        "series": series_ids,
        "there": len(plan.there),
        "left_out": len(plan.events) - len(wanted),
        "passed": len(plan.found.passed) + plan.found.more_passed,
    }
    made.found = None
    made.written_at = now
    session.flush()


def _draft(made: CalendarImport, planned: Planned, answers: Answers) -> events.SeriesDraft:
    place = planned.event.place or answers.place
    return planned.event.draft(made.group_id, place, answers.jobs.get(planned.number, HELPER))


def _dates(session: Session, series: Series, event: Gathered, timezone: str) -> None:
    """Write what its rhythm does not make by itself.

    Those are dates at another time, day or place, and the days of the rhythm on which it isn't.
    """
    venues = {event.place: series.venue_id}
    for when in event.differing:
        if when.place not in venues:
            venues[when.place] = events.find_or_make_venue(
                session, community_id=series.community_id, draft=venue_of(when.place)
            ).id
    rows = [
        _row(series, when, venues[when.place], timezone, EventState.PLANNED)
        for when in event.differing
    ]
    differing = {when.day for when in event.differing}
    rows += [
        _row(
            series,
            When(day, event.starts, event.ends, event.place),
            series.venue_id,
            timezone,
            EventState.SKIPPED,
        )
        for day in event.off
        if day not in differing
    ]
    write_dates(session, rows)


def _row(
    series: Series, when: When, venue_id: int, timezone: str, state: EventState
) -> dict[str, Any]:
    starts_at, ends_at = events.span_on(when.day, when.starts, when.ends, timezone)
    return {
        "community_id": series.community_id,
        "series_id": series.id,
        "venue_id": venue_id,
        "occurs_on": when.day,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "state": state,
    }


def _remember(session: Session, made: CalendarImport, event: Gathered, series: Series) -> None:
    """Keep which entries it was, so that they don't come in again."""
    rows = [
        {
            "group_id": made.group_id,
            "digest": planning.digest_of(uid),
            "community_id": made.community_id,
            "series_id": series.id,
            "import_id": made.id,
        }
        for uid in dict.fromkeys(event.uids)
    ]
    if rows:
        session.execute(insert(ImportedEntry).values(rows).on_conflict_do_nothing())
