"""The rota of a series: its jobs by the next six dates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import LiteralString

from flask import Blueprint
from flask import Response
from flask import render_template
from flask import request
from flask import url_for

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.db import db
from timebank.domain.rota import grid
from timebank.web.door import Door
from timebank.web.door import open_door
from timebank.web.kept import kept_page
from timebank.web.rota import printing

bp = Blueprint("grid", __name__)
printing.register(bp)

# A kept page knows what time it is to within five minutes; the rules know it exactly.
CLOCK_SECONDS = 300

COLUMNS: LiteralString = """, x.id, x.version, x.group_id, x.is_published, x.title, x.place,
  (SELECT sum(e.version) FROM event e WHERE e.series_id = x.id),
  ARRAY(SELECT k.slot_id FROM claim k JOIN event e ON e.id = k.event_id
         WHERE e.series_id = x.id AND k.membership_id = v.membership_id AND k.live ORDER BY 1)"""
JOINS: LiteralString = """
LEFT JOIN LATERAL (
  SELECT x.id, x.version, x.group_id, x.state = 'published' AS is_published, x.title,
         p.name AS place
    FROM series x JOIN venue p ON p.id = x.venue_id
   WHERE x.community_id = c.id AND x.slug = %(slug)s
) AS x ON true"""


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a cell."""

    membership_id: int
    name: str
    is_held: bool
    is_you: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows: names, and where to take a place that is going spare."""

    people: tuple[Name, ...]
    take_url: str | None
    free: int
    is_needed: bool
    is_yours: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A job over the dates."""

    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a date; `change_url` and `print_url` are for those who run it."""

    starts_at: dt.datetime
    filled: int
    total: int
    is_next: bool
    is_cancelled: bool
    has_moved: bool
    reason: str | None
    url: str
    change_url: str | None
    print_url: str | None


@bp.get("/e/<slug>/rota")
def rota(slug: str) -> Response:
    """Show who does what on the next dates, and which places are going spare."""
    now = clock.now()
    opened = open_door(COLUMNS, JOINS, slug=slug)
    series_id, _, group_id, is_published, *_ = opened.facts
    runs_it = bool(opened.viewer and opened.viewer.may_organise(group_id))
    if series_id is None or not (is_published or runs_it):
        raise NotFound
    first = _day(request.args.get("from", ""))
    tick = int(now.timestamp()) // CLOCK_SECONDS
    own = opened.viewer.membership_id if opened.viewer and opened.facts[-1] else None
    key = ("grid", opened.viewer is None, runs_it, own, first, tick, *opened.facts[:-1])
    return kept_page(key, lambda: _render(opened, slug, first, now, runs_it=runs_it))


def _render(
    opened: Door, slug: str, first: dt.date | None, now: dt.datetime, *, runs_it: bool
) -> str:
    series_id, _, _, is_published, title, place, *_ = opened.facts
    own = opened.viewer.membership_id if opened.viewer else None
    read = grid.read_grid(db.session(), series_id=series_id, first=first, now=now)
    return render_template(
        "grid/rota.html",
        slug=slug,
        title=title,
        place=place,
        is_published=is_published,
        runs_it=runs_it,
        dates=[_column(read, index, slug, now, runs_it) for index in range(len(read.dates))],
        rows=[_row(row, read.dates, slug, own, now) for row in read.rows],
        earlier_from=read.earlier_from,
        later_from=read.later_from,
    )


def _column(read: grid.Grid, index: int, slug: str, now: dt.datetime, runs_it: bool) -> Column:  # noqa: FBT001
    date = read.dates[index]
    jobs = [job for row in read.rows if (job := row.cells[index])]
    ahead = [d.starts_at for d in read.dates if d.ends_at > now and not d.is_cancelled]
    may_change = runs_it and date.starts_at > now and not date.is_cancelled
    return Column(
        starts_at=date.starts_at,
        filled=sum(len(job.takers) for job in jobs),
        total=sum(job.places for job in jobs),
        is_next=date.starts_at == min(ahead, default=None),
        is_cancelled=date.is_cancelled,
        has_moved=date.has_moved,
        reason=date.reason,
        url=url_for("events.event", slug=slug, day=date.occurs_on),
        change_url=url_for("editor.change", slug=slug, day=date.occurs_on) if may_change else None,
        print_url=url_for("grid.print_sheet", slug=slug, day=date.occurs_on) if runs_it else None,
    )


def _row(
    row: grid.GridRow,
    dates: tuple[grid.GridDate, ...],
    slug: str,
    own: int | None,
    now: dt.datetime,
) -> Row:
    pairs = zip(row.cells, dates, strict=True)
    return Row(row.name, tuple(_cell(job, date, slug, own, now) for job, date in pairs))


def _cell(
    job: grid.GridJob | None, date: grid.GridDate, slug: str, own: int | None, now: dt.datetime
) -> Cell:
    if job is None or date.is_cancelled:
        return Cell((), None, 0, is_needed=False, is_yours=False)
    people = tuple(
        Name(t.membership_id, t.name, t.is_held, t.membership_id == own) for t in job.takers
    )
    is_yours = any(person.is_you for person in people)
    is_open = job.has_room and job.ends_at > now and not is_yours
    take_url = url_for("rota.claim", slug=slug, day=date.occurs_on, slot_id=job.slot_id)
    return Cell(
        people,
        take_url if is_open else None,
        job.places - len(job.takers),
        is_needed=job.is_needed,
        is_yours=is_yours,
    )


def _day(typed: str) -> dt.date | None:
    """Read the first day to show; what is no day means the next dates."""
    try:
        return dt.date.fromisoformat(typed)
    except ValueError:
        return None
