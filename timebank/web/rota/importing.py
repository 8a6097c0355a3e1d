"""Bringing a rota from a spreadsheet: paste it, look at what was understood, take it in, undo."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from timebank.core import clock
from timebank.core.csv_tables import MOST_BYTES
from timebank.core.csv_tables import NoCells
from timebank.core.csv_tables import Table
from timebank.core.csv_tables import read_bytes
from timebank.core.csv_tables import read_text
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.rota.importing import drafts
from timebank.domain.rota.importing import planning
from timebank.domain.rota.importing import undoing
from timebank.domain.rota.importing import writing
from timebank.domain.rota.spreadsheets.remarks import SENTENCES
from timebank.domain.rota.spreadsheets.remarks import Remark
from timebank.models import RotaImport
from timebank.models import Series
from timebank.web.auth import signed_in_required
from timebank.web.events.running import by
from timebank.web.events.running import find_series
from timebank.web.events.running import series_of_organiser
from timebank.web.filters import long_day
from timebank.web.flashes import say
from timebank.web.rota.importing_forms import AnswersForm
from timebank.web.rota.importing_forms import BringForm
from timebank.web.rota.importing_forms import answers_form
from timebank.web.typed import line

bp = Blueprint("importing", __name__)

Page = str | tuple[str, int] | Answer


@bp.get("/e/<slug>/rota/import")
@signed_in_required
def choose(slug: str) -> str:
    """Ask for the spreadsheet."""
    series = series_of_organiser(slug)
    return _choose_page(series, BringForm(formdata=None))


@bp.post("/e/<slug>/rota/import")
@signed_in_required
def bring(slug: str) -> Page:
    """Keep the spreadsheet, when it can be read, to be looked at."""
    series = series_of_organiser(slug)
    form = BringForm()
    if not form.is_well_filled():
        return _choose_page(series, form), 422
    try:
        table, name = _table(form)
        made = drafts.start(
            db.session(), series=series, table=table, file_name=name, by=by(), now=clock.now()
        )
    except Refused as refusal:
        db.session.rollback()
        field = form.cells if (form.cells.data or "").strip() else form.file
        field.errors = [*field.errors, _(refusal.sentence)]
        return _choose_page(find_series(slug), form), 422
    db.session.commit()
    return redirect(url_for("importing.understood", slug=slug, import_id=made.id), 303)


@bp.get("/e/<slug>/rota/import/<int:import_id>")
@signed_in_required
def understood(slug: str, import_id: int) -> str:
    """Show what was understood, with its questions; or what became of it."""
    series = series_of_organiser(slug)
    made = drafts.find(db.session(), series=series, import_id=import_id)
    if made.written_at is not None:
        return _result_page(series, made)
    plan = planning.plan(db.session(), made=made, series=series, now=clock.now())
    return _understood_page(series, made, plan, answers_form(plan))


@bp.post("/e/<slug>/rota/import/<int:import_id>")
@signed_in_required
def write(slug: str, import_id: int) -> Page:
    """Take it in: it looks right."""
    series = series_of_organiser(slug)
    made = drafts.find(db.session(), series=series, import_id=import_id)
    here = redirect(url_for("importing.understood", slug=slug, import_id=import_id), 303)
    if made.written_at is not None:
        return here
    now = clock.now()
    # A day that was chosen just now may bring people with it who are in doubt themselves.
    plan = planning.plan(
        db.session(), made=made, series=series, answers=request.form.to_dict(), now=now
    )
    form = answers_form(plan)
    if not form.is_well_filled():
        return _understood_page(series, made, plan, form), 422
    answers = form.answers()
    try:
        writing.write(db.session(), made=made, series=series, answers=answers, by=by(), now=now)
    except planning.SayWhoItIs as refusal:
        db.session.rollback()
        for field in form:
            if field.name == refusal.field:
                field.errors = [_(refusal.sentence)]
        return _understood_page(series, made, plan, form), 422
    db.session.commit()
    say(_("The rota is in."))
    return here


@bp.post("/e/<slug>/rota/import/<int:import_id>/undo")
@signed_in_required
def undo(slug: str, import_id: int) -> Answer:
    """Take all of it back."""
    series = series_of_organiser(slug)
    made = drafts.find(db.session(), series=series, import_id=import_id)
    undoing.undo(db.session(), made=made, series=series, by=by(), now=clock.now())
    db.session.commit()
    say(_("That’s undone."))
    return redirect(url_for("importing.understood", slug=slug, import_id=import_id), 303)


def _table(form: BringForm) -> tuple[Table, str]:
    """Read the file, or else the cells -> with the file's name.

    Raises:
        NoCells: There was neither. The other refusals of the two.
    """
    upload = request.files.get("file")
    if upload and upload.filename:
        return read_bytes(upload.read(MOST_BYTES + 1)), line(upload.filename)
    if not (form.cells.data or "").strip():
        raise NoCells
    return read_text(form.cells.data or ""), ""


def _choose_page(series: Series, form: BringForm) -> str:
    return render_template(
        "importing/choose.html",
        series=series,
        form=form,
        taken_in=drafts.taken_in(db.session(), series=series),
    )


def _understood_page(
    series: Series, made: RotaImport, plan: planning.Plan, form: AnswersForm
) -> str:
    return render_template(
        "importing/understood.html",
        series=series,
        made=made,
        plan=plan,
        form=form,
        remarks=[
            (str(remark.at or ""), sentence_of(remark)) for remark in plan.understood.remarks
        ],
    )


def _result_page(series: Series, made: RotaImport) -> str:
    wrote = made.wrote
    return render_template(
        "importing/result.html",
        series=series,
        made=made,
        wrote=wrote,
        refused=[
            (cell, name, job, _day(on), _(sentence))
            for cell, name, job, on, sentence in wrote["refused"]
        ],
        kept=[_kept(*one) for one in wrote.get("kept", ())],
    )


def sentence_of(remark: Remark) -> str:
    """Word a remark for its reader, with days as pages write them."""
    values: Mapping[str, object] = {
        name: long_day(value) if isinstance(value, dt.date) else value
        for name, value in remark.values.items()
    }
    return _(SENTENCES[remark.kind], text=remark.text, **values)


def _kept(why: str, what: str, on: str) -> str:
    """Say what stays after an undo, and why."""
    if why == undoing.DONE:
        return _("%(name)s keeps the turn on %(day)s: it has begun.", name=what, day=_day(on))
    if why == undoing.USUAL:
        return _("%(day)s stays: it is one of the usual days.", day=_day(on))
    if what:
        return _("The job “%(job)s” stays: somebody has a turn at it.", job=what)
    return _("%(day)s stays: somebody has a turn on it.", day=_day(on))


def _day(on: str) -> str:
    return long_day(dt.date.fromisoformat(on)) if on else ""
