"""Saying thanks for somebody, as their helper."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.text import first_name
from timebank.core.text import public_name
from timebank.db import db
from timebank.domain import ledger
from timebank.domain.exchange import on_behalf
from timebank.domain.exchange import thanking
from timebank.domain.exchange.thanking import Thanks
from timebank.models import ActedWhat
from timebank.models import Membership
from timebank.web.acting.looking import HERE
from timebank.web.acting.looking import acting_for
from timebank.web.acting.looking import looking_at
from timebank.web.acting.looking import url_of
from timebank.web.auth import signed_in_required
from timebank.web.door import today
from timebank.web.exchange.thanks_forms import ThanksForm
from timebank.web.exchange.thanks_one import here
from timebank.web.exchange.thanks_people import chips
from timebank.web.exchange.thanks_people import chosen
from timebank.web.exchange.viewing import Page
from timebank.web.exchange.viewing import refused
from timebank.web.filters import hours
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.people.who import full_name_of
from timebank.web.typed import REFUSALS
from timebank.web.typed import text_of


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(f"{HERE}/thank")(thank)
    bp.post(f"{HERE}/thank")(say_thanks)
    bp.post(f"{HERE}/thanks/<int:exchange_id>/undo")(undo_thanks)


@signed_in_required
def thank(membership_id: int) -> str:
    """Ask who helped them, and how long it took."""
    _grant, who = looking_at(membership_id, ActedWhat.LOOKED)
    form = ThanksForm(formdata=None)
    form.happened_on.data = today().isoformat()
    return _page(form, who)


@signed_in_required
def say_thanks(membership_id: int) -> Page:
    """Move their hours to whoever helped them."""
    grant, first = acting_for(membership_id)
    who, form = db.session.get_one(Membership, membership_id), ThanksForm()
    is_filled = form.is_well_filled()
    helper_id = chosen(form.helper, who)
    if not is_filled or helper_id is None:
        return _page(form, who), 422
    try:
        done = on_behalf.thank_for(
            db.session(),
            grant=grant,
            thanks=_thanks(form, helper_id, who),
            key=form.intent,
            today=today(),
            now=clock.now(),
        )
    except REFUSALS as refusal:
        status = refused(form, refusal)
        return _page(form, who), status
    db.session.commit()
    name = public_name(full_name_of(db.session.get_one(Membership, helper_id)))
    say(
        _("%(hours)s to %(name)s, from %(first)s. Thank you!", hours=hours(done.minutes),
          name=name, first=first),
        undo_url=url_for("acting.undo_thanks", membership_id=who.id, exchange_id=done.id),
    )  # fmt: skip
    return redirect(url_of(membership_id), 303)


@signed_in_required
def undo_thanks(membership_id: int, exchange_id: int) -> Response:
    """Take thanks of theirs back."""
    grant, _first = acting_for(membership_id)
    try:
        on_behalf.undo_for(
            db.session(),
            grant=grant,
            exchange=here(exchange_id),
            today=today(),
            now=clock.now(),
        )
    except Conflict as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("Undone. The hours are back where they came from."))
    return redirect(url_of(membership_id), 303)


def _thanks(form: ThanksForm, helper_id: int, who: Membership) -> Thanks:
    what = text_of(form.what)
    return Thanks(
        helper_id=helper_id,
        helped_id=who.id,
        payer_id=ledger.account_of(db.session(), membership_id=who.id).id,
        minutes=form.minutes,
        happened_on=form.happened_on.value or today(),
        what=what or _("Help"),
        is_typed=bool(what),
        words=text_of(form.words) or None,
    )


def _page(form: ThanksForm, who: Membership) -> str:
    return render_template(
        "acting/thank.html",
        form=form,
        who=who,
        first=first_name(full_name_of(who)),
        people=chips(form.helper, who),
        today=today(),
        earliest=thanking.earliest_day(today()),
    )
