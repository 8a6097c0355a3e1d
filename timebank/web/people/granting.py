"""A coordinator writes down who may act for somebody, sees what was done, and ends it."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import public_name
from timebank.db import db
from timebank.domain import acting
from timebank.domain.communities import neighbours
from timebank.models import ActingFor
from timebank.models import Membership
from timebank.web.auth import coordinating_member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.flashes import say
from timebank.web.people.forms import ActForm
from timebank.web.people.forms import FindForm
from timebank.web.people.who import full_name_of
from timebank.web.people.who import member_here
from timebank.web.typed import text_of

Page = str | tuple[str, int] | Response
HERE = "/people/<int:membership_id>/acting"


def register(bp: Blueprint) -> None:
    """Add the pages to the people's."""
    bp.get(HERE)(acting_for)
    bp.post(HERE)(let_act)
    bp.post(f"{HERE}/<int:acting_id>/end")(end_acting)


@signed_in_required
def acting_for(membership_id: int) -> str:
    """Show who acts for a neighbour, for whom they act, and what was done."""
    coordinating_member()
    who = member_here(membership_id)
    find = FindForm(formdata=request.args)
    form = ActForm(formdata=None)
    form.propose(today())
    form.named.data = text_of(find.named) if find.validate() else ""
    return _page(who, form)


@signed_in_required
def let_act(membership_id: int) -> Page:
    """Let somebody act for a neighbour for a while."""
    by = coordinating_member()
    who = member_here(membership_id)
    form = ActForm()
    _offer(form, who)
    if not form.is_well_filled() or not (form.starts_on.value and form.last_day.value):
        return _page(who, form), 422
    helper = member_here(form.helper_id)
    try:
        acting.let_act(
            db.session(),
            helper=helper,
            member=who,
            by=by,
            starts_on=form.starts_on.value,
            last_day=form.last_day.value,
            how_agreed=text_of(form.how_agreed),
            today=today(),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(who, form), 422
    db.session.commit()
    names = {"helper": _name(helper), "name": _name(who)}
    say(_("%(helper)s may act for %(name)s. It’s in both their papers.", **names))
    return _back(who)


@signed_in_required
def end_acting(membership_id: int, acting_id: int) -> Response:
    """Let them act no longer."""
    by = coordinating_member()
    who = member_here(membership_id)
    grant = _grant(acting_id)
    if who.id not in {grant.helper_id, grant.member_id}:
        raise NotFound
    acting.end(db.session(), acting=grant, by=by, now=clock.now())
    db.session.commit()
    say(_("That’s over. What was done stays written down."))
    return _back(who)


def _grant(acting_id: int) -> ActingFor:
    return acting.find_grant(db.session(), community_id=door().community.id, acting_id=acting_id)


def _offer(form: ActForm, who: Membership) -> None:
    """Offer those whose name begins as typed; everybody but the neighbour themselves."""
    named = text_of(form.named)
    found = (
        neighbours.find_neighbours(
            db.session(), community_id=who.community_id, today=today(), named=named
        )
        if named
        else []
    )
    form.offer([(one.membership_id, one.name) for one in found if one.membership_id != who.id])


def _page(who: Membership, form: ActForm) -> str:
    _offer(form, who)
    session, here = db.session(), door().community.id
    grants = acting.read_grants(session, community_id=here, today=today(), of=[who.id])
    return render_template(
        "people/acting.html",
        name=_name(who),
        who=who,
        form=form,
        for_them=[one for one in grants if one.member_id == who.id],
        for_others=[one for one in grants if one.helper_id == who.id],
        deeds=acting.read_deeds(session, community_id=here, of=[who.id]),
    )


def _name(who: Membership) -> str:
    return public_name(full_name_of(who))


def _back(who: Membership) -> Response:
    return redirect(url_for("people.acting_for", membership_id=who.id), 303)
