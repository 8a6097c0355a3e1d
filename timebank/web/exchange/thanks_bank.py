"""For coordinators: what should have happened, and what the two sides see differently."""

from __future__ import annotations

import uuid

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import chain
from timebank.domain.exchange import settling
from timebank.domain.exchange.settling import Outcome
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import Membership
from timebank.web.auth import coordinating_member
from timebank.web.auth import signed_in_required
from timebank.web.door import today
from timebank.web.exchange.thanks_forms import SettleForm
from timebank.web.exchange.thanks_one import here
from timebank.web.exchange.thanks_one import told
from timebank.web.exchange.viewing import Page
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.typed import text_of

ONE = "/bank/exchanges/<int:exchange_id>"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get("/bank/exchanges")(to_look_at)
    bp.get(ONE)(settle)
    bp.post(ONE)(save_settled)


@signed_in_required
def to_look_at() -> str:
    """Show what is to be settled, and what should have happened."""
    by = coordinating_member()
    here_id = by.community_id
    return render_template(
        "thanks/to_look_at.html",
        disputed=settling.disputed(db.session(), community_id=here_id),
        overdue=agreeing.should_have_happened(db.session(), community_id=here_id, today=today()),
    )


@signed_in_required
def settle(exchange_id: int) -> Page:
    """Show an exchange with both statements, and how it can be settled."""
    by = coordinating_member()
    return _page(here(exchange_id), by, SettleForm(formdata=None))


@signed_in_required
def save_settled(exchange_id: int) -> Page:
    """Settle it, and tell both."""
    by, found, form = coordinating_member(), here(exchange_id), SettleForm()
    if not form.is_well_filled():
        return _page(found, by, form), 422
    try:
        settling.settle(
            db.session(),
            exchange=found,
            outcome=Outcome(form.outcome.data),
            minutes=form.minutes,
            reason=text_of(form.reason),
            by=by,
            key=form.page_of_this or uuid.uuid4(),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(found, coordinating_member(), form), 422
    except Conflict as refusal:
        return _refused(refusal, exchange_id)
    db.session.commit()
    say(_("Settled. We’ve told both."))
    return redirect(url_for("thanks.to_look_at"), 303)


def _refused(refusal: Conflict, exchange_id: int) -> Response:
    db.session.rollback()
    say(_(refusal.sentence), tone=Tone.ALERT)
    return redirect(url_for("thanks.settle", exchange_id=exchange_id), 303)


def _page(found: Exchange, by: Membership, form: SettleForm) -> str:
    form.begin()
    shown = told(found)
    return render_template(
        "thanks/settle.html",
        exchange=shown,
        form=form,
        can_undo=shown.can_undo(clock.now()) and chain.may_undo(db.session(), found, by),
        may_settle=found.state in {ExchangeState.DISPUTED, ExchangeState.STANDS}
        and by.id not in {found.helper_id, found.helped_id},
        is_own=by.id in {found.helper_id, found.helped_id},
    )
