"""For coordinators: what should have happened, and what the two sides see differently."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import chain
from timebank.domain.exchange import settling
from timebank.models import Exchange
from timebank.models import Membership
from timebank.web.auth import coordinating_member
from timebank.web.auth import signed_in_required
from timebank.web.door import today
from timebank.web.exchange.thanks_forms import SettleForm
from timebank.web.exchange.thanks_one import here
from timebank.web.exchange.thanks_one import told
from timebank.web.exchange.viewing import Page
from timebank.web.exchange.viewing import refused
from timebank.web.flashes import say

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
            verdict=form.verdict,
            by=by,
            key=form.intent,
            now=clock.now(),
        )
    except (Refused, Conflict) as refusal:
        status = refused(form, refusal)
        return _page(found, coordinating_member(), form), status
    db.session.commit()
    say(_("Settled. We’ve told both."))
    return redirect(url_for("thanks.to_look_at"), 303)


def _page(found: Exchange, by: Membership, form: SettleForm) -> str:
    shown, is_own = told(found), by.id in {found.helper_id, found.helped_id}
    ways = settling.ways_to_settle(found, chain.standing_thanks(db.session(), found))
    form.offer(ways, last_step=shown.steps[-1].number)
    return render_template(
        "thanks/settle.html",
        exchange=shown,
        form=form,
        can_undo=shown.can_undo(clock.now()) and chain.may_undo(db.session(), found, by),
        may_settle=bool(ways) and not is_own,
        is_own=is_own,
    )
