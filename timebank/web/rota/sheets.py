"""Paper sign-in sheets: which there are, typing one up, and looking it through."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as Answer

from timebank.core import clock
from timebank.core.csv_tables import NoCells
from timebank.core.csv_tables import Table
from timebank.core.csv_tables import read_bytes
from timebank.core.csv_tables import read_text
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.rota.occasions import Occasion
from timebank.domain.rota.sheets import drafts
from timebank.domain.rota.sheets import paper
from timebank.domain.rota.sheets import planning
from timebank.domain.rota.sheets import tracing
from timebank.domain.rota.sheets import writing
from timebank.domain.rota.sheets.drafts import MOST_BYTES
from timebank.domain.rota.sheets.questions import AnswerFirst
from timebank.domain.rota.sheets.questions import Asks
from timebank.models import PaperSheet
from timebank.models import PaperSheetDraft
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.events.running import occasion_of_organiser
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.rota import sheet_words
from timebank.web.rota.crediting import say_credited
from timebank.web.rota.crediting import say_own_turn_waits
from timebank.web.rota.sheet_forms import FIELDS_A_LINE
from timebank.web.rota.sheet_forms import MOST_ON_SCREEN
from timebank.web.rota.sheet_forms import BringSheetForm
from timebank.web.rota.sheet_forms import LinesForm
from timebank.web.rota.sheet_forms import SheetAnswersForm
from timebank.web.rota.sheet_forms import answers_form
from timebank.web.rota.sheet_forms import lines_form
from timebank.web.typed import line

bp = Blueprint("sheets", __name__)

MOST_FIELDS = MOST_ON_SCREEN * FIELDS_A_LINE + 100

Page = str | tuple[str, int] | Answer


@bp.url_value_preprocessor
def let_long_sheets_in(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Take more fields than other forms have: a long sheet has five a line."""
    request.max_form_parts = MOST_FIELDS


@bp.get("/e/<slug>/<day:day>/sheets")
@signed_in_required
def all_of_date(slug: str, day: dt.date) -> str:
    """List the sheets of a date."""
    occasion = occasion_of_organiser(slug, day)
    sheets = paper.sheets_of(db.session(), event_id=occasion.event_id)
    return render_template(
        "sheets/all_of_date.html",
        occasion=occasion,
        sheets=sheets,
        typed=tracing.typed_counts(db.session(), sheets=sheets),
    )


@bp.post("/e/<slug>/<day:day>/sheets")
@signed_in_required
def another(slug: str, day: dt.date) -> Answer:
    """Make another sheet, to be printed."""
    occasion = occasion_of_organiser(slug, day)
    try:
        sheet = paper.another_sheet(db.session(), occasion=occasion, by=member(), now=clock.now())
    except Refused as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
        return redirect(url_for("sheets.all_of_date", slug=slug, day=day), 303)
    db.session.commit()
    say(_("Sheet %(number)s is ready to print.", number=sheet.number))
    return redirect(url_for("grid.print_sheet", slug=slug, day=day), 303)


@bp.get("/e/<slug>/<day:day>/sheets/<number>")
@signed_in_required
def entry(slug: str, day: dt.date, number: str) -> str:
    """Show a sheet's lines to type up, in the order of the paper, and what came of them."""
    occasion, sheet = _sheet(slug, day, number)
    return _entry_page(occasion, sheet, BringSheetForm(formdata=None))


