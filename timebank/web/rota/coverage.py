"""Coverage at a glance, for organisers: red, amber and green over all that they run."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint
from flask import render_template

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.db import db
from timebank.domain.rota import coverage
from timebank.web.door import door


def register(bp: Blueprint) -> None:
    """Add the page to the rota's."""
    bp.add_url_rule("/coverage", view_func=coverage_page, endpoint="coverage")


def coverage_page() -> str:
    """Show the next dates of every series that the viewer runs, the most urgent first."""
    opened = door()
    viewer = opened.viewer
    if viewer is None or not viewer.is_organiser:
        raise NotFound
    series = coverage.read_coverage(
        db.session(),
        community_id=opened.community.id,
        group_ids=None if viewer.is_coordinator else viewer.organises,
        now=clock.now(),
    )
    lights = Counter(date.light for one in series for date in one.dates)
    return render_template("grid/coverage.html", series=series, lights=lights)
