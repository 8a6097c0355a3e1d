"""Calls for help: the organiser's page, and the answers of those who are asked."""

from __future__ import annotations

import datetime as dt

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
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain.notices.links import HELP_PURPOSE
from timebank.domain.rota import appeals
from timebank.domain.rota import calling
from timebank.domain.rota import reading
from timebank.domain.rota.calling import Ask
from timebank.domain.rota.candidates import Candidate
from timebank.domain.rota.occasions import Occasion
from timebank.domain.rota.reading import Job
from timebank.models import Appeal
from timebank.models import AppealAnswer
from timebank.web.auth import member
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.events.running import occasion_of_organiser
from timebank.web.flashes import say
from timebank.web.rota.finding_forms import CallForm
from timebank.web.rota.turn_pages import ANSWER
from timebank.web.rota.turn_pages import YES
from timebank.web.rota.turn_pages import number_in
from timebank.web.rota.turn_pages import place_at
from timebank.web.rota.turn_pages import refused
from timebank.web.rota.turn_pages import sign_in_by_mail
from timebank.web.typed import read_number

EVERYTHING = "all"
LOOK_AHEAD = dt.timedelta(days=60)
MOST_NEXT = 3


def register(bp: Blueprint) -> None:
    """Add the pages of calls for help."""
    date = "/e/<slug>/<day:day>/help"
    bp.get(date)(call)
    bp.post(date)(ask)
    bp.post(f"{date}/<int:appeal_id>/stop")(stop)
    bp.get("/t/<token>/help")(asked)
    bp.post(f"/t/<token>/help/{ANSWER}")(answer_call)
    bp.post("/me/asks")(may_be_asked)


def call(slug: str, day: dt.date) -> str:
    """Show an organiser their calls for help with a date, and whom one more would ask."""
    occasion = occasion_of_organiser(slug, day)
    return _call_page(occasion, CallForm(), request.args.get("job", ""))


def ask(slug: str, day: dt.date) -> Response | tuple[str, int]:
    """Call for help."""
    occasion = occasion_of_organiser(slug, day)
    form = CallForm()
    chosen = request.form.get("job", "")
    if not form.is_well_filled():
        return _call_page(occasion, form, chosen), 422
    try:
        appeal = appeals.open_appeal(
            db.session(),
            event_id=occasion.event_id,
            slot_id=None if chosen == EVERYTHING else _slot_of(chosen),
            message=form.message.data or "",
            ticked=form.ticked,
            shown=form.shown,
            by=member(),
            now=clock.now(),
        )
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return _call_page(occasion, form, chosen), 422
    db.session.commit()
    _say_who_is_asked(occasion, appeal.id)
    return _to_calls(occasion)


def stop(slug: str, day: dt.date, appeal_id: int) -> Response:
    """Stop asking."""
    occasion = occasion_of_organiser(slug, day)
    appeal = db.session.get(Appeal, appeal_id)
    if appeal is None or appeal.event_id != occasion.event_id:
        raise NotFound
    appeals.stop_appeal(db.session(), appeal=appeal, now=clock.now())
    db.session.commit()
    say(_("We’ve stopped asking. Whoever has said yes stays on the rota."))
    return _to_calls(occasion)


def asked(token: str) -> str:
    """Show the two buttons that the mail leads to: opening a link changes nothing."""
    found = _ask_of(token)
    place = place_at(found.slug, found.occurs_on, found.slot_id)
    now = clock.now()
    is_late = place.is_full and found.claim_id is None
    return render_template(
        "finding/asked.html",
        place=place,
        ask=found,
        token=token,
        is_over=place.ends_at <= now,
        is_late=is_late,
        next_jobs=_next_jobs(found, now) if is_late or place.is_cancelled else [],
    )


