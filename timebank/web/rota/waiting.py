"""Waiting for a place: "Tell me if it opens", the offer, and its answer from a page or a mail."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import first_name
from timebank.db import db
from timebank.domain import communities
from timebank.domain import identity
from timebank.domain import outbox
from timebank.domain.notices.links import OFFER_PURPOSE
from timebank.domain.rota import claiming
from timebank.domain.rota import places
from timebank.domain.rota import waiting
from timebank.domain.rota.waiting import InLine
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import HeldFor
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.limits import brake
from timebank.web.rota import taking
from timebank.web.rota.forms import StrangerForm
from timebank.web.rota.turn_pages import ANSWER
from timebank.web.rota.turn_pages import YES
from timebank.web.rota.turn_pages import claim_here
from timebank.web.rota.turn_pages import event_url
from timebank.web.rota.turn_pages import joined
from timebank.web.rota.turn_pages import next_best
from timebank.web.rota.turn_pages import number_in
from timebank.web.rota.turn_pages import place_at
from timebank.web.rota.turn_pages import place_of
from timebank.web.rota.turn_pages import sign_in_by_mail
from timebank.web.typed import text_of


def register(bp: Blueprint) -> None:
    """Add the pages of the waiting list."""
    job = "/e/<slug>/<day:day>/claim/<int:slot_id>/wait"
    bp.get(job)(wait)
    bp.post(job)(join)
    bp.post(f"{job}/leave")(leave)
    bp.post(f"/me/waiting/<int:claim_id>/{ANSWER}")(answer_offer)
    bp.get("/t/<token>/offer")(offer)
    bp.post(f"/t/<token>/offer/{ANSWER}")(answer_offer_by_mail)


def wait(slug: str, day: dt.date, slot_id: int) -> str:
    """Show where somebody stands in line for a job, or let them join; an open job beside it."""
    return _wait_page(place_at(slug, day, slot_id), StrangerForm())


def join(slug: str, day: dt.date, slot_id: int) -> Response | tuple[str, int]:
    """Stand in line: at once when signed in; else a mail leads back here."""
    place = place_at(slug, day, slot_id)
    if door().viewer is None:
        return _send_link(place)
    try:
        claimed = waiting.join_waiting(
            db.session(),
            slot_id=place.slot_id,
            membership_id=joined(),
            now=clock.now(),
        )
    except claiming.AlreadyYours as refusal:
        db.session.rollback()
        say(_(refusal.sentence))
        return redirect(event_url(place), 303)
    except (Refused, Conflict) as refusal:
        db.session.rollback()
        return taking.not_given(place, refusal)
    db.session.commit()
    if claimed:
        say(
            _("A place was free, so you’re in. Thank you! We’ll remind you in good time."),
            undo_url=url_for("rota.drop", claim_id=claimed.id),
        )
    else:
        say(_("You’re on the list. We’ll e-mail you the moment a place comes up."))
    return redirect(event_url(place), 303)


def leave(slug: str, day: dt.date, slot_id: int) -> Response:
    """Leave the line."""
    place = place_at(slug, day, slot_id)
    waiting.leave_waiting(
        db.session(), slot_id=place.slot_id, membership_id=member(), now=clock.now()
    )
    db.session.commit()
    say(_("You’re off the list."))
    return redirect(event_url(place), 303)


@signed_in_required
def answer_offer(claim_id: int, answer: str) -> Response | tuple[str, int]:
    """Say yes to an offered place, or not this time, when signed in."""
    claim = _offered(claim_id)
    if claim.membership_id != member():
        raise NotFound
    return _answer(claim, answer)


def offer(token: str) -> str:
    """Show the two buttons that the mail leads to: opening a link changes nothing."""
    claim = _offer_of(token)
    now = clock.now()
    return render_template(
        "finding/offer.html",
        place=place_of(claim.id),
        token=token,
        claim=claim,
        is_open=claim.held_until is not None and claim.held_until > now,
        is_yours=claim.state in {ClaimState.CONFIRMED, ClaimState.ATTENDED},
        is_over=claim.ends_at <= now,
    )


def answer_offer_by_mail(token: str, answer: str) -> Response | tuple[str, int]:
    """Answer an offer from its mail, which proves who it is: this browser is signed in."""
    claim = _offer_of(token)
    is_first_answer = claim.state is ClaimState.HELD
    person_id = claim.person_id
    answered = _answer(claim, answer)
    if answer == YES and is_first_answer and isinstance(answered, Response):
        sign_in_by_mail(person_id)
    return answered


def _answer(claim: Claim, answer: str) -> Response | tuple[str, int]:
    place = place_of(claim.id)
    now = clock.now()
    if answer != YES:
        waiting.decline_offer(db.session(), claim_id=claim.id, now=now)
        db.session.commit()
        say(_("Thanks for telling us. The place goes to the next in line."))
        return redirect(event_url(place), 303)
    try:
        taken = waiting.accept_offer(db.session(), claim_id=claim.id, now=now)
    except (Refused, Conflict) as refusal:
        db.session.rollback()
        return taking.not_given(place, refusal)
    db.session.commit()
    say(
        _("It’s yours. Thank you! We’ll remind you in good time."),
        undo_url=url_for("rota.drop", claim_id=taken.id) if door().viewer else None,
    )
    return redirect(event_url(place), 303)


def _send_link(place: places.Place) -> Response | tuple[str, int]:
    """Mail a way in that leads back to this job.

    The page says the same to everybody: whether an address is known here is nobody's business.
    """
    form = StrangerForm()
    if not form.is_well_filled():
        return _wait_page(place, form), 422
    brake()
    session = db.session()
    community_id = door().community.id
    person = identity.find_or_create_person(
        session, full_name=text_of(form.name), email=text_of(form.email)
    )
    communities.join(session, community_id=community_id, person_id=person.id)
    with suppress(identity.TooManyRequests):
        outbox.send_sign_in(
            session,
            community_id=community_id,
            person_id=person.id,
            next_path=url_for(
                "finding.wait", slug=place.slug, day=place.occurs_on, slot_id=place.slot_id
            ),
            now=clock.now(),
        )
    session.commit()
    say(
        _(
            "Nearly there, %(name)s. We’ve e-mailed you a link:"
            " tap it, and you can join the list.",
            name=first_name(text_of(form.name)),
        ),
        tone=Tone.NEWS,
    )
    return redirect(event_url(place), 303)


def _wait_page(place: places.Place, form: StrangerForm) -> str:
    now = clock.now()
    own = door().membership_id
    return render_template(
        "finding/wait.html",
        place=place,
        form=form,
        line=_line_of(place, own, now),
        best=next_best(place, own) if place.is_full and place.starts_at > now else None,
        has_begun=place.starts_at <= now,
    )


def _line_of(place: places.Place, own: int | None, now: dt.datetime) -> InLine | None:
    if own is None:
        return None
    lines = waiting.standing_in_line(
        db.session(), membership_id=own, event_id=place.event_id, now=now
    )
    return next((line for line in lines if line.slot_id == place.slot_id), None)


def _offered(claim_id: int) -> Claim:
    """Find an offered place; any other claim does not exist here."""
    found = claim_here(claim_id)
    if found.held_for is not HeldFor.OFFERED:
        raise NotFound
    return found


def _offer_of(token: str) -> Claim:
    return _offered(number_in(token, OFFER_PURPOSE))
