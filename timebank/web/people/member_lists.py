"""Bringing a member list with its hours: look at what was understood, take it in, undo it."""

from __future__ import annotations

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
from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.ledger.member_lists import drafts
from timebank.domain.ledger.member_lists import planning
from timebank.domain.ledger.member_lists import telling
from timebank.domain.ledger.member_lists import undoing
from timebank.domain.ledger.member_lists import writing
from timebank.domain.ledger.member_lists.matching import Fate
from timebank.domain.ledger.member_lists.reading import LIMITS
from timebank.models import Community
from timebank.models import MemberList
from timebank.web.auth import coordinating_member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.people.member_list_forms import BringListForm
from timebank.web.people.member_list_forms import LinesForm
from timebank.web.people.member_list_forms import asked_fields
from timebank.web.people.member_list_forms import lines_form
from timebank.web.people.member_list_forms import sentences_of
from timebank.web.typed import line

bp = Blueprint("member_lists", __name__)

Page = str | tuple[str, int] | Answer
MOST_SHOWN = 1_000  # of the lines that are plain; more would take a phone minutes to lay out


@bp.get("/people/lists")
@signed_in_required
def choose() -> str:
    """Ask for the list."""
    coordinating_member()
    return _choose_page(BringListForm(formdata=None))


@bp.post("/people/lists")
@signed_in_required
def bring() -> Page:
    """Keep the list, when it can be read, to be looked at."""
    by = coordinating_member()
    form = BringListForm()
    if not form.is_well_filled():
        return _choose_page(form), 422
    try:
        table, name = _table(form)
        made = drafts.start(
            db.session(),
            community=db.session.get_one(Community, by.community_id),
            table=table,
            file_name=name,
            by=by,
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        field = form.cells if (form.cells.data or "").strip() else form.file
        field.errors = [*field.errors, _(refusal.sentence)]
        return _choose_page(form), 422
    db.session.commit()
    return redirect(url_for("member_lists.understood", list_id=made.id), 303)


@bp.get("/people/lists/<int:list_id>")
@signed_in_required
def understood(list_id: int) -> Page:
    """Show what was understood, with its questions; or what became of it."""
    coordinating_member()
    made = _find(list_id)
    if made.written_at is not None:
        return _result_page(made)
    if not drafts.can_be_read(made):
        return _bring_again()
    plan = planning.plan(db.session(), made=made, now=clock.now())
    return _understood_page(made, plan, lines_form(plan))


@bp.post("/people/lists/<int:list_id>")
@signed_in_required
def write(list_id: int) -> Page:
    """Take it in: it looks right."""
    by = coordinating_member()
    made = _find(list_id)
    if made.written_at is None and not drafts.can_be_read(made):
        return _bring_again()
    answers = {name: line(typed) for name, typed in request.form.items()}
    now = clock.now()
    try:
        writing.write(db.session(), made=made, answers=answers, by=by, now=now)
    except planning.StillInDoubt as refusal:
        db.session.rollback()
        form = lines_form(refusal.plan)
        form.put_beside(refusal.problems)
        return _understood_page(made, refusal.plan, form), 422
    except (Refused, Conflict) as refusal:
        db.session.rollback()
        plan = planning.plan(db.session(), made=made, answers=answers, now=now)
        form = lines_form(plan)
        form.form_errors.append(_(refusal.sentence))
        return _understood_page(made, plan, form), 409
    db.session.commit()
    say(_("The list is in."))
    return redirect(url_for("member_lists.understood", list_id=list_id), 303)


@bp.post("/people/lists/<int:list_id>/undo")
@signed_in_required
def undo(list_id: int) -> Page:
    """Take all of it back; whom something has happened to since stays only when that is said."""
    by = coordinating_member()
    made = _find(list_id)
    keeps_used = request.form.get("keep") == "yes"
    try:
        undoing.undo(db.session(), made=made, by=by, keeps_used=keeps_used, now=clock.now())
    except undoing.UsedSince as refusal:
        db.session.rollback()
        return _result_page(made, refused=refusal), 422
    db.session.commit()
    say(_("That’s undone."))
    return redirect(url_for("member_lists.understood", list_id=list_id), 303)


def _table(form: BringListForm) -> tuple[Table, str]:
    """Read the file, or else the cells -> with the file's name.

    Raises:
        NoCells: There was neither. The other refusals of the two.
    """
    upload = request.files.get("file")
    if upload and upload.filename:
        return read_bytes(upload.read(MOST_BYTES + 1), limits=LIMITS), line(upload.filename)
    if not (form.cells.data or "").strip():
        raise NoCells
    return read_text(form.cells.data or "", limits=LIMITS), ""


def _choose_page(form: BringListForm) -> str:
    taken_in = drafts.taken_in(db.session(), community_id=door().community.id)
    return render_template("member_lists/choose.html", form=form, taken_in=taken_in)


def _understood_page(made: MemberList, plan: planning.Plan, form: LinesForm) -> str:
    plain = [one for one in plan.lines if one.is_plain]
    minutes = plan.minutes()
    return render_template(
        "member_lists/understood.html",
        made=made,
        form=form,
        doubtful=[(one, sentences_of(one), asked_fields(form, one)) for one in plan.doubtful],
        plain=plain[:MOST_SHOWN],
        more=max(len(plain) - MOST_SHOWN, 0),
        lines=len(plan.lines),
        new=plan.count(Fate.NEW),
        known=plan.count(Fate.KNOWN),
        minutes=sum(minutes.values()),
        left_out=plan.left_out,
        before=drafts.taken_in_as(db.session(), made),
    )


def _result_page(made: MemberList, *, refused: undoing.UsedSince | None = None) -> str:
    session = db.session()
    outcome = telling.outcome(session, made)
    return render_template(
        "member_lists/result.html",
        made=made,
        outcome=outcome,
        shown=outcome.lines[:MOST_SHOWN],
        refused=refused,
        staying=undoing.staying(session, made) if made.undone_at else [],
    )


def _bring_again() -> Answer:
    """Lead back to the beginning where somebody on the list was erased, and their line with it."""
    say(_("Nobody is left on it. Bring the list again."), tone=Tone.ALERT)
    return redirect(url_for("member_lists.choose"), 303)


def _find(list_id: int) -> MemberList:
    return drafts.find(db.session(), community_id=door().community.id, list_id=list_id)
