"""The one cookie a browser keeps for us: Flask's signed session, without work for nothing.

Flask makes its signer anew twice a request, and reads every setting of the cookie even when it
writes none: a fifth of what it takes to answer with a kept page (docs/measurements.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask.sessions import SecureCookieSession
from flask.sessions import SecureCookieSessionInterface

if TYPE_CHECKING:
    from flask import Flask
    from flask import Request
    from flask import Response
    from flask.sessions import SessionMixin
    from itsdangerous import URLSafeTimedSerializer


def register(app: Flask) -> None:
    """Keep the app's sessions this way."""
    app.session_interface = Sessions()


class Sessions(SecureCookieSessionInterface):
    """Sessions as ever, written when they change (SESSION_REFRESH_EACH_REQUEST is off)."""

    _signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Make the signer once; the key is fixed when the app is built."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Read the cookie, when there is one at all."""
        if "HTTP_COOKIE" not in request.environ:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie when the session has changed; else only say that it was looked at."""
        if session.modified:
            super().save_session(app, session, response)
        elif session.accessed:
            response.headers.add("Vary", "Cookie")
