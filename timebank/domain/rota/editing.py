"""Change a series: its words, place, time of day and jobs, for the dates still to come.

A change is for all dates to come, for those from one day on, or for one date only; changed words
are for all at once. What people have promised stays theirs: a job with turns is not taken from
under them, a moved time takes them along and tells them, and a date with a time, a place or jobs
of its own keeps them. Whom a change moves can be seen beforehand (`preview_edit`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import events
from timebank.domain.rota import following
from timebank.domain.rota import offering
from timebank.domain.rota import writing_over
from timebank.domain.rota.affected import Outcome
from timebank.domain.rota.affected import effects_since
from timebank.domain.rota.fitting import JobHasTurns
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Community
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Membership
from timebank.models import Series
from timebank.models import SeriesState

__all__ = [
    "EVERY_DATE",
    "DatesAreOut",
    "JobHasTurns",
    "Reach",
    "Scope",
    "SeriesChangedMeanwhile",
    "asks_which_dates",
    "dates_to_come",
    "edit_series",
    "preview_edit",
]


class SeriesChangedMeanwhile(Conflict):
    """Somebody changed this event a moment before you."""


class DatesAreOut(Refused):
    """The dates are out already. Change or cancel single dates on the rota."""


class Reach(enum.StrEnum):
    """Which of its dates a change of a series is for."""

    ALL = "all"
    LATER = "later"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which dates a change is for; `day` is the first of the later ones, or the only one."""

    reach: Reach = Reach.ALL
    day: dt.date = dt.date.min

    def includes(self, event: Event) -> bool:
        """Whether the change is for this date."""
        if self.reach is Reach.ONLY:
            return event.occurs_on == self.day
        return self.reach is Reach.ALL or event.occurs_on >= self.day


EVERY_DATE = Scope()


def edit_series(
    session: Session,
    *,
    series: Series,
    draft: events.SeriesDraft,
    by: Membership,
    now: dt.datetime,
    version: int | None = None,
    scope: Scope = EVERY_DATE,
    agreed: str | None = None,
) -> int:
    """Write a changed draft over a series and over those of its dates to come that it is for.

    Returns how many people were told that a turn of theirs is at another time or place.

    Past dates and those with credited turns stay as they are. So does the group.

    Args:
        version: Of the series that the draft was written from, or None to write over any.
        scope: For which dates another time, place or other jobs are.
        agreed: The digest of the outcome that was shown, or None to agree to any.

    Raises:
        NotFound: `by` does not run the group, or the scope names no date to come.
        DraftRefused: See `events.check_draft`.
        SeriesChangedMeanwhile: The series is at another version by now.
        DatesAreOut: Rhythm or first date of a published series differ.
        DateHasTurns: A date with turns would be outside the season, or after the last date.
        NoJobs: A published series would have none.
        JobHasTurns: A job would lose places or turns that people have; it names them.
        TurnsOverlap: Somebody would be in two places at once; it names them.
        NotAsShown: It moves other turns than the ones agreed to.
    """
    outcome = _edit(session, series, draft, by=by, now=now, version=version, scope=scope)
    outcome.require_agreed(agreed)
    return outcome.told


def preview_edit(
    session: Session,
    *,
    series: Series,
    draft: events.SeriesDraft,
    by: Membership,
    now: dt.datetime,
    version: int | None = None,
    scope: Scope = EVERY_DATE,
) -> Outcome:
    """Tell what `edit_series` would do, and change nothing.

    Raises:
        Whatever `edit_series` raises.
    """
    with session.begin_nested() as trial:
        outcome = _edit(session, series, draft, by=by, now=now, version=version, scope=scope)
        trial.rollback()
    return outcome


def asks_which_dates(
    session: Session, *, series: Series, draft: events.SeriesDraft, now: dt.datetime
) -> bool:
    """Whether there is a choice: another time, place or other jobs, and dates to come."""
    if series.state is SeriesState.DRAFT or not dates_to_come(session, series=series, now=now):
        return False
    return writing_over.difference_of(session, series, draft).asks_which_dates


def dates_to_come(session: Session, *, series: Series, now: dt.datetime) -> list[dt.date]:
    """List the dates that may still change, by the days of their addresses."""
    days = sa.select(Event.occurs_on).where(
        Event.series_id == series.id, Event.starts_at > now, Event.state == EventState.PLANNED
    )
    return list(session.scalars(days.order_by(Event.occurs_on)))


def _edit(
    session: Session,
    series: Series,
    draft: events.SeriesDraft,
    *,
    by: Membership,
    now: dt.datetime,
    version: int | None,
    scope: Scope,
) -> Outcome:
    events.require_organiser(
        session, group_id=series.group_id, community_id=series.community_id, by=by
    )
    timezone = session.get_one(Community, series.community_id).timezone
    events.check_draft(draft, timezone=timezone, now=now)
    session.refresh(series, with_for_update={"key_share": True})
    if version not in {None, series.version}:
        raise SeriesChangedMeanwhile
    _check_published(series, draft)
    dates = _lock_dates(session, series, now)
    _check_scope(scope, dates)
    event_ids = [event.id for event in dates]
    following.let_go_of_lapsed_holds(session, event_ids=event_ids, now=now)
    before = following.snapshot(session, event_ids=event_ids)
    change = writing_over.Change(
        series=series,
        draft=draft,
        difference=writing_over.difference_of(session, series, draft),
        chosen=[event for event in dates if scope.includes(event)],
        others=[event for event in dates if not scope.includes(event)],
        timezone=timezone,
        now=now,
    )
    is_one = scope.reach is Reach.ONLY
    kept = Outcome() if is_one else writing_over.kept_by_dates(change)
    write = writing_over.write_one if is_one else writing_over.write_all
    following.retime_slots(session, write(session, change))
    offering.offer_on_dates(session, event_ids=event_ids, now=now)
    return dataclasses.replace(
        kept,
        effects=effects_since(session, event_ids=event_ids, before=before),
        told=following.tell_the_moved(
            session, event_ids=event_ids, before=before, reason="", now=now
        ),
    )


def _check_published(series: Series, draft: events.SeriesDraft) -> None:
    if series.state is SeriesState.DRAFT:
        return
    if draft.frequency is not series.frequency:
        raise DatesAreOut(field="often")
    if draft.first_on != series.first_on:
        raise DatesAreOut(field="first")
    if not draft.roles:
        raise events.NoJobs(field="roles")


def _check_scope(scope: Scope, dates: Sequence[Event]) -> None:
    """Make sure that it names a date to come which takes place."""
    days = {event.occurs_on for event in dates if event.state is EventState.PLANNED}
    if scope.reach is not Reach.ALL and scope.day not in days:
        raise NotFound


def _lock_dates(session: Session, series: Series, now: dt.datetime) -> list[Event]:
    """Lock the dates that may still change: not those called off, nor with credited turns.

    What is left out follows the series too: it can be put back.
    """
    coming = session.scalars(
        sa.select(Event)
        .where(
            Event.series_id == series.id,
            Event.starts_at > now,
            Event.state.in_([EventState.PLANNED, EventState.SKIPPED]),
        )
        .order_by(Event.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    done = session.scalars(
        sa.select(Claim.event_id).where(
            Claim.event_id.in_([event.id for event in coming]),
            Claim.state == ClaimState.ATTENDED,
        )
    ).all()
    return [event for event in coming if event.id not in done]
