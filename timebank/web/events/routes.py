"""What's on, and the page of one date with its rota."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container
from dataclasses import dataclass
from itertools import groupby
from typing import LiteralString

from flask import Blueprint
from flask import Response
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from werkzeug.wrappers import Response as Answer

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.db import db
from timebank.domain.rota import reading
from timebank.domain.rota import waiting
from timebank.domain.rota import whats_on
from timebank.domain.rota.reading import Job
from timebank.domain.rota.yielding import YIELDS_BEFORE
from timebank.web.door import Door
from timebank.web.door import open_door
from timebank.web.kept import fresh_page
from timebank.web.kept import kept_page
from timebank.web.kept import tick

bp = Blueprint("events", __name__)

AHEAD = dt.timedelta(days=15)
STEP_IN_WITHIN = dt.timedelta(days=8)
MOST_INVITATIONS = 4

WHATS_ON_COLUMNS: LiteralString = ", w.dates, w.versions, w.last"
WHATS_ON_JOINS: LiteralString = """
LEFT JOIN LATERAL (
  SELECT count(*) AS dates, sum(e.version + x.version) AS versions, max(e.id) AS last
    FROM event e JOIN series x ON x.id = e.series_id AND x.state = 'published'
   WHERE e.community_id = c.id AND e.ends_at > %(from)s AND e.starts_at < %(until)s
) AS w ON true"""

EVENT_COLUMNS: LiteralString = """, e.id, e.version, e.series_version, e.group_id, e.is_published,
  e.is_left_out,
  ARRAY(SELECT k.id FROM claim k
         WHERE k.event_id = e.id AND k.membership_id = v.membership_id AND k.live ORDER BY 1),
  v.person_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM claim k WHERE k.membership_id = v.membership_id
                       AND (k.state = 'attended' OR k.binds AND k.ends_at > %(now)s)),
  (SELECT sum(n.version) FROM event n WHERE n.series_id = e.series_id
      AND n.starts_at > e.starts_at),
  EXISTS (SELECT FROM waiting w JOIN slot o ON o.id = w.slot_id
           WHERE w.membership_id = v.membership_id AND w.ended_at IS NULL
             AND o.event_id = e.id)"""
EVENT_JOINS: LiteralString = """
LEFT JOIN LATERAL (
  SELECT e.id, e.version, e.series_id, e.starts_at, x.version AS series_version, x.group_id,
         x.state = 'published' AS is_published, e.state = 'skipped' AS is_left_out
    FROM series x JOIN event e ON e.series_id = x.id AND e.occurs_on = %(day)s
   WHERE x.community_id = c.id AND x.slug = %(slug)s
) AS e ON true"""


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What the door tells about a date and its viewer; without a date all are None or empty."""

    event_id: int | None
    version: int
    series_version: int
    group_id: int
    is_published: bool
    is_left_out: bool
    own_claims: list[int]
    is_new: bool
    later_versions: int | None
    is_waiting: bool

    @property
    def versions(self) -> tuple[int | None, ...]:
        """What rises with everything that the page shows."""
        return self.event_id, self.version, self.series_version, self.later_versions


@bp.get("/")
def home() -> Response:
    """Show the next two weeks, and where somebody is wanted most."""
    now = clock.now()
    opened = open_door(WHATS_ON_COLUMNS, WHATS_ON_JOINS, **{"from": now, "until": now + AHEAD})
    kind = _kind()
    runs_anything = bool(opened.viewer and opened.viewer.is_organiser)
    key = ("home", opened.community.id, opened.viewer is None, runs_anything, kind, tick(now))
    return kept_page((*key, *opened.facts), lambda: _render_home(opened, kind, now))


def _render_home(opened: Door, kind: whats_on.Kind | None, now: dt.datetime) -> str:
    community = opened.community
    dates = whats_on.coming_dates(
        db.session(), community_id=community.id, now=now, until=now + AHEAD, kind=kind
    )
    invitations = reading.open_jobs(
        db.session(),
        community_id=community.id,
        now=now,
        until=now + STEP_IN_WITHIN,
        most=MOST_INVITATIONS,
        most_a_date=1,
    )
    days = groupby(dates, key=lambda date: clock.local_date(date.starts_at, community.timezone))
    return render_template(
        "events/home.html",
        days=[(day, list(its_dates)) for day, its_dates in days],
        invitations=invitations,
        kinds=list(whats_on.Kind),
        kind=kind,
    )