@bp.post("/e/<slug>/<day:day>/sheets/<number>")
@signed_in_required
def type_up(slug: str, day: dt.date, number: str) -> Page:
    """Keep the lines that were typed on our page, to be looked through."""
    occasion, sheet = _sheet(slug, day, number)
    draft = drafts.find(db.session(), sheet=sheet, by=member())
    before = {row.number: row for row in drafts.rows_of(draft)} if draft else {}
    printed = paper.printed_lines(db.session(), sheet=sheet)
    form = lines_form(printed, (), is_sent=True)
    bring = BringSheetForm(formdata=None)
    if not form.is_well_filled():
        return _entry_page(occasion, sheet, bring, form), 422
    try:
        drafts.keep_rows(
            db.session(), sheet=sheet, rows=form.rows(before), by=member(), now=clock.now()
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _entry_page(occasion, sheet, bring, form), 422
    db.session.commit()
    return _to("sheets.understood", occasion, number)


@bp.post("/e/<slug>/<day:day>/sheets/<number>/bring")
@signed_in_required
def bring(slug: str, day: dt.date, number: str) -> Page:
    """Keep a sheet that was pasted or sent as a file, when it can be read."""
    occasion, sheet = _sheet(slug, day, number)
    form = BringSheetForm()
    if not form.is_well_filled():
        return _entry_page(occasion, sheet, form), 422
    try:
        table, name = _table(form)
        drafts.keep_table(
            db.session(), sheet=sheet, table=table, file_name=name, by=member(), now=clock.now()
        )
    except Refused as refusal:
        db.session.rollback()
        field = form.cells if (form.cells.data or "").strip() else form.file
        field.errors = [*field.errors, _(refusal.sentence)]
        occasion, sheet = _sheet(slug, day, number)
        return _entry_page(occasion, sheet, form), 422
    db.session.commit()
    return _to("sheets.understood", occasion, number)


@bp.get("/e/<slug>/<day:day>/sheets/<number>/check")
@signed_in_required
def understood(slug: str, day: dt.date, number: str) -> Page:
    """Show what was understood, with its questions. Nothing is written yet."""
    occasion, sheet = _sheet(slug, day, number)
    draft = drafts.find(db.session(), sheet=sheet, by=member())
    if draft is None:
        return _to("sheets.entry", occasion, number)
    plan = _plan(occasion, sheet, draft, {})
    return _understood_page(occasion, sheet, draft, plan, answers_form(plan))


@bp.post("/e/<slug>/<day:day>/sheets/<number>/check")
@signed_in_required
def write(slug: str, day: dt.date, number: str) -> Page:
    """Write it down: it looks right."""
    occasion, sheet = _sheet(slug, day, number)
    draft = drafts.find(db.session(), sheet=sheet, by=member())
    if draft is None:  # a second tap
        return _to("sheets.entry", occasion, number)
    answers = {key: line(value) for key, value in request.form.items()}
    try:
        done = writing.write(
            db.session(),
            sheet=sheet,
            occasion=occasion,
            answers=answers,
            by=member(),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        return _refused_page(slug, day, number, answers, refusal), 422
    db.session.commit()
    if done:
        _tell(done)
    return _to("sheets.entry", occasion, sheet.number if done is None else done.number)


def _sheet(slug: str, day: dt.date, number: str) -> tuple[Occasion, PaperSheet]:
    """Find a sheet of a date that the viewer runs."""
    occasion = occasion_of_organiser(slug, day)
    return occasion, paper.find_sheet(db.session(), event_id=occasion.event_id, number=number)


def _to(endpoint: str, occasion: Occasion, number: str) -> Answer:
    where = url_for(endpoint, slug=occasion.slug, day=occasion.occurs_on, number=number)
    return redirect(where, 303)


def _table(form: BringSheetForm) -> tuple[Table, str]:
    """Read the file, or else the cells -> with the file's name.

    Raises:
        SheetTooBig, NoCells: As they say. The other refusals of the two.
    """
    upload = request.files.get("file")
    if upload and upload.filename:
        sent = upload.read(MOST_BYTES + 1)
        if len(sent) > MOST_BYTES:
            raise drafts.SheetTooBig
        return read_bytes(sent), line(upload.filename)
    if not (form.cells.data or "").strip():
        raise NoCells
    return read_text(form.cells.data or ""), ""


def _plan(
    occasion: Occasion, sheet: PaperSheet, draft: PaperSheetDraft, answers: dict[str, str]
) -> planning.Plan:
    return planning.plan(
        db.session(),
        rows=drafts.rows_of(draft),
        sheet=sheet,
        occasion=occasion,
        answers=answers,
        by=member(),
        now=clock.now(),
    )


def _refused_page(
    slug: str, day: dt.date, number: str, answers: dict[str, str], refusal: Refused
) -> str:
    """Show the questions again, with what was answered, and what stands in the way."""
    occasion, sheet = _sheet(slug, day, number)
    draft = drafts.find(db.session(), sheet=sheet, by=member())
    if draft is None:
        return _entry_page(occasion, sheet, BringSheetForm(formdata=None))
    plan = _plan(occasion, sheet, draft, answers)
    form = answers_form(plan)
    form.validate()  # what is too long is said beside its field
    form.refuse(refusal)
    if isinstance(refusal, AnswerFirst):
        for question in plan.questions.values():
            if question.is_open and not form[question.key].errors:
                form[question.key].errors = [_open_words(question.asks)]
    return _understood_page(occasion, sheet, draft, plan, form)


def _open_words(asks: Asks) -> str:
    """Say what an answer lacks."""
    if asks in {Asks.IN, Asks.OUT}:
        return _("Write a time like 9:15am, with In before Out")
    if asks is Asks.NAME:
        return _("Write one name, or leave it empty")
    return _("Choose one")


def _entry_page(
    occasion: Occasion,
    sheet: PaperSheet,
    bring_form: BringSheetForm,
    form: LinesForm | None = None,
) -> str:
    printed = paper.printed_lines(db.session(), sheet=sheet)
    draft = drafts.find(db.session(), sheet=sheet, by=member())
    if form is None:
        form = lines_form(printed, drafts.rows_of(draft) if draft else ())
    return render_template(
        "sheets/entry.html",
        occasion=occasion,
        sheet=sheet,
        printed=printed,
        form=form,
        bring_form=bring_form,
        typed=tracing.typed_lines(db.session(), sheet=sheet),
        has_draft=draft is not None,
        is_open=occasion.is_open(clock.now()) and occasion.starts_at <= clock.now(),
        is_early=clock.now() < occasion.starts_at,
    )


def _understood_page(
    occasion: Occasion,
    sheet: PaperSheet,
    draft: PaperSheetDraft,
    plan: planning.Plan,
    form: SheetAnswersForm,
) -> str:
    return render_template(
        "sheets/understood.html",
        occasion=occasion,
        sheet=sheet,
        plan=plan,
        form=form,
        lines=[sheet_words.told(one) for one in plan.lines],
        off=[one for one in plan.questions.values() if one.asks is Asks.OFF],
        hint_of=sheet_words.hint_of,
        remarks=sheet_words.how_it_was_read(drafts.how_read(draft)),
        minutes=sum(one.minutes or one.slot.minutes for one in plan.counted if one.slot),
    )


def _tell(done: writing.Written) -> None:
    if done.credits:
        say_credited(len(done.credits), minutes=done.minutes)
    elif not done.waiting and not done.refused:
        say(_("Nothing new: everything on it was in already."), tone=Tone.NEWS)
    if done.waiting:
        say_own_turn_waits()
    if done.refused:
        say(
            ngettext(
                "%(num)s line could not be written. It says why below.",
                "%(num)s lines could not be written. It says why below.",
                done.refused,
            ),
            tone=Tone.ALERT,
        )
