"""Mail that comes back: its person says that the address is right, or a coordinator who rang."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core import text
from timebank.db import db
from timebank.domain import suppression
from timebank.models import Membership
from timebank.web.auth import coordinating_member
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.flashes import say
from timebank.web.people.who import full_name_of
from timebank.web.people.who import member_here


def register(bp: Blueprint) -> None:
    """Add the two buttons to the people's."""
    bp.post("/me/mail-again")(try_mine_again)
    bp.post("/people/<int:membership_id>/mail-again")(try_again)


@signed_in_required
def try_mine_again() -> Response:
    """Write to a member's own address again: they say that it is right."""
    me = db.session.get_one(Membership, member())
    suppression.lift(db.session(), person_id=me.person_id, now=clock.now())
    db.session.commit()
    say(_("Thank you. Our next message goes to that address again."))
    return redirect(url_for("rota.my_turns"), 303)


@signed_in_required
def try_again(membership_id: int) -> Response:
    """Write to a neighbour's address again: a coordinator has asked them."""
    by = coordinating_member()
    who = member_here(membership_id)
    suppression.lift(db.session(), person_id=who.person_id, now=clock.now(), by=by.id)
    db.session.commit()
    say(_("We’ll write to %(name)s again.", name=text.first_name(full_name_of(who))))
    return redirect(url_for("people.without_email"), 303)
