"""Keep feeds free of cookies, and the secrets in addresses out of the logs."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from flask import request
from flask.sessions import SecureCookieSessionInterface

if TYPE_CHECKING:
    from flask import Flask
    from flask import Response
    from flask.sessions import SessionMixin

LOGGERS = ("gunicorn.access", "gunicorn.error", "werkzeug")
MASK = "…"
_SECRET = re.compile(r"(?<=/me/)[^/\s?\"]+(?=\.ics)|(?<=/t/)\d+-\w+|(?<=/sign-in/)\d+-\w+")


def register(app: Flask) -> None:
    """Put both in place, once an app."""
    app.session_interface = NoCookieOnFeeds()
    mask = MaskSecrets()
    for name in (*LOGGERS, app.logger.name):
        logging.getLogger(name).addFilter(mask)


class NoCookieOnFeeds(SecureCookieSessionInterface):
    """Sessions as ever, but none on a feed: shared caches keep those for everybody.

    Looking into the session is enough for `Vary: Cookie`, and flask-login looks at every answer.
    """

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the session, unless the answer is a feed's."""
        if not request.path.endswith(".ics"):
            super().save_session(app, session, response)


class MaskSecrets(logging.Filter):
    """Take the secrets out of addresses in log lines, whoever writes the line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; never drops one."""
        line = record.getMessage()
        masked = _SECRET.sub(MASK, line)
        if masked != line:
            record.msg, record.args = masked, ()
        return True
