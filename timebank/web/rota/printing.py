"""The rota on paper: a tick sheet of one date, and all of it for a noticeboard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint
from flask import render_template
from flask import url_for

from timebank.core import clock
from timebank.db import db
from timebank.domain.rota import whats_on
from timebank.domain.rota.sheets import paper
from timebank.web.addresses import site
from timebank.web.auth import member
from timebank.web.events.running import occasion_of_organiser
from timebank.web.rota.qr import code_of
from timebank.web.rota.roster import Cell
from timebank.web.rota.roster import Column
from timebank.web.rota.roster import Roster

WALK_UPS = 5
DATES_A_SHEET = 6
MOST_BLANKS = 3  # lines to write on in a cell; the rest is said in words


@dataclass(frozen=True, slots=True)
class Space:
    """A cell of the noticeboard: names, lines to write on, and how many more would fit."""

    names: tuple[str, ...]
    blanks: range
    more: int
    is_needed: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page for the noticeboard: some dates, and each job with its spaces on them.

    A space is None where the date does not have the job.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Space | None, ...]], ...]


def register(bp: Blueprint) -> None:
    """Add the page to the rota's."""
    bp.add_url_rule("/e/<slug>/<day:day>/print", view_func=print_sheet)


def print_sheet(slug: str, day: dt.date) -> str:
    """Show the tick sheet of a date, for those who run it: under the number that it has for good.

    To open it twice makes no second number.
    """
    occasion = occasion_of_organiser(slug, day)
    numbered = paper.sheet_to_print(db.session(), occasion=occasion, by=member(), now=clock.now())
    db.session.commit()
    lines = paper.printed_lines(db.session(), sheet=numbered)
    return render_template(
        "grid/print_sheet.html",
        event=whats_on.gathering(db.session(), event_id=occasion.event_id),
        sheet=numbered,
        lines=lines,
        walk_ups=range(len(lines) + 1, len(lines) + WALK_UPS + 1),
        code=code_of(site() + url_for("events.event", slug=slug, day=day)),
    )


def sheets_of(roster: Roster) -> list[Sheet]:
    """Lay a rota out on sheets of six dates, each with the jobs that these dates have."""
    return [
        Sheet(
            roster.columns[start : start + DATES_A_SHEET],
            tuple(_rows(roster, slice(start, start + DATES_A_SHEET))),
        )
        for start in range(0, len(roster.columns), DATES_A_SHEET)
    ]


def _rows(roster: Roster, dates: slice) -> Iterator[tuple[str, tuple[Space | None, ...]]]:
    for row in roster.rows:
        cells = row.cells[dates]
        if any(cells):
            yield row.title, tuple(_space(cell) if cell else None for cell in cells)


def _space(cell: Cell) -> Space:
    blanks = min(cell.free, MOST_BLANKS)
    names = tuple(person.words for person in cell.people)
    return Space(names, range(blanks), cell.free - blanks, is_needed=cell.lacking > 0)