def answer_call(token: str, answer: str) -> Response | tuple[str, int]:
    """Answer a call for help; a yes is a turn at once, and signs this browser in."""
    found = _ask_of(token)
    now = clock.now()
    here = redirect(url_for("finding.asked", token=token), 303)
    if answer != YES:
        appeals.say_no(db.session(), ask_id=found.ask_id, now=now)
        db.session.commit()
        say(_("Thanks for telling us. We won’t ask you about this one again."))
        return here
    try:
        taken = appeals.say_yes(db.session(), ask_id=found.ask_id, now=now)
    except (Refused, Conflict) as refusal:
        db.session.rollback()
        best = next(iter(_next_jobs(found, now)), None)
        place = place_at(found.slug, found.occurs_on, found.slot_id)
        return refused(place, refusal, best=best)
    db.session.commit()
    if taken is None:
        return here
    say(_("You’re in. Thank you! We’ll remind you in good time."))
    if found.answer != AppealAnswer.YES:
        sign_in_by_mail(found.person_id)
    if door().viewer is None:
        return here
    return redirect(url_for("rota.my_turns"), 303)


@signed_in_required
def may_be_asked() -> Response:
    """Note whether organisers may ask this member for help now and then."""
    may = request.form.get("may") == YES
    appeals.let_be_asked(db.session(), membership_id=member(), may_be_asked=may)
    db.session.commit()
    if may:
        say(_("Thank you. We’ll ask you now and then, twice a month at most."))
    else:
        say(_("We won’t ask you any more."))
    return redirect(url_for("rota.my_turns", _anchor="asks"), 303)


def _call_page(occasion: Occasion, form: CallForm, chosen: str) -> str:
    now = clock.now()
    session = db.session()
    jobs = reading.jobs_of_event(session, event_id=occasion.event_id)
    calls = calling.calls_of_event(session, event_id=occasion.event_id)
    asked_for = {one.slot_id for one in calls if one.ended_at is None}
    missing = [job for job in jobs if job.free and job.starts_at > now]
    missing.sort(key=lambda job: not job.is_needed)
    # What is asked for already needs no second call; a call without a job is for everything.
    open_to_ask = [] if None in asked_for else [j for j in missing if j.slot_id not in asked_for]
    job = _chosen(open_to_ask, chosen)
    people = _people(occasion, job, now) if open_to_ask else []
    return render_template(
        "finding/call.html",
        occasion=occasion,
        form=form,
        calls=calls,
        is_filled=not missing,
        missing=open_to_ask,
        free=sum(one.free for one in open_to_ask),
        chosen=job,
        value=job.slot_id if job else EVERYTHING,
        people=people,
        ticked=form.ticked if request.method == "POST" else {one.membership_id for one in people},
        now=now,
    )


def _people(occasion: Occasion, job: Job | None, now: dt.datetime) -> list[Candidate]:
    return appeals.whom_to_ask(
        db.session(),
        event_id=occasion.event_id,
        slot_id=job.slot_id if job else None,
        now=now,
    )


def _chosen(missing: list[Job], chosen: str) -> Job | None:
    """The job that was chosen, else the one that is needed most; None: everything."""
    if chosen == EVERYTHING and missing:
        return None
    slot_id = read_number(chosen)
    first = missing[0] if missing else None
    return next((job for job in missing if job.slot_id == slot_id), first)


def _slot_of(chosen: str) -> int:
    slot_id = read_number(chosen)
    if slot_id is None:
        raise NotFound
    return slot_id


def _say_who_is_asked(occasion: Occasion, appeal_id: int) -> None:
    calls = calling.calls_of_event(db.session(), event_id=occasion.event_id)
    people = next(len(one.people) for one in calls if one.appeal_id == appeal_id)
    say(
        ngettext(
            "We’re asking %(num)s neighbour. You’ll see here what they say.",
            "We’re asking %(num)s neighbours. You’ll see here what they say.",
            people,
        )
    )


def _next_jobs(found: Ask, now: dt.datetime) -> list[reading.OpenJob]:
    """Find what is open in the same series that they have time for."""
    return reading.open_jobs(
        db.session(),
        community_id=door().community.id,
        now=now,
        until=now + LOOK_AHEAD,
        most=MOST_NEXT,
        series_id=found.series_id,
        membership_id=found.membership_id,
    )


def _ask_of(token: str) -> Ask:
    ask_id = number_in(token, HELP_PURPOSE)
    return calling.find_ask(db.session(), community_id=door().community.id, ask_id=ask_id)


def _to_calls(occasion: Occasion) -> Response:
    return redirect(url_for("finding.call", slug=occasion.slug, day=occasion.occurs_on), 303)
