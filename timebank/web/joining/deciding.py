"""Who would like to join, for coordinators: their yes, their polite no, and how people join."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.text import first_name
from timebank.db import db
from timebank.domain.joining import applying
from timebank.domain.joining import deciding
from timebank.models import Application
from timebank.models import Community
from timebank.models import Joining
from timebank.web.auth import coordinating_member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.joining.forms import DeclineForm
from timebank.web.joining.forms import SettingsForm
from timebank.web.typed import text_of

Page = str | tuple[str, int] | Response


def register(bp: Blueprint) -> None:
    """Add these pages."""
    bp.get("/people/joining")(people)
    bp.post("/people/joining/<int:application_id>/accept")(accept)
    bp.post("/people/joining/<int:application_id>/decline")(decline)
    bp.post("/people/joining/how")(settle)


@signed_in_required
def people() -> str:
    """Show who waits for a yes, who was decided lately, and how people join."""
    coordinating_member()
    return _page()


@signed_in_required
def accept(application_id: int) -> Response:
    """Say yes."""
    by = coordinating_member()
    called = _application(application_id).called
    try:
        deciding.accept(db.session(), application_id=application_id, by=by, now=clock.now())
    except Conflict as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("%(name)s is a member now. We’ve written to them.", name=first_name(called)))
    return redirect(url_for("joining.people"), 303)


@signed_in_required
def decline(application_id: int) -> Page:
    """Say no, politely, and write down why for the other coordinators."""
    by = coordinating_member()
    called = _application(application_id).called
    form = DeclineForm()
    if not form.is_well_filled():
        return _page(declined=application_id, form=form), 422
    try:
        deciding.decline(
            db.session(),
            application_id=application_id,
            by=by,
            reason=text_of(form.reason),
            now=clock.now(),
        )
    except Conflict as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("We’ve told %(name)s, politely and without the reason.", name=first_name(called)))
    return redirect(url_for("joining.people"), 303)


@signed_in_required
def settle() -> Page:
    """Settle how people join from now on."""
    coordinating_member()
    form = SettingsForm()
    if not form.is_well_filled():
        return _page(settings=form), 422
    applying.set_joining(
        db.session(),
        community=_community(),
        joining=Joining(form.joining.data),
        references_wanted=int(form.references.data),
        members_invite=bool(form.members_invite.data),
    )
    db.session.commit()
    say(_("That’s how people join from now on."))
    return redirect(url_for("joining.people"), 303)


def _page(
    *,
    declined: int | None = None,
    form: DeclineForm | None = None,
    settings: SettingsForm | None = None,
) -> str:
    here = door().community
    waiting = deciding.waiting(db.session(), community_id=here.id, today=today())
    return render_template(
        "joining/people.html",
        waiting=waiting,
        decided=deciding.decided(db.session(), community_id=here.id),
        declines={
            one.id: _decline_form(one.id, form if one.id == declined else None) for one in waiting
        },
        refused=form or settings or DeclineForm(formdata=None),
        settings=settings or _settings_as_they_are(),
    )


def _decline_form(application_id: int, sent: DeclineForm | None) -> DeclineForm:
    """One form for each application: their inputs need names of their own on the page."""
    form = sent or DeclineForm(formdata=None)
    form.reason.id = f"reason-{application_id}"
    form.reason.label.field_id = form.reason.id
    return form


def _settings_as_they_are() -> SettingsForm:
    community = _community()
    form = SettingsForm(formdata=None)
    form.joining.data = community.joining.value
    form.references.data = str(community.references_wanted)
    form.members_invite.data = community.members_invite
    return form


def _application(application_id: int) -> Application:
    """Find an application of this community.

    Raises:
        NotFound: No such one here.
    """
    found = db.session.get(Application, application_id)
    if found is None or found.community_id != door().community.id:
        raise NotFound
    return found


def _community() -> Community:
    return db.session.get_one(Community, door().community.id)
