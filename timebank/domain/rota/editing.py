"""Change a series: its words, place, time of day and jobs, for the dates still to come.

What people have promised stays theirs: a job with turns is not taken from under them, a moved
time takes them along and tells them, and a date that was moved on its own keeps its own time.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from typing import Any
from typing import NoReturn

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.domain import events
from timebank.domain.rota import following
from timebank.domain.rota import waiting
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Community
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Membership
from timebank.models import Role
from timebank.models import Series
from timebank.models import SeriesState

COPIED = (
    "title",
    "description",
    "scene",
    "first_timers",
    "bring",
    "frequency",
    "first_on",
    "starts_time",
    "ends_time",
)
COPIED_OF_ROLE = (
    "name",
    "about",
    "needed",
    "places",
    "starts_after_minutes",
    "duration_minutes",
)


class JobHasTurns(Refused):
    """Somebody has this job already. Have a word with them first."""


class SeriesChangedMeanwhile(Conflict):
    """Somebody changed this event a moment before you."""


class DatesAreOut(Refused):
    """The dates are out already. Change or cancel single dates on the rota."""


# The jobs as they now stand, laid on the dates that may still change.
TOO_FULL = """
SELECT r.id, r.name, r.retired_at IS NOT NULL AS is_going, e.occurs_on, count(*) AS taken,
       array_agg(coalesce(c.held_as, p.full_name, '') ORDER BY c.place) AS names
  FROM slot s
  JOIN role r ON r.id = s.role_id
  JOIN event e ON e.id = s.event_id
  JOIN claim c ON c.slot_id = s.id AND c.live
  LEFT JOIN profile p ON p.person_id = c.person_id
 WHERE s.event_id = ANY (:event_ids)
 GROUP BY r.id, s.id, e.id
HAVING r.retired_at IS NOT NULL OR count(*) > r.places
 ORDER BY e.occurs_on
"""
# Places are numbered: who sits above the new number takes a free one below it.
MOVE_DOWN = """
WITH above AS (
  SELECT c.id, c.slot_id, row_number() OVER (PARTITION BY c.slot_id ORDER BY c.place) AS turn
    FROM claim c JOIN slot s ON s.id = c.slot_id JOIN role r ON r.id = s.role_id
   WHERE c.event_id = ANY (:event_ids) AND c.live AND c.place > r.places
), free AS (
  SELECT s.id AS slot_id, number, row_number() OVER (PARTITION BY s.id ORDER BY number) AS turn
    FROM slot s JOIN role r ON r.id = s.role_id
   CROSS JOIN LATERAL generate_series(1, r.places) AS number
   WHERE s.id IN (SELECT slot_id FROM above)
     AND NOT EXISTS (SELECT FROM claim c WHERE c.slot_id = s.id AND c.live AND c.place = number)
)
UPDATE claim SET place = free.number
  FROM above JOIN free USING (slot_id, turn) WHERE claim.id = above.id
"""
FIT_SLOTS = """
UPDATE slot SET needed = r.needed, places = r.places
  FROM role r
 WHERE r.id = slot.role_id AND slot.event_id = ANY (:event_ids)
   AND (slot.needed, slot.places) <> (r.needed, r.places)
"""
# A slot that somebody once held stays for their story; readers leave out what nobody can take.
DROP_SLOTS = """
DELETE FROM slot USING role r
 WHERE r.id = slot.role_id AND r.retired_at IS NOT NULL AND slot.event_id = ANY (:event_ids)
   AND NOT EXISTS (SELECT FROM claim c WHERE c.slot_id = slot.id)
   AND NOT EXISTS (SELECT FROM appeal_ask a WHERE a.slot_id = slot.id)
   AND NOT EXISTS (SELECT FROM appeal a WHERE a.slot_id = slot.id)
"""
CLOSE_SLOTS = """
UPDATE slot SET closed_at = r.retired_at FROM role r
 WHERE r.id = slot.role_id AND r.retired_at IS NOT NULL AND slot.event_id = ANY (:event_ids)
   AND slot.closed_at IS NULL
"""
MOVED_SPANS = """
SELECT w.slot_id, w.starts_at, w.ends_at
  FROM (SELECT s.id AS slot_id, s.starts_at AS was_from, s.ends_at AS was_to,
               e.starts_at + make_interval(mins => r.starts_after_minutes) AS starts_at,
               e.starts_at + make_interval(mins => r.starts_after_minutes + r.duration_minutes)
                 AS ends_at
          FROM slot s JOIN role r ON r.id = s.role_id JOIN event e ON e.id = s.event_id
         WHERE s.event_id = ANY (:event_ids) AND r.retired_at IS NULL) AS w
 WHERE (w.starts_at, w.ends_at) <> (w.was_from, w.was_to)
