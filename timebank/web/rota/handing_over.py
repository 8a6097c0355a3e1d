"""Handing a turn over: to somebody by name or to whoever will, and saying yes or no to it."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import first_name
from timebank.db import db
from timebank.domain.notices.links import HANDOVER_PURPOSE
from timebank.domain.rota import asking
from timebank.domain.rota import handing_over
from timebank.domain.rota import offers
from timebank.domain.rota import places
from timebank.domain.rota import rules
from timebank.domain.rota.walk_ups import WhoIsIt
from timebank.models import Membership
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.rota.forms import TermsForm
from timebank.web.rota.turn_forms import WhoForm
from timebank.web.rota.turn_pages import ANSWER
from timebank.web.rota.turn_pages import YES
from timebank.web.rota.turn_pages import Page
from timebank.web.rota.turn_pages import back_url
from timebank.web.rota.turn_pages import event_url
from timebank.web.rota.turn_pages import joined
from timebank.web.rota.turn_pages import keep_choice
from timebank.web.rota.turn_pages import next_best
from timebank.web.rota.turn_pages import note_age
from timebank.web.rota.turn_pages import number_in
from timebank.web.rota.turn_pages import own_claim
from timebank.web.rota.turn_pages import place_of
from timebank.web.rota.turn_pages import refused
from timebank.web.typed import text_of

HAND_OVER = "/me/turns/<int:claim_id>/hand-over"
COVER = "/e/<slug>/<day:day>/cover/<int:claim_id>"
BY_MAIL = f"/t/<token>/turn/<int:claim_id>/{ANSWER}"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(HAND_OVER)(hand_over)
    bp.post(HAND_OVER)(offer_by_name)
    bp.post(f"{HAND_OVER}/all")(offer_to_all)
    bp.post("/me/turns/<int:claim_id>/keep")(keep)
    bp.get(COVER)(cover)
    bp.post(COVER)(take_over)
    bp.post(f"/me/offers/<int:claim_id>/{ANSWER}")(answer_offer)
    bp.get(BY_MAIL)(offered)
    bp.post(BY_MAIL)(answer_offer_by_mail)


@signed_in_required
def hand_over(claim_id: int) -> Page:
    """Ask to whom a turn should go."""
    return _hand_over_page(claim_id, WhoForm(formdata=None))


@signed_in_required
def offer_by_name(claim_id: int) -> Page:
    """Ask somebody by name to take a turn over; ask who it is when several may be meant."""
    place = place_of(own_claim(claim_id).id)
    form = WhoForm()
    if not form.is_well_filled():
        return _hand_over_page(claim_id, form), 422
    try:
        to = _only_one_meant(form)
        handing_over.offer_to(
            db.session(), claim_id=claim_id, to_membership_id=to, now=clock.now()
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal, or_new=False)
        return _hand_over_page(claim_id, form), 422
    except Conflict as refusal:
        db.session.rollback()
        return refused(place, refusal, best=next_best(place, member()))
    db.session.commit()
    say(
        _(
            "We’ve asked %(name)s. The turn stays yours until they say yes.",
            name=first_name(text_of(form.name)),
        )
    )
    return redirect(url_for("rota.my_turns"), 303)


def _only_one_meant(form: WhoForm) -> int:
    """Find who is meant.

    Raises:
        WhoIsIt: More than one may be, and nobody said who.
        NobodyOfThatName: None is.
    """
    try:
        found = asking.find_member(
            db.session(),
            community_id=door().community.id,
            name=text_of(form.name),
            membership_id=form.membership_id,
        )
    except WhoIsIt as doubt:
        others = [one for one in doubt.namesakes if one.membership_id != member()]
        if len(others) != 1:
            raise
        return others[0].membership_id
    if found is None:
        raise handing_over.NobodyOfThatName(field="name")
    return found.id


@signed_in_required
def offer_to_all(claim_id: int) -> Page:
    """Ask for cover."""
    place = place_of(own_claim(claim_id).id)
    try:
        handing_over.offer_to_all(db.session(), claim_id=claim_id, now=clock.now())
    except Conflict as refusal:
        db.session.rollback()
        return refused(place, refusal, best=next_best(place, member()))
    db.session.commit()
    say(
        _("We’re asking for cover. The turn stays yours until somebody has it."),
        undo_url=url_for("turns.keep", claim_id=claim_id),
    )
    return redirect(url_for("rota.my_turns"), 303)


@signed_in_required
def keep(claim_id: int) -> Response:
    """Keep a turn after all."""
    place = place_of(own_claim(claim_id).id)
    try:
        handing_over.keep(db.session(), claim_id=claim_id, now=clock.now())
    except Conflict as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("It’s still yours, and we’ve stopped asking. Thank you!"))
    return redirect(back_url(place), 303)


@signed_in_required
def cover(slug: str, day: dt.date, claim_id: int) -> Page:
    """Show a turn that is looking for somebody, with one button."""
    place = _place(claim_id, slug, day)
    here = url_for("turns.take_over", slug=slug, day=day, claim_id=claim_id)
    return _offer_page(place, _offer(claim_id, door().membership_id or 0), here, YES)


@signed_in_required
def take_over(slug: str, day: dt.date, claim_id: int) -> Page:
    """Take over a turn that is looking for anybody."""
    place = _place(claim_id, slug, day)
    return _answer(place, claim_id, joined(), YES)


@signed_in_required
def answer_offer(claim_id: int, answer: str) -> Page:
    """Say yes or no on My turns to a turn that was offered."""
    return _answer(place_of(claim_id), claim_id, member(), answer)


def offered(token: str, claim_id: int, answer: str) -> Page:
    """Show the one button that a link in an offer leads to: opening it changes nothing."""
    membership_id = number_in(token, f"{HANDOVER_PURPOSE}-{claim_id}")
    here = url_for("turns.answer_offer_by_mail", token=token, claim_id=claim_id, answer=answer)
    return _offer_page(place_of(claim_id), _offer(claim_id, membership_id), here, answer)


def answer_offer_by_mail(token: str, claim_id: int, answer: str) -> Page:
    """Say yes or no from a mail to a turn that was offered."""
    membership_id = number_in(token, f"{HANDOVER_PURPOSE}-{claim_id}")
    return _answer(place_of(claim_id), claim_id, membership_id, answer)


def _answer(place: places.Place, claim_id: int, membership_id: int, answer: str) -> Page:
    offer = _offer(claim_id, membership_id)
    if answer != YES:
        return _declined(place, offer, membership_id)
    form = TermsForm()
    if place.minimum_age and form.old_enough.data:
        taker = db.session.get_one(Membership, membership_id)
        note_age(taker.person_id, place.minimum_age)
    try:
        handing_over.accept(
            db.session(),
            handover_id=offer.handover_id,
            membership_id=membership_id,
            now=clock.now(),
        )
    except rules.AgeNotKnown as refusal:
        db.session.rollback()
        form.ask(place.minimum_age)
        form.old_enough.errors = [_(refusal.sentence)]
        return _offer_page(place, offer, request.path, YES, form=form), 422
    except (Refused, Conflict) as refusal:
        db.session.rollback()
        return refused(place, refusal, best=next_best(place, membership_id))
    db.session.commit()
    say(
        _(
            "It’s yours now, and %(name)s knows. Thank you!",
            name=first_name(offer.giver),
        )
    )
    return redirect(event_url(place), 303)


def _declined(place: places.Place, offer: offers.Offer, membership_id: int) -> Page:
    if offer.to_membership_id == membership_id:
        handing_over.decline(
            db.session(),
            handover_id=offer.handover_id,
            membership_id=membership_id,
            now=clock.now(),
        )
        db.session.commit()
    say(_("That’s fine. We’ve let them know."), tone=Tone.NEWS)
    return redirect(event_url(place), 303)


def _offer(claim_id: int, membership_id: int) -> offers.Offer:
    return offers.find_offer(
        db.session(),
        community_id=door().community.id,
        claim_id=claim_id,
        membership_id=membership_id,
        now=clock.now(),
    )


def _place(claim_id: int, slug: str, day: dt.date) -> places.Place:
    place = place_of(claim_id)
    if (place.slug, place.occurs_on) != (slug, day):
        raise NotFound
    return place


def _offer_page(
    place: places.Place,
    offer: offers.Offer,
    here: str,
    answer: str,
    *,
    form: TermsForm | None = None,
) -> str:
    if form is None:
        form = TermsForm(formdata=None)
        form.ask(place.minimum_age)
    return render_template(
        "turns/offer.html", place=place, offer=offer, here=here, answer=answer, form=form
    )


def _hand_over_page(claim_id: int, form: WhoForm) -> str:
    place = place_of(own_claim(claim_id).id)
    keep_choice(form, or_new=False)
    return render_template("turns/hand_over.html", claim_id=claim_id, place=place, form=form)
