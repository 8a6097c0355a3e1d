"""Write a changed series over its dates to come: all of them, later ones, or one.

What is a date's own stays its own: its time, its place, its jobs. `editing` is the door to this.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.domain import events
from timebank.domain.events import leads
from timebank.domain.rota import fitting
from timebank.domain.rota import following
from timebank.domain.rota import joblines
from timebank.domain.rota import leaving_out
from timebank.domain.rota import own_jobs
from timebank.domain.rota.affected import Outcome
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Series
from timebank.models import Venue

WORDS = (
    "title",
    "description",
    "scene",
    "first_timers",
    "bring",
    "most_a_week",
    "drop_out_hours",
    "decide_hours_before",
    "if_short",
)
RHYTHM = ("frequency", "first_on", "last_on", "season_from", "season_until")
TIMES = ("starts_time", "ends_time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What of a series a draft would change, beside its words."""

    times: bool
    place: bool
    jobs: bool
    crowd: bool
    rhythm: bool
    leads: bool

    @property
    def asks_which_dates(self) -> bool:
        """Whether it can be for some dates and not for others."""
        return self.times or self.place or self.jobs or self.crowd or self.leads


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a series: what is written, over which of its dates to come, and which not."""

    series: Series
    draft: events.SeriesDraft
    difference: Difference
    chosen: Sequence[Event]
    others: Sequence[Event]
    timezone: str
    now: dt.datetime


def difference_of(session: Session, series: Series, draft: events.SeriesDraft) -> Difference:
    """Compare a draft with its series, before anything is written."""
    roles = joblines.roles_of_series(session, series_id=series.id)
    venue = session.get_one(Venue, series.venue_id)
    place = dataclasses.asdict(draft.venue)
    del place["area"]  # only helps to find it: to correct that moves nobody
    return Difference(
        times=_differ(TIMES, series, draft),
        rhythm=_differ(RHYTHM, series, draft),
        place=any(getattr(venue, name) != value for name, value in place.items()),
        jobs=joblines.jobs_differ(roles, draft.roles),
        crowd=draft.expected_people != series.expected_people
        and any(role.one_per for role in roles),
        leads=draft.leads != leads.of_series(series),
    )


def kept_by_dates(change: Change) -> Outcome:
    """Find the chosen dates that keep what is their own."""
    differs = change.difference
    planned = [event for event in change.chosen if event.state is EventState.PLANNED]
    own_times = [
        event
        for event in planned
        if (differs.times and not _follows_time(change, event))
        or (differs.place and event.venue_id != change.series.venue_id)
    ]
    own_jobs_too = [event for event in planned if event.own_jobs]
    own_leads = [event for event in planned if differs.leads and event.leads is not None]
    return Outcome(
        own_jobs=tuple(event.occurs_on for event in own_jobs_too if differs.jobs or differs.crowd),
        own_times=tuple(event.occurs_on for event in own_times),
        own_leads=tuple(event.occurs_on for event in own_leads),
    )


def write_all(session: Session, change: Change) -> list[following.SlotSpan]:
    """Write over a series and the chosen dates -> which slots are to be moved.

    The others keep the jobs and reminders that they have, from now on as their own.
    """
    if change.difference.jobs or change.difference.crowd:
        for event in change.others:
            event.own_jobs = True
    _remind(change)
    starts = {event.id: event.starts_at for event in change.chosen}
    _move_along(session, change)
    role_ids = joblines.write_roles(
        session, series=change.series, drafts=change.draft.roles, now=change.now
    )
    usual = [event.id for event in change.chosen if not event.own_jobs]
    own = [event for event in change.chosen if event.own_jobs]
    spans = fitting.fit_slots(session, fitting.of_jobs(usual), role_ids=role_ids, now=change.now)
    _follow_rhythm(session, change)
    return spans + following.shifted(
        session, offsets={event.id: event.starts_at - starts[event.id] for event in own}
    )


def write_one(session: Session, change: Change) -> list[following.SlotSpan]:
    """Write words over a series, and the rest over one date -> which slots are to be moved."""
    (event,) = change.chosen
    was_at = event.starts_at
    _move_one(session, change, event)
    for name in (*WORDS, *RHYTHM):
        setattr(change.series, name, getattr(change.draft, name))
    joblines.write_role_words(session, series=change.series, drafts=change.draft.roles)
    _follow_rhythm(session, change)
    if change.difference.jobs:
        return own_jobs.write_jobs(session, event=event, drafts=change.draft.roles, now=change.now)
    if event.own_jobs:
        return following.shifted(session, offsets={event.id: event.starts_at - was_at})
    return fitting.fit_slots(session, fitting.of_jobs([event.id]), role_ids=[], now=change.now)


def _move_along(session: Session, change: Change) -> None:
    """Write words, rhythm, place and time over a series, and place and time over its dates.

    A date keeps what was changed on it by itself: its time, or its place. The database raises the
    sequences for changed words; for a date's own time and place we do.
    """
    series, draft = change.series, change.draft
    venue = _venue(session, change)
    follow_time = [event for event in change.chosen if _follows_time(change, event)]
    follow_place = [event for event in change.chosen if event.venue_id == series.venue_id]
    for name in (*WORDS, *RHYTHM, *TIMES, "expected_people"):
        setattr(series, name, getattr(draft, name))
    series.venue_id = venue.id
    session.flush()
    for event in follow_time:
        event.starts_at, event.ends_at = _span(series, event, change.timezone)
    for event in follow_place:
        event.venue_id = venue.id
    _note_changes(session, change)


def _move_one(session: Session, change: Change, event: Event) -> None:
    """Write time, place and crowd over one date, each only where it is another."""
    draft = change.draft
    venue = _venue(session, change)
    if change.difference.place:
        event.venue_id = venue.id
    if change.difference.times:
        day = clock.local_date(event.starts_at, change.timezone)
        event.starts_at, event.ends_at = events.span_on(
            day, draft.starts_time, draft.ends_time, change.timezone
        )
    _note_changes(session, change)
    if change.difference.crowd:
        event.expected_people = draft.expected_people
    if change.difference.leads:
        event.leads = leads.written(draft.leads)


def _remind(change: Change) -> None:
    """Write over a series when people are reminded; dates it isn't for are left as they were."""
    if not change.difference.leads:
        return
    before = leads.written(leads.of_series(change.series))
    for event in change.others:
        event.leads = before if event.leads is None else event.leads
    change.series.leads = leads.written_of_series(change.draft.leads)


def _note_changes(session: Session, change: Change) -> None:
    for event in change.chosen:
        if session.is_modified(event):
            event.sequence = Event.sequence + 1
            event.updated_at = change.now
    session.flush()


def _follow_rhythm(session: Session, change: Change) -> None:
    if change.difference.rhythm:
        dates = [*change.chosen, *change.others]
        leaving_out.follow_rhythm(session, series=change.series, dates=dates, now=change.now)


def _venue(session: Session, change: Change) -> Venue:
    return events.find_or_make_venue(
        session,
        community_id=change.series.community_id,
        draft=change.draft.venue,
        now_at=change.series.venue_id,
    )


def _differ(names: tuple[str, ...], series: Series, draft: events.SeriesDraft) -> bool:
    return any(getattr(series, name) != getattr(draft, name) for name in names)


def _follows_time(change: Change, event: Event) -> bool:
    usual = _span(change.series, event, change.timezone)
    return (event.starts_at, event.ends_at) == usual


def _span(series: Series, event: Event, timezone: str) -> tuple[dt.datetime, dt.datetime]:
    return events.span_on(event.occurs_on, series.starts_time, series.ends_time, timezone)
