"""Bringing a friend: one name on one page, and off again."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.core.text import first_name
from timebank.db import db
from timebank.domain.rota import friends
from timebank.domain.rota import places
from timebank.domain.rota import reading
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.flashes import say
from timebank.web.rota.turn_forms import FriendForm
from timebank.web.rota.turn_pages import Page
from timebank.web.rota.turn_pages import claim_here
from timebank.web.rota.turn_pages import place_at
from timebank.web.typed import text_of

ADDRESS = "/e/<slug>/<day:day>/friend/<int:slot_id>"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(ADDRESS)(friend)
    bp.post(ADDRESS)(bring)
    bp.post("/me/friends/<int:claim_id>/take-off")(take_off_friend)


@signed_in_required
def friend(slug: str, day: dt.date, slot_id: int) -> Page:
    """Ask for the name of a friend who would do this job."""
    member()
    return _page(place_at(slug, day, slot_id), FriendForm(formdata=None))


@signed_in_required
def bring(slug: str, day: dt.date, slot_id: int) -> Page:
    """Put a friend down."""
    host_id = member()
    place = place_at(slug, day, slot_id)
    form = FriendForm()
    if not form.is_well_filled():
        return _page(place, form), 422
    name = text_of(form.name)
    try:
        friends.bring(
            db.session(),
            slot_id=slot_id,
            host_id=host_id,
            name=name,
            is_old_enough=form.is_old_enough.data,
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(place, form), 422
    except Conflict as refusal:
        db.session.rollback()
        form.name.errors = [_(refusal.sentence)]
        return _page(place_at(slug, day, slot_id), form), 409
    db.session.commit()
    say(_("%(name)s comes along with you. Thank you, both of you!", name=first_name(name)))
    return redirect(url_for("events.event", slug=slug, day=day), 303)


@signed_in_required
def take_off_friend(claim_id: int) -> Response:
    """Take a friend off the rota again."""
    claimed = claim_here(claim_id)
    friends.take_off(db.session(), claim_id=claimed.id, host_id=member(), now=clock.now())
    db.session.commit()
    say(_("Your friend is off the rota. The place is free again."))
    return redirect(url_for("rota.my_turns"), 303)


def _page(place: places.Place, form: FriendForm) -> str:
    form.is_old_enough.label.text = _("My friend is %(age)s or over", age=place.minimum_age or 0)
    jobs = reading.jobs_of_event(db.session(), event_id=place.event_id)
    others = [job for job in jobs if job.free and job.slot_id != place.slot_id]
    return render_template(
        "turns/friend.html",
        place=place,
        form=form,
        others=others,
        is_over=place.ends_at <= clock.now(),
    )
