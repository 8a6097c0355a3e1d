"""Whether our mails bring somebody's turns along for their calendar: their own choice."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.db import db
from timebank.domain.calendar import addresses
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.flashes import say

YES = "yes"


def register(bp: Blueprint) -> None:
    """Take the choice at its address."""
    bp.post("/calendar/mail")(turns_by_mail)


@signed_in_required
def turns_by_mail() -> Response:
    """Note whether our mails bring a member's turns along for their calendar."""
    wanted = request.form.get("wanted") == YES
    addresses.send_turns_by_mail(db.session(), membership_id=member(), wanted=wanted)
    db.session.commit()
    if wanted:
        say(_("Our e-mails bring your turns along for your calendar."))
    else:
        say(_("Our e-mails leave your calendar alone from now on."))
    return redirect(url_for("calendar.subscribe", _anchor="mail"), 303)
