"""Browsers that are signed in: the cookie and form token that our own pages give them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from flask import session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf

from timebank.app import create_app
from timebank.core.settings import Settings
from timebank.web.door import SIGN_IN_KEY


@dataclass(frozen=True, slots=True)
class Visitor:
    """What one browser sends along."""

    cookie: str
    form_token: str


class Visitors:
    """One browser for each sign-in."""

    def __init__(self, environ: Mapping[str, str], tokens: Sequence[str]) -> None:
        self.app = create_app(Settings.from_environment(environ))
        self._visitors = [self._visitor(token) for token in tokens]

    def __iter__(self) -> Iterator[Visitor]:
        """Go through them in the order of the tokens."""
        return iter(self._visitors)

    def _visitor(self, token: str) -> Visitor:
        sessions = SecureCookieSessionInterface()
        serializer = sessions.get_signing_serializer(self.app)
        if serializer is None:
            raise RuntimeError("the app has no secret key")
        with self.app.test_request_context():
            session[SIGN_IN_KEY] = token
            session.permanent = True
            form_token = generate_csrf()
            name = self.app.config["SESSION_COOKIE_NAME"]
            return Visitor(f"{name}={serializer.dumps(dict(session))}", form_token)