def _kind() -> whats_on.Kind | None:
    try:
        return whats_on.Kind(request.args.get("kind", ""))
    except ValueError:
        return None


@bp.get("/e/<slug>")
def series(slug: str) -> Answer:
    """Lead to the next date of a series, which is what a shared link means."""
    opened = open_door()
    day = whats_on.next_date(
        db.session(), community_id=opened.community.id, slug=slug, now=clock.now()
    )
    if day is None:
        raise NotFound
    return redirect(url_for("events.event", slug=slug, day=day))


@bp.get("/e/<slug>/<day:day>")
def event(slug: str, day: dt.date) -> Response:
    """Show one date: what happens, where, and who's doing what."""
    now = clock.now()
    opened = open_door(EVENT_COLUMNS, EVENT_JOINS, slug=slug, day=day, now=now)
    facts = EventFacts(*opened.facts)
    runs_it = bool(opened.viewer and opened.viewer.may_organise(facts.group_id))
    event_id = facts.event_id
    if event_id is None or not (runs_it or (facts.is_published and not facts.is_left_out)):
        raise NotFound

    def render() -> str:
        return _render_event(opened, event_id, facts, now, runs_it=runs_it)

    if facts.is_waiting:  # where they stand in line moves with others: such a page is not kept
        return fresh_page(render)
    seen_by = (opened.viewer is None, runs_it, facts.is_new, *facts.own_claims)
    return kept_page(("event", *seen_by, *facts.versions, tick(now)), render)


def _render_event(
    opened: Door, event_id: int, facts: EventFacts, now: dt.datetime, *, runs_it: bool
) -> str:
    gathering = whats_on.gathering(db.session(), event_id=event_id)
    if facts.is_left_out:
        return render_template("events/left_out.html", event=gathering)
    jobs = reading.jobs_of_event(db.session(), event_id=event_id)
    own = opened.membership_id
    lines = _lines(event_id, own, now) if facts.is_waiting else {}
    return render_template(
        "events/event.html",
        event=gathering,
        jobs=sorted(jobs, key=lambda job: _urgency(job, own, lines)),
        roomy=_where_regulars_make_room(jobs, now) if facts.is_new else frozenset(),
        coverage=reading.coverage_of(jobs),
        own=own,
        lines=lines,
        best=_best_beside(opened, event_id, gathering.starts_at, now) if lines else None,
        now=now,
        is_over=gathering.ends_at <= now,
        runs_it=runs_it,
    )


def _where_regulars_make_room(jobs: list[Job], now: dt.datetime) -> frozenset[int]:
    """Find the full jobs that somebody's first turn may still have."""
    until = now + YIELDS_BEFORE
    return frozenset(job.slot_id for job in jobs if job.makes_room and job.starts_at > until)


def _lines(event_id: int, own: int | None, now: dt.datetime) -> dict[int, waiting.InLine]:
    """Find where the viewer waits on this date, by slot."""
    if own is None:
        return {}
    found = waiting.standing_in_line(db.session(), membership_id=own, event_id=event_id, now=now)
    return {line.slot_id: line for line in found}


def _best_beside(
    opened: Door, event_id: int, starts_at: dt.datetime, now: dt.datetime
) -> reading.OpenJob | None:
    return reading.next_best(
        db.session(),
        community_id=opened.community.id,
        event_id=event_id,
        near=starts_at,
        membership_id=opened.membership_id,
        now=now,
    )


def _urgency(job: Job, own: int | None, lines: Container[int]) -> int:
    """Sort: needed, open, yours and what they wait for, taken."""
    if job.slot_id in lines or (own is not None and job.claim_of(own)):
        return 2
    if job.is_needed:
        return 0
    return 1 if job.free else 3
