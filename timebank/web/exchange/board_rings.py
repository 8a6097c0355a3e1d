"""For coordinators: whom to ring, what to look into, and what lapses of people without e-mail."""

from __future__ import annotations

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
from timebank.domain.exchange import ringing
from timebank.domain.exchange import talks
from timebank.web.auth import coordinating_member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.exchange.board_forms import RungForm
from timebank.web.exchange.viewing import Page
from timebank.web.flashes import say
from timebank.web.typed import text_of


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get("/neighbours/to-ring")(to_ring)
    bp.post("/neighbours/to-ring/<int:ring_id>")(rung)
    bp.post("/neighbours/reports/<int:report_id>")(looked_into)


@signed_in_required
def to_ring() -> str:
    """Show whom to ring, and what members reported."""
    coordinating_member()
    return _page(RungForm(formdata=None), None)


@signed_in_required
def rung(ring_id: int) -> Page:
    """Note that somebody was rung, and pass on what they said."""
    by, form = coordinating_member(), RungForm()
    if not form.is_well_filled():
        return _page(form, ring_id), 422
    try:
        ringing.rung(
            db.session(),
            community_id=by.community_id,
            ring_id=ring_id,
            by=by,
            words=text_of(form.words),
            intent=form.intent,
            now=clock.now(),
        )
    except (Refused, Conflict) as refusal:
        db.session.rollback()
        return _page(form, ring_id), form.take_up(refusal, beside="words")
    db.session.commit()
    say(_("Passed on. Thank you!") if text_of(form.words) else _("Noted. Thank you!"))
    return redirect(url_for("neighbours.to_ring"), 303)


@signed_in_required
def looked_into(report_id: int) -> Response:
    """Note that a report was looked into."""
    by = coordinating_member()
    ringing.settle(
        db.session(), community_id=by.community_id, report_id=report_id, by=by, now=clock.now()
    )
    db.session.commit()
    say(_("Noted. Thank you!"))
    return redirect(url_for("neighbours.to_ring"), 303)


def _page(form: RungForm, ring_id: int | None) -> str:
    session, here = db.session(), door().community.id
    return render_template(
        "exchange/to_ring.html",
        form=form,
        ring_id=ring_id,
        waiting=talks.read_waiting(session, community_id=here),
        complaints=talks.read_complaints(session, community_id=here),
        unreached=ringing.read_unreached(session, community_id=here, today=today()),
    )
