"""Signing in by an e-mailed link or code, and out again. No password exists anywhere."""

from __future__ import annotations

import uuid

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


@bp.errorhandler(identity.LinkRanOut)
def _ran_out(_refusal: identity.LinkRanOut) -> tuple[str, int]:
    """Say that a link has run out, beside the way to a fresh one."""
    db.session.rollback()
    return render_template("identity/ran_out.html"), 404


# In the browser's session, which anybody can read: the nonce of the request that a typed code
# belongs to. An address that we don't know gets one as well.
ASKED = "sign_in_request"


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
    browser[ASKED] = str(_send_to(text_of(form.email)) or uuid.uuid4())
    return redirect(url_for("identity.code"), 303)


def _send_to(email: str) -> uuid.UUID | None:
    """Send a link and a code -> what the browser may know of it; None: nothing was sent."""
    person = identity.find_person(db.session(), email=email)
    if person is None:
        return None
    try:
        asked = outbox.send_sign_in(
            db.session(),
            community_id=door().community.id,
            person_id=person.id,
            next_path=safe_path(request.args.get("next"), otherwise=url_for("rota.my_turns")),
            now=clock.now(),
        )
    except identity.TooManyRequests:
        db.session.rollback()
        return None
    db.session.commit()
    return asked.nonce


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
            nonce=_asked(),
            code=text_of(form.code),
            secret_key=current_app.config["SECRET_KEY"],
            now=clock.now(),
        )
    except identity.WrongCode as refusal:
        db.session.commit()
        form.code.errors = [_(refusal.sentence)]
        return render_template("identity/code.html", form=form), 422
    return _let_in(asked)


def _asked() -> uuid.UUID:
    """Tell which request this browser made; any other number when it made none."""
    kept = browser.get(ASKED)
    return uuid.UUID(kept) if isinstance(kept, str) else uuid.uuid4()


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
    answer = redirect(url_for("events.home"), 303)
    # With it goes what shows our notices here: whoever has the browser next sees none of theirs.
    answer.headers["Clear-Site-Data"] = '"storage"'
    return answer


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
