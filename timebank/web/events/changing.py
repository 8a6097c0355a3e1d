"""The organiser's page about one date: another time or place, or none at all."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import RadioField

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.events.checks import FURTHEST_AHEAD
from timebank.domain.rota import changing
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Membership
from timebank.models import Series
from timebank.models import Venue
from timebank.web.auth import member
from timebank.web.auth import organiser_of
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.events import drafting
from timebank.web.events.fields import TimeField
from timebank.web.events.forms import FACILITIES
from timebank.web.events.forms import CancelForm
from timebank.web.events.forms import MoveForm
from timebank.web.filters import day as day_of
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.typed import text_of

Page = str | tuple[str, int] | Response


def register(bp: Blueprint) -> None:
    """Add the page to the editor's."""
    address = "/e/<slug>/<day:day>/change"
    bp.get(address)(change)
    bp.post(address)(alter)


@signed_in_required
def change(slug: str, day: dt.date) -> Page:
    """Show when and where one date takes place, to change it or call it off."""
    event = _event(slug, day)
    return _page(slug, event, MoveForm(formdata=_typed(event)), CancelForm(formdata=None))


@signed_in_required
def alter(slug: str, day: dt.date) -> Page:
    """Move one date, or call it off."""
    event = _event(slug, day)
    if request.form.get("press") == "cancel":
        return _cancel(slug, event)
    return _move(slug, event)


def _move(slug: str, event: Event) -> Page:
    form = MoveForm()
    form.validate()
    span = _span(form)
    if form.errors or span is None:
        return _page(slug, event, form, CancelForm(formdata=None)), 422
    venue = db.session.get_one(Venue, event.venue_id)
    try:
        told = changing.move_event(
            db.session(),
            event=event,
            starts_at=span[0],
            ends_at=span[1],
            venue=drafting.venue_draft(form, venue=venue),
            reason=text_of(form.reason),
            by=_by(),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        drafting.note_refusal(form, refusal)
        return _page(slug, event, form, CancelForm(formdata=None)), 422
    db.session.commit()
    say(_("Changed.") + " " + _told(told))
    return redirect(url_for("grid.rota", slug=slug), 303)


def _cancel(slug: str, event: Event) -> Page:
    form = CancelForm()
    if not form.validate():
        return _page(slug, event, MoveForm(formdata=_typed(event)), form), 422
    told = changing.cancel_event(
        db.session(), event=event, reason=text_of(form.cancel_reason), by=_by(), now=clock.now()
    )
    day = day_of(event.starts_at, door().community.timezone)
    db.session.commit()
    say(_("%(day)s is off.", day=day) + " " + _told(told), tone=Tone.NEWS)
    return redirect(url_for("grid.rota", slug=slug), 303)


def _told(people: int) -> str:
    if not people:
        return _("Nobody had a turn that needs telling.")
    return ngettext("We’ll tell %(num)s person.", "We’ll tell %(num)s people.", people)


def _span(form: MoveForm) -> tuple[dt.datetime, dt.datetime] | None:
    """Work out start and end, or note beside the fields what is the matter with them."""
    day, today = form.day.value, clock.local_date(clock.now(), door().community.timezone)
    if day is None:
        return None
    if not today <= day <= today + FURTHEST_AHEAD:
        form.day.errors = [_("Choose a day within the next two years")]
        return None
    starts_at = _moment(day, form.starts, form.starts_which)
    ends_at = _moment(day, form.ends, form.ends_which)
    return (starts_at, ends_at) if starts_at and ends_at else None


def _moment(day: dt.date, field: TimeField, which: RadioField) -> dt.datetime | None:
    """Turn a typed time into a moment; ask where the clock shows it twice."""
    zone = door().community.timezone
    time = field.value
    if time is None:
        return None
    if not clock.exists_locally(day, time, zone):
        field.errors = [_("The clocks go forward that night and skip this time. Choose another")]
        return None
    if clock.happens_twice(day, time, zone) and which.data not in {"first", "second"}:
        which.errors = [_("That time happens twice that night. Say which one you mean")]
        return None
    return clock.at_local(day, time, zone, the_second=which.data == "second")


def _page(slug: str, event: Event, form: MoveForm, cancel_form: CancelForm) -> str:
    day, zone = form.day.value, door().community.timezone
    return render_template(
        "editor/change.html",
        slug=slug,
        event=event,
        title=db.session.get_one(Series, event.series_id).title,
        form=form,
        cancel_form=cancel_form,
        is_over=event.starts_at <= clock.now(),
        is_cancelled=event.state is EventState.CANCELLED,
        asks_start=_is_twice(day, form.starts.value, zone),
        asks_end=_is_twice(day, form.ends.value, zone),
    )


def _is_twice(day: dt.date | None, time: dt.time | None, zone: str) -> bool:
    return bool(day and time and clock.happens_twice(day, time, zone))


def _typed(event: Event) -> MultiDict[str, str]:
    """Write the form of a date as it stands."""
    zone = ZoneInfo(door().community.timezone)
    starts, ends = event.starts_at.astimezone(zone), event.ends_at.astimezone(zone)
    venue = db.session.get_one(Venue, event.venue_id)
    typed: MultiDict[str, str] = MultiDict(
        {
            "day": starts.date().isoformat(),
            "starts": f"{starts:%H:%M}",
            "ends": f"{ends:%H:%M}",
            "starts_which": "second" if starts.fold else "first",
            "ends_which": "second" if ends.fold else "first",
            "where": venue.name,
            "address": venue.address,
        }
    )
    typed.setlist("getting_round", [name for name, _label in FACILITIES if getattr(venue, name)])
    return typed


def _event(slug: str, day: dt.date) -> Event:
    """Find a date for somebody who runs it.

    Raises:
        NotFound: No such date here, or they don't run it.
    """
    found = db.session.execute(
        sa.select(Event, Series.group_id)
        .join(Series, Series.id == Event.series_id)
        .where(
            Series.community_id == door().community.id,
            Series.slug == slug,
            Event.occurs_on == day,
        )
    ).one_or_none()
    if found is None:
        raise NotFound
    organiser_of(found.group_id)
    event: Event = found.Event
    return event


def _by() -> Membership:
    return db.session.get_one(Membership, member())
