"""Checks, training and ages: for coordinators, and for those who run a group."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.communities import neighbours
from timebank.domain.communities import notes
from timebank.domain.communities import qualifications
from timebank.domain.rota import learning
from timebank.models import Membership
from timebank.models import Qualification
from timebank.models import QualificationKind
from timebank.web.auth import coordinating_member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.people import cards
from timebank.web.people import granting
from timebank.web.people import paper
from timebank.web.people import returned
from timebank.web.people.forms import AgeForm
from timebank.web.people.forms import FindForm
from timebank.web.people.forms import GiveForm
from timebank.web.people.forms import KindForm
from timebank.web.people.forms import NoteForm
from timebank.web.people.who import coordinates
from timebank.web.people.who import member_here
from timebank.web.people.who import organiser
from timebank.web.typed import choices_of
from timebank.web.typed import text_of

bp = Blueprint("people", __name__)
for part in (granting, cards, paper, returned):
    part.register(bp)

Page = str | tuple[str, int] | Response


@bp.get("/people/qualifications")
@signed_in_required
def kinds() -> str:
    """Show what jobs may ask for, what runs out soon, and who has learnt enough."""
    organiser()
    return _kinds_page(KindForm(formdata=None))


@bp.post("/people/qualifications")
@signed_in_required
def add() -> Page:
    """Write down a check or training that jobs may ask for."""
    coordinating_member()
    form = KindForm()
    if not form.is_well_filled():
        return _kinds_page(form), 422
    try:
        qualifications.add_kind(
            db.session(),
            community_id=door().community.id,
            name=text_of(form.name),
            kind=QualificationKind(form.kind.data),
            about=text_of(form.about),
            lasts_months=form.lasts_months.value,
            shadow_turns=form.shadow_turns.value,
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _kinds_page(form), 422
    db.session.commit()
    say(_("Jobs can ask for %(name)s now.", name=text_of(form.name)))
    return redirect(url_for("people.kinds"), 303)


@bp.post("/people/qualifications/<int:qualification_id>/retire")
@signed_in_required
def retire(qualification_id: int) -> Response:
    """Ask for it no more."""
    coordinating_member()
    kind = _kind(qualification_id)
    try:
        qualifications.retire_kind(db.session(), qualification=kind, now=clock.now())
    except qualifications.StillAskedFor as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("No job can ask for %(name)s any more.", name=kind.name))
    return redirect(url_for("people.kinds"), 303)


@bp.get("/people/<int:membership_id>/qualifications")
@signed_in_required
def person(membership_id: int) -> str:
    """Show what a neighbour has, until when, and what they are learning."""
    organiser()
    who = member_here(membership_id)
    return _person_page(who, GiveForm(formdata=None), AgeForm(formdata=None))


@bp.post("/people/<int:membership_id>/qualifications")
@signed_in_required
def give(membership_id: int) -> Page:
    """Write down that a neighbour has something, or has it again."""
    by = organiser()
    who = member_here(membership_id)
    form = GiveForm()
    if not form.is_well_filled() or form.kind_id is None:
        return _person_page(who, form, AgeForm(formdata=None)), 422
    kind = _kind(form.kind_id)
    try:
        qualifications.give(
            db.session(),
            qualification=kind,
            member=who,
            by=by,
            valid_from=form.valid_from.value or today(),
            expires_on=form.expires_on.value,
            today=today(),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _person_page(who, form, AgeForm(formdata=None)), 422
    db.session.commit()
    say(_("Written down: %(name)s.", name=kind.name))
    return _back(membership_id)


@bp.post("/people/<int:membership_id>/qualifications/<int:qualification_id>/revoke")
@signed_in_required
def revoke(membership_id: int, qualification_id: int) -> Response:
    """Take something back that a neighbour has."""
    organiser()
    who, kind = member_here(membership_id), _kind(qualification_id)
    qualifications.revoke(
        db.session(), member=who, qualification_id=qualification_id, now=clock.now()
    )
    db.session.commit()
    say(_("Taken back: %(name)s. Turns they have already stay theirs.", name=kind.name))
    return _back(membership_id)


@bp.post("/people/<int:membership_id>/qualifications/<int:qualification_id>/learnt")
@signed_in_required
def learnt(membership_id: int, qualification_id: int) -> Response:
    """Give a neighbour what their learning turns have earned."""
    by = organiser()
    who, kind = member_here(membership_id), _kind(qualification_id)
    try:
        learning.give_what_was_learnt(
            db.session(), qualification=kind, member=who, by=by, today=today(), now=clock.now()
        )
    except Refused as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("Given: %(name)s. They can take that job now.", name=kind.name))
    return _back(membership_id)


@bp.post("/people/<int:membership_id>/age")
@signed_in_required
def age(membership_id: int) -> Page:
    """Write down that a neighbour is at least so old."""
    organiser()
    who = member_here(membership_id)
    form = AgeForm()
    if not form.is_well_filled():
        return _person_page(who, GiveForm(formdata=None), form), 422
    try:
        neighbours.note_age(
            db.session(), member=who, age_at_least=form.age_at_least.value or 0, today=today()
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _person_page(who, GiveForm(formdata=None), form), 422
    db.session.commit()
    say(_("Written down. Their date of birth isn’t."))
    return _back(membership_id)


@bp.post("/people/<int:membership_id>/notes")
@signed_in_required
def note(membership_id: int) -> Page:
    """Note something about a neighbour, for coordinators."""
    by = coordinating_member()
    who = member_here(membership_id)
    form = NoteForm()
    if not form.is_well_filled():
        return _person_page(who, GiveForm(formdata=None), AgeForm(formdata=None), form), 422
    notes.write_note(db.session(), member=who, words=text_of(form.note), by=by, now=clock.now())
    db.session.commit()
    say(_("Written down, for coordinators."))
    return _back(membership_id)


@bp.post("/people/<int:membership_id>/notes/<int:note_id>/erase")
@signed_in_required
def erase_note(membership_id: int, note_id: int) -> Response:
    """Erase a note about a neighbour."""
    by = coordinating_member()
    notes.erase_note(db.session(), member=member_here(membership_id), note_id=note_id, by=by)
    db.session.commit()
    say(_("That note is gone."))
    return _back(membership_id)


def _kinds_page(form: KindForm) -> str:
    session, here, day = db.session(), door().community.id, today()
    find = FindForm(formdata=request.args)
    named = text_of(find.named) if find.validate() else ""
    return render_template(
        "people/kinds.html",
        form=form,
        find=find,
        named=named,
        found=neighbours.find_neighbours(session, community_id=here, today=day, named=named)
        if named
        else [],
        kinds=qualifications.read_kinds(session, community_id=here, today=day),
        running_out=qualifications.running_out(session, community_id=here, today=day),
        learners=learning.read_learners(session, community_id=here, today=day),
        coordinates=coordinates(),
    )


def _person_page(
    who: Membership, give_form: GiveForm, age_form: AgeForm, note_form: NoteForm | None = None
) -> str:
    session, here, day = db.session(), door().community.id, today()
    kinds = qualifications.read_kinds(session, community_id=here, today=day)
    offered = [(str(kind.id), kind.name) for kind in kinds]
    give_form.qualification.choices = choices_of([("", _("Choose one")), *offered])
    give_form.valid_from.data = give_form.valid_from.data or day.isoformat()
    known = neighbours.find_neighbours(session, community_id=here, today=day, membership_id=who.id)
    if not known:
        raise NotFound
    return render_template(
        "people/person.html",
        neighbour=known[0],
        give_form=give_form,
        age_form=age_form,
        held=qualifications.read_held(session, community_id=here, today=day, membership_id=who.id),
        learning=learning.read_learners(
            session, community_id=here, today=day, membership_id=who.id
        ),
        has_kinds=bool(kinds),
        note_form=note_form or NoteForm(formdata=None),
        coordinates=coordinates(),
        notes=notes.read_notes(session, membership_id=who.id) if coordinates() else [],
    )


def _kind(qualification_id: int) -> Qualification:
    return qualifications.find_kind(
        db.session(), community_id=door().community.id, qualification_id=qualification_id
    )


def _back(membership_id: int) -> Response:
    return redirect(url_for("people.person", membership_id=membership_id), 303)
