"""Who's here: the organiser's phone on the day, and a week to put things right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.rota import checkin
from timebank.domain.rota import occasions
from timebank.domain.rota import reading
from timebank.domain.rota import walk_ups
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.events.running import occasion_of_organiser
from timebank.web.filters import hours
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.rota.arrival_forms import TakeBackForm
from timebank.web.rota.arrival_forms import WalkUpForm
from timebank.web.rota.crediting import say_credited
from timebank.web.rota.crediting import say_own_turn_waits
from timebank.web.typed import text_of

bp = Blueprint("checkin", __name__)

MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Who is here and who isn't yet, added up for the page."""

    people: tuple[occasions.Expected, ...]
    missing_jobs: tuple[str, ...]
    here: int
    total: int
    minutes: int
    starts_in_minutes: int
    is_open: bool
    is_early: bool
    has_started: bool


@bp.get("/e/<slug>/<day:day>/checkin")
@signed_in_required
def expected(slug: str, day: dt.date) -> str:
    """Show who is expected, with a tick each."""
    occasion = occasion_of_organiser(slug, day)
    return _page(occasion)


@bp.post("/e/<slug>/<day:day>/checkin/<int:claim_id>/here")
@signed_in_required
def here(slug: str, day: dt.date, claim_id: int) -> Response:
    """Tick somebody, or take the tick off: the form says which of the two it wants."""
    occasion = occasion_of_organiser(slug, day)
    with _refusals_on_the_page():
        checkin.tick(
            db.session(),
            occasion=occasion,
            claim_id=claim_id,
            is_here=request.form.get("here") == "yes",
            by=member(),
            now=clock.now(),
        )
        db.session.commit()
    return redirect(_address(occasion, f"turn-{claim_id}"), 303)


@bp.post("/e/<slug>/<day:day>/checkin/finish")
@signed_in_required
def finish(slug: str, day: dt.date) -> Response:
    """Credit everybody who is ticked."""
    occasion = occasion_of_organiser(slug, day)
    with _refusals_on_the_page():
        done = checkin.finish(db.session(), occasion=occasion, by=member(), now=clock.now())
        db.session.commit()
        _tell(done)
    return redirect(_address(occasion), 303)


def _tell(done: checkin.Finished) -> None:
    if done.credits:
        say_credited(len(done.credits), minutes=done.minutes)
    elif not done.waiting and not done.read_only:
        say(_("Everybody ticked has their hours already."), tone=Tone.NEWS)
    if done.waiting:
        say_own_turn_waits()
    if done.read_only:
        say(
            ngettext(
                "%(num)s neighbour’s hours wait: the coordinators are looking into their time"
                " account. The tick stays, and the hours follow once that’s put right.",
                "%(num)s neighbours’ hours wait: the coordinators are looking into their time"
                " accounts. The ticks stay, and the hours follow once that’s put right.",
                done.read_only,
            ),
            tone=Tone.NEWS,
        )


@bp.post("/e/<slug>/<day:day>/checkin/walk-up")
@signed_in_required
def walk_up(slug: str, day: dt.date) -> Response | tuple[str, int]:
    """Add somebody who just turned up; ask who it is when the name is known."""
    occasion = occasion_of_organiser(slug, day)
    form = WalkUpForm()
    form.offer_jobs(reading.jobs_of_event(db.session(), event_id=occasion.event_id))
    if not form.is_well_filled():
        return _page(occasion, walk_up_form=form), 422
    try:
        claim_id = walk_ups.add_walk_up(
            db.session(),
            occasion=occasion,
            slot_id=form.slot.data,
            name=text_of(form.name),
            by=member(),
            now=clock.now(),
            membership_id=form.membership_id,
            is_new=form.is_new,
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _page(occasion, walk_up_form=form), 422
    db.session.commit()
    say(_("Added and ticked. Thank you for coming!"))
    return redirect(_address(occasion, f"turn-{claim_id}"), 303)


@bp.post("/e/<slug>/<day:day>/checkin/take-back")
@signed_in_required
def take_back(slug: str, day: dt.date) -> Response | tuple[str, int]:
    """Take somebody's hours of this date back, with a reason."""
    occasion = occasion_of_organiser(slug, day)
    form = TakeBackForm()
    form.offer_turns(_people(occasion))
    if not form.is_well_filled():
        return _page(occasion, take_back_form=form), 422
    with _refusals_on_the_page():
        mirror = checkin.take_back(
            db.session(),
            occasion=occasion,
            claim_id=form.turn.data,
            reason=text_of(form.reason),
            by=member(),
            key=form.intent,
            now=clock.now(),
        )
        taken = hours(mirror.minutes)
        db.session.commit()
        say(_("%(hours)s taken back. The reason is on their statement.", hours=taken))
    return redirect(_address(occasion), 303)


@contextmanager
def _refusals_on_the_page() -> Iterator[None]:
    """Say why not on the list itself: on a phone in the rain nobody wants another page."""
    try:
        yield
    except (Refused, Conflict) as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)


def _address(occasion: occasions.Occasion, anchor: str | None = None) -> str:
    return url_for("checkin.expected", slug=occasion.slug, day=occasion.occurs_on, _anchor=anchor)


def _people(occasion: occasions.Occasion) -> list[occasions.Expected]:
    return occasions.who_is_expected(db.session(), event_id=occasion.event_id, now=clock.now())


def _page(
    occasion: occasions.Occasion,
    *,
    walk_up_form: WalkUpForm | None = None,
    take_back_form: TakeBackForm | None = None,
) -> str:
    people = _people(occasion)
    jobs = reading.jobs_of_event(db.session(), event_id=occasion.event_id)
    if walk_up_form is None:
        walk_up_form = WalkUpForm(formdata=None)
        walk_up_form.offer_jobs(jobs)
    if take_back_form is None:
        take_back_form = TakeBackForm.fresh()
        take_back_form.offer_turns(people)
    return render_template(
        "checkin/expected.html",
        occasion=occasion,
        sheet=_sheet(occasion, people, jobs, clock.now()),
        walk_up_form=walk_up_form,
        take_back_form=take_back_form,
        form=take_back_form if take_back_form.errors else walk_up_form,
    )


def _sheet(
    occasion: occasions.Occasion,
    people: list[occasions.Expected],
    jobs: list[reading.Job],
    now: dt.datetime,
) -> Sheet:
    here_now = [one for one in people if one.is_here]
    return Sheet(
        people=tuple(people),
        missing_jobs=reading.coverage_of(jobs).missing,
        here=len(here_now),
        total=len([one for one in people if one.is_here or not one.is_missed]),
        minutes=sum(one.minutes for one in here_now),
        starts_in_minutes=-((now - occasion.starts_at) // MINUTE),
        is_open=occasion.is_open(now),
        is_early=now < occasion.opens_at,
        has_started=occasion.starts_at <= now,
    )
