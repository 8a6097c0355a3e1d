"""The rota of one date on paper: a tick sheet for when there is no signal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint
from flask import render_template

from timebank.core import clock
from timebank.db import db
from timebank.domain.rota import occasions
from timebank.domain.rota import reading
from timebank.domain.rota import whats_on
from timebank.web.auth import organiser_of
from timebank.web.door import door

WALK_UPS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """A place on the rota. `taker` is None where nobody has it: a line to write on."""

    job: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    taker: reading.Taker | None


def register(bp: Blueprint) -> None:
    """Add the page to the rota's."""
    bp.add_url_rule("/e/<slug>/<day:day>/print", view_func=print_sheet)


def print_sheet(slug: str, day: dt.date) -> str:
    """Show the tick sheet of a date, for those who run it."""
    occasion = occasions.find_occasion(
        db.session(), community_id=door().community.id, slug=slug, day=day
    )
    organiser_of(occasion.group_id)
    jobs = reading.jobs_of_event(db.session(), event_id=occasion.event_id)
    return render_template(
        "grid/print_sheet.html",
        event=whats_on.gathering(db.session(), event_id=occasion.event_id),
        lines=list(_lines(jobs)),
        walk_ups=range(WALK_UPS),
        now=clock.now(),
    )


def _lines(jobs: list[reading.Job]) -> Iterator[Line]:
    for job in jobs:
        for taker in (*job.takers, *[None] * job.free):
            yield Line(job.name, job.starts_at, job.ends_at, taker)
