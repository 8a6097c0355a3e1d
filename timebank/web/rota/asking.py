"""Put somebody down: the organiser's page of one job, and the answers of those who were asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.notices.links import ASKED_PURPOSE
from timebank.domain.rota import asking
from timebank.domain.rota import places
from timebank.domain.rota import rules
from timebank.domain.rota.put_down import PutDown
from timebank.domain.rota.put_down import put_down_on
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import Membership
from timebank.models import WithdrawnBecause
from timebank.web.auth import organiser_of
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.rota import standing
from timebank.web.rota.turn_forms import EVERY_DATE
from timebank.web.rota.turn_forms import ONCE
from timebank.web.rota.turn_forms import PENCIL_IN
from timebank.web.rota.turn_forms import PUT_DOWN
from timebank.web.rota.turn_forms import AskForm
from timebank.web.rota.turn_pages import ANSWER
from timebank.web.rota.turn_pages import YES
from timebank.web.rota.turn_pages import Page
from timebank.web.rota.turn_pages import claim_here
from timebank.web.rota.turn_pages import event_url
from timebank.web.rota.turn_pages import keep_choice
from timebank.web.rota.turn_pages import next_best
from timebank.web.rota.turn_pages import number_in
from timebank.web.rota.turn_pages import own_claim
from timebank.web.rota.turn_pages import place_at
from timebank.web.rota.turn_pages import place_of
from timebank.web.rota.turn_pages import refused
from timebank.web.typed import text_of

ADDRESS = "/e/<slug>/<day:day>/ask/<int:slot_id>"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(ADDRESS)(ask)
    bp.post(ADDRESS)(put_somebody_down)
    bp.post("/e/<slug>/<day:day>/ask/<int:claim_id>/take-off")(take_off)
    bp.get(f"/t/<token>/asked/{ANSWER}")(question)
    bp.post(f"/t/<token>/asked/{ANSWER}")(answer_by_mail)
    bp.post(f"/me/turns/<int:claim_id>/asked/{ANSWER}")(answer_question)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question has come to, for the page behind its links."""

    is_open: bool
    is_theirs: bool
    is_taken_back: bool
    is_over: bool


@signed_in_required
def ask(slug: str, day: dt.date, slot_id: int) -> Page:
    """Show who has a job, and a form to put one more down."""
    place = place_at(slug, day, slot_id)
    organiser_of(place.group_id)
    form = AskForm(formdata=None)
    form.offer_ways(standing.ways(place))
    return _page(place, form)


@signed_in_required
def put_somebody_down(slug: str, day: dt.date, slot_id: int) -> Page:
    """Put somebody down at once, or pencil them in and ask; ask who it is when in doubt."""
    place = place_at(slug, day, slot_id)
    by = organiser_of(place.group_id)
    form = AskForm()
    form.offer_ways(standing.ways(place))
    if not form.is_well_filled():
        return _page(place, form), 422
    try:
        name = _put_down(form, place, by)
    except rules.AgainstARule as refusal:
        db.session.rollback()
        form.name.errors = [_("A rule says no. They would read: %(rule)s", rule=refusal.sentence)]
        return _page(place, form, rule=refusal.sentence), 422
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(place, form), 422
    except Conflict as refusal:
        db.session.rollback()
        form.name.errors = [_(refusal.sentence)]
        return _page(place, form), 409
    if form.how.data == PENCIL_IN:
        say(_("Pencilled in. We’ve asked %(name)s by e-mail.", name=name))
    else:
        say(_("%(name)s is down for it. Thank you!", name=name))
    return redirect(event_url(place), 303)


