"""Setting up a phone by one tap in it, trying it out, and stopping it."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import HiddenField

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain import channels
from timebank.domain.channels import Subscription
from timebank.domain.notices import choosing
from timebank.models import How
from timebank.models import Membership
from timebank.web import installation
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.channels.browsers import name_of
from timebank.web.door import door
from timebank.web.flashes import say
from timebank.web.typed import PageForm

Page = str | tuple[str, int] | Response

PHONES = "/me/phone"
ONE = "/me/phone/<int:phone_id>"


class NotOffered(Refused):
    """We don't tell anybody on their phone here. Your e-mails come as before."""


class PhoneForm(PageForm):
    """What `static/js/push.js` fills in, once the browser's person has said yes to it.

    `replaces`: the address that the browser had before, where its service worker renews it.
    """

    endpoint = HiddenField()
    p256dh = HiddenField()
    auth = HiddenField()
    replaces = HiddenField()

    def subscription(self) -> Subscription:
        """Give what the browser gave."""
        typed = (self.endpoint.data, self.p256dh.data, self.auth.data)
        return Subscription(*(part or "" for part in typed))


def register(bp: Blueprint) -> None:
    """Add these pages."""
    bp.get(PHONES)(phone)
    bp.post(PHONES)(set_up)
    bp.post(f"{ONE}/try")(try_out)
    bp.post(f"{ONE}/stop")(stop)


@signed_in_required
def phone() -> Page:
    """Show on which phones somebody is told, and how to add this one."""
    viewer = door().viewer
    if viewer and viewer.membership_id is None:
        say(_("You haven’t taken a turn here yet, so there’s nothing to tell you."))
        return redirect(url_for("events.home"), 303)
    return _page(PhoneForm(formdata=None))


@signed_in_required
def set_up() -> Page:
    """Tell them in this browser from now on."""
    who = db.session.get_one(Membership, member())
    form = PhoneForm()
    try:
        _set_up(who, form)
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(form), 422
    db.session.commit()
    say(_("This phone is set up. Try it, and choose what comes here."))
    return redirect(url_for("channels.phone"), 303)


@signed_in_required
def try_out(phone_id: int) -> Response:
    """Send one of their phones a notice that says it is a try."""
    who = db.session.get_one(Membership, member())
    channels.try_out(db.session(), member=who, number=phone_id, now=clock.now())
    db.session.commit()
    say(_("On its way. If your phone can’t be reached, it comes as an e-mail."))
    return redirect(url_for("channels.phone"), 303)


@signed_in_required
def stop(phone_id: int) -> Response:
    """Tell them on one of their phones no more."""
    who = db.session.get_one(Membership, member())
    label = channels.stop(db.session(), member=who, number=phone_id)
    db.session.commit()
    say(_("Nothing comes to %(phone)s any more.", phone=label))
    return redirect(url_for("channels.phone"), 303)


def _set_up(who: Membership, form: PhoneForm) -> None:
    settings = installation.settings()
    if not settings.push_key:
        raise NotOffered
    channels.set_up(
        db.session(),
        member=who,
        subscription=form.subscription(),
        replaces=form.replaces.data or "",
        label=name_of(request.user_agent.string),
        services=settings.push_services,
        now=clock.now(),
    )


def _page(form: PhoneForm) -> str:
    chosen = choosing.read_choices(db.session(), membership_id=member())
    return render_template(
        "channels/phone.html",
        form=form,
        phones=channels.phones_of(db.session(), membership_id=member()),
        is_chosen=How.PHONE in chosen.hows.values(),
        key=_public_key(installation.settings().push_key),
    )


def _public_key(key: str) -> str:
    """Write what a browser ties its answer to; empty where nobody is told on a phone."""
    # Elliptic curves take a moment to load, and only this page needs them.
    from timebank.adapters.push import public_key  # noqa: PLC0415

    return public_key(key) if key else ""
