"""Taking a place: the page of one job, one tap when signed in, else a name and an e-mail."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.core.errors import TimebankError
from timebank.core.text import first_name
from timebank.db import db
from timebank.db import reader
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import outbox
from timebank.domain.rota import claiming
from timebank.domain.rota import places
from timebank.domain.rota import rules
from timebank.domain.rota.taking import NewClaim
from timebank.domain.rota.taking import Terms
from timebank.web.addresses import safe_path
from timebank.web.door import Viewer
from timebank.web.door import door
from timebank.web.filters import clock as time_of_day
from timebank.web.filters import day as day_of
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.limits import brake
from timebank.web.rota.forms import ClaimForm
from timebank.web.rota.forms import TermsForm
from timebank.web.rota.shortcut import TRIED
from timebank.web.rota.turn_pages import SAID
from timebank.web.rota.turn_pages import event_url
from timebank.web.rota.turn_pages import joined
from timebank.web.rota.turn_pages import next_best
from timebank.web.rota.turn_pages import note_age
from timebank.web.rota.turn_pages import place_at
from timebank.web.rota.turn_pages import refused
from timebank.web.typed import text_of

ADDRESS = "/e/<slug>/<day:day>/claim/<int:slot_id>"
EXTRAS = set(SAID)
CELL = re.compile(r"[a-z][0-9]{1,19}")  # where the button was on the page


def register(bp: Blueprint) -> None:
    """Add the page to the rota's."""
    bp.get(ADDRESS)(claim)
    bp.post(ADDRESS)(take)


def claim(slug: str, day: dt.date, slot_id: int) -> str:
    """Show one job and ask for a name and an e-mail; or for one tap, when signed in."""
    return _claim_page(place_at(slug, day, slot_id), ClaimForm())


def take(slug: str, day: dt.date, slot_id: int) -> Response | tuple[str, int]:
    """Take a place: at once when signed in, else hold it until the e-mailed yes."""
    viewer = door().viewer
    if viewer is None:
        return _hold(slug, day, slot_id)
    try:
        claimed = _claim_for(viewer, slug, day, slot_id)
    except claiming.AlreadyYours as refusal:  # a button tapped twice
        db.session.rollback()
        say(_(refusal.sentence))
        return redirect(_after(slug, day), 303)
    except (claiming.SlotFull, Refused) as refusal:
        db.session.rollback()
        return not_given(place_at(slug, day, slot_id), refusal)
    say(_("You’re in. Thank you! We’ll remind you in good time."), undo_url=_drop_url(claimed))
    return redirect(_after(slug, day), 303)


def _after(slug: str, day: dt.date) -> str:
    """Where a place was taken: the rota or list whose button it was, or the date itself."""
    there = url_for("events.event", slug=slug, day=day)
    back = safe_path(request.form.get("next"), otherwise=there)
    cell = request.form.get("at", "")
    return f"{back}#{cell}" if CELL.fullmatch(cell) else back


def _claim_for(viewer: Viewer, slug: str, day: dt.date, slot_id: int) -> NewClaim:
    """Claim in one statement; look closely only where that is not enough."""
    now = clock.now()
    is_plain = EXTRAS.isdisjoint(request.form) and TRIED not in request.environ
    if viewer.membership_id is not None and is_plain:
        claimed = claiming.claim_at_once(
            reader,
            slot_id=slot_id,
            slug=slug,
            day=day,
            who={"membership_id": viewer.membership_id},
            now=now,
        )
        if claimed:
            return claimed
    place = place_at(slug, day, slot_id)
    form = TermsForm()
    if place.minimum_age and form.old_enough.data:
        note_age(viewer.person_id, place.minimum_age)
    claimed = claiming.claim_slot(
        db.session(),
        slot_id=slot_id,
        membership_id=joined(),
        terms=Terms(takes_part=form.takes_part.data, although_busy=form.although_busy.data),
        now=now,
    )
    db.session.commit()
    return claimed


