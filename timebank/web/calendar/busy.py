"""A member's own calendar: follow it, so that a turn that clashes is pointed out; stop again."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from limits import RateLimitItemPerHour
from werkzeug.wrappers import Response as Answer
from wtforms import StringField
from wtforms.validators import Length

from timebank.adapters import fetching
from timebank.core import clock
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.calendar.incoming import busy as busy_times
from timebank.models import Membership
from timebank.web import installation
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.flashes import say
from timebank.web.limits import brake
from timebank.web.typed import PageForm
from timebank.web.typed import Said
from timebank.web.typed import line
from timebank.web.words import _ as later

FETCHES = RateLimitItemPerHour(30)


class BusyForm(PageForm):
    """The address of one's own calendar."""

    address = StringField(
        later("The address of your calendar"),
        filters=[line],
        validators=[
            Said(later("Paste the whole address, like https://example.org/calendar.ics")),
            Length(max=1000, message=later("That address is too long for us")),
        ],
    )


def register(bp: Blueprint) -> None:
    """Add the pages to those of calendars that come in."""
    bp.get("/me/busy")(busy)
    bp.post("/me/busy")(follow_busy)
    bp.post("/me/busy/stop")(stop_busy)


@signed_in_required
def busy() -> str:
    """Say what we look at, and ask for an address."""
    return _page(BusyForm(formdata=None))


@signed_in_required
def follow_busy() -> str | tuple[str, int] | Answer:
    """Read it once, and look at it from now on."""
    membership_id = member()
    form = BusyForm()
    if not form.is_well_filled():
        return _page(form), 422
    brake(FETCHES, of=f"fetch-{membership_id}")
    try:
        spans = _follow(form.address.data or "", membership_id)
    except Refused as refusal:
        db.session.rollback()
        form.address.errors = [_(refusal.sentence)]
        return _page(form), 422
    db.session.commit()
    say(
        ngettext(
            "Thank you. We see %(num)s time at which you’re busy.",
            "Thank you. We see %(num)s times at which you’re busy.",
            spans,
        )
    )
    return redirect(url_for("incoming.busy"), 303)


@signed_in_required
def stop_busy() -> Answer:
    """Forget it with all that came of it."""
    busy_times.stop(db.session(), membership_id=member())
    db.session.commit()
    say(_("We’ve forgotten your calendar."))
    return redirect(url_for("incoming.busy"), 303)


def _follow(address: str, membership_id: int) -> int:
    db.session.rollback()  # nobody waits for a line to the database while another server thinks
    settings = installation.settings()
    found = fetching.fetch(address, is_local_allowed=settings.fetches_locally)
    return busy_times.subscribe(
        db.session(),
        member=db.session.get_one(Membership, membership_id),
        address=fetching.tidy_address(address),
        raw=found.body or b"",
        etag=found.etag,
        now=clock.now(),
    )


def _page(form: BusyForm) -> str:
    followed = busy_times.of_member(db.session(), membership_id=member())
    return render_template(
        "incoming/busy.html",
        form=form,
        followed=followed,
        host=fetching.host_of(followed.address) if followed else "",
    )
