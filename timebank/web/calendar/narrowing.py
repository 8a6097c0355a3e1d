"""Calendars that somebody narrows as they like: making one, changing it, switching it off."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.db import db
from timebank.domain.calendar import addresses
from timebank.domain.calendar import choosing
from timebank.models import CancelledAs
from timebank.models import Feed
from timebank.models import Shows
from timebank.models.calendar import NARROWED
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.calendar import own
from timebank.web.calendar import viewing
from timebank.web.calendar.forms import NarrowForm
from timebank.web.door import door
from timebank.web.flashes import say
from timebank.web.typed import REFUSALS
from timebank.web.typed import status_of

NEW = "/calendar/narrowed/new"
ONE = "/calendar/narrowed/<int:address_id>"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(NEW)(new_narrowed)
    bp.post(NEW)(make_narrowed)
    bp.get(ONE)(narrowed)
    bp.post(ONE)(narrow)
    bp.post(f"{ONE}/renew")(renew_narrowed)
    bp.post(f"{ONE}/off")(switch_narrowed_off)


@signed_in_required
def new_narrowed() -> str:
    """Ask what a new calendar should show."""
    member()
    form = NarrowForm(formdata=None, shows=Shows.WHATS_ON.value, cancelled=CancelledAs.STATUS)
    form.offer(_choosable())
    asked = request.args.get("shows", "")
    if asked in NARROWED:
        form.shows.data = asked
    return _page(form)


@signed_in_required
def make_narrowed() -> Response | tuple[str, int]:
    """Make one more calendar; its address is shown on the next page only."""
    by, form = member(), NarrowForm()
    form.offer(_choosable())
    if not form.is_well_filled():
        return _page(form), 422
    try:
        made_id, token = addresses.make_narrowed(
            db.session(),
            membership_id=by,
            community_id=door().community.id,
            shows=Shows(form.shows.data),
            narrowing=form.narrowing,
            now=clock.now(),
        )
    except REFUSALS as refusal:
        db.session.rollback()
        form.form_errors.append(_(refusal.sentence))
        return _page(form), status_of(refusal)
    made = addresses.find_narrowed(db.session(), membership_id=by, address_id=made_id)
    made.cancelled = CancelledAs(form.cancelled.data)
    db.session.commit()
    viewing.keep_fresh(made.shows, token, made_id)
    return _back(made_id)


@signed_in_required
def narrowed(address_id: int) -> str:
    """Show what a calendar shows, to be changed."""
    address = _found(address_id)
    form = NarrowForm(formdata=None)
    form.offer(_choosable(), address)
    form.show(address)
    return _page(form, address)


@signed_in_required
def narrow(address_id: int) -> Response | tuple[str, int]:
    """Keep what a calendar shows from now on; its address stays the same."""
    address = _found(address_id)
    form = NarrowForm()
    form.offer(_choosable(), address)
    form.shows.data = address.shows.value
    if not form.is_well_filled():
        return _page(form, address), 422
    addresses.narrow(db.session(), address=address, narrowing=form.narrowing)
    addresses.choose(
        db.session(),
        address=address,
        cancelled=CancelledAs(form.cancelled.data),
        alarm_minutes=None,
    )
    db.session.commit()
    say(_("Saved. Your calendar shows it when it next looks at us."))
    return _back(address_id)


@signed_in_required
def renew_narrowed(address_id: int) -> Response:
    """Make a new address for the same calendar; the old one stops working."""
    address = _found(address_id)
    made_id, token = addresses.renew_narrowed(db.session(), address=address, now=clock.now())
    db.session.commit()
    viewing.keep_fresh(address.shows, token, made_id)
    return _back(made_id)


@signed_in_required
def switch_narrowed_off(address_id: int) -> Response:
    """Switch a calendar off, and empty it first when that was asked for."""
    address = _found(address_id)
    is_emptied = request.form.get("way") == own.EMPTIED
    addresses.revoke_address(
        db.session(),
        membership_id=member(),
        shows=address.shows,
        address_id=address_id,
        is_emptied=is_emptied,
        now=clock.now(),
    )
    db.session.commit()
    own.say_off(is_emptied=is_emptied)
    return redirect(url_for("calendar.subscribe", _anchor="narrowed"), 303)


def _found(address_id: int) -> Feed:
    return addresses.find_narrowed(db.session(), membership_id=member(), address_id=address_id)


def _choosable() -> choosing.Choosable:
    return choosing.read_choosable(db.session(), community_id=door().community.id)


def _page(form: NarrowForm, address: Feed | None = None) -> str:
    return render_template("calendar/narrow.html", form=form, address=address)


def _back(address_id: int) -> Response:
    return redirect(url_for("calendar.subscribe", _anchor=f"calendar-{address_id}"), 303)
