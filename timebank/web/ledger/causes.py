"""Pots and causes: what they are for, what came in and went out, giving to them, spending."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import RadioField

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import NotAllowed
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain import ledger
from timebank.domain.ledger import pots
from timebank.models import Account
from timebank.models import AccountKind
from timebank.models import Membership
from timebank.web.auth import coordinator
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.events.fields import OneOf
from timebank.web.filters import hours
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.ledger.fields import HoursField
from timebank.web.ledger.fields import SomeHours
from timebank.web.ledger.fields import ToSomebodyForm
from timebank.web.ledger.fields import about_field
from timebank.web.ledger.fields import words_field
from timebank.web.ledger.lines import by_month
from timebank.web.ledger.lines import position_of
from timebank.web.ledger.lines import written
from timebank.web.typed import REFUSALS
from timebank.web.typed import KeyedForm
from timebank.web.typed import PageForm
from timebank.web.typed import choices_of
from timebank.web.typed import text_of
from timebank.web.words import _ as later

bp = Blueprint("causes", __name__)

# Each form of the page has its own names, for all of them stand on it.
GIVE, SPEND, ABOUT, CLOSE = "give-", "spend-", "about-", "close-"
LINES = 50  # of a statement on one page
Page = str | tuple[str, int] | Response
KINDS = [
    (AccountKind.CAUSE.value, later("A cause: hours given to it are given away")),
    (AccountKind.POT.value, later("A pot: its hours can be spent again")),
]


class GiveForm(KeyedForm):
    """How many hours somebody gives, and a few words."""

    hours = HoursField(later("How much?"), validators=[SomeHours()])
    words = words_field(later("A few words (if you like)"))


class AboutForm(PageForm):
    """What a pot or cause is called, and what it is for."""

    name = words_field(later("What’s it called?"))
    about = about_field(later("What is it for?"))


class NewForm(AboutForm):
    """A new one."""

    kind = RadioField(
        later("What is it?"),
        choices=choices_of(KINDS),
        default=AccountKind.CAUSE.value,
        validate_choice=False,
        validators=[OneOf(later("Say whether it’s a cause or a pot"))],
    )


@bp.get("/causes")
def everything() -> str:
    """Show what hours can be given to."""
    return _list_page(NewForm(formdata=None))


def _list_page(form: NewForm) -> str:
    viewer = door().viewer
    return render_template(
        "ledger/causes.html",
        pots=pots.read_pots(db.session(), community_id=door().community.id),
        form=form,
        may_make=viewer is not None and viewer.is_coordinator,
    )


@bp.post("/causes")
@signed_in_required
def make() -> Page:
    """Open a new cause, or a pot of the whole community."""
    coordinator()
    form = NewForm()
    if not form.is_well_filled():
        return _list_page(form), 422
    try:
        made = pots.make_pot(
            db.session(),
            community_id=door().community.id,
            kind=AccountKind(form.kind.data),
            name=text_of(form.name),
            about=text_of(form.about),
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _list_page(form), 422
    db.session.commit()
    say(_("Neighbours can give hours to %(name)s now.", name=made.name))
    return redirect(url_for("causes.one", account_id=made.id), 303)


@bp.get("/causes/<int:account_id>")
def one(account_id: int) -> str:
    """Show a pot or cause: what it is for, and every hour in and out, without names."""
    return _page(account_id, _fresh_give(), _fresh_spend())


def _fresh_give() -> KeyedForm:
    return GiveForm.fresh(prefix=GIVE)


def _fresh_spend() -> KeyedForm:
    return ToSomebodyForm.fresh(prefix=SPEND)


def _page(
    account_id: int,
    give_form: KeyedForm,
    spend_form: KeyedForm,
    about_form: AboutForm | None = None,
) -> str:
    pot = pots.read_pot(db.session(), community_id=door().community.id, account_id=account_id)
    before = position_of(request.args.get("before", ""))
    entries = ledger.account_entries(
        db.session(), account_id=account_id, before=before, limit=LINES + 1
    )
    older = entries[LINES - 1].position if len(entries) > LINES else None
    viewer = door().viewer
    is_member = viewer is not None and viewer.is_member
    return render_template(
        "ledger/cause.html",
        pot=pot,
        months=by_month(entries[:LINES], is_public=True),
        older=written(older) if older else None,
        is_first_page=before == ledger.NEWEST,
        give_form=give_form,
        spend_form=spend_form,
        about_form=about_form
        or AboutForm(formdata=None, prefix=ABOUT, name=pot.name, about=pot.about),
        close_form=KeyedForm.fresh(prefix=CLOSE),
        may_give=is_member and not pot.is_closed,
        may_spend=is_member and _may_spend(pot.kind, pot.group_id) and not pot.is_closed,
        may_change=viewer is not None and viewer.is_coordinator and not pot.is_closed,
    )


def _known_about(pot: pots.Pot) -> AboutForm:
    return AboutForm(formdata=None, prefix=ABOUT, name=pot.name, about=pot.about)


def _may_spend(kind: AccountKind, group_id: int | None) -> bool:
    viewer = door().viewer
    if viewer is None or kind is not AccountKind.POT:
        return False
    return viewer.is_coordinator if group_id is None else viewer.may_organise(group_id)


@bp.post("/causes/<int:account_id>/give")
@signed_in_required
def give(account_id: int) -> Page:
    """Give hours to it, from one's own account."""
    giver = db.session.get_one(Membership, member())
    pot = _pot(account_id)
    form = GiveForm(prefix=GIVE)
    if not form.is_well_filled():
        return _page(account_id, form, _fresh_spend()), 422
    try:
        ledger.give(
            db.session(),
            giver=giver,
            to_account_id=pot.id,
            minutes=form.hours.minutes,
            key=form.intent,
            memo=text_of(form.words) or None,
            today=today(),
            now=clock.now(),
        )
    except REFUSALS as refusal:
        db.session.rollback()
        status = form.take_up(refusal, beside="hours")
        return _page(account_id, form, _fresh_spend()), status
    db.session.commit()
    say(
        _(
            "Thank you! %(hours)s given to %(name)s.",
            hours=hours(form.hours.minutes),
            name=pot.name,
        )
    )
    return redirect(url_for("causes.one", account_id=account_id), 303)


