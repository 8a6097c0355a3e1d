"""The page behind the link of a nudge: keep an offer or ask, bring it back, or take it down.

Opening it changes nothing; each button does one thing, and a second tap nothing more.
"""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core import ids
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.exchange import posting
from timebank.domain.notices.links import KEEP_PURPOSE
from timebank.models import Membership
from timebank.models import Post
from timebank.models import Standing
from timebank.web.addresses import secret_key
from timebank.web.door import today
from timebank.web.exchange.viewing import post_here
from timebank.web.filters import long_day
from timebank.web.flashes import Tone
from timebank.web.flashes import say

KEEP = "/t/<token>/keep"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(KEEP)(lapsing)
    bp.post(KEEP)(keep_by_mail)
    bp.post("/t/<token>/take-down")(take_down_by_mail)


def lapsing(token: str) -> str:
    """Show an offer or ask that lapses, or has, with its buttons."""
    shown, _owner = _post(token)
    return render_template("exchange/keep.html", post=shown, token=token)


def keep_by_mail(token: str) -> Response:
    """Keep it on the board for another while, or bring it back."""
    shown, owner = _post(token)
    try:
        posting.keep(db.session(), post=shown, by=owner, today=today())
    except Refused as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("It’s on the board until %(day)s.", day=long_day(shown.expires_on)))
    return redirect(url_for("neighbours.lapsing", token=token), 303)


def take_down_by_mail(token: str) -> Response:
    """Take it off the board."""
    shown, owner = _post(token)
    posting.take_down(db.session(), post=shown, by=owner, now=clock.now())
    db.session.commit()
    say(_("It’s off the board."))
    return redirect(url_for("neighbours.lapsing", token=token), 303)


def _post(token: str) -> tuple[Post, Membership]:
    """Find what a link is about, and whose it is.

    Raises:
        NotFound: The link isn't ours, or they have left since.
    """
    number = ids.read_signed_token(secret_key(), KEEP_PURPOSE, token)
    if number is None:
        raise NotFound
    shown = post_here(number)
    owner = db.session.get_one(Membership, shown.membership_id)
    if owner.standing is Standing.LEFT:
        raise NotFound
    return shown, owner
