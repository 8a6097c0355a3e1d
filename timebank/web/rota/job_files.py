"""Jobs as a file: download an event’s, or take others in once it was shown what changes."""

from __future__ import annotations

from flask import Blueprint
from flask import Response
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as Answer

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain import events
from timebank.domain.events import rota_files
from timebank.domain.rota import taking_in
from timebank.models import Series
from timebank.web.auth import signed_in_required
from timebank.web.events.running import by
from timebank.web.events.running import find_series
from timebank.web.events.running import series_of_organiser
from timebank.web.flashes import say
from timebank.web.rota.job_forms import FileForm
from timebank.web.rota.job_forms import UseForm
from timebank.web.typed import choices_of
from timebank.web.words import _ as later

Page = str | tuple[str, int] | Answer
# What a preview calls the parts of a job.
PARTS = {
    "name": later("name"),
    "about": later("what they do"),
    "needed": later("can’t start without"),
    "places": later("how many"),
    "starts_after_minutes": later("when it begins"),
    "duration_minutes": later("how long it takes"),
    "instructions": later("how it’s done"),
    "bring": later("what to bring"),
    "arrive_minutes_before": later("when to be there"),
    "turn_minutes": later("length of a turn"),
    "every_minutes": later("when turns begin"),
    "one_per": later("one for how many people"),
    "minimum_age": later("age"),
    "while_taking_part": later("taking part"),
    "newcomer_places": later("places for first turns"),
    "newcomer_hours": later("how long these are kept"),
    "opens_hours_before": later("when it opens"),
    "asks_for": later("what it asks for"),
    "trains_for": later("learning place"),
}


def register(bp: Blueprint) -> None:
    """Add the pages to the jobs'."""
    bp.get("/e/<slug>/jobs.toml")(download)
    bp.get("/e/<slug>/jobs/take-in")(choose)
    bp.post("/e/<slug>/jobs/take-in")(take_in)


@signed_in_required
def download(slug: str) -> Response:
    """Hand an organiser the jobs as a file, to keep, to change, or to give to another group."""
    series = series_of_organiser(slug)
    text = events.write_rota_file(taking_in.rota_of(db.session(), series=series))
    answer = Response(text, content_type="application/toml; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-jobs.toml"'
    return answer


@signed_in_required
def choose(slug: str) -> str:
    """Ask where jobs should come from."""
    series = series_of_organiser(slug)
    return _page(series, _form(series))


@signed_in_required
def take_in(slug: str) -> Page:
    """Show what a file or another event would change, or change it."""
    series = series_of_organiser(slug)
    if request.form.get("press") == "use":
        return _use(series)
    form = _form(series)
    if not form.is_well_filled():
        return _page(series, form), 422
    try:
        text = _text(form, series)
        rota = events.read_rota_file(text)
    except events.RotaFileRefused as refusal:
        return _refused(series, form, refusal)
    return render_template(
        "jobs/preview.html",
        series=series,
        preview=taking_in.preview(db.session(), series=series, rota=rota),
        parts=PARTS,
        form=UseForm(formdata=None, text=text),
    )


def _use(series: Series) -> Page:
    form = UseForm()
    if not form.is_well_filled():
        return _page(series, _form(series)), 422
    try:
        rota = events.read_rota_file(form.text.data or "")
        told = taking_in.take_in(db.session(), series=series, rota=rota, by=by(), now=clock.now())
    except Refused as refusal:
        db.session.rollback()
        return _refused(series, _form(series), refusal)
    db.session.commit()
    words = _("These jobs are in use.")
    if told:
        words += " " + ngettext(
            "We’ll tell %(num)s person whose turn has changed.",
            "We’ll tell %(num)s people whose turn has changed.",
            told,
        )
    say(words)
    return redirect(url_for("jobs.catalogue", slug=series.slug), 303)


def _text(form: FileForm, series: Series) -> str:
    """Take the text from whichever of the three was given: a file, text, another event.

    Raises:
        RotaFileRefused: None was, or the file can't be read.
    """
    upload = request.files.get("file")
    if upload and upload.filename:
        return rota_files.decode(upload.read(rota_files.LONGEST_FILE + 1))
    if (form.text.data or "").strip():
        return str(form.text.data)
    others = dict(taking_in.others_of_group(db.session(), series=series))
    if form.other.data in others:
        other = find_series(form.other.data)
        return events.write_rota_file(taking_in.rota_of(db.session(), series=other))
    raise events.RotaFileRefused([_("Choose a file, paste its text, or choose another event.")])


def _refused(series: Series, form: FileForm, refusal: Refused) -> Page:
    sentences = getattr(refusal, "sentences", (refusal.sentence,))
    form.form_errors.extend(_(sentence) for sentence in sentences)
    return _page(series, form), 422


def _form(series: Series) -> FileForm:
    form = FileForm()
    others = taking_in.others_of_group(db.session(), series=series)
    form.other.choices = choices_of([("", _("None")), *others])
    return form


def _page(series: Series, form: FileForm) -> str:
    return render_template("jobs/take_in.html", series=series, form=form)
