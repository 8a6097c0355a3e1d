"""Somebody's own calendars: making an address, choosing how it tells things, switching it off."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.db import db
from timebank.domain.calendar import addresses
from timebank.models import CancelledAs
from timebank.models import Feed
from timebank.models import Shows
from timebank.models.calendar import OWN
from timebank.models.calendar import WITH_ALARM
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.calendar import viewing
from timebank.web.calendar.forms import ChoicesForm
from timebank.web.door import door
from timebank.web.flashes import Tone
from timebank.web.flashes import say

EMPTIED = "emptied"


def register(bp: Blueprint) -> None:
    """Add what can be done."""
    which = ", ".join(f'"{shows}"' for shows in OWN)
    address = f"/calendar/own/<any({which}):shows>"
    bp.post(address)(make_own)
    bp.post(f"{address}/choices")(choose)
    bp.post(f"{address}/off")(switch_off)


@signed_in_required
def make_own(shows: str) -> Response:
    """Make a private address, shown on the next page only; an earlier one stops working."""
    token = addresses.make_address(
        db.session(),
        membership_id=member(),
        community_id=door().community.id,
        shows=Shows(shows),
        now=clock.now(),
    )
    db.session.commit()
    viewing.keep_fresh(Shows(shows), token)
    return _back(shows)


@signed_in_required
def choose(shows: str) -> Response:
    """Keep how it tells what is cancelled, and whether it rings."""
    address = _found(Shows(shows))
    form = ChoicesForm(prefix=shows)
    if Shows(shows) not in WITH_ALARM:
        del form.alarm
    if not form.is_well_filled():
        say(_("That wasn’t one of the choices. Choose again, please."), tone=Tone.ALERT)
        return _back(shows)
    addresses.choose(
        db.session(),
        address=address,
        cancelled=CancelledAs(form.cancelled.data),
        alarm_minutes=form.alarm_minutes,
    )
    db.session.commit()
    say(_("Saved. Your calendar shows it when it next looks at us."))
    return _back(shows)


@signed_in_required
def switch_off(shows: str) -> Response:
    """Switch a private address off, and empty it first when that was asked for."""
    is_emptied = request.form.get("way") == EMPTIED
    addresses.revoke_address(
        db.session(),
        membership_id=member(),
        shows=Shows(shows),
        is_emptied=is_emptied,
        now=clock.now(),
    )
    db.session.commit()
    say_off(is_emptied=is_emptied)
    return _back(shows)


def say_off(*, is_emptied: bool) -> None:
    """Say that an address is off, and what is left to do."""
    if is_emptied:
        say(
            _(
                "Your calendar address is switched off. For 14 days it shows nothing, so that"
                " calendars forget what was in it."
            )
        )
    else:
        say(_("Your calendar address is switched off. Remove it from your calendar, too."))


def _found(shows: Shows) -> Feed:
    found = addresses.address_of(db.session(), membership_id=member(), shows=shows)
    if found is None:
        raise NotFound
    return found


def _back(shows: str) -> Response:
    return redirect(url_for("calendar.subscribe", _anchor=shows), 303)
