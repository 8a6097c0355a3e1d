"""Every date, every first Saturday: beginning and ending a standing turn from My turns."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.events.rhythm import nth_of_month
from timebank.domain.rota import places
from timebank.domain.rota import standing
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.filters import weekday
from timebank.web.flashes import say
from timebank.web.rota.turn_forms import EVERY_DATE
from timebank.web.rota.turn_forms import EVERY_NTH
from timebank.web.rota.turn_forms import ONCE
from timebank.web.rota.turn_forms import OftenForm
from timebank.web.rota.turn_pages import Page
from timebank.web.rota.turn_pages import own_claim
from timebank.web.rota.turn_pages import place_of

ADDRESS = "/me/turns/<int:claim_id>/every-time"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(ADDRESS)(every_time)
    bp.post(ADDRESS)(stand)
    bp.post("/me/standing/<int:standing_id>/end")(end_standing)


def how_often(nth: int | None, day: dt.date) -> str:
    """Say "Every date", or of a Saturday "Every first Saturday"."""
    if nth is None:
        return _("Every date")
    name = weekday(day)
    words = (
        _("Every first %(day)s", day=name),
        _("Every second %(day)s", day=name),
        _("Every third %(day)s", day=name),
        _("Every fourth %(day)s", day=name),
        _("Every last %(day)s of the month", day=name),
    )
    return words[nth - 1]


def ways(place: places.Place, *, with_once: bool = True) -> list[tuple[str, str]]:
    """List how often somebody may have this job."""
    day = place.occurs_on
    once = [(ONCE, _("Just this date"))] if with_once else []
    return [
        *once,
        (EVERY_DATE, how_often(None, day)),
        (EVERY_NTH, how_often(nth_of_month(day), day)),
    ]


@signed_in_required
def every_time(claim_id: int) -> Page:
    """Ask how often somebody would like to do the job of this turn."""
    place = place_of(own_claim(claim_id).id)
    form = OftenForm(formdata=None)
    form.often.choices = ways(place, with_once=False)
    return _page(claim_id, place, form)


@signed_in_required
def stand(claim_id: int) -> Page:
    """Promise the job of a turn for every time, and take the dates that are there already."""
    place = place_of(own_claim(claim_id).id)
    form = OftenForm()
    form.often.choices = ways(place, with_once=False)
    if not form.is_well_filled():
        return _page(claim_id, place, form), 422
    try:
        given = promise(place, member(), by=member(), is_every_date=form.often.data == EVERY_DATE)
    except Refused as refusal:
        db.session.rollback()
        form.often.errors = [_(refusal.sentence)]
        return _page(claim_id, place, form), 422
    say(
        ngettext(
            "Thank you! You have %(num)s more date, and new ones as they’re planned.",
            "Thank you! You have %(num)s more dates, and new ones as they’re planned.",
            given,
        )
    )
    return redirect(url_for("rota.my_turns", _anchor="standing"), 303)


def promise(place: places.Place, membership_id: int, *, by: int, is_every_date: bool) -> int:
    """Write a promise down and give it its dates -> how many; each is committed by itself."""
    now = clock.now()
    session = db.session()
    made = standing.promise(
        session,
        slot_id=place.slot_id,
        membership_id=membership_id,
        by=by,
        is_every_date=is_every_date,
        now=now,
    )
    standing_id = made.id
    session.commit()
    given = 0
    for one in standing.missing(session, standing_id=standing_id, now=now):
        given += standing.give(session, one=one, now=now) is not None
        session.commit()
    return given


@signed_in_required
def end_standing(standing_id: int) -> Response:
    """Promise no new dates."""
    standing.end(db.session(), standing_id=standing_id, membership_id=member(), now=clock.now())
    db.session.commit()
    say(_("No new dates from now on. The turns you have stay yours until you give them back."))
    return redirect(url_for("rota.my_turns"), 303)


def _page(claim_id: int, place: places.Place, form: OftenForm) -> str:
    return render_template("turns/every_time.html", claim_id=claim_id, place=place, form=form)
