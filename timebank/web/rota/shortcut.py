"""Give a place before Flask is asked: a member's tap on “I'll do it”, when nothing is in the way.

It is what a whole community does in the same minute, when a rota opens. Whatever is not that one
button of a signed-in member, and whatever is refused or unclear, goes on to the view
(`timebank.web.rota.taking`), which decides anew and says why. What it saves stands in
docs/measurements.md.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from typing import Any
from typing import cast

import psycopg
from flask_babel import gettext as _

from timebank.core import clock
from timebank.db import reader
from timebank.domain.rota import claiming
from timebank.web import door
from timebank.web import flashes
from timebank.web import form_tokens
from timebank.web import headers
from timebank.web.converters import DayConverter
from timebank.web.converters import NumberConverter
from timebank.web.converters import WordConverter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse
    from wsgiref.types import WSGIApplication
    from wsgiref.types import WSGIEnvironment

    from flask import Flask
    from flask.sessions import SecureCookieSession

    from timebank.web.cookies import Sessions

BEFORE_SLOT = "/claim/"
ADDRESS = re.compile(
    f"/e/(?P<slug>{WordConverter.regex})/(?P<day>{DayConverter.regex})"
    f"{BEFORE_SLOT}(?P<slot_id>{NumberConverter.regex})",
)
# The button's form holds the token and nothing else; everything longer asks for a closer look.
BEFORE_TOKEN = f"{form_tokens.FIELD}=".encode()
BODY_BYTES = len(BEFORE_TOKEN) + form_tokens.LENGTH
FORM = "application/x-www-form-urlencoded"
TRIED = "timebank.tried"  # in the environ: to be hopeful once more would be no use
SEE_OTHER = f"{HTTPStatus.SEE_OTHER} {HTTPStatus.SEE_OTHER.phrase}".upper()


class Taps:
    """The app, behind a door that gives places to members who ask for no more than that."""

    def __init__(self, app: WSGIApplication, flask: Flask) -> None:
        self._app = app
        self._sessions = cast("Sessions", flask.session_interface)
        self._secret_key: str = flask.config["SECRET_KEY"]
        self._undo_url = flask.url_map.bind("").build("rota.drop", {"claim_id": 0})
        with flask.app_context():  # in the one language that we speak
            self._thanks = _("You’re in. Thank you! We’ll remind you in good time.")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Give the place, or ask the app."""
        if environ["REQUEST_METHOD"] == "POST" and _is_the_button(environ):
            answer = self._give(environ)
            if answer:
                start_response(SEE_OTHER, answer)
                return ()
        return self._app(environ, start_response)

    def _give(self, environ: WSGIEnvironment) -> list[tuple[str, str]] | None:
        """Give the headers of the answer, or None for whatever the view must look at."""
        address = address_of(environ["PATH_INFO"])
        browser = self._sessions.of(environ)
        if address is None or not self._is_our_form(environ, browser):
            return None
        environ[TRIED] = True
        claim_id = _claim(environ, browser, address)
        if claim_id is None:
            return None
        undo_url = self._undo_url.replace("/0", f"/{claim_id}")
        flashes.keep(browser, flashes.Flash(self._thanks, flashes.Tone.GOOD, undo_url))
        return [
            ("Location", environ["PATH_INFO"].partition(BEFORE_SLOT)[0]),
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", "0"),
            *headers.of_every_answer(is_secure=environ["wsgi.url_scheme"] == "https"),
            ("Vary", "Cookie"),
            ("Set-Cookie", self._sessions.header(browser)),
        ]

    def _is_our_form(self, environ: WSGIEnvironment, browser: SecureCookieSession) -> bool:
        body = environ["wsgi.input"].read(BODY_BYTES)
        environ["wsgi.input"] = io.BytesIO(body)
        token = body.removeprefix(BEFORE_TOKEN).decode("latin-1")
        return form_tokens.is_its_own(
            browser, token, secret_key=self._secret_key
        ) and form_tokens.comes_from_us(environ)


def address_of(path: str) -> dict[str, Any] | None:
    """Read the address of a job as Flask would, who takes five times as long; None for others."""
    found = ADDRESS.fullmatch(path)
    if found is None:
        return None
    try:
        day = dt.date.fromisoformat(found["day"])
    except ValueError:
        return None
    return {"slug": found["slug"], "day": day, "slot_id": int(found["slot_id"])}


def _is_the_button(environ: WSGIEnvironment) -> bool:
    return (
        BEFORE_SLOT in environ["PATH_INFO"]
        and environ.get("CONTENT_LENGTH") == str(BODY_BYTES)
        and environ.get("CONTENT_TYPE") == FORM
    )


def _claim(
    environ: WSGIEnvironment, browser: SecureCookieSession, address: dict[str, Any]
) -> int | None:
    try:
        claimed = claiming.claim_at_once(
            reader,
            **address,
            member=door.MEMBER,
            who=door.asking(environ.get("HTTP_HOST", ""), browser),
            now=clock.now(),
        )
    except psycopg.Error:
        return None
    return claimed.id if claimed else None
