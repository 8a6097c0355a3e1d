"""Browsers that are signed in: the cookie and form token that our own pages give them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie

from flask import session

from timebank.app import create_app
from timebank.core.settings import Settings
from timebank.web.cookies import Sessions
from timebank.web.door import SIGN_IN_KEY
from timebank.web.flashes import WAITING
from timebank.web.form_tokens import form_token


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

    def told(self, set_cookie: str) -> str:
        """Read the notice that an answer's cookie keeps for the next page; "" without one."""
        name = self.app.config["SESSION_COOKIE_NAME"]
        written = SimpleCookie(set_cookie).get(name)
        waiting = Sessions(self.app).read(written.value).get(WAITING) if written else None
        return str(waiting[-1][1][0]) if waiting else ""

    def _visitor(self, token: str) -> Visitor:
        with self.app.test_request_context():
            session[SIGN_IN_KEY] = token
            session.permanent = True
            name = self.app.config["SESSION_COOKIE_NAME"]
            return Visitor(f"{name}={Sessions(self.app).write(session)}", form_token())
