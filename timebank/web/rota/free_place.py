"""The page behind "I'll do it" in a mail about a free place: one button, no sign-in, no typing."""

from __future__ import annotations

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.notices.links import FREE_PURPOSE
from timebank.domain.rota import claiming
from timebank.domain.rota import places
from timebank.domain.rota import rules
from timebank.domain.rota.reading import coming_turns
from timebank.domain.rota.taking import Terms
from timebank.models import Membership
from timebank.models import Standing
from timebank.web.door import door
from timebank.web.flashes import say
from timebank.web.rota.forms import TermsForm
from timebank.web.rota.taking import not_given
from timebank.web.rota.turn_pages import Page
from timebank.web.rota.turn_pages import next_best
from timebank.web.rota.turn_pages import note_age
from timebank.web.rota.turn_pages import number_in

ADDRESS = "/t/<token>/free/<int:slot_id>"


def register(bp: Blueprint) -> None:
    """Add the page."""
    bp.get(ADDRESS)(free_place)
    bp.post(ADDRESS)(take_free_place)


def free_place(token: str, slot_id: int) -> str:
    """Show the job with its one button: opening a link changes nothing."""
    who, place = _asked(token, slot_id)
    return _page(token, who, place, _form(place))


def take_free_place(token: str, slot_id: int) -> Page:
    """Take the place for whoever the mail went to."""
    who, place = _asked(token, slot_id)
    membership_id, form = who.id, TermsForm()
    if place.minimum_age and form.old_enough.data:
        note_age(who.person_id, place.minimum_age)
    terms = Terms(takes_part=form.takes_part.data)
    try:
        claiming.claim_slot(
            db.session(),
            slot_id=slot_id,
            membership_id=membership_id,
            terms=terms,
            now=clock.now(),
        )
    except claiming.AlreadyYours as refusal:  # a button tapped twice
        db.session.rollback()
        say(_(refusal.sentence))
    except rules.AgeNotKnown as refusal:
        db.session.rollback()
        form.ask(place.minimum_age)
        form.old_enough.errors = [_(refusal.sentence)]
        return _page(token, db.session.get_one(Membership, membership_id), place, form), 422
    except (claiming.SlotFull, Refused) as refusal:
        db.session.rollback()
        return not_given(place, refusal)
    else:
        db.session.commit()
        say(_("You’re in. Thank you! We’ll remind you in good time."))
    return redirect(url_for("finding.free_place", token=token, slot_id=slot_id), 303)


def _form(place: places.Place) -> TermsForm:
    form = TermsForm(formdata=None)
    form.ask(place.minimum_age)
    return form


def _page(token: str, who: Membership, place: places.Place, form: TermsForm) -> str:
    now = clock.now()
    turns = coming_turns(db.session(), membership_id=who.id, now=now)
    return render_template(
        "finding/free_place.html",
        place=place,
        token=token,
        form=form,
        is_yours=any(turn.slot_id == place.slot_id for turn in turns),
        is_over=place.starts_at <= now,
        best=next_best(place, who.id) if place.is_full else None,
    )


def _asked(token: str, slot_id: int) -> tuple[Membership, places.Place]:
    """Find whom a link went to, and for which job.

    Raises:
        NotFound: The link isn't ours, they have left, or there is no such job here.
    """
    who = db.session.get(Membership, number_in(token, f"{FREE_PURPOSE}-{slot_id}"))
    here = door().community.id
    if who is None or who.community_id != here or who.standing is Standing.LEFT:
        raise NotFound
    place = places.place_of_slot(db.session(), community_id=here, slot_id=slot_id, now=clock.now())
    return who, place
