"""Feeds, and the pages where people subscribe to them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import cast

from flask import Blueprint
from flask import Flask
from flask import Response
from flask import make_response
from flask import redirect
from flask import render_template
from flask import session as browser
from flask import url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from timebank.core import clock
from timebank.core.settings import Settings
from timebank.db import db
from timebank.db import reader
from timebank.domain.calendar import addresses
from timebank.domain.calendar import reading
from timebank.domain.calendar.feeds import Feeds
from timebank.web.addresses import site
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.calendar import discreet
from timebank.web.calendar import telling
from timebank.web.calendar.answers import FEEDS
from timebank.web.calendar.answers import host
from timebank.web.calendar.answers import send_feed
from timebank.web.calendar.shortcut import KeptFeeds
from timebank.web.door import door
from timebank.web.flashes import say

bp = Blueprint("calendar", __name__)

KINDS = ", ".join(f'"{kind}"' for kind in telling.SHOWS_AT)
FRESH = "calendar_token"  # in the browser's session, from making an address to showing it once


@dataclass(frozen=True, slots=True)
class Followable:
    """A series that can be followed: what it is, when it comes next, and its feed's address."""

    title: str
    slug: str
    next_at: dt.datetime
    address: str


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    app = cast("Flask", state.app)
    settings: Settings = app.extensions["timebank.settings"]
    app.extensions[FEEDS] = Feeds(settings.public_url)
    discreet.register(app)
    app.wsgi_app = KeptFeeds(app.wsgi_app, app.extensions[FEEDS])  # type: ignore[method-assign]


@bp.get("/calendar")
def subscribe() -> Response:
    """Show how to follow everything, one series, or one's own turns in one's own calendar."""
    here = site()
    token = browser.pop(FRESH, None)
    page = render_template(
        "calendar/subscribe.html",
        everything=here + url_for("calendar.everything"),
        followable=_followable(here),
        address=addresses.address_of(db.session(), membership_id=door().membership_id),
        fresh=here + url_for("calendar.turns_feed", token=token) if token else None,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store" if token else "private, no-cache"
    return response


def _followable(here: str) -> list[Followable]:
    coming = reading.coming_series(db.session(), community_id=door().community.id, now=clock.now())
    return [
        Followable(
            title=one.title,
            slug=one.slug,
            next_at=one.next_at,
            address=here + url_for("calendar.series_feed", slug=one.slug),
        )
        for one in coming
    ]


@bp.get("/calendar/all.ics")
def everything() -> Response:
    """Send everything that's on."""
    return send_feed(lambda now: reading.whats_on(reader, host=host(), now=now))


@bp.get("/g/<slug>/calendar.ics")
def group_feed(slug: str) -> Response:
    """Send all that a group runs."""
    return send_feed(lambda now: reading.group(reader, host=host(), slug=slug, now=now))


@bp.get("/e/<slug>/calendar.ics")
def series_feed(slug: str) -> Response:
    """Send the dates of one series."""
    return send_feed(lambda now: reading.series(reader, host=host(), slug=slug, now=now))


@bp.get("/e/<slug>/<day:day>.ics")
def date_feed(slug: str, day: dt.date) -> Response:
    """Send one date, to keep rather than to follow."""
    return send_feed(lambda _now: reading.one_date(reader, host=host(), slug=slug, day=day))


@bp.get("/me/<token>.ics")
def turns_feed(token: str) -> Response:
    """Send somebody's own turns to whoever knows the address."""
    return send_feed(lambda now: reading.my_turns(reader, host=host(), token=token, now=now))


@bp.get(f"/f/<any({KINDS}):shows>/<token>.ics")
def private_feed(shows: str, token: str) -> Response:
    """Send what a private address shows to whoever knows it."""
    kind = telling.SHOWS_AT[shows]
    return send_feed(
        lambda now: reading.private(reader, shows=kind, host=host(), token=token, now=now)
    )


@bp.post("/calendar/mine")
@signed_in_required
def make_mine() -> Answer:
    """Make a private address, shown on the next page only; an earlier one stops working."""
    token = addresses.make_address(
        db.session(),
        membership_id=member(),
        community_id=door().community.id,
        now=clock.now(),
    )
    db.session.commit()
    browser[FRESH] = token
    return redirect(url_for("calendar.subscribe", _anchor="mine"), 303)


@bp.post("/calendar/mine/off")
@signed_in_required
def switch_mine_off() -> Answer:
    """Switch the private address off."""
    addresses.revoke_address(db.session(), membership_id=member(), now=clock.now())
    db.session.commit()
    say(_("Your calendar address is switched off. Remove it from your calendar, too."))
    return redirect(url_for("calendar.subscribe", _anchor="mine"), 303)
