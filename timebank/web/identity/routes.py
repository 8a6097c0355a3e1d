"""Signing in by an e-mailed link or code, and out again. No password exists anywhere."""

from __future__ import annotations

from flask import Blueprint
from flask import abort
from flask import current_app
from flask import redirect
from flask import render_template
from flask import request
from flask import session as browser
from flask import url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.db import db
from timebank.domain import identity
from timebank.domain import outbox
from timebank.models import SignInRequest
from timebank.web.addresses import safe_path
from timebank.web.auth import let_in
from timebank.web.auth import let_out
from timebank.web.door import door
from timebank.web.flashes import say
from timebank.web.identity.forms import CodeForm
from timebank.web.identity.forms import EmailForm
from timebank.web.limits import brake
from timebank.web.typed import text_of

bp = Blueprint("identity", __name__)

ASKED = "sign_in_request"  # in the browser's session: which request a typed code belongs to
NOBODY = 0  # asked with an address that we don't know: every code will be wrong


@bp.get("/sign-in")
def sign_in() -> str:
    """Ask for an e-mail address."""
    return _page(EmailForm())


def _page(form: EmailForm) -> str:
    return render_template(
        "identity/sign_in.html",
        form=form,
        next=safe_path(request.args.get("next"), otherwise=""),
        demo_people=current_app.extensions["timebank.demo_people"],
    )


@bp.post("/sign-in")
def send() -> Response | tuple[str, int]:
    """Send a link and a code; an unknown address sees the very same answer."""
    form = EmailForm()
    if not form.is_well_filled():
        return _page(form), 422
    brake()
    now = clock.now()
    browser[ASKED] = NOBODY
    person = identity.find_person(db.session(), email=text_of(form.email))
    if person:
        try:
            asked = outbox.send_sign_in(
                db.session(),
                community_id=door().community.id,
                person_id=person.id,
                next_path=safe_path(request.args.get("next"), otherwise=url_for("rota.my_turns")),
                now=now,
            )
        except identity.TooManyRequests as refusal:
            db.session.rollback()
            form.email.errors = [_(refusal.sentence)]
            return _page(form), 422
        browser[ASKED] = asked.id
        db.session.commit()
    return redirect(url_for("identity.code"), 303)


@bp.get("/sign-in/code")
def code() -> str:
    """Say to look into the mail, and take the code where the link is out of reach."""
    return render_template("identity/code.html", form=CodeForm())


@bp.post("/sign-in/code")
def check_code() -> Response | tuple[str, int]:
    """Sign in with the six digits; a wrong one is counted even though it is refused."""
    form = CodeForm()
    if not form.is_well_filled():
        return render_template("identity/code.html", form=form), 422
    try:
        asked = identity.check_sign_in_code(
            db.session(),
            request_id=int(browser.get(ASKED, NOBODY)),
            code=text_of(form.code),
            secret_key=current_app.config["SECRET_KEY"],
            now=clock.now(),
        )
    except (identity.WrongCode, identity.LinkRanOut) as refusal:
        db.session.commit()
        form.code.errors = [_(_sentence(refusal))]
        return render_template("identity/code.html", form=form), 422
    return _let_in(asked)


def _sentence(refusal: identity.WrongCode | identity.LinkRanOut) -> str:
    """Give one sentence to both where the address is unknown, so that it tells nothing."""
    if isinstance(refusal, Refused) or browser.get(ASKED, NOBODY) == NOBODY:
        return identity.WrongCode().sentence
    return refusal.sentence


@bp.get("/sign-in/<token>")
def link(token: str) -> str:
    """Show one button: mail scanners open links, so opening it changes nothing."""
    identity.read_sign_in_link(
        db.session(),
        token=token,
        secret_key=current_app.config["SECRET_KEY"],
        now=clock.now(),
    )
    return render_template("identity/link.html", token=token)


@bp.post("/sign-in/<token>")
def use_link(token: str) -> Response:
    """Sign in by the link, once."""
    asked = identity.read_sign_in_link(
        db.session(),
        token=token,
        secret_key=current_app.config["SECRET_KEY"],
        now=clock.now(),
    )
    return _let_in(asked)


def _let_in(asked: SignInRequest) -> Response:
    next_path = asked.next_path
    token = identity.sign_in(db.session(), request=asked, now=clock.now())
    db.session.commit()
    let_in(token)
    return redirect(safe_path(next_path, otherwise=url_for("rota.my_turns")), 303)


@bp.post("/sign-out")
def sign_out() -> Response:
    """End the sign-in on the server and in this browser."""
    viewer = door().viewer
    if viewer:
        identity.end_sign_in(db.session(), token=viewer.token, now=clock.now())
        db.session.commit()
    let_out()
    say(_("You’re signed out. See you soon."))
    return redirect(url_for("events.home"), 303)


@bp.post("/demo/sign-in")
def demo_sign_in() -> Response:
    """Be one of the demo's people at a tap; there is no such thing on a public address."""
    known = {person.email for person in current_app.extensions["timebank.demo_people"]}
    email = request.form.get("email", "")
    if email not in known:
        abort(404)
    person = identity.find_person(db.session(), email=email)
    if person is None:
        abort(404)
    token = identity.open_sign_in(db.session(), person_id=person.id, now=clock.now())
    db.session.commit()
    let_in(token)
    return redirect(safe_path(request.args.get("next"), otherwise=url_for("rota.my_turns")), 303)