"""


def edit_series(
    session: Session,
    *,
    series: Series,
    draft: events.SeriesDraft,
    by: Membership,
    now: dt.datetime,
    version: int | None = None,
) -> int:
    """Write a changed draft over a series and over its dates still to come.

    Returns how many people were told that a turn of theirs is at another time or place.

    Past dates and those with credited turns stay as they are. So does the group.

    Args:
        version: Of the series that the draft was written from, or None to write over any.

    Raises:
        NotFound: `by` does not run the group.
        DraftRefused: See `events.check_draft`.
        SeriesChangedMeanwhile: The series is at another version by now.
        DatesAreOut: Rhythm or first date of a published series differ.
        NoJobs: A published series would have none.
        JobHasTurns: A job would lose places that people have; it names them.
        TurnsOverlap: Somebody would be in two places at once; it names them.
    """
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
    event_ids = [event.id for event in dates]
    following.let_go_of_lapsed_holds(session, event_ids=event_ids, now=now)
    before = following.snapshot(session, event_ids=event_ids)
    _write_over(session, series, draft, dates=dates, timezone=timezone, now=now)
    role_ids = _write_roles(session, series, draft.roles, now)
    _fit_slots(session, event_ids, role_ids)
    waiting.offer_on_dates(session, event_ids=event_ids, now=now)
    return following.tell_the_moved(
        session, event_ids=event_ids, before=before, reason="", now=now
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


def _lock_dates(session: Session, series: Series, now: dt.datetime) -> list[Event]:
    """Lock the dates that may still change: not those called off, nor with credited turns."""
    coming = session.scalars(
        sa.select(Event)
        .where(
            Event.series_id == series.id,
            Event.starts_at > now,
            Event.state == EventState.PLANNED,
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


def _write_over(
    session: Session,
    series: Series,
    draft: events.SeriesDraft,
    *,
    dates: Sequence[Event],
    timezone: str,
    now: dt.datetime,
) -> None:
    """Write words, place and time over a series and its dates.

    A date keeps what was changed on it by itself: its time, or its place. The database raises the
    sequences for changed words; for a date's own time and place we do.
    """
    venue = events.find_or_make_venue(
        session, community_id=series.community_id, draft=draft.venue, now_at=series.venue_id
    )
    follow_time = [e for e in dates if (e.starts_at, e.ends_at) == _span(series, e, timezone)]
    follow_place = [e for e in dates if e.venue_id == series.venue_id]
    for name in COPIED:
        setattr(series, name, getattr(draft, name))
    series.venue_id = venue.id
    session.flush()
    for event in follow_time:
        event.starts_at, event.ends_at = _span(series, event, timezone)
    for event in follow_place:
        event.venue_id = venue.id
    for event in dates:
        if session.is_modified(event):
            event.sequence = Event.sequence + 1
            event.updated_at = now
    session.flush()


def _span(series: Series, event: Event, timezone: str) -> tuple[dt.datetime, dt.datetime]:
    return events.span_on(event.occurs_on, series.starts_time, series.ends_time, timezone)


def _write_roles(
    session: Session, series: Series, drafts: Sequence[events.RoleDraft], now: dt.datetime
) -> list[int]:
    """Make a series' jobs those of the draft -> their ids, in the draft's order."""
    known = {
        role.id: role
        for role in session.scalars(
            sa.select(Role).where(Role.series_id == series.id, Role.retired_at.is_(None))
        )
    }
    roles = []
    for position, draft in enumerate(drafts, start=1):
        role = known.pop(draft.role_id or 0, None)
        if role is None:
            role = Role(community_id=series.community_id, series_id=series.id)
            session.add(role)
        role.position = position
        for name in COPIED_OF_ROLE:
            setattr(role, name, getattr(draft, name))
        role.newcomer_places = min(role.newcomer_places or 0, role.places)
        roles.append(role)
    for role in known.values():
        role.retired_at = now
    session.flush()
    return [role.id for role in roles]


def _fit_slots(session: Session, event_ids: list[int], role_ids: list[int]) -> None:
    """Lay the jobs as they now stand on the dates that may still change."""
    values = {"event_ids": event_ids}
    too_full = session.execute(sa.text(TOO_FULL), values).first()
    if too_full:
        _refuse(too_full, role_ids)
    for statement in (MOVE_DOWN, FIT_SLOTS, DROP_SLOTS, CLOSE_SLOTS):
        session.execute(sa.text(statement), values)
    events.make_slots(session, event_ids=event_ids)
    spans = session.execute(sa.text(MOVED_SPANS), values)
    following.retime_slots(session, [following.SlotSpan(*span) for span in spans])


def _refuse(too_full: sa.Row[Any], role_ids: list[int]) -> NoReturn:
    names = following.list_names(too_full.names)
    have = "have" if too_full.taken > 1 else "has"
    day = f"{too_full.occurs_on.day} {calendar.month_name[too_full.occurs_on.month]}"
    if too_full.is_going:
        raise JobHasTurns(
            f"{names} {have} “{too_full.name}” on {day}. Keep the job, or have a word first.",
            field="roles",
        )
    raise JobHasTurns(
        f"{names} {have} this job on {day}. Keep {too_full.taken} places, or have a word first.",
        field=f"roles-{role_ids.index(too_full.id)}-places",
    )
