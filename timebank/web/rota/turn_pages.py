"""What the pages about a turn share: the job, whose turn it is, and how a refusal looks."""

from __future__ import annotations

import datetime as dt

from flask import current_app
from flask import render_template
from flask import request
from flask import url_for
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core import ids
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import TimebankError
from timebank.db import db
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain.rota import busy
from timebank.domain.rota import places
from timebank.domain.rota import reading
from timebank.domain.rota import walk_ups
from timebank.models import Claim
from timebank.web.auth import let_in
from timebank.web.auth import member
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.rota.forms import TermsForm
from timebank.web.rota.turn_forms import WhoForm

Page = str | tuple[str, int] | Response

YES, NO = "yes", "no"
SAID = ("takes_part", "old_enough", "although_busy")  # what a tap may bring along
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


def back_url(place: places.Place) -> str:
    """Lead to where the button was: the page of the date, or My turns."""
    if request.form.get("from") == "event":
        return event_url(place)
    return url_for("rota.my_turns")


def next_best(place: places.Place, membership_id: int | None) -> reading.OpenJob | None:
    """Find what else somebody could do: on the same date, else elsewhere."""
    return reading.next_best(
        db.session(),
        community_id=door().community.id,
        event_id=place.event_id,
        near=place.starts_at,
        but_slot_id=place.slot_id,
        membership_id=membership_id,
        now=clock.now(),
    )


def joined() -> int:
    """Let somebody who is signed in join this community with what they take or wait for.

    Raises:
        NotFound: They are signed out.
    """
    viewer = door().viewer
    if viewer is None:
        raise NotFound
    if viewer.membership_id is not None:
        return viewer.membership_id
    community_id = door().community.id
    return communities.join(db.session(), community_id=community_id, person_id=viewer.person_id).id


def note_age(person_id: int, at_least: int) -> None:
    """Note that somebody has said how old they are at least."""
    identity.say_age(db.session(), person_id=person_id, at_least=at_least, on=today())


def sign_in_by_mail(person_id: int, *, full_name: str | None = None) -> None:
    """Sign this browser in as whoever reads the mail that led here."""
    now = clock.now()
    identity.confirm_email(db.session(), person_id=person_id, full_name=full_name, now=now)
    token = identity.open_sign_in(db.session(), person_id=person_id, now=now)
    db.session.commit()
    let_in(token)


def refused(
    place: places.Place,
    refusal: TimebankError,
    *,
    best: reading.OpenJob | None,
    rival: str | None = None,
    form: TermsForm | None = None,
) -> tuple[str, int]:
    """Say what is in the way, and what is possible instead.

    Args:
        best: What else they could do.
        rival: Who got there first, where that is all.
        form: What they have yet to tick, where that is all.
    """
    page = render_template(
        "rota/refused.html",
        place=place,
        refusal=refusal,
        best=best,
        rival=rival,
        form=form,
        is_busy=isinstance(refusal, busy.BusyThen),
        said=[name for name in SAID if request.form.get(name)],
    )
    return page, 409 if isinstance(refusal, Conflict) else 422


def keep_choice(form: WhoForm, *, or_new: bool) -> None:
    """Offer again whom a name may mean, where that was asked before: nothing chosen is lost."""
    if form.who.data and not form.who.choices:
        found = walk_ups.who_could_it_be(
            db.session(), community_id=door().community.id, name=form.name.data or ""
        )
        form.offer(found, or_new=or_new)
