"""The page behind "I can't make it" in a mail about an agreement: one button, no sign-in."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _

from timebank.core import clock
from timebank.core import ids
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.db import db
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import chain
from timebank.domain.notices.links import CALL_OFF_PURPOSE
from timebank.models import Exchange
from timebank.models import Membership
from timebank.web.addresses import secret_key
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.exchange.viewing import Page
from timebank.web.flashes import Tone
from timebank.web.flashes import say

ADDRESS = "/t/<token>/call-off/<int:exchange_id>"


def register(bp: Blueprint) -> None:
    """Add the page."""
    bp.get(ADDRESS)(calling_off)
    bp.post(ADDRESS)(call_off_by_mail)


def calling_off(token: str, exchange_id: int) -> str:
    """Show what was agreed, with one button: opening a link changes nothing."""
    found, _by = _agreement(token, exchange_id)
    return render_template("thanks/call_off.html", exchange=found, token=token)


def call_off_by_mail(token: str, exchange_id: int) -> Page:
    """Call it off for the side that the mail went to; twice is the same as once."""
    found, by = _agreement(token, exchange_id)
    try:
        agreeing.cancel(db.session(), exchange=found, by=by, today=today(), now=clock.now())
    except Conflict as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("It’s called off, and they know."))
    return redirect(url_for("thanks.calling_off", token=token, exchange_id=exchange_id), 303)


def _agreement(token: str, exchange_id: int) -> tuple[Exchange, Membership]:
    """Find what a link is about, and which side it went to.

    Raises:
        NotFound: The link isn't ours, or they are on neither side.
    """
    number = ids.read_signed_token(secret_key(), f"{CALL_OFF_PURPOSE}-{exchange_id}", token)
    by = db.session.get(Membership, number) if number else None
    if by is None:
        raise NotFound
    community_id = door().community.id
    found = chain.find(db.session(), community_id=community_id, exchange_id=exchange_id)
    chain.require_side(db.session(), found, by)
    return found, by