@bp.post("/causes/<int:account_id>/spend")
@signed_in_required
def spend(account_id: int) -> Page:
    """Spend hours of a pot on a neighbour, as who runs it."""
    by, pot = member(), _pot(account_id)
    if not _may_spend(pot.kind, pot.group_id):
        raise NotFound
    form = ToSomebodyForm(prefix=SPEND)
    whom = form.found() if form.is_well_filled() else None
    if whom is None:
        return _page(account_id, _fresh_give(), form), 422
    try:
        pots.spend(
            db.session(),
            pot=pot,
            to_account_id=ledger.account_of(db.session(), membership_id=whom).id,
            minutes=form.hours.minutes,
            by=by,
            key=form.intent,
            memo=text_of(form.words) or None,
            today=today(),
            now=clock.now(),
        )
    except REFUSALS as refusal:
        db.session.rollback()
        is_about_them = isinstance(refusal, NotAllowed)
        status = form.take_up(refusal, beside="name" if is_about_them else "hours")
        return _page(account_id, _fresh_give(), form), status
    db.session.commit()
    say(_("Done: %(hours)s from %(name)s.", hours=hours(form.hours.minutes), name=pot.name))
    return redirect(url_for("causes.one", account_id=account_id), 303)


@bp.post("/causes/<int:account_id>/about")
@signed_in_required
def describe(account_id: int) -> Page:
    """Give it another name, or say anew what it is for."""
    coordinator()
    pot = _pot(account_id)
    form = AboutForm(prefix=ABOUT)
    if not form.is_well_filled():
        return _page(account_id, _fresh_give(), _fresh_spend(), form), 422
    try:
        pots.describe_pot(
            db.session(), pot=pot, name=text_of(form.name), about=text_of(form.about)
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(account_id, _fresh_give(), _fresh_spend(), form), 422
    db.session.commit()
    say(_("Changed."))
    return redirect(url_for("causes.one", account_id=account_id), 303)


@bp.post("/causes/<int:account_id>/close")
@signed_in_required
def close(account_id: int) -> Page:
    """Close it for good: what is left goes to the community."""
    by = coordinator()
    pot = _pot(account_id)
    form = KeyedForm(prefix=CLOSE)
    if not form.is_well_filled():
        return redirect(url_for("causes.one", account_id=account_id), 303)
    try:
        left = pots.close_pot(
            db.session(), pot=pot, by=by, key=form.intent, today=today(), now=clock.now()
        )
    except (Conflict, Refused) as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
        return redirect(url_for("causes.one", account_id=account_id), 303)
    db.session.commit()
    if left:
        say(_("Closed. %(hours)s went to the community.", hours=hours(left.minutes)))
    else:
        say(_("Closed."))
    return redirect(url_for("causes.everything"), 303)


def _pot(account_id: int) -> Account:
    return pots.find_pot(
        db.session(), community_id=door().community.id, account_id=account_id
    )  # fmt: skip
