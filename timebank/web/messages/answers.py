"""One message: what was answered, for the group's organisers; and its readers' page, by a link."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core import ids
from timebank.core.errors import NotFound
from timebank.db import db
from timebank.domain.messages import answering
from timebank.domain.messages import reach
from timebank.domain.messages import reading
from timebank.domain.messages.reach import Chosen
from timebank.domain.messages.reading import Written
from timebank.domain.notices.links import ANSWER_PURPOSE
from timebank.models import GroupMessage
from timebank.models import Membership
from timebank.web.addresses import secret_key
from timebank.web.auth import member
from timebank.web.auth import organiser_of
from timebank.web.door import door
from timebank.web.events.running import find_series
from timebank.web.flashes import say
from timebank.web.messages.forms import AnswerForm
from timebank.web.typed import REFUSALS
from timebank.web.typed import text_of

Page = str | tuple[str, int] | Response

ONE = "/e/<slug>/<day:day>/write/<int:message_id>"
BY_MAIL = "/t/<token>/answer/<int:message_id>"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(ONE)(written)
    bp.post(f"{ONE}/<int:membership_id>")(write_back)
    bp.get(BY_MAIL)(message)
    bp.post(BY_MAIL)(answer)


def written(slug: str, day: dt.date, message_id: int) -> str:
    """Show organisers a message of their group: to how many it went, and what was answered."""
    found = _written(slug, day, message_id)
    return _written_page(found, AnswerForm(formdata=None), None)


def write_back(slug: str, day: dt.date, message_id: int, membership_id: int) -> Page:
    """Write back to somebody who answered."""
    found = _written(slug, day, message_id)
    form = AnswerForm()
    if not form.is_well_filled():
        return _written_page(found, form, membership_id), 422
    try:
        answering.write_back(
            db.session(),
            message=db.session.get_one(GroupMessage, message_id),
            membership_id=membership_id,
            by=member(),
            words=text_of(form.words),
            intent=form.intent,
            now=clock.now(),
        )
    except REFUSALS as refusal:
        db.session.rollback()
        status = form.take_up(refusal, beside="words")
        return _written_page(found, form, membership_id), status
    db.session.commit()
    say(_("We’ve passed it on."))
    here = url_for("messages.written", slug=slug, day=day, message_id=message_id)
    return redirect(here, 303)


def message(token: str, message_id: int) -> str:
    """Show what an organiser wrote, with a box to answer in: opening it changes nothing."""
    found, reader = _reader(token, message_id)
    return _message_page(found, reader, AnswerForm(formdata=None), token)


def answer(token: str, message_id: int) -> Page:
    """Answer an organiser."""
    found, reader = _reader(token, message_id)
    form = AnswerForm()
    if not form.is_well_filled():
        return _message_page(found, reader, form, token), 422
    try:
        answering.answer(
            db.session(),
            message=found,
            reader=reader,
            words=text_of(form.words),
            intent=form.intent,
            now=clock.now(),
        )
    except REFUSALS as refusal:
        db.session.rollback()
        status = form.take_up(refusal, beside="words")
        return _message_page(found, reader, form, token), status
    db.session.commit()
    say(_("We’ve passed it on."))
    return redirect(url_for("messages.message", token=token, message_id=message_id), 303)


def _written(slug: str, day: dt.date, message_id: int) -> Written:
    """Find a message of the group that the viewer runs, at the address of its date.

    Raises:
        NotFound: They don't run it, or it is another group's or another date's.
    """
    series = find_series(slug)
    organiser_of(series.group_id)
    found = reading.find_written(db.session(), group_id=series.group_id, message_id=message_id)
    if (found.slug, found.occurs_on) != (slug, day):
        raise NotFound
    return found


def _written_page(found: Written, form: AnswerForm, to: int | None) -> str:
    session = db.session()
    to_ring: tuple[str, ...] = ()
    if found.not_by_mail:
        kept = session.get_one(GroupMessage, found.message_id)
        chosen = Chosen(
            community_id=kept.community_id,
            series_id=kept.series_id,
            event_id=kept.event_id,
            whom=kept.whom,
            role_id=kept.role_id,
            by=kept.written_by,
        )
        to_ring = reach.read_reach(session, chosen=chosen, now=clock.now()).to_ring
    return render_template(
        "messages/written.html",
        message=found,
        to_ring=to_ring,
        answers=reading.answers_to(session, message_id=found.message_id),
        form=form,
        to=to,
    )


def _reader(token: str, message_id: int) -> tuple[GroupMessage, Membership]:
    """Find what a link is about, and for whom it speaks.

    Raises:
        NotFound: The link isn't ours, is for another message, or they have left since.
    """
    membership_id = ids.read_signed_token(secret_key(), f"{ANSWER_PURPOSE}-{message_id}", token)
    if membership_id is None:
        raise NotFound
    return answering.find_reader(
        db.session(),
        community_id=door().community.id,
        message_id=message_id,
        membership_id=membership_id,
    )


def _message_page(found: GroupMessage, reader: Membership, form: AnswerForm, token: str) -> str:
    shown = reading.find_written(db.session(), group_id=found.group_id, message_id=found.id)
    return render_template(
        "messages/answer.html",
        message=shown,
        talk=reading.talk_of(db.session(), message=shown, membership_id=reader.id),
        form=form,
        token=token,
    )
