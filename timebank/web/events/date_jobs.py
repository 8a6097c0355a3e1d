"""The organiser's page about the jobs of one date, where these are others than usual.

The lines are those of the editor. A job of the series keeps its name, which is the same on every
date; to take it off this date, its name is emptied, as there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from zoneinfo import ZoneInfo

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.events import RoleDraft
from timebank.domain.events.jobs import MOST_ROLES
from timebank.domain.rota import own_jobs
from timebank.domain.rota.affected import NotAsShown
from timebank.domain.rota.affected import Outcome
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Role
from timebank.models import Series
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.events import asking
from timebank.web.events import drafting
from timebank.web.events import lines
from timebank.web.events.date_forms import DateJobsForm
from timebank.web.events.fields import read_time
from timebank.web.events.running import by
from timebank.web.events.running import event_of_organiser
from timebank.web.flashes import say
from timebank.web.typed import text_of

Page = str | tuple[str, int] | Response


def register(bp: Blueprint) -> None:
    """Add the page to the editor's."""
    address = "/e/<slug>/<day:day>/jobs"
    bp.get(address)(date_jobs)
    bp.post(address)(change_date_jobs)


@signed_in_required
def date_jobs(slug: str, day: dt.date) -> Page:
    """Show the jobs of one date, to change them for this date only."""
    event = event_of_organiser(slug, day)
    return _page(slug, event, DateJobsForm(formdata=_typed(event)))


@signed_in_required
def change_date_jobs(slug: str, day: dt.date) -> Page:
    """Give one date its own jobs, or the usual ones, or the page back with a spare line."""
    event = event_of_organiser(slug, day)
    press = request.form.get("press", "")
    form = DateJobsForm(formdata=_retyped(event, press))
    if press not in {"save", "usual"}:
        return _page(slug, event, form)
    if press == "save" and not _is_well_filled(form, event):
        return _page(slug, event, form), 422
    try:
        outcome = _write(event, form, press)
    except Refused as refusal:
        db.session.rollback()
        drafting.note_refusal(form, refusal)
        return _page(slug, event, form), 422
    try:
        _require_agreed(form, outcome, press)
    except NotAsShown:
        db.session.rollback()
        return _show(slug, event, form, outcome, press)
    db.session.commit()
    say(asking.words_of(outcome.told))
    return redirect(url_for("events.event", slug=slug, day=day, _anchor="rota"), 303)


def _write(event: Event, form: DateJobsForm, press: str) -> Outcome:
    session, now = db.session(), clock.now()
    if press == "usual":
        return own_jobs.use_usual_jobs(session, event=event, by=by(), now=now)
    starts, ends = _times(event)
    drafts = drafting.role_drafts(form.roles, starts=starts, ends=ends)
    return own_jobs.give_own_jobs(session, event=event, drafts=drafts, by=by(), now=now)


def _require_agreed(form: DateJobsForm, outcome: Outcome, press: str) -> None:
    """Make sure that whoever is moved was shown.

    Raises:
        NotAsShown: They were not, or others were.
    """
    if outcome.effects and form.agreed.data != f"{press}.{outcome.digest}":
        raise NotAsShown


def _show(slug: str, event: Event, form: DateJobsForm, outcome: Outcome, press: str) -> Page:
    """Show whom the change moves; 409 when another list was agreed to."""
    is_other_list = (form.agreed.data or "").startswith(f"{press}.")
    form.agreed.data = f"{press}.{outcome.digest}"
    if is_other_list:
        form.form_errors.append(_("The list has changed meanwhile. Look at it once more"))
    return _page(slug, event, form, outcome, press), 409 if is_other_list else 200


def _is_well_filled(form: DateJobsForm, event: Event) -> bool:
    """Check the lines, and that nobody else has changed the jobs meanwhile."""
    form.validate()
    names = {str(role.id): role.name for role, _line in _known(event) if not role.only_event_id}
    for entry in form.roles.entries:
        name = names.get(entry.form.role_id.data or "")
        if name is not None and text_of(entry.form.name) != name:
            entry.form.name.errors = [
                _("“%(job)s” is called so on every date. Change its name in Edit", job=name)
            ]
            form.roles.errors = [entry.errors for entry in form.roles.entries]
    if form.seen.data != _digest(event):
        form.seen.data = _digest(event)
        form.form_errors.append(
            _("Somebody changed these jobs a moment before you. Look them over, then save again")
        )
    return not form.errors


def _page(
    slug: str,
    event: Event,
    form: DateJobsForm,
    outcome: Outcome | None = None,
    press: str = "",
) -> str:
    fixed = {str(role.id) for role, _line in _known(event) if not role.only_event_id}
    return render_template(
        "editor/date_jobs.html",
        slug=slug,
        event=event,
        title=db.session.get_one(Series, event.series_id).title,
        form=form,
        outcome=outcome,
        press=press,
        fixed=fixed,
        has_room=len(form.roles.entries) < MOST_ROLES,
        may_change=event.state is EventState.PLANNED and event.starts_at > clock.now(),
    )


def _typed(event: Event) -> MultiDict[str, str]:
    """Write the form of a date's jobs as they stand."""
    starts, ends = _times(event)
    typed: MultiDict[str, str] = MultiDict(
        {"was_starts": f"{starts:%H:%M}", "was_ends": f"{ends:%H:%M}", "seen": _digest(event)}
    )
    typed.update(lines.typed_lines([lines.line_of(draft, starts) for _, draft in _known(event)]))
    return typed


def _retyped(event: Event, press: str) -> MultiDict[str, str]:
    """Do to the typed lines what the button asks for, and what a date moved meanwhile asks for."""
    starts, ends = _times(event)
    jobs = lines.read_lines(request.form)
    before = lines.span_of(
        read_time(request.form.get("was_starts")), read_time(request.form.get("was_ends"))
    )
    after = lines.span_of(starts, ends)
    if before and after:
        jobs = lines.move_along(jobs, before=before, after=after)
    if press == "add" and len(jobs) < MOST_ROLES:
        jobs = [*jobs, lines.Line()]
    typed: MultiDict[str, str] = MultiDict(
        {
            "csrf_token": request.form.get("csrf_token", ""),
            "was_starts": f"{starts:%H:%M}",
            "was_ends": f"{ends:%H:%M}",
            "seen": request.form.get("seen", ""),
            "agreed": request.form.get("agreed", ""),
        }
    )
    typed.update(lines.typed_lines(jobs))
    return typed


def _times(event: Event) -> tuple[dt.time, dt.time]:
    """Tell when a date starts and ends by the clock on the wall."""
    zone = ZoneInfo(door().community.timezone)
    return event.starts_at.astimezone(zone).time(), event.ends_at.astimezone(zone).time()


def _known(event: Event) -> list[tuple[Role, RoleDraft]]:
    return own_jobs.jobs_of_date(db.session(), event=event)


def _digest(event: Event) -> str:
    """Name the jobs as they stand, to notice a change by somebody else."""
    listed = repr([draft for _, draft in _known(event)])
    return hashlib.sha256(listed.encode()).hexdigest()[:16]
