"""Hear from the organisers of an event, or no more: here, or by the link in any of their mails."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import ids
from timebank.core.errors import NotFound
from timebank.db import db
from timebank.domain.messages import hearing
from timebank.domain.notices.links import HEARING_PURPOSE
from timebank.models import Membership
from timebank.models import Series
from timebank.models import SeriesState
from timebank.web.addresses import secret_key
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.events.running import find_series
from timebank.web.flashes import say
from timebank.web.rota.turn_pages import joined

START, STOP = "start", "stop"
HEAR = "/e/<slug>/hear"
BY_MAIL = "/t/<token>/hear/<int:series_id>"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(HEAR)(hear)
    bp.post(f"{HEAR}/<any({START}, {STOP}):what>")(choose)
    bp.get(BY_MAIL)(hear_by_mail)
    bp.post(BY_MAIL)(stop_by_mail)


@signed_in_required
def hear(slug: str) -> str:
    """Show whether the viewer hears from the organisers, and the button to change it."""
    series = _published(slug)
    return render_template(
        "messages/hear.html",
        series=series,
        hears=hearing.hears(db.session(), series=series, membership_id=door().membership_id),
        start_url=url_for("messages.choose", slug=slug, what=START),
        stop_url=url_for("messages.choose", slug=slug, what=STOP),
    )


@signed_in_required
def choose(slug: str, what: str) -> Response:
    """Hear from the organisers from now on, or no more."""
    series = _published(slug)
    if what == START:
        own = db.session.get_one(Membership, joined())
        hearing.start(db.session(), series=series, member=own)
        say(_("You’ll hear from the organisers. One tap here, or in any mail, stops it."))
    else:
        own_id = door().membership_id  # nobody joins by not wanting to hear
        if own_id is not None:
            hearing.stop(db.session(), series_id=series.id, membership_id=own_id)
        say(_("You won’t hear from them any more, other than about turns of yours."))
    db.session.commit()
    return redirect(url_for("messages.hear", slug=slug), 303)


def hear_by_mail(token: str, series_id: int) -> str:
    """Show the button that the mail leads to: opening a link changes nothing."""
    return _page_by_mail(token, *_of_link(token, series_id))


def stop_by_mail(token: str, series_id: int) -> str:
    """Hear no more; a second tap is the same. Mail programs that do it want no redirect."""
    series, membership_id = _of_link(token, series_id)
    hearing.stop(db.session(), series_id=series.id, membership_id=membership_id)
    db.session.commit()
    say(_("You won’t hear from them any more, other than about turns of yours."))
    return _page_by_mail(token, series, membership_id)


def _page_by_mail(token: str, series: Series, membership_id: int) -> str:
    return render_template(
        "messages/hear.html",
        series=series,
        hears=hearing.hears(db.session(), series=series, membership_id=membership_id),
        start_url="",
        stop_url=url_for("messages.stop_by_mail", token=token, series_id=series.id),
    )


def _published(slug: str) -> Series:
    """Find a series that anybody can see.

    Raises:
        NotFound: There is none of this name here.
    """
    series = find_series(slug)
    if series.state is not SeriesState.PUBLISHED:
        raise NotFound
    return series


def _of_link(token: str, series_id: int) -> tuple[Series, int]:
    """Find what a link is about, and whose it is.

    Raises:
        NotFound: The link isn't ours, or is for another community's event.
    """
    number = ids.read_signed_token(secret_key(), f"{HEARING_PURPOSE}-{series_id}", token)
    series = db.session.get(Series, series_id)
    if number is None or series is None or series.community_id != door().community.id:
        raise NotFound
    return series, number
