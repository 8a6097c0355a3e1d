"""Every form carries a token that only our own pages know; without it nothing is changed.

The token is derived from what the browser's session holds, never stored and never sent in a
cookie: from the sign-in of people who are signed in, so that it lasts and ends with that; from a
number drawn for the purpose otherwise. See docs/decisions/0008-one-form-token-a-sign-in.md.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from flask import current_app
from flask import request
from flask import session
from werkzeug.exceptions import BadRequest

from timebank.core import ids
from timebank.web.bodies import let_spreadsheets_in
from timebank.web.door import SIGN_IN_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from wsgiref.types import WSGIEnvironment

    from flask import Flask

FIELD = "csrf_token"
LENGTH = 32  # letters and digits
PURPOSE = "form"
STRANGER_KEY = "stranger"  # in the session of a browser that was given a form while signed out
CHANGES_NOTHING = {"GET", "HEAD", "OPTIONS"}
# Mail programs send these for their readers (RFC 8058): the address itself proves that it is ours.
PROVEN_BY_ADDRESS = {"notices.stop", "messages.stop_by_mail"}


def register(app: Flask) -> None:
    """Look at the token before any view that may change something."""
    app.before_request(refuse_forgeries)


def form_token() -> str:
    """Give the token for the forms that this browser is about to be shown."""
    if _holder(session) is None:
        session[STRANGER_KEY] = ids.new_token()
    return _token(session, current_app.config["SECRET_KEY"])


def refuse_forgeries() -> None:
    """Let a form in only when one of our pages, in this very browser, was where it was filled in.

    Raises:
        BadRequest: 400, when it is not.
    """
    if request.method in CHANGES_NOTHING or request.endpoint in {None, *PROVEN_BY_ADDRESS}:
        return
    let_spreadsheets_in()
    sent, key = request.form.get(FIELD, ""), current_app.config["SECRET_KEY"]
    if not (is_its_own(session, sent, secret_key=key) and comes_from_us(request.environ)):
        raise BadRequest


def is_its_own(browser: Mapping[str, object], sent: str, *, secret_key: str) -> bool:
    """Tell whether a token was given to this browser, in this sign-in.

    Args:
        browser: What its session holds.
    """
    if _holder(browser) is None:
        return False
    return hmac.compare_digest(sent.encode(), _token(browser, secret_key).encode())


def comes_from_us(environ: WSGIEnvironment) -> bool:
    """Tell whether a form comes from a page of ours, as far as the browser can be asked.

    Only over https does it always say (and nobody under way can make it say something else).
    """
    if environ["wsgi.url_scheme"] != "https":
        return True
    referrer: str = environ.get("HTTP_REFERER", "")
    return referrer.startswith(f"https://{environ.get('HTTP_HOST', '')}/")


def _token(browser: Mapping[str, object], secret_key: str) -> str:
    return ids.sign(secret_key, PURPOSE, str(_holder(browser)))


def _holder(browser: Mapping[str, object]) -> object:
    return browser.get(SIGN_IN_KEY) or browser.get(STRANGER_KEY)
