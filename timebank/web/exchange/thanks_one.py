"""One exchange: its page for the two sides, and what either can do about it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint
from flask import current_app
from flask import redirect
from flask import render_template
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core import ids
from timebank.core.errors import Conflict
from timebank.core.errors import NotFound
from timebank.db import db
from timebank.domain.exchange import agreeing
from timebank.domain.exchange import chain
from timebank.domain.exchange import histories
from timebank.domain.exchange import settling
from timebank.domain.exchange import thanking
from timebank.domain.exchange import undoing
from timebank.domain.exchange.chain import Side
from timebank.domain.exchange.histories import History
from timebank.domain.ledger.transfers import BelowFloor
from timebank.domain.notices.links import EXCHANGE_PURPOSE
from timebank.models import Exchange
from timebank.models import ExchangeState
from timebank.models import Membership
from timebank.models import Standing
from timebank.web.auth import signed_in_required
from timebank.web.door import door
from timebank.web.door import today
from timebank.web.exchange.thanks_forms import StatementForm
from timebank.web.exchange.thanks_forms import ThanksForForm
from timebank.web.exchange.thanks_forms import WrongForm
from timebank.web.exchange.viewing import Page
from timebank.web.exchange.viewing import me
from timebank.web.exchange.viewing import refused
from timebank.web.filters import hours
from timebank.web.flashes import Tone
from timebank.web.flashes import say
from timebank.web.typed import REFUSALS
from timebank.web.typed import text_of

ONE = "/neighbours/thanks/<int:exchange_id>"
BY_MAIL = "/t/<token>/thank"


def register(bp: Blueprint) -> None:
    """Add the pages."""
    bp.get(ONE)(exchange)
    bp.post(f"{ONE}/undo")(undo)
    bp.post(f"{ONE}/wrong")(dispute)
    bp.post(f"{ONE}/statement")(state)
    bp.post(f"{ONE}/call-off")(call_off)
    bp.get(f"{ONE}/thank")(thank_for)
    bp.post(f"{ONE}/thank")(say_thanks_for)
    bp.get(BY_MAIL)(happened)
    bp.post(BY_MAIL)(say_it_happened)
    bp.post(f"{BY_MAIL}/not")(did_not_happen)


@signed_in_required
def exchange(exchange_id: int) -> Page:
    """Show an exchange to its two sides, with what they can do about it."""
    by, found = me(), here(exchange_id)
    chain.require_side(db.session(), found, by)
    return _page(found, by)


@signed_in_required
def undo(exchange_id: int) -> Page:
    """Take the hours back."""
    by, found = me(), here(exchange_id)
    try:
        undoing.undo(db.session(), exchange=found, by=by, now=clock.now())
    except Conflict as refusal:
        return _refused(refusal, found, by)
    db.session.commit()
    say(_("Undone. The hours are back where they came from."))
    return redirect(page_url(found, by), 303)


@signed_in_required
def dispute(exchange_id: int) -> Page:
    """Say that it isn't right."""
    said = _("Thank you for saying so. We’re asking how it was, and a coordinator settles it.")
    return _speak(exchange_id, WrongForm(), settling.dispute, said)


@signed_in_required
def state(exchange_id: int) -> Page:
    """Say how it was, as the other side."""
    said = _("Thank you. A coordinator reads both, and you’ll hear from us.")
    return _speak(exchange_id, StatementForm(), settling.give_statement, said)


def _speak(
    exchange_id: int, form: WrongForm | StatementForm, rule: Callable[..., None], said: str
) -> Page:
    """Let a side say something about it, by the rule for that; refused, its words stay."""
    by, found = me(), here(exchange_id)
    chain.require_side(db.session(), found, by)
    if not form.is_well_filled():
        return _page(found, by, form), 422
    try:
        rule(
            db.session(),
            exchange=found,
            words=text_of(form.words),
            by=by,
            key=form.intent,
            now=clock.now(),
        )
    except REFUSALS as refusal:
        status = refused(form, refusal)
        return _page(found, me(), form), status
    db.session.commit()
    say(said)
    return redirect(url_for("thanks.exchange", exchange_id=exchange_id), 303)


@signed_in_required
def call_off(exchange_id: int) -> Page:
    """Call an agreement off."""
    by, found = me(), here(exchange_id)
    try:
        agreeing.cancel(db.session(), exchange=found, by=by, today=today(), now=clock.now())
    except Conflict as refusal:
        return _refused(refusal, found, by)
    db.session.commit()
    say(_("It’s called off, and they know."))
    return redirect(page_url(found, by), 303)


@signed_in_required
def thank_for(exchange_id: int) -> Page:
    """Ask how long something took that was agreed, or undone."""
    by, found = me(), here(exchange_id)
    _require_teller(found, by)
    return thanks_page(found, _prefilled(found), _here_url(exchange_id))


@signed_in_required
def say_thanks_for(exchange_id: int) -> Page:
    """Say thanks for something that was agreed, or undone."""
    by, found = me(), here(exchange_id)
    _require_teller(found, by)
    answer = _say(found, by, _here_url(exchange_id))
    if answer is not None:
        return answer
    return redirect(page_url(found, by), 303)


def happened(token: str) -> Page:
    """Show what the mail "did it happen?" leads to: opening it changes nothing."""
    found, _teller = _by_mail(token)
    return thanks_page(found, _prefilled(found), url_for("thanks.say_it_happened", token=token),
                       token=token)  # fmt: skip