def _put_down(form: AskForm, place: places.Place, by: int) -> str:
    """Do what the form says -> the name that was typed."""
    session = db.session()
    name = text_of(form.name)
    now = clock.now()
    member = asking.find_member(
        session,
        community_id=door().community.id,
        name=name,
        membership_id=form.membership_id,
        is_new=form.is_new,
    )
    because = text_of(form.because)
    if member is None and form.how.data == PUT_DOWN and form.often.data == ONCE:
        asking.put_down_someone_new(
            session, slot_id=place.slot_id, name=name, by=by, because=because, now=now
        )
    elif member is None:
        raise asking.NoAddress(field="name")
    elif form.how.data == PENCIL_IN:
        asking.pencil_in(
            session,
            slot_id=place.slot_id,
            membership_id=member.id,
            by=by,
            because=because,
            now=now,
        )
    else:
        _put_member_down(form, place, member, by)
    session.commit()
    return name


def _put_member_down(form: AskForm, place: places.Place, member: Membership, by: int) -> None:
    session = db.session()
    membership_id = member.id
    asking.put_down(
        session,
        slot_id=place.slot_id,
        membership_id=membership_id,
        by=by,
        because=text_of(form.because),
        now=clock.now(),
    )
    if form.often.data != ONCE:
        standing.promise(place, membership_id, by=by, is_every_date=form.often.data == EVERY_DATE)


@signed_in_required
def take_off(slug: str, day: dt.date, claim_id: int) -> Response:
    """Take a question or a put-down turn back."""
    claimed = claim_here(claim_id)
    place = place_at(slug, day, claimed.slot_id)
    organiser_of(place.group_id)
    asking.take_off(db.session(), claim_id=claimed.id, event_id=place.event_id, now=clock.now())
    db.session.commit()
    say(_("Off the rota. The place is free again."))
    here = url_for("turns.ask", slug=slug, day=day, slot_id=place.slot_id)
    return redirect(here, 303)


def question(token: str, answer: str) -> str:
    """Show the one button that a link in a question leads to: opening it changes nothing."""
    claimed = claim_here(number_in(token, ASKED_PURPOSE))
    return render_template(
        "turns/question.html",
        place=place_of(claimed.id),
        token=token,
        answer=answer,
        state=_came_to(claimed),
    )


def _came_to(claimed: Claim) -> Answer:
    withdrawn = claimed.state is ClaimState.WITHDRAWN
    because = claimed.withdrawn_because
    return Answer(
        is_open=claimed.state is ClaimState.HELD
        or (withdrawn and because in {WithdrawnBecause.LAPSED, WithdrawnBecause.DECLINED}),
        is_theirs=claimed.state is ClaimState.CONFIRMED,
        is_taken_back=withdrawn and because is WithdrawnBecause.ORGANISER,
        is_over=claimed.ends_at <= clock.now(),
    )


def answer_by_mail(token: str, answer: str) -> Page:
    """Say yes or no to a question from its mail."""
    return _answer(claim_here(number_in(token, ASKED_PURPOSE)), answer)


@signed_in_required
def answer_question(claim_id: int, answer: str) -> Page:
    """Say yes or no to a question from My turns."""
    return _answer(own_claim(claim_id), answer)


def _answer(claimed: Claim, answer: str) -> Page:
    place = place_of(claimed.id)
    membership_id = claimed.membership_id
    try:
        if answer == YES:
            asking.say_yes(db.session(), claim_id=claimed.id, now=clock.now())
        else:
            asking.decline(db.session(), claim_id=claimed.id, now=clock.now())
    except (Refused, Conflict) as refusal:
        db.session.rollback()
        return refused(place, refusal, best=next_best(place, membership_id))
    db.session.commit()
    if answer == YES:
        say(_("It’s yours. Thank you! We’ll remind you in good time."))
    else:
        say(_("That’s fine. We’ve let them know, and we’ll ask someone else."), tone=Tone.NEWS)
    return redirect(event_url(place), 303)


def _page(place: places.Place, form: AskForm, *, rule: str = "") -> str:
    keep_choice(form, or_new=True)
    people: list[PutDown] = put_down_on(db.session(), slot_id=place.slot_id)
    return render_template(
        "turns/ask.html",
        place=place,
        form=form,
        people=people,
        asks_why=bool(rule or form.because.data),
        is_over=place.ends_at <= clock.now(),
    )
