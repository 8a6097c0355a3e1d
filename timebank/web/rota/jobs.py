"""The jobs of an event: what each is and who may, for everybody; changing that, for organisers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain import events
from timebank.domain.communities import qualifications
from timebank.domain.rota import catalogue as rules
from timebank.domain.rota import details
from timebank.models import Series
from timebank.models import SeriesState
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.events.running import by
from timebank.web.events.running import find_series
from timebank.web.events.running import series_of_organiser
from timebank.web.flashes import say
from timebank.web.markdown import as_html
from timebank.web.rota import job_files
from timebank.web.rota.job_forms import DetailsForm
from timebank.web.rota.job_forms import TogetherForm
from timebank.web.rota.job_forms import together_form

bp = Blueprint("jobs", __name__)
bp.add_app_template_filter(as_html, "markdown")
job_files.register(bp)

Page = str | tuple[str, int] | Answer
ANY_DAY = dt.date(2027, 1, 1)  # a job's usual times have no date


@dataclass(frozen=True, slots=True)
class Usual:
    """When a job usually is, on a clock that shows UTC, and when to be there."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    be_there_at: dt.datetime


@bp.get("/e/<slug>/jobs")
def catalogue(slug: str) -> str:
    """Show what there is to do at an event, and who may."""
    series, runs_it = _seen(slug)
    read = rules.read_jobs(db.session(), series_id=series.id)
    return render_template(
        "jobs/catalogue.html",
        series=series,
        runs_it=runs_it,
        jobs=[(job, _usual(series, job.draft)) for job in read],
    )


@bp.get("/e/<slug>/jobs/<int:role_id>")
def job(slug: str, role_id: int) -> str:
    """Show one job: how it's done, what to bring, who may, and its next open dates."""
    series, runs_it = _seen(slug)
    found = rules.read_job(db.session(), series_id=series.id, role_id=role_id)
    dates = rules.open_dates(
        db.session(),
        role_id=role_id,
        membership_id=door().membership_id,
        now=clock.now(),
    )
    return render_template(
        "jobs/job.html",
        series=series,
        runs_it=runs_it,
        job=found,
        usual=_usual(series, found.draft),
        dates=dates if series.state is SeriesState.PUBLISHED else [],
    )


@bp.get("/e/<slug>/jobs/<int:role_id>/edit")
@signed_in_required
def edit(slug: str, role_id: int) -> str:
    """Show what a job says and asks, to change it."""
    series = series_of_organiser(slug)
    found = rules.read_job(db.session(), series_id=series.id, role_id=role_id)
    form = DetailsForm(formdata=None)
    _offer(form, series, role_id)
    form.fill(found)
    return _edit_page(series, found, form)


@bp.post("/e/<slug>/jobs/<int:role_id>/edit")
@signed_in_required
def save(slug: str, role_id: int) -> Page:
    """Change what a job says and asks."""
    series = series_of_organiser(slug)
    found = rules.read_job(db.session(), series_id=series.id, role_id=role_id)
    form = DetailsForm()
    _offer(form, series, role_id)
    if not form.is_well_filled():
        return _edit_page(series, found, form), 422
    try:
        details.change_details(
            db.session(),
            series=series,
            role_id=role_id,
            details=form.details(),
            asked_ids=form.asked_ids(),
            trains_for_id=form.trains_for_id(),
            by=by(),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _edit_page(series, found, form), 422
    db.session.commit()
    say(_("Saved. It counts for turns taken from now on."))
    return redirect(url_for("jobs.job", slug=slug, role_id=role_id), 303)


@bp.get("/e/<slug>/jobs/<int:role_id>/together")
@signed_in_required
def together(slug: str, role_id: int) -> str:
    """Show which other jobs one person may do with this one, to change it."""
    series = series_of_organiser(slug)
    found, form = _together(series, role_id)
    return _together_page(series, found, form)


@bp.post("/e/<slug>/jobs/<int:role_id>/together")
@signed_in_required
def pair(slug: str, role_id: int) -> Page:
    """Say which other jobs one person may do with this one."""
    series = series_of_organiser(slug)
    found, form = _together(series, role_id)
    if not form.is_well_filled():
        return _together_page(series, found, form), 422
    try:
        rules.set_pairs(db.session(), series=series, role_id=role_id, rules=form.rules())
    except Refused as refusal:
        db.session.rollback()
        form[f"job_{refusal.field}"].errors = [_(refusal.sentence)]
        return _together_page(series, found, form), 422
    db.session.commit()
    say(_("Saved. It counts for turns taken from now on."))
    return redirect(url_for("jobs.catalogue", slug=slug), 303)


def _together(series: Series, role_id: int) -> tuple[rules.JobInFull, TogetherForm]:
    found = {job.role_id: job for job in rules.read_jobs(db.session(), series_id=series.id)}
    if role_id not in found:
        raise NotFound
    others = [job for key, job in found.items() if key != role_id]
    known = rules.pairs_of(db.session(), role_id=role_id)
    return found[role_id], together_form(others, known)


def _together_page(series: Series, found: rules.JobInFull, form: TogetherForm) -> str:
    return render_template("jobs/together.html", series=series, job=found, form=form)


def _offer(form: DetailsForm, series: Series, role_id: int) -> None:
    kinds = qualifications.read_kinds(
        db.session(), community_id=series.community_id, today=today()
    )
    read = rules.read_jobs(db.session(), series_id=series.id)
    form.offer(
        [(kind.id, kind.name) for kind in kinds], [job for job in read if job.role_id != role_id]
    )


def _edit_page(series: Series, found: rules.JobInFull, form: DetailsForm) -> str:
    return render_template("jobs/edit.html", series=series, job=found, form=form)


def _usual(series: Series, draft: events.RoleDraft) -> Usual:
    start = dt.datetime.combine(ANY_DAY, series.starts_time, dt.UTC)
    starts_at = start + dt.timedelta(minutes=draft.starts_after_minutes)
    return Usual(
        starts_at=starts_at,
        ends_at=starts_at + dt.timedelta(minutes=draft.duration_minutes),
        be_there_at=starts_at - dt.timedelta(minutes=draft.arrive_minutes_before),
    )


def _seen(slug: str) -> tuple[Series, bool]:
    """Find a series that the viewer may see, and whether they run it.

    Raises:
        NotFound: No such series here, or it is a draft of somebody else's.
    """
    series = find_series(slug)
    viewer = door().viewer
    runs_it = bool(viewer and viewer.may_organise(series.group_id))
    if not (runs_it or series.state is SeriesState.PUBLISHED):
        raise NotFound
    return series, runs_it