def say_it_happened(token: str) -> Page:
    """Say thanks from a mail."""
    found, teller = _by_mail(token)
    address = url_for("thanks.say_it_happened", token=token)
    answer = _say(found, teller, address, token=token)
    return answer or redirect(url_for("thanks.happened", token=token), 303)


def did_not_happen(token: str) -> Page:
    """Call it off from a mail."""
    found, teller = _by_mail(token)
    try:
        agreeing.cancel(db.session(), exchange=found, by=teller, today=today(), now=clock.now())
    except Conflict as refusal:
        db.session.rollback()
        say(_(refusal.sentence), tone=Tone.ALERT)
    else:
        db.session.commit()
        say(_("Thank you for telling us. It’s called off, and they know."))
    return redirect(url_for("thanks.happened", token=token), 303)


def here(exchange_id: int) -> Exchange:
    """Find an exchange of this community.

    Raises:
        NotFound: There is none.
    """
    return chain.find(db.session(), community_id=door().community.id, exchange_id=exchange_id)


def page_url(found: Exchange, by: Membership) -> str:
    """Lead to the page of an exchange that is for its side, or for coordinators."""
    is_side = chain.side_of(db.session(), found, by) is not None
    address = "thanks.exchange" if is_side else "thanks.settle"
    return url_for(address, exchange_id=found.id)


def told(found: Exchange, *, reader_id: int | None = None) -> History:
    """Read an exchange with its steps."""
    return histories.read(
        db.session(),
        community_id=found.community_id,
        exchange_id=found.id,
        reader_id=reader_id,
    )


def thanks_page(
    found: Exchange,
    form: ThanksForForm,
    address: str,
    *,
    token: str = "",
    is_short: bool = False,
) -> str:
    """Ask how long it took; where it was thanked for already, say so."""
    return render_template(
        "thanks/thank_for.html",
        exchange=told(found),
        form=form,
        here=address,
        token=token,
        is_open=found.state in {ExchangeState.AGREED, ExchangeState.UNDONE},
        is_short=is_short,
        today=today(),
    )


def _prefilled(found: Exchange) -> ThanksForForm:
    form = ThanksForForm(formdata=None)
    form.show_minutes(found.minutes)
    day = found.happened_on or today()
    if found.planned_at is not None:
        day = min(clock.local_date(found.planned_at, door().community.timezone), today())
    form.happened_on.data = day.isoformat()
    return form


def _say(found: Exchange, by: Membership, address: str, *, token: str = "") -> Page | None:
    """Say thanks; what it answers is a page to show again, or None when it is said."""
    form = ThanksForForm()
    if not form.is_well_filled():
        return thanks_page(found, form, address, token=token), 422
    try:
        thanking.thank_again(
            db.session(),
            exchange=found,
            minutes=form.minutes,
            happened_on=form.happened_on.value or today(),
            words=text_of(form.words) or None,
            by=by,
            key=form.intent,
            today=today(),
            now=clock.now(),
        )
    except BelowFloor:
        db.session.rollback()
        return thanks_page(found, form, address, token=token, is_short=True), 422
    except REFUSALS as refusal:
        status = refused(form, refusal)
        return thanks_page(found, form, address, token=token), status
    db.session.commit()
    done = told(found)
    say(_("%(hours)s to %(name)s. Thank you!", hours=hours(done.minutes), name=done.helper))
    return None


def _by_mail(token: str) -> tuple[Exchange, Membership]:
    """Find what a mail link is about, and who holds it.

    Raises:
        NotFound: It is not ours, or they have left since.
    """
    number = ids.read_signed_token(current_app.config["SECRET_KEY"], EXCHANGE_PURPOSE, token)
    if number is None:
        raise NotFound
    found = here(number)
    teller = db.session.get_one(Membership, found.helped_id or found.created_by)
    if teller.standing is Standing.LEFT:
        raise NotFound
    return found, teller


def _require_teller(found: Exchange, by: Membership) -> None:
    """Let whoever was helped say thanks, and coordinators for them."""
    side = chain.side_of(db.session(), found, by)
    if side is not Side.HELPED and not (side is None and agreeing.is_coordinator_of(found, by)):
        raise NotFound


def _here_url(exchange_id: int) -> str:
    return url_for("thanks.say_thanks_for", exchange_id=exchange_id)


def _refused(refusal: Conflict, found: Exchange, by: Membership) -> Response:
    db.session.rollback()
    say(_(refusal.sentence), tone=Tone.ALERT)
    return redirect(page_url(found, by), 303)


def _page(found: Exchange, by: Membership, typed: WrongForm | StatementForm | None = None) -> str:
    """Show it to one of its sides, with what they typed last, if anything."""
    side = chain.side_of(db.session(), found, by)
    wrong = typed if isinstance(typed, WrongForm) else WrongForm(formdata=None)
    statement = typed if isinstance(typed, StatementForm) else StatementForm(formdata=None)
    heard = settling.sides_heard(db.session(), found)
    is_asked = found.state is ExchangeState.DISPUTED and side not in heard
    if is_asked and typed is wrong:  # the other side was a moment faster: these words answer it
        statement.words.data = wrong.words.data
    shown = told(found, reader_id=by.id)
    return render_template(
        "thanks/exchange.html",
        exchange=shown,
        is_helper=side is Side.HELPER,
        other=shown.helped if side is Side.HELPER else shown.helper,
        can_undo=shown.can_undo(clock.now()),
        can_report=shown.has_hours and found.state is not ExchangeState.DISPUTED,
        is_asked=is_asked,
        typed=text_of(typed.words) if typed else "",
        wrong=wrong,
        statement=statement,
    )
