"""Say thanks: who helped, how long it took, and the hours are theirs. One blueprint."""

from __future__ import annotations

import datetime as dt
import uuid

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.db import db
from timebank.domain import ledger
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import histories
from timebank.domain.exchange import thanking
from timebank.domain.exchange.agreeing import Agreement
from timebank.domain.exchange.thanking import Thanks
from timebank.domain.ledger.transfers import BelowFloor
from timebank.models import Exchange
from timebank.models import Membership
from timebank.models import Standing
from timebank.web.auth import members_form
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.exchange import thanks_agree
from timebank.web.exchange import thanks_bank
from timebank.web.exchange import thanks_call_off
from timebank.web.exchange import thanks_one
from timebank.web.exchange.thanks_forms import MYSELF
from timebank.web.exchange.thanks_forms import SOMEBODY
from timebank.web.exchange.thanks_forms import ThanksForm
from timebank.web.exchange.thanks_people import chips
from timebank.web.exchange.thanks_people import chosen
from timebank.web.exchange.viewing import Page
from timebank.web.exchange.viewing import me
from timebank.web.exchange.viewing import post_between
from timebank.web.exchange.viewing import post_to_start_from
from timebank.web.exchange.viewing import refused
from timebank.web.filters import hours
from timebank.web.flashes import say
from timebank.web.typed import REFUSALS
from timebank.web.typed import choices_of
from timebank.web.typed import read_number
from timebank.web.typed import text_of

bp = Blueprint("thanks", __name__)
for part in (thanks_agree, thanks_one, thanks_bank, thanks_call_off):
    part.register(bp)


@bp.get("/neighbours/thank")
@signed_in_required
@members_form
def thank() -> Page:
    """Ask who helped, and how long it took."""
    by, form = me(), ThanksForm(formdata=None)
    form.who.data = request.args.get("who", "")
    form.happened_on.data = today().isoformat()
    post = post_to_start_from(request.args.get("post"), by)
    if post is not None:
        form.what.data, form.post.data = post.title, str(post.id)
    return _form_page(form, by)


@bp.post("/neighbours/thank")
@signed_in_required
def say_thanks() -> Page:
    """Move the hours to whoever helped, and let them know."""
    by, form = me(), ThanksForm()
    is_filled = form.is_well_filled()
    helper_id, side = chosen(form.helper, by), _helped(form, by)
    key = form.intent
    if not is_filled or helper_id is None or side is None:
        return _form_page(form, by), 422
    thanks = _thanks(form, helper_id, side)
    if request.form.get("ask"):
        return _ask_a_coordinator(form, thanks, by, uuid.uuid5(key, "ask"))
    try:
        done = thanking.thank(
            db.session(), thanks=thanks, by=by, key=key, today=today(), now=clock.now()
        )
    except BelowFloor:
        db.session.rollback()
        return _form_page(form, me(), is_short=True), 422
    except REFUSALS as refusal:
        status = refused(form, refusal)
        return _form_page(form, me()), status
    db.session.commit()
    return _thanked(done, by)


def _thanks(form: ThanksForm, helper_id: int, side: tuple[int | None, int]) -> Thanks:
    helped_id, payer_id = side
    what = text_of(form.what)
    return Thanks(
        helper_id=helper_id,
        helped_id=helped_id,
        payer_id=payer_id,
        minutes=form.minutes,
        happened_on=form.happened_on.value or today(),
        what=what or _("Help"),
        is_typed=bool(what),
        words=text_of(form.words) or None,
        post_id=post_between(form.post.data, one_id=helper_id, other_id=helped_id),
    )


def _helped(form: ThanksForm, by: Membership) -> tuple[int | None, int] | None:
    """Tell who was helped, and whose account pays; None when the form has to ask."""
    said = form.helped.data or MYSELF
    pot_id = read_number(said)
    if pot_id is not None:  # the rule looks whether it is one of theirs
        return None, pot_id
    helped_id: int | None = by.id
    if said == SOMEBODY:
        helped_id = chosen(form.helped_one, by)
    if helped_id is None:
        return None
    account = ledger.account_of(db.session(), membership_id=helped_id)
    return helped_id, account.id


def _thanked(done: Exchange, by: Membership) -> Response:
    name = thanks_one.told(done).helper
    is_own = done.helped_id == by.id
    say(
        _("%(hours)s to %(name)s. Thank you!", hours=hours(done.minutes), name=name),
        undo_url=url_for("thanks.undo", exchange_id=done.id),
    )
    if is_own:
        return redirect(url_for("rota.my_turns"), 303)
    return redirect(thanks_one.page_url(done, by), 303)


def _ask_a_coordinator(form: ThanksForm, thanks: Thanks, by: Membership, key: uuid.UUID) -> Page:
    """Note what the account can't give just now, so that a coordinator sorts it out."""
    if abs(thanks.happened_on - today()) > dt.timedelta(days=agreeing.LATEST_DAYS):
        refused(form, thanking.NotThatDay(field="happened_on"))  # far ends are beyond any clock
        return _form_page(form, me()), 422
    noon = clock.at_local(thanks.happened_on, dt.time(12), door().community.timezone)
    agreement = Agreement(
        helper_id=thanks.helper_id,
        helped_id=thanks.helped_id,
        payer_id=thanks.payer_id,
        what=thanks.what,
        minutes=thanks.minutes,
        planned_at=noon,
        post_id=thanks.post_id,
        words=thanks.words,
    )
    try:
        made = agreeing.agree(db.session(), agreement=agreement, by=by, key=key, now=clock.now())
    except REFUSALS as refusal:
        status = refused(form, refusal)
        return _form_page(form, me()), status
    db.session.commit()
    say(_("It’s noted, and a coordinator will sort it out with you."))
    return redirect(thanks_one.page_url(made, by), 303)


def _form_page(form: ThanksForm, by: Membership, *, is_short: bool = False) -> str:
    pots = thanking.pots_of(db.session(), member=by)
    coordinates = by.standing is Standing.COORDINATOR
    on_the_phone = [(SOMEBODY, _("Somebody on the phone"))] if coordinates else []
    form.helped.choices = choices_of(
        [(MYSELF, _("I was")), *on_the_phone, *((str(pot.id), pot.name or "") for pot in pots)]
    )
    return render_template(
        "thanks/thank.html",
        form=form,
        people=chips(form.helper, by),
        for_people=chips(form.helped_one, by) if form.for_asked.data else [],
        speaks_for_others=coordinates or bool(pots),
        coordinates=coordinates,
        is_short=is_short,
        today=today(),
        earliest=thanking.earliest_day(today()),
    )


@bp.get("/neighbours/thanks")
@signed_in_required
def mine() -> str:
    """Show a member what they have agreed on, and who has thanked whom."""
    by = me()
    return render_template(
        "thanks/mine.html",
        exchanges=histories.own(db.session(), membership_id=by.id),
        my_id=by.id,
        now=clock.now(),
    )
