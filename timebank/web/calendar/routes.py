"""Feeds, and the pages where people subscribe to them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import cast

from flask import Blueprint
from flask import Flask
from flask import Response
from flask import make_response
from flask import render_template
from flask import url_for
from flask.blueprints import BlueprintSetupState

from timebank.core import clock
from timebank.core.settings import Settings
from timebank.db import db
from timebank.db import reader
from timebank.domain.calendar import addresses
from timebank.domain.calendar import choosing
from timebank.domain.calendar import reading
from timebank.domain.calendar.choosing import ComingSeries
from timebank.domain.calendar.feeds import Feeds
from timebank.web import installation
from timebank.web.addresses import site
from timebank.web.calendar import by_mail
from timebank.web.calendar import discreet
from timebank.web.calendar import narrowing
from timebank.web.calendar import own
from timebank.web.calendar import telling
from timebank.web.calendar import viewing
from timebank.web.calendar.answers import FEEDS
from timebank.web.calendar.answers import host
from timebank.web.calendar.answers import send_feed
from timebank.web.calendar.shortcut import KeptFeeds
from timebank.web.door import door

bp = Blueprint("calendar", __name__)
own.register(bp)
narrowing.register(bp)
by_mail.register(bp)

KINDS = ", ".join(f'"{kind}"' for kind in telling.SHOWS_AT)


@dataclass(frozen=True, slots=True)
class Followable:
    """A series or group to follow: what it is, when it comes next, its feed's address."""

    title: str
    slug: str
    next_at: dt.datetime
    address: str


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    app = cast("Flask", state.app)
    settings: Settings = app.extensions[installation.KEY]
    app.extensions[FEEDS] = Feeds(settings.public_url, packs=settings.calendar_gzip)
    discreet.register(app)
    app.wsgi_app = KeptFeeds(app.wsgi_app, app.extensions[FEEDS])  # type: ignore[method-assign]


@bp.get("/calendar")
def subscribe() -> Response:
    """Show how to follow everything, one group or series, or one's own in one's own calendar."""
    here = site()
    coming = choosing.coming_series(
        db.session(), community_id=door().community.id, now=clock.now()
    )
    mine = door().membership_id
    fresh = viewing.take_fresh(here)
    theirs = addresses.addresses_of(db.session(), membership_id=mine)
    page = render_template(
        "calendar/subscribe.html",
        everything=here + url_for("calendar.everything"),
        groups=_groups(coming, here),
        followable=_followable(coming, here),
        own=viewing.own_calendars(theirs, fresh) if mine else [],
        narrowed=viewing.narrowed_calendars(theirs, fresh),
        by_mail=addresses.has_turns_by_mail(db.session(), membership_id=mine),
        is_in_use=addresses.is_in_use(theirs, now=clock.now()),
        fresh=fresh,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store" if fresh else "private, no-cache"
    return response


def _groups(coming: list[ComingSeries], here: str) -> list[Followable]:
    """List the groups with dates to come, the soonest first; one group alone is everything."""
    soonest = {one.group_slug: one for one in reversed(coming)}
    found = [
        Followable(
            title=one.group,
            slug=slug,
            next_at=one.next_at,
            address=here + url_for("calendar.group_feed", slug=slug),
        )
        for slug, one in reversed(soonest.items())
    ]
    return found if len(found) > 1 else []


def _followable(coming: list[ComingSeries], here: str) -> list[Followable]:
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
