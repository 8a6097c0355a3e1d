"""The organiser's page about one date: another time or place, how many come, or none at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from collections.abc import Collection
from dataclasses import dataclass
from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo

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
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.calendar.previewing import Changed
from timebank.domain.events import leads
from timebank.domain.events.checks import FURTHEST_AHEAD
from timebank.domain.rota import changing
from timebank.domain.rota import leaving_out
from timebank.domain.rota import own_jobs
from timebank.domain.rota import reminding
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Lead
from timebank.models import ReasonKind
from timebank.models import Series
from timebank.models import Venue
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.events import drafting
from timebank.web.events.date_forms import CancelForm
from timebank.web.events.date_forms import CrowdForm
from timebank.web.events.date_forms import MoveForm
from timebank.web.events.date_forms import RemindForm
from timebank.web.events.fields import TimeField
from timebank.web.events.forms import FACILITIES
from timebank.web.events.previewing import seen_in_calendars
from timebank.web.events.running import by
from timebank.web.events.running import event_of_organiser
from timebank.web.filters import day as day_of
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.leads import in_words
from timebank.web.leads import ticked
from timebank.web.typed import text_of

Page = str | tuple[str, int] | Response


def register(bp: Blueprint) -> None:
    """Add the page to the editor's."""
    address = "/e/<slug>/<day:day>/change"
    bp.get(address)(change)
    bp.post(address)(alter)


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of the page."""

    move: MoveForm
    cancel: CancelForm
    crowd: CrowdForm
    remind: RemindForm


@signed_in_required
def change(slug: str, day: dt.date) -> Page:
    """Show when and where one date takes place, to change it or call it off."""
    event = event_of_organiser(slug, day)
    return _page(slug, event, _forms(event))


@signed_in_required
def alter(slug: str, day: dt.date) -> Page:
    """Do to one date what the pressed button says; to move it is the usual one."""
    event = event_of_organiser(slug, day)
    work = {
        "cancel": _cancel,
        "see_move": _see_move,
        "see_cancel": _see_cancel,
        "expect": _expect,
        "remind": _remind,
        "remind_as_usual": _remind_as_usual,
        "leave_out": _leave_out,
        "put_back": _put_back,
    }.get(request.form.get("press", ""), _move)
    return work(slug, event)


def _forms(event: Event) -> Forms:
    """Write the forms of a date as it stands."""
    crowd = MultiDict({"expected": str(event.expected_people or "")})
    remind = RemindForm(formdata=None)
    remind.leads.data = leads.written(_leads_of(event))
    return Forms(
        MoveForm(formdata=_typed(event)),
        CancelForm(formdata=None),
        CrowdForm(formdata=crowd),
        remind,
    )


def _move(slug: str, event: Event) -> Page:
    return _moved(slug, event, lambda move: _moved_for_good(slug, move))


def _see_move(slug: str, event: Event) -> Page:
    """Show what calendars will make of it, and keep what was typed."""
    return _moved(slug, event, lambda move: seen_in_calendars(move, series_id=event.series_id))


def _moved(
    slug: str, event: Event, do: Callable[[Callable[[], int]], Response | list[Changed]]
) -> Page:
    """Read the form, and hand what it asks for to whoever does or tries it."""
    forms = replace(_forms(event), move=MoveForm())
    form = forms.move
    form.validate()
    span = _span(form)
    if form.errors or span is None:
        return _page(slug, event, forms), 422
    venue = drafting.venue_draft(form, venue=db.session.get_one(Venue, event.venue_id))
    move = partial(
        changing.move_event,
        db.session(),
        event=event,
        starts_at=span[0],
        ends_at=span[1],
        venue=venue,
        reason=text_of(form.reason),
        by=by(),
        now=clock.now(),
    )
    try:
        done = do(move)
    except Refused as refusal:
        db.session.rollback()
        drafting.note_refusal(form, refusal)
        return _page(slug, event, forms), 422
    return _page(slug, event, forms, done) if isinstance(done, list) else done


def _moved_for_good(slug: str, move: Callable[[], int]) -> Response:
    told = move()
    db.session.commit()
    say(_("Changed.") + " " + _told(told))
    return redirect(url_for("grid.rota", slug=slug), 303)


def _see_cancel(slug: str, event: Event) -> Page:
    """Show what calendars will make of it, and keep what was typed."""
    return _cancel(slug, event, is_trial=True)


def _cancel(slug: str, event: Event, *, is_trial: bool = False) -> Page:
    forms = replace(_forms(event), cancel=CancelForm())
    form = forms.cancel
    if not form.validate():
        return _page(slug, event, forms), 422
    call_off = partial(
        changing.cancel_event,
        db.session(),
        event=event,
        reason=text_of(form.cancel_reason),
        kind=ReasonKind(form.kind.data),
        by=by(),
        now=clock.now(),
    )
    if is_trial:
        seen = seen_in_calendars(call_off, series_id=event.series_id)
        return _page(slug, event, forms, seen)
    day = day_of(event.starts_at, door().community.timezone)
    told = call_off()
    db.session.commit()
    say(_("%(day)s is off.", day=day) + " " + _told(told), tone=Tone.NEWS)
    return redirect(url_for("grid.rota", slug=slug), 303)


def _expect(slug: str, event: Event) -> Page:
    forms = replace(_forms(event), crowd=CrowdForm())
    form = forms.crowd
    try:
        if not form.validate():
            return _page(slug, event, forms), 422
        own_jobs.expect_people(
            db.session(), event=event, people=form.expected.value, by=by(), now=clock.now()
        )
    except Refused as refusal:
        db.session.rollback()
        form.expected.errors = [_(refusal.sentence)]
        return _page(slug, event, forms), 422
    db.session.commit()
    say(_("Saved."))
    return redirect(url_for("editor.change", slug=slug, day=event.occurs_on), 303)


def _remind(slug: str, event: Event) -> Page:
    form = RemindForm()
    if not form.is_well_filled():
        return _page(slug, event, replace(_forms(event), remind=form)), 422
    return _reminded(slug, event, ticked(form.leads))


def _remind_as_usual(slug: str, event: Event) -> Page:
    return _reminded(slug, event, None)


def _reminded(slug: str, event: Event, wanted: Collection[Lead] | None) -> Page:
    reminding.remind(db.session(), event=event, wanted=wanted, by=by(), now=clock.now())
    db.session.commit()
    say(in_words(_leads_of(event)))
    return redirect(url_for("editor.change", slug=slug, day=event.occurs_on), 303)


def _leads_of(event: Event) -> frozenset[Lead]:
    return leads.of_date(event, db.session.get_one(Series, event.series_id))


def _leave_out(slug: str, event: Event) -> Page:
    forms = _forms(event)
    try:
        leaving_out.leave_out(db.session(), event=event, by=by(), now=clock.now())
    except Refused as refusal:
        db.session.rollback()
        forms.move.form_errors.append(_(refusal.sentence))
        return _page(slug, event, forms), 422
    db.session.commit()
    return redirect(url_for("events.event", slug=slug, day=event.occurs_on), 303)


def _put_back(slug: str, event: Event) -> Page:
    leaving_out.put_back(db.session(), event=event, by=by(), now=clock.now())
    db.session.commit()
    say(_("It’s back on the rota."))
    return redirect(url_for("events.event", slug=slug, day=event.occurs_on), 303)


def _told(people: int) -> str:
    if not people:
        return _("Nobody had a turn that needs telling.")
    return ngettext("We’ll tell %(num)s person.", "We’ll tell %(num)s people.", people)


def _span(form: MoveForm) -> tuple[dt.datetime, dt.datetime] | None:
    """Work out start and end, or note beside the fields what is the matter with them."""
    day, earliest = form.day.value, today()
    if day is None:
        return None
    if not earliest <= day <= earliest + FURTHEST_AHEAD:
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


def _page(slug: str, event: Event, forms: Forms, seen: list[Changed] | None = None) -> str:
    form, zone = forms.move, door().community.timezone
    day = form.day.value
    series = db.session.get_one(Series, event.series_id)
    return render_template(
        "editor/change.html",
        slug=slug,
        event=event,
        title=series.title,
        usually=series.expected_people,
        form=form,
        cancel_form=forms.cancel,
        crowd_form=forms.crowd,
        remind_form=forms.remind,
        reminded=in_words(leads.of_date(event, series)),
        seen=seen,
        is_over=event.starts_at <= clock.now(),
        is_cancelled=event.state is EventState.CANCELLED,
        is_left_out=event.state is EventState.SKIPPED,
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
