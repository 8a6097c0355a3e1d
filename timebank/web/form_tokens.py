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
from timebank.web.door import SIGN_IN_KEY

if TYPE_CHECKING:
    from flask import Flask

FIELD = "csrf_token"
PURPOSE = "form"
STRANGER_KEY = "stranger"  # in the session of a browser that was given a form while signed out
CHANGES_NOTHING = {"GET", "HEAD", "OPTIONS"}


def register(app: Flask) -> None:
    """Look at the token before any view that may change something."""
    app.before_request(refuse_forgeries)


def form_token() -> str:
    """Give the token for the forms that this browser is about to be shown."""
    holder = _holder()
    if holder is None:
        holder = session[STRANGER_KEY] = ids.new_token()
    return _token_of(holder)


def refuse_forgeries() -> None:
    """Let a form in only when one of our pages, in this very browser, was where it was filled in.

    Raises:
        BadRequest: 400, when its token is missing, another browser's, or of an earlier sign-in;
            or when, over https, the browser does not say that it comes from a page of ours.
    """
    if request.method in CHANGES_NOTHING or request.endpoint is None:
        return
    holder = _holder()
    sent = request.form.get(FIELD, "").encode()
    if holder is None or not hmac.compare_digest(sent, _token_of(holder).encode()):
        raise BadRequest
    if request.is_secure and not (request.referrer or "").startswith(request.host_url):
        raise BadRequest


def _holder() -> str | None:
    held: str | None = session.get(SIGN_IN_KEY) or session.get(STRANGER_KEY)
    return held


def _token_of(holder: str) -> str:
    return ids.sign(current_app.config["SECRET_KEY"], PURPOSE, holder)
