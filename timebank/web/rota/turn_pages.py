"""What the pages about a turn share: the job, whose turn it is, and how a refusal looks."""

from __future__ import annotations

import datetime as dt

from flask import current_app
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core import ids
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import TimebankError
from timebank.db import db
from timebank.domain.rota import places
from timebank.domain.rota import reading
from timebank.domain.rota import walk_ups
from timebank.models import Claim
from timebank.web.auth import member
from timebank.web.door import door
from timebank.web.filters import day as day_of
from timebank.web.rota.turn_forms import WhoForm

Page = str | tuple[str, int] | Response

YES, NO = "yes", "no"
ANSWER = f"<any({YES}, {NO}):answer>"


def place_at(slug: str, day: dt.date, slot_id: int) -> places.Place:
    """Find the job of an address."""
    return places.find_place(
        db.session(),
        community_id=door().community.id,
        slug=slug,
        day=day,
        slot_id=slot_id,
        now=clock.now(),
    )


def place_of(claim_id: int) -> places.Place:
    """Find the job that a claim is about."""
    return places.place_of_claim(
        db.session(), community_id=door().community.id, claim_id=claim_id, now=clock.now()
    )


def own_claim(claim_id: int) -> Claim:
    """Find a claim of the viewer's own; anybody else's does not exist for them."""
    found = db.session.get(Claim, claim_id)
    if found is None or found.membership_id != member():
        raise NotFound
    return found


def claim_here(claim_id: int) -> Claim:
    """Find a claim of this community."""
    found = db.session.get(Claim, claim_id)
    if found is None or found.community_id != door().community.id:
        raise NotFound
    return found


def number_in(token: str, purpose: str) -> int:
    """Read what a signed link is about.

    Raises:
        NotFound: It is not ours, or for something else.
    """
    number = ids.read_signed_token(current_app.config["SECRET_KEY"], purpose, token)
    if number is None:
        raise NotFound
    return number


def event_url(place: places.Place) -> str:
    """Lead to the page of the date."""
    return url_for("events.event", slug=place.slug, day=place.occurs_on)


def refused(
    place: places.Place, refusal: TimebankError, *, membership_id: int | None
) -> tuple[str, int]:
    """Say what is in the way, and what is possible instead."""
    best = reading.next_best(
        db.session(),
        community_id=door().community.id,
        event_id=place.event_id,
        near=place.starts_at,
        membership_id=membership_id,
        now=clock.now(),
    )
    page = render_template("turns/refused.html", place=place, refusal=refusal, best=best)
    return page, 409 if isinstance(refusal, Conflict) else 422


def describe(namesake: walk_ups.Namesake) -> str:
    """Tell two of a name apart: by when they came last."""
    if namesake.came_on is None:
        return _("%(name)s, who hasn’t come before", name=namesake.name)
    return _(
        "%(name)s, who came last on %(day)s (%(event)s)",
        name=namesake.name,
        day=day_of(namesake.came_on),
        event=namesake.came_to,
    )


def keep_choice(form: WhoForm, *, or_new: bool) -> None:
    """Offer again whom a name may mean, where that was asked before: nothing chosen is lost."""
    if form.who.data and not form.who.choices:
        found = walk_ups.who_could_it_be(
            db.session(), community_id=door().community.id, name=form.name.data or ""
        )
        form.offer(found, describe, or_new=or_new)
