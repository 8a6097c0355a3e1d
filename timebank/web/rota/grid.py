"""The rota of a series: its jobs by the next six dates and more."""

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
from timebank.domain.rota import fairness
from timebank.domain.rota import grid
from timebank.web.addresses import site
from timebank.web.door import Door
from timebank.web.door import open_door
from timebank.web.kept import kept_page
from timebank.web.kept import tick
from timebank.web.rota import could_do
from timebank.web.rota import coverage
from timebank.web.rota import printing
from timebank.web.rota.qr import code_of
from timebank.web.rota.roster import EVERYBODY
from timebank.web.rota.roster import Look
from timebank.web.rota.roster import Onlooker
from timebank.web.rota.roster import Roster
from timebank.web.rota.roster import roster_of
from timebank.web.rota.table import table_of

bp = Blueprint("grid", __name__)
for pages in (printing, could_do, coverage):
    pages.register(bp)

# The versions tell all that is shown, but whose turns are "You". These are looked up in the order
# of an index: to a mere EXISTS the planner reads every claim there is.
COLUMNS: LiteralString = """, x.id, x.version, x.group_id, x.is_published, x.title, x.place,
  (SELECT sum(e.version) FROM event e WHERE e.series_id = x.id),
  (SELECT true FROM claim k JOIN event e ON e.id = k.event_id
    WHERE k.membership_id = v.membership_id AND k.live AND e.series_id = x.id
    ORDER BY k.starts_at DESC LIMIT 1)"""
JOINS: LiteralString = """
LEFT JOIN LATERAL (
  SELECT x.id, x.version, x.group_id, x.state = 'published' AS is_published, x.title,
         p.name AS place
    FROM series x JOIN venue p ON p.id = x.venue_id
   WHERE x.community_id = c.id AND x.slug = %(slug)s
) AS x ON true"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rota is asked for, from which day on, and how much of it."""

    slug: str
    first: dt.date | None
    most: int
    now: dt.datetime


@bp.get("/e/<slug>/rota")
def rota(slug: str) -> Response:
    """Show who does what on the next dates, and which places are going spare."""
    return _kept(slug, on_paper=False)


@bp.get("/e/<slug>/rota/print")
def noticeboard(slug: str) -> Response:
    """Show the same on paper, with lines to write on, for a noticeboard."""
    return _kept(slug, on_paper=True)


@bp.get("/e/<slug>/rota.csv")
def table(slug: str) -> Response:
    """Hand those who run it the same as a table for a spreadsheet."""
    asked = Asked(slug, _day(request.args.get("from", "")), _most(), clock.now())
    opened = open_door(COLUMNS, JOINS, slug=slug)
    series_id, _, group_id, *_ = opened.facts
    if series_id is None or not (opened.viewer and opened.viewer.may_organise(group_id)):
        raise NotFound
    read = _read(opened, asked, with_left_out=False)
    return Response(
        table_of(read, opened.community.timezone).encode(),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{slug}-rota.csv"'},
    )


def _kept(slug: str, *, on_paper: bool) -> Response:
    asked = Asked(slug, _day(request.args.get("from", "")), _most(), clock.now())
    opened = open_door(COLUMNS, JOINS, slug=slug)
    series_id, _, group_id, is_published, *_, has_turns = opened.facts
    runs_it = bool(opened.viewer and opened.viewer.may_organise(group_id))
    if series_id is None or not (is_published or runs_it):
        raise NotFound
    onlooker = EVERYBODY
    if opened.viewer and not on_paper:
        onlooker = Onlooker(opened.viewer.membership_id if has_turns else None, runs_it)
    key = ("grid", on_paper, opened.viewer is None, onlooker, asked.first, asked.most)
    render = _noticeboard if on_paper else _rota
    versions = opened.facts[:-1]
    return kept_page((*key, tick(asked.now), *versions), lambda: render(opened, asked, onlooker))


def _rota(opened: Door, asked: Asked, onlooker: Onlooker) -> str:
    series_id, _, _, is_published, title, place, *_ = opened.facts
    read = _read(opened, asked, with_left_out=onlooker.runs_it)
    fair_turns: tuple[fairness.FairTurns, ...] = ()
    if onlooker.runs_it:
        fair_turns = fairness.read_fair_turns(db.session(), series_id=series_id, now=asked.now)
    return render_template(
        "grid/rota.html",
        slug=asked.slug,
        title=title,
        place=place,
        is_published=is_published,
        runs_it=onlooker.runs_it,
        fair_turns=fair_turns,
        roster=_worded(read, opened, asked, onlooker),
        asked=asked,
        choices=grid.DATES_A_PAGE,
        earlier_from=read.earlier_from,
        later_from=read.later_from,
    )


def _noticeboard(opened: Door, asked: Asked, onlooker: Onlooker) -> str:
    _, _, _, _, title, place, *_ = opened.facts
    read = _read(opened, asked, with_left_out=False)
    return render_template(
        "grid/noticeboard.html",
        slug=asked.slug,
        title=title,
        place=place,
        sheets=printing.sheets_of(_worded(read, opened, asked, onlooker)),
        code=code_of(site() + url_for("grid.rota", slug=asked.slug)),
        now=asked.now,
    )


def _read(opened: Door, asked: Asked, *, with_left_out: bool) -> grid.Grid:
    return grid.read_grid(
        db.session(),
        series_id=opened.facts[0],
        first=asked.first,
        most=asked.most,
        with_left_out=with_left_out,
        now=asked.now,
    )


def _worded(read: grid.Grid, opened: Door, asked: Asked, onlooker: Onlooker) -> Roster:
    return roster_of(read, Look(asked.slug, opened.community.timezone, onlooker, asked.now))


def _day(typed: str) -> dt.date | None:
    """Read the first day to show; what is no day means the next dates."""
    try:
        return dt.date.fromisoformat(typed)
    except ValueError:
        return None


def _most() -> int:
    """Read how many dates to show; what was not offered means the fewest."""
    offered = {str(most): most for most in grid.DATES_A_PAGE}
    return offered.get(request.args.get("dates", ""), grid.DATES_A_PAGE[0])
