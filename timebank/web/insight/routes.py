"""The coordinator's pages: the week, whom to ring, and the figures of the months."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass
from dataclasses import fields
from zoneinfo import ZoneInfo

from flask import Blueprint
from flask import Response as File
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import BYTE_ORDER_MARK
from timebank.db import db
from timebank.domain.insight import figures
from timebank.domain.insight import ringing
from timebank.domain.insight import week as reading
from timebank.domain.operations import operators
from timebank.web.auth import coordinator
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.events.fields import read_day
from timebank.web.filters import month as month_words
from timebank.web.flashes import Tone
from timebank.web.flashes import say

bp = Blueprint("insight", __name__)

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Month:
    """A month as the books have it now, beside what was published of it."""

    first_day: dt.date
    name: str
    now: figures.Figures
    told: figures.Published | None
    is_over: bool

    @property
    def late_minutes(self) -> int:
        """How much help was entered (or put right) after the month was published."""
        return self.now.help_minutes - self.told.figures.help_minutes if self.told else 0


@bp.get("/bank")
@signed_in_required
def week() -> str:
    """Show what waits for a coordinator this week, one job after the other."""
    coordinator()
    now = clock.now()
    found = reading.read_week(
        db.session(), community_id=door().community.id, today=today(), now=now
    )
    return render_template(
        "insight/week.html",
        week=found,
        now=now,
        is_operator=operators.is_operator(db.session(), person_id=_person()),
    )


def _person() -> int:
    """Tell the number of the viewer; who coordinates is signed in."""
    viewer = door().viewer
    if viewer is None:
        raise NotFound
    return viewer.person_id


@bp.get("/bank/ring")
@signed_in_required
def ring() -> str:
    """Show whom to ring, and why."""
    coordinator()
    return render_template(
        "insight/ring.html",
        calls=ringing.whom_to_ring(
            db.session(), community_id=door().community.id, now=clock.now()
        ),
    )


@bp.get("/bank/figures")
@signed_in_required
def months() -> str:
    """Show the last twelve months, what was published, and what came late."""
    coordinator()
    return render_template("insight/figures.html", months=_months())


def _months() -> list[Month]:
    """Read the months in which there was a community, the newest first, in two statements."""
    here = door().community
    this = figures.month_of(today())
    firsts = [this - number * figures.MONTH for number in range(MONTHS)]
    told = figures.read_published(db.session(), community_id=here.id, since=firsts[-1], until=this)
    counted = figures.read_months(
        db.session(), community_id=here.id, months=firsts, timezone=ZoneInfo(here.timezone)
    )
    found = [
        Month(first, month_words(first), counted[first], told.get(first), is_over=first < this)
        for first in firsts
    ]
    return [one for one in found if not one.is_over or one.told or one.now != figures.Figures()]


@bp.post("/bank/figures/<month>")
@signed_in_required
def publish(month: str) -> Response:
    """Publish a month: its figures stay as they are told."""
    by = coordinator()
    first = read_day(f"{month}-01")
    if first is None or not _earliest() <= first <= today():
        raise NotFound
    here = door().community
    try:
        figures.publish_month(
            db.session(),
            community_id=here.id,
            month=first,
            timezone=ZoneInfo(here.timezone),
            by=by,
            now=clock.now(),
        )
    except (Conflict, Refused) as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("Published: %(month)s. Its figures stay as they are.", month=month_words(first)))
    return redirect(url_for("insight.months"), 303)


@bp.get("/bank/figures.csv")
@signed_in_required
def months_csv() -> File:
    """Hand the figures over for a spreadsheet, published and as they are now."""
    coordinator()
    table = io.StringIO()
    table.write(BYTE_ORDER_MARK)
    writer = csv.writer(table)
    names = [one.name for one in fields(figures.Figures)]
    writer.writerow([_("Month"), _("State"), *names])
    for month in _months():
        rows = [
            (_("now"), month.now),
            *([(_("published"), month.told.figures)] if month.told else []),
        ]
        for state, told in rows:
            numbers = [getattr(told, name) for name in names]
            writer.writerow([month.first_day.isoformat()[:7], state, *numbers])
    answer = File(table.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="figures.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _earliest() -> dt.date:
    return figures.month_of(today()) - (MONTHS - 1) * figures.MONTH
