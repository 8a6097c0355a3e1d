"""An organiser's pages: write to people, look at the mail first, send it, and read what was."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.db import db
from timebank.domain.messages import limits
from timebank.domain.messages import reach
from timebank.domain.messages import reading
from timebank.domain.messages import writing
from timebank.domain.messages.reach import Chosen
from timebank.domain.notices import previewing
from timebank.domain.notices.previewing import Sketch
from timebank.domain.notices.wording import Wording
from timebank.models import Community
from timebank.models import Event
from timebank.models import Group
from timebank.models import Membership
from timebank.models import Profile
from timebank.models import Series
from timebank.web import installation
from timebank.web.auth import coordinator
from timebank.web.auth import member
from timebank.web.door import door
from timebank.web.events.running import event_of_organiser
from timebank.web.filters import day as day_words
from timebank.web.flashes import say
from timebank.web.messages.forms import WriteForm
from timebank.web.typed import REFUSALS

Page = str | tuple[str, int] | Response

WRITE = "/e/<slug>/<day:day>/write"
SEND, CHANGE = "send", "change"  # the buttons below the preview


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(WRITE)(write)
    bp.post(WRITE)(look_or_send)
    bp.post(f"{WRITE}/trust")(trust)


def write(slug: str, day: dt.date) -> str:
    """Show the form, how many people it may still go to, and what the group wrote before."""
    event = event_of_organiser(slug, day)
    return _write_page(event, _form_for(event, WriteForm(formdata=None)))


def look_or_send(slug: str, day: dt.date) -> Page:
    """Show the mail as people will get it; send it by the button below that."""
    event = event_of_organiser(slug, day)
    form = _form_for(event, WriteForm())
    step = request.form.get("step")
    if not form.is_well_filled():
        return _write_page(event, form), 422
    if step == CHANGE:
        return _write_page(event, form)
    return _send(event, form) if step == SEND else _preview_page(event, form)


def trust(slug: str, day: dt.date) -> Response:
    """Let a new group write to as many people as others: the coordinators' button."""
    event = event_of_organiser(slug, day)
    by = coordinator()
    limits.trust(db.session(), group=_group_of(event), by=by, now=clock.now())
    db.session.commit()
    say(_("They may write to as many people as other groups now."))
    return redirect(_here(event, slug), 303)


def _send(event: Event, form: WriteForm) -> Page:
    chosen = _chosen(event, form)
    try:
        message = writing.send(
            db.session(), chosen=chosen, words=form.said, intent=form.intent, now=clock.now()
        )
    except REFUSALS as refusal:
        db.session.rollback()
        status = form.take_up(refusal)
        return _write_page(event, form), status
    db.session.commit()
    say(
        ngettext(
            "We’re sending it to %(num)s person. Answers come to you by mail.",
            "We’re sending it to %(num)s people. Answers come to you by mail.",
            message.people,
        )
    )
    here = _here(event, _series_of(event).slug)
    return redirect(f"{here}/{message.id}", 303)


def _write_page(event: Event, form: WriteForm) -> str:
    series = _series_of(event)
    return render_template(
        "messages/write.html",
        form=form,
        event=event,
        series=series,
        here=_here(event, series.slug),
        allowance=limits.allowance_of(db.session(), group_id=series.group_id, now=clock.now()),
        dates_to_run=limits.DATES_TO_RUN,
        written=reading.written_by_group(db.session(), group_id=series.group_id),
    )


def _preview_page(event: Event, form: WriteForm) -> str:
    session, now = db.session(), clock.now()
    series = _series_of(event)
    return render_template(
        "messages/preview.html",
        form=form,
        event=event,
        series=series,
        here=_here(event, series.slug),
        mail=_preview(event, series, form, now),
        reach=reach.read_reach(session, chosen=_chosen(event, form), now=now),
        goes_at=writing.goes_at(session, event=event, now=now),
        now=now,
    )


def _preview(event: Event, series: Series, form: WriteForm, now: dt.datetime) -> Wording:
    jobs = dict(reading.jobs_of_date(db.session(), event_id=event.id))
    settings = installation.settings()
    sketch = Sketch(
        community=db.session.get_one(Community, event.community_id),
        series=series,
        event=event,
        whom=form.audience,
        job=jobs.get(form.role_id or 0),
        writer=_own_name(),
        subject=form.said.subject,
        words=form.said.words,
    )
    return previewing.preview(
        sketch,
        public_url=settings.public_url,
        secret_key=settings.secret_key,
        reply_address=settings.reply_address,
        now=now,
    )


def _form_for(event: Event, form: WriteForm) -> WriteForm:
    zone = door().community.timezone
    jobs = reading.jobs_of_date(db.session(), event_id=event.id)
    form.offer(day_words(event.starts_at, zone), jobs)
    return form


def _chosen(event: Event, form: WriteForm) -> Chosen:
    return Chosen(
        community_id=event.community_id,
        series_id=event.series_id,
        event_id=event.id,
        whom=form.audience,
        role_id=form.role_id,
        by=member(),
    )


def _own_name() -> str:
    found = (
        sa.select(Profile.full_name)
        .join(Membership, Membership.person_id == Profile.person_id)
        .where(Membership.id == member())
    )
    return db.session.scalar(found) or ""


def _series_of(event: Event) -> Series:
    return db.session.get_one(Series, event.series_id)


def _group_of(event: Event) -> Group:
    return db.session.get_one(Group, _series_of(event).group_id)


def _here(event: Event, slug: str) -> str:
    return url_for("messages.write", slug=slug, day=event.occurs_on)
