"""The organiser's editor: a new event, and a change of a whole series.

Every button of the editor is a submit button, so all of it works without scripts. *Publish* and
*Save as a draft* write and redirect; the others give the same page back with what they add.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain import events
from timebank.domain.calendar.previewing import Changed
from timebank.domain.events import leads
from timebank.domain.events.jobs import MOST_ROLES
from timebank.domain.rota import editing
from timebank.domain.rota import joblines
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Group
from timebank.models import Series
from timebank.models import SeriesState
from timebank.models import Venue
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.events import asking
from timebank.web.events import changing
from timebank.web.events import date_jobs
from timebank.web.events import drafting
from timebank.web.events.forms import EditorForm
from timebank.web.events.previewing import seen_in_calendars
from timebank.web.events.running import by
from timebank.web.events.running import series_of_organiser
from timebank.web.flashes import say
from timebank.web.typed import choices_of
from timebank.web.typed import read_number

bp = Blueprint("editor", __name__)
changing.register(bp)
date_jobs.register(bp)

LOOK = "look"  # tries a change of a series, and takes it back
SAVES = {"publish", "draft", LOOK}  # what a whole form is needed for
Page = str | tuple[str, int] | Response


@bp.get("/e/new")
@signed_in_required
def new() -> Page:
    """Show the empty editor, or one filled by a ready-made rota."""
    if not _groups():
        return render_template("editor/not_yet.html"), 403
    rota = events.ready_made_rota(request.args.get("rota", ""))
    return _page(_form(drafting.typed_blank(rota)), None)


@bp.post("/e/new")
@signed_in_required
def make() -> Page:
    """Make an event, or give the editor back with what a button adds."""
    if not _groups():
        raise NotFound
    form = _form(drafting.retyped(request.form, press=_pressed()))
    if not _is_ready(form, None):
        return _again(form, None)
    return _write(form, None)


@bp.get("/e/<slug>/edit")
@signed_in_required
def edit(slug: str) -> Page:
    """Show a series in the editor."""
    series = series_of_organiser(slug)
    venue = db.session.get_one(Venue, series.venue_id)
    roles = joblines.roles_of_series(db.session(), series_id=series.id)
    typed = drafting.typed_series(series, venue, roles)
    typed["on"] = request.args.get("on", "")
    return _page(_form(typed, series), series)


@bp.post("/e/<slug>/edit")
@signed_in_required
def save(slug: str) -> Page:
    """Change a series, or give the editor back with what a button adds."""
    series = series_of_organiser(slug)
    form = _form(drafting.retyped(_fixed(request.form, series), press=_pressed()), series)
    if not _is_ready(form, series):
        return _again(form, series)
    try:
        return _write(form, series)
    except editing.SeriesChangedMeanwhile:
        db.session.rollback()
        form.version.data = str(series.version)
        form.form_errors.append(
            _("Somebody changed this event a moment before you. Look it over, then save again")
        )
        return _page(form, series), 409


def _write(form: EditorForm, series: Series | None) -> Page:
    """Write a valid form, publish it if that was the button, and go to the rota.

    Where a change can be for some dates and not for others, ask which first.
    """
    try:
        if series is None:
            slug, words = _make(form)
        else:
            answer = _change(form, series)
            if not isinstance(answer, str):
                return answer
            slug, words = series.slug, answer
    except Refused as refusal:
        db.session.rollback()
        drafting.note_refusal(form, refusal)
        return _again(form, series)
    except events.SeriesMadeAlready:
        db.session.rollback()
        slug, words = _made_already(form)
    db.session.commit()
    say(words)
    return redirect(url_for("grid.rota", slug=slug), 303)


def _make(form: EditorForm) -> tuple[str, str]:
    """Make a new series -> its slug, and what to say."""
    now = clock.now()
    series = events.make_series(
        db.session(),
        draft=drafting.draft_of(form),
        by=by(),
        now=now,
        intent=drafting.read_intent(form.intent.data),
    )
    if _pressed() != "draft":
        events.publish(db.session(), series=series, now=now)
    return series.slug, _words_of(series)


def _made_already(form: EditorForm) -> tuple[str, str]:
    """Find what the first tap made -> its slug, and what to say; this one changes nothing."""
    intent = drafting.read_intent(form.intent.data)
    series = events.series_of_intent(db.session(), intent=intent, by=by())
    return series.slug, _words_of(series)


def _words_of(series: Series) -> str:
    if series.state is SeriesState.DRAFT:
        return _("Kept as a draft. Only the people who run it can see it.")
    return _("%(title)s is out. Here’s its rota.", title=series.title)


def _change(form: EditorForm, series: Series) -> str | tuple[str, int]:
    """Change a series -> what to say, or the page that asks which dates it is for."""
    now = clock.now()
    was_out = series.state is SeriesState.PUBLISHED
    venue = db.session.get_one(Venue, series.venue_id)
    change = asking.Edit(
        series=series,
        draft=drafting.draft_of(form, venue=venue),
        by=by(),
        version=read_number(form.version.data) or 0,
        now=now,
    )
    if asking.is_needed(change):
        return asking.answer(change)
    if _pressed() == LOOK:
        seen = seen_in_calendars(lambda: asking.write(change), series_id=series.id)
        return _page(form, series, seen), 200
    told = asking.write(change)
    if not was_out and _pressed() == "publish":
        events.publish(db.session(), series=series, now=now)
        return _words_of(series)
    return asking.words_of(told)


def _is_ready(form: EditorForm, series: Series | None) -> bool:
    """Whether to write now: a button that writes was pressed, and nothing is amiss."""
    pressed = _pressed()
    if pressed == "check":
        for name in drafting.WHEN:
            inline = getattr(EditorForm, f"validate_{name}", None)
            form[name].validate(form, [inline] if inline else [])
    elif pressed in SAVES and (series is not None or pressed != LOOK):
        form.validate()
    else:
        return False
    _check_when(form, series)
    return pressed in SAVES and not form.errors


def _check_when(form: EditorForm, series: Series | None) -> None:
    """Look at what no field alone can see: clock changes, and dates that have passed."""
    if not drafting.when_is_clear(form):
        return
    now, zone = clock.now(), door().community.timezone
    plan = drafting.when_of(form)
    try:
        events.check_draft(plan, timezone=zone, now=now)
    except events.DraftRefused as refusal:
        drafting.note_refusal(form, refusal)
        return
    is_out = series is not None and series.state is SeriesState.PUBLISHED
    starts_at, _ends_at = events.span_on(plan.first_on, plan.starts_time, plan.ends_time, zone)
    if not is_out and starts_at <= now:
        form.first.errors = [_("That date has passed. Choose one that’s still to come")]


def _again(form: EditorForm, series: Series | None) -> Page:
    """Give the page back: with its errors, or as a button left it."""
    return _page(form, series), 422 if form.errors else 200


def _page(form: EditorForm, series: Series | None, seen: list[Changed] | None = None) -> str:
    if not form.roles.entries:
        form.roles.append_entry()
    return render_template(
        "editor/editor.html",
        form=form,
        series=series,
        is_published=series is not None and series.state is SeriesState.PUBLISHED,
        group=db.session.get_one(Group, series.group_id) if series else None,
        sentence=_sentence(form),
        seen=seen,
        zone=door().community.timezone,
        left_out=_left_out(series),
        rotas=events.ready_made_rotas(),
        has_room=len(form.roles.entries) < MOST_ROLES,
        is_blank=request.method == "GET" and series is None,
    )


def _left_out(series: Series | None) -> list[dt.date]:
    """List the dates to come that were left out, for whoever wants to put one back."""
    if series is None:
        return []
    found = sa.select(Event.occurs_on).where(
        Event.series_id == series.id,
        Event.state == EventState.SKIPPED,
        Event.starts_at > clock.now(),
    )
    return list(db.session.scalars(found.order_by(Event.occurs_on)))


def _sentence(form: EditorForm) -> str:
    """Read the schedule back, once it can be read."""
    if not drafting.when_is_clear(form):
        return ""
    now, zone = clock.now(), door().community.timezone
    plan = drafting.when_of(form)
    try:
        events.check_draft(plan, timezone=zone, now=now)
    except events.DraftRefused:
        return ""
    return events.schedule_sentence(plan, timezone=zone, today=clock.local_date(now, zone))


def _pressed() -> str:
    return request.form.get("press", "check")


def _form(typed: MultiDict[str, str], series: Series | None = None) -> EditorForm:
    if "asked_leads" not in typed:  # a page from before that was asked leaves it as it is
        usual = leads.of_series(series) if series else leads.USUAL_LEADS
        drafting.type_leads(typed, usual)
    form = EditorForm(formdata=typed)
    groups = _groups()
    if series is not None:
        groups = [(key, name) for key, name in groups if key == str(series.group_id)]
    form.group.choices = choices_of(groups)
    if not form.group.data and groups:
        form.group.data = groups[0][0]
    return form


def _fixed(typed: MultiDict[str, str], series: Series) -> MultiDict[str, str]:
    """Put back what cannot be typed over: the group, and the rhythm once dates are out."""
    fixed = MultiDict(typed)
    fixed["group"] = str(series.group_id)
    if series.state is SeriesState.PUBLISHED:
        fixed["often"] = series.frequency.value
        fixed["first"] = series.first_on.isoformat()
    return fixed


def _groups() -> list[tuple[str, str]]:
    """List the groups that the viewer may make events for; a coordinator may for all."""
    opened = door()
    if opened.viewer is None or opened.viewer.membership_id is None:
        return []
    found = sa.select(Group.id, Group.name).where(Group.community_id == opened.community.id)
    if not opened.viewer.is_coordinator:
        found = found.where(Group.id.in_(opened.viewer.organises))
    rows = db.session.execute(found.order_by(Group.name, Group.id))
    return [(str(key), name) for key, name in rows]
