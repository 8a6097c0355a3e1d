"""The one cookie a browser keeps for us: its session, signed and dated, readable by anybody.

Flask's own session makes a signer, a key and a packer anew for every cookie, and looks up each
setting of the cookie twice a request: a quarter of what it took to answer with a kept page
(docs/measurements.md). Here the key and the settings are fixed when the app is built, and the
session is JSON: words, numbers, lists of them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING
from typing import Any

from flask.sessions import SecureCookieSession
from flask.sessions import SessionInterface
from itsdangerous import BadSignature
from itsdangerous import TimestampSigner
from itsdangerous.signer import SigningAlgorithm
from werkzeug.http import dump_cookie
from werkzeug.sansio.http import parse_cookie

from timebank.core import clock
from timebank.core import ids

if TYPE_CHECKING:
    from collections.abc import Mapping
    from wsgiref.types import WSGIEnvironment

    from flask import Flask
    from flask import Request
    from flask import Response
    from flask.sessions import SessionMixin

PURPOSE = "cookie"
# Letters as they are: escaped, ½ would take six characters of the 4,000 that a cookie has.
_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def register(app: Flask) -> None:
    """Keep the app's sessions this way."""
    app.session_interface = Sessions(app)


class _Prepared(SigningAlgorithm):
    """HMAC-SHA256 with its one key worked in beforehand: half of what a signature takes."""

    def __init__(self, key: str) -> None:
        self._begun = hmac.new(key.encode(), digestmod=hashlib.sha256)

    def get_signature(self, key: bytes, value: bytes) -> bytes:  # noqa: ARG002 - the library's signature
        """Sign some bytes."""
        mac = self._begun.copy()
        mac.update(value)
        return mac.digest()


class Sessions(SessionInterface):
    """Sessions in a signed cookie, written only when they change.

    An old cookie counts as none after PERMANENT_SESSION_LIFETIME, and so does one that we did not
    sign.
    """

    def __init__(self, app: Flask) -> None:
        # A key of its own, derived once: nothing else that we sign can pass for a cookie.
        key = ids.sign(app.config["SECRET_KEY"], PURPOSE, app.config["SESSION_COOKIE_NAME"])
        self._signer = TimestampSigner(key, key_derivation="none", algorithm=_Prepared(key))
        self._name = self.get_cookie_name(app)
        self._lasts = app.permanent_session_lifetime
        self._attributes: dict[str, Any] = {
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "httponly": self.get_cookie_httponly(app),
            "samesite": self.get_cookie_samesite(app),
        }

    def write(self, session: Mapping[str, object]) -> str:
        """Write a session as the text of a cookie."""
        return self._signer.sign(urlsafe_b64encode(_as_json(dict(session)).encode())).decode()

    def read(self, cookie: str) -> SecureCookieSession:
        """Read the text of a cookie; what is too old or not ours is an empty session."""
        try:
            written = self._signer.unsign(cookie, max_age=int(self._lasts.total_seconds()))
        except BadSignature:
            return SecureCookieSession()
        return SecureCookieSession(json.loads(urlsafe_b64decode(written)))

    def of(self, environ: WSGIEnvironment) -> SecureCookieSession:
        """Read the session that a browser sends along, when it sends any cookie at all."""
        if "HTTP_COOKIE" not in environ:
            return SecureCookieSession()
        return self.read(parse_cookie(environ["HTTP_COOKIE"]).get(self._name, ""))

    def header(self, session: SessionMixin) -> str:
        """Write the Set-Cookie header that keeps a session, or lets the browser forget it."""
        if not session:
            return dump_cookie(self._name, expires=0, max_age=0, **self._attributes)
        expires = clock.now() + self._lasts if session.permanent else None
        return dump_cookie(self._name, self.write(session), expires=expires, **self._attributes)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:  # noqa: ARG002 - Flask's signature
        """Give Flask the session of a request."""
        return self.of(request.environ)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:  # noqa: ARG002 - the same
        """Write the cookie when the session has changed; say so when it was only looked at."""
        if session.accessed:
            response.headers.add("Vary", "Cookie")
        if session.modified:
            response.headers.add("Set-Cookie", self.header(session))