def _drop_url(claimed: NewClaim) -> str:
    return url_for("rota.drop", claim_id=claimed.id)


def _hold(slug: str, day: dt.date, slot_id: int) -> Response | tuple[str, int]:
    place = place_at(slug, day, slot_id)
    form = ClaimForm()
    form.ask(place.minimum_age)
    if place.asks_for or not form.is_well_filled():
        return _claim_page(place, form), 422
    brake()
    try:
        until = _hold_for(form, place, clock.now())
    except claiming.TooManyHolds as refusal:
        db.session.rollback()
        form.email.errors = [_(refusal.sentence)]
        return _claim_page(place, form), 422
    except (claiming.SlotFull, rules.NotOpenToTakeYet) as refusal:
        db.session.rollback()
        return not_given(place_at(slug, day, slot_id), refusal)
    zone = door().community.timezone
    say(
        _(
            "Nearly there, %(name)s. We’ve e-mailed you a link: tap it and the place is yours."
            " It’s held until %(time)s, %(day)s.",
            name=first_name(text_of(form.name)),
            time=time_of_day(until, zone),
            day=day_of(until, zone),
        ),
        tone=Tone.NEWS,
    )
    return redirect(event_url(place), 303)


def _hold_for(form: ClaimForm, place: places.Place, now: dt.datetime) -> dt.datetime:
    """Hold the place -> until when.

    Somebody who has that turn, or whom a rule or another turn stands in the way of, is sent a
    sign-in link and sees the same page: whether an address is known here, and what we know about
    its owner, is nobody else's business.
    """
    session = db.session()
    community_id = door().community.id
    person = identity.find_or_create_person(
        session, full_name=text_of(form.name), email=text_of(form.email)
    )
    membership = communities.join(session, community_id=community_id, person_id=person.id)
    membership_id, person_id = membership.id, person.id
    if place.minimum_age and identity.is_unconfirmed(session, person_id=person_id):
        note_age(person_id, place.minimum_age)
    session.commit()
    try:
        claiming.hold_slot(
            session,
            slot_id=place.slot_id,
            membership_id=membership_id,
            held_as=text_of(form.name),
            note=form.note.data or None,
            takes_part=form.takes_part.data,
            now=now,
        )
    except (claiming.AlreadyYours, claiming.WouldOverlap, rules.AgainstARule) as refusal:
        session.rollback()
        _tell_everybody_alike(refusal)
        with suppress(identity.TooManyRequests):
            outbox.send_sign_in(
                session,
                community_id=community_id,
                person_id=person_id,
                next_path=_where_to_look(refusal, place),
                now=now,
            )
    session.commit()
    return claiming.hold_ends(place.starts_at, now=now)


def _tell_everybody_alike(refusal: Refused) -> None:
    """Raise again what is true of everybody and tells nothing about one person."""
    if isinstance(refusal, rules.NotOpenToTakeYet):
        raise refusal


def _where_to_look(refusal: Refused, place: places.Place) -> str:
    """Lead to the job again, where a rule says what is in the way; else to their turns."""
    if isinstance(refusal, rules.AgainstARule):
        return url_for("rota.claim", slug=place.slug, day=place.occurs_on, slot_id=place.slot_id)
    return url_for("rota.my_turns")


def not_given(place: places.Place, refusal: TimebankError) -> tuple[str, int]:
    """Say who got there first, or what is in the way, and offer the next best place."""
    form = TermsForm(formdata=None)
    form.ask(place.minimum_age)
    return refused(
        place,
        refusal,
        best=next_best(place, door().membership_id),
        rival=place.last_taker if isinstance(refusal, claiming.SlotFull) else None,
        form=form if isinstance(refusal, rules.AgeNotKnown) else None,
    )


def _claim_page(place: places.Place, form: ClaimForm) -> str:
    form.ask(place.minimum_age)
    return render_template(
        "rota/claim.html",
        place=place,
        form=form,
        best=next_best(place, door().membership_id) if place.is_full else None,
        is_over=place.ends_at <= clock.now(),
    )
