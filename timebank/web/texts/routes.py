"""The number on which somebody is texted: proven by a code, or noted by a coordinator."""

from __future__ import annotations

from flask import Blueprint
from flask import current_app
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text_gateway import Texts
from timebank.db import db
from timebank.domain.notices import choosing
from timebank.domain.notices import saving
from timebank.domain.texts import numbers
from timebank.models import Membership
from timebank.web import installation
from timebank.web.auth import coordinating_member
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.flashes import say
from timebank.web.people.who import full_name_of
from timebank.web.people.who import member_here
from timebank.web.texts.forms import AgreedForm
from timebank.web.texts.forms import DigitsForm
from timebank.web.texts.forms import NumberForm
from timebank.web.texts.forms import WhichForm
from timebank.web.typed import text_of

bp = Blueprint("texts", __name__)

Page = str | tuple[str, int] | Response


def gateway() -> Texts:
    """Give what the operator says about the gateway.

    Raises:
        NotFound: Nothing: no texts are sent here.
    """
    settings = installation.settings()
    if settings.texts is None:
        raise NotFound
    return settings.texts


@bp.get("/me/texts")
@signed_in_required
def own() -> Page:
    """Show the number on which somebody is texted, and what comes there."""
    gateway()
    return _own_page(db.session.get_one(Membership, member()))


@bp.post("/me/texts")
@signed_in_required
def send_code() -> Page:
    """Have a code sent to the number that was typed."""
    region, who, form = gateway().region, _me(), NumberForm()
    if not form.is_well_filled():
        return _own_page(who, number=form), 422
    try:
        number = numbers.read_number(text_of(form.number), region=region)
        numbers.ask_for_code(db.session(), member=who, number=number, now=clock.now())
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _own_page(_me(), number=form), 422
    db.session.commit()
    say(_("We’ve sent a code to %(number)s.", number=numbers.said(number)))
    return redirect(url_for("texts.own"), 303)


@bp.post("/me/texts/code")
@signed_in_required
def prove() -> Page:
    """Take the code; a wrong one is counted even though it is refused."""
    gateway()
    who, form = _me(), DigitsForm()
    if not form.is_well_filled():
        return _own_page(who, digits=form), 422
    try:
        numbers.prove(
            db.session(),
            member=who,
            digits=text_of(form.code),
            secret_key=current_app.config["SECRET_KEY"],
            now=clock.now(),
        )
    except numbers.WrongTextCode as refusal:
        db.session.commit()
        form.refuse(refusal)
        return _own_page(_me(), digits=form), 422
    db.session.commit()
    say(_("That’s your number. Now choose what should come as a text."))
    return redirect(url_for("texts.own"), 303)


@bp.post("/me/texts/which")
@signed_in_required
def choose() -> Page:
    """Take what should come as a text."""
    gateway()
    who, form = _me(), WhichForm()
    number = numbers.number_of(db.session(), membership_id=who.id)
    if number is None or number.proven_at is None:
        raise NotFound
    saving.choose_texts(db.session(), member=who, families=form.wanted(), now=clock.now())
    db.session.commit()
    say(_("Saved. It counts from the next message on."))
    return redirect(url_for("texts.own"), 303)


@bp.post("/me/texts/stop")
@signed_in_required
def stop() -> Response:
    """Text somebody no more, also where the operator sends none any more."""
    who = _me()
    _end(who)
    say(_("No more texts. We’ve deleted your number, and write to you by e-mail again."))
    return redirect(url_for("rota.my_turns"), 303)


@bp.get("/people/<int:membership_id>/texts")
@signed_in_required
def of_member(membership_id: int) -> Page:
    """Show a coordinator the number of somebody without e-mail."""
    coordinating_member()
    gateway()
    who, form = _without_email(membership_id), AgreedForm(formdata=None)
    profile = who.person.profile
    form.number.data = profile.phone if profile else ""
    return _member_page(who, form)


@bp.post("/people/<int:membership_id>/texts")
@signed_in_required
def note_agreed(membership_id: int) -> Page:
    """Write down that somebody without e-mail agreed to texts, and on which number."""
    by, region = coordinating_member(), gateway().region
    who, form = _without_email(membership_id), AgreedForm()
    if not form.is_well_filled():
        return _member_page(who, form), 422
    try:
        number = numbers.read_number(text_of(form.number), region=region)
    except Refused as refusal:
        form.refuse(refusal)
        return _member_page(who, form), 422
    numbers.note_agreed(db.session(), member=who, number=number, by=by, now=clock.now())
    db.session.commit()
    say(_("Noted. They get a text the evening before a turn, and when a date changes."))
    return redirect(url_for("texts.of_member", membership_id=who.id), 303)


@bp.post("/people/<int:membership_id>/texts/stop")
@signed_in_required
def stop_member(membership_id: int) -> Response:
    """Text somebody without e-mail no more: they said so on the telephone."""
    coordinating_member()
    who = _without_email(membership_id)
    _end(who)
    say(_("No more texts to them. Their letter tells them again."))
    return redirect(url_for("people.without_email"), 303)


def _me() -> Membership:
    return db.session.get_one(Membership, member())


def _end(who: Membership) -> None:
    now = clock.now()
    saving.choose_texts(db.session(), member=who, families=frozenset(), now=now)
    numbers.end(db.session(), member=who, now=now)
    db.session.commit()


def _without_email(membership_id: int) -> Membership:
    """Find a member for whom a coordinator answers: who reads mail says themselves.

    Raises:
        NotFound: Nobody here, or somebody who reads mail.
    """
    who = member_here(membership_id)
    if who.person.profile is None or who.person.profile.email is not None:
        raise NotFound
    return who


def _own_page(
    who: Membership, *, number: NumberForm | None = None, digits: DigitsForm | None = None
) -> str:
    session, now = db.session(), clock.now()
    found = numbers.number_of(session, membership_id=who.id)
    asked = numbers.open_code(session, member=who, now=now)
    which = WhichForm(formdata=None)
    which.show(choosing.read_choices(session, membership_id=who.id))
    return render_template(
        "texts/own.html",
        number=numbers.said(found.number) if found else None,
        asked=numbers.said(asked.number) if asked else None,
        number_form=number or NumberForm(formdata=None),
        digits_form=digits or DigitsForm(formdata=None),
        which_form=which,
        form=number or digits or which,
    )


def _member_page(who: Membership, form: AgreedForm) -> str:
    found = numbers.number_of(db.session(), membership_id=who.id)
    return render_template(
        "texts/of_member.html",
        who=who,
        full_name=full_name_of(who),
        found=found,
        number=numbers.said(found.number) if found else None,
        form=form,
    )
