"""Feeds for programs: lists in JSON for everybody, and one's busy times by one's own choice."""

from __future__ import annotations

import datetime as dt
from typing import cast

from flask import Blueprint
from flask import Flask
from flask import Response
from flask import redirect
from flask import url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from timebank.core.settings import Settings
from timebank.db import db
from timebank.db import reader
from timebank.domain.calendar import programs as forms
from timebank.domain.calendar import reading
from timebank.domain.calendar.feeds import Document
from timebank.domain.calendar.reading import FeedState
from timebank.web import installation
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.calendar import telling
from timebank.web.calendar.answers import FEEDS
from timebank.web.calendar.answers import PROGRAMS
from timebank.web.calendar.answers import Form
from timebank.web.calendar.answers import host
from timebank.web.calendar.answers import programs
from timebank.web.calendar.answers import send_feed
from timebank.web.flashes import say

bp = Blueprint("programs", __name__)


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    app = cast("Flask", state.app)
    settings: Settings = app.extensions[installation.KEY]
    app.extensions[PROGRAMS] = forms.Programs(settings.public_url, app.extensions[FEEDS])


@bp.get("/calendar/all.json")
def everything() -> Response:
    """List everything that's on."""
    return _open(send_feed(lambda now: reading.whats_on(reader, host=host(), now=now), LIST))


@bp.get("/e/<slug>/calendar.json")
def series(slug: str) -> Response:
    """List the dates of one series."""
    return _open(
        send_feed(lambda now: reading.series(reader, host=host(), slug=slug, now=now), LIST)
    )


@bp.get("/me/<token>.ifb")
def busy_times(token: str) -> Response:
    """Tell when somebody is busy to whoever knows the address, if they chose that."""
    return send_feed(
        lambda now: forms.busy_feed(reader, host=host(), token=token, now=now), BUSY_TIMES
    )


@bp.post("/calendar/mine/busy")
@signed_in_required
def tell_busy_times() -> Answer:
    """Let whoever has the private address read busy times at it, too."""
    return _switch(tells=True, said=_("Other programs can read when you’re busy now."))


@bp.post("/calendar/mine/busy/off")
@signed_in_required
def keep_busy_times() -> Answer:
    """Tell busy times no longer."""
    return _switch(tells=False, said=_("Nobody can read when you’re busy any more."))


def _switch(*, tells: bool, said: str) -> Answer:
    forms.tell_busy_times(db.session(), membership_id=member(), tells=tells)
    db.session.commit()
    say(said)
    return redirect(url_for("calendar.subscribe", _anchor="busy-times"), 303)


def _open(response: Response) -> Response:
    """Let scripts of other sites read it: it is public, and the same for everybody."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _as_list(state: FeedState, now: dt.datetime) -> Document:
    return programs().event_list(reader, state, now=now)


def _as_busy_times(state: FeedState, now: dt.datetime) -> Document:
    return programs().busy_times(reader, state, now=now)


LIST = Form(media_type="application/json", ending=".json", mark=forms.LIST, write=_as_list)
BUSY_TIMES = Form(
    media_type=telling.CALENDAR,
    ending=".ifb",
    mark=forms.BUSY,
    write=_as_busy_times,
    is_shown=False,
)
