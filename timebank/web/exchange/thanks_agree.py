"""Agree on help beforehand, from an offer or ask or directly."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.db import db
from timebank.domain import ledger
from timebank.domain.exchange import agreeing
from timebank.domain.exchange.agreeing import Agreement
from timebank.models import Membership
from timebank.models import PostKind
from timebank.web.auth import members_form
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.exchange.thanks_forms import I_HELP
from timebank.web.exchange.thanks_forms import THEY_HELP
from timebank.web.exchange.thanks_forms import AgreeForm
from timebank.web.exchange.thanks_people import chips
from timebank.web.exchange.thanks_people import chosen
from timebank.web.exchange.viewing import Page
from timebank.web.exchange.viewing import me
from timebank.web.exchange.viewing import post_between
from timebank.web.exchange.viewing import post_to_start_from
from timebank.web.exchange.viewing import refused
from timebank.web.flashes import say
from timebank.web.typed import REFUSALS
from timebank.web.typed import text_of

AGREE = "/neighbours/agree"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(AGREE)(agree)
    bp.post(AGREE)(note)


@signed_in_required
@members_form
def agree() -> Page:
    """Ask with whom, about what, and when."""
    by, form = me(), AgreeForm(formdata=None)
    form.who.data = request.args.get("who", "")
    post = post_to_start_from(request.args.get("post"), by)
    if post is not None:
        form.what.data, form.post.data = post.title, str(post.id)
        wants_help = (post.kind is PostKind.ASK) == (post.membership_id == by.id)
        form.way.data = THEY_HELP if wants_help else I_HELP
    return _page(form, by)


@signed_in_required
def note() -> Page:
    """Note what two have agreed on, and tell the other."""
    by, form = me(), AgreeForm()
    is_filled = form.is_well_filled()
    other_id = chosen(form.other, by)
    if not is_filled or other_id is None:
        return _page(form, by), 422
    if form.planned and abs(form.planned[0] - today()) > dt.timedelta(days=agreeing.LATEST_DAYS):
        refused(form, agreeing.NotThen(field="planned_on"))  # far ends are beyond any clock
        return _page(form, me()), 422
    try:
        made = agreeing.agree(
            db.session(),
            agreement=_agreement(form, by, other_id),
            by=by,
            key=form.intent,
            now=clock.now(),
        )
    except agreeing.NotBetweenYou as refusal:
        return _told_off(form, refusal)
    except REFUSALS as refusal:
        status = refused(form, refusal)
        return _page(form, me()), status
    db.session.commit()
    say(_("It’s noted, and they know. Afterwards, say thanks with the time it took."))
    return redirect(url_for("thanks.exchange", exchange_id=made.id), 303)


def _told_off(form: AgreeForm, refusal: Conflict) -> Page:
    db.session.rollback()
    form.who.errors = [_(refusal.sentence)]
    return _page(form, me()), 409


def _agreement(form: AgreeForm, by: Membership, other_id: int) -> Agreement:
    is_helper = form.way.data == I_HELP
    helper_id, helped_id = (by.id, other_id) if is_helper else (other_id, by.id)
    planned = form.planned
    zone = door().community.timezone
    return Agreement(
        helper_id=helper_id,
        helped_id=helped_id,
        payer_id=ledger.account_of(db.session(), membership_id=helped_id).id,
        what=text_of(form.what),
        minutes=form.minutes,
        planned_at=clock.at_local(*planned, zone) if planned else None,
        post_id=post_between(form.post.data, one_id=helper_id, other_id=helped_id),
    )


def _page(form: AgreeForm, by: Membership) -> str:
    return render_template(
        "thanks/agree.html",
        form=form,
        people=chips(form.other, by),
        today=today(),
        latest=today() + dt.timedelta(days=agreeing.LATEST_DAYS - 1),
    )
