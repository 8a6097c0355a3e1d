"""Read the demo's mail. Outside the demo these pages do not exist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint
from flask import Response
from flask import current_app
from flask import make_response
from flask import render_template

from timebank.core.errors import NotFound
from timebank.core.settings import Settings
from timebank.web.headers import CONTENT_SECURITY_POLICY

if TYPE_CHECKING:
    from timebank.adapters.maildir import FiledMail

bp = Blueprint("notices", __name__)

# The message's own page brings inline styles, as mail has to; so it may do nothing else, and only
# our own page may frame it. A link in it opens in the window around it.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation"
)
FRAMING_POLICY = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"


@bp.get("/demo/mail")
def mailbox() -> str:
    """List the newest messages."""
    # What reads mail is large, and only the demo needs it.
    from timebank.adapters import maildir  # noqa: PLC0415

    return render_template("notices/mailbox.html", mails=maildir.newest_mail(_folder()))


@bp.get("/demo/mail/<key>")
def message(key: str) -> Response:
    """Show one message: the page it brings in a frame of its own, and its text."""
    answer = make_response(render_template("notices/message.html", mail=_find(key)))
    answer.headers["Content-Security-Policy"] = FRAMING_POLICY
    return answer


@bp.get("/demo/mail/<key>/page")
def message_page(key: str) -> Response:
    """Show the page that a message brings, shut off from ours."""
    page = _find(key).html.replace("<head>", '<head><base target="_top">', 1)
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    return answer


def _find(key: str) -> FiledMail:
    from timebank.adapters import maildir  # noqa: PLC0415

    mail = maildir.find_mail(_folder(), key)
    if mail is None:
        raise NotFound
    return mail


def _folder() -> Path:
    settings: Settings = current_app.extensions["timebank.settings"]
    if not settings.demo or not settings.smtp_url.startswith("maildir:"):
        raise NotFound
    from timebank.adapters.mail import mail_folder  # noqa: PLC0415

    return mail_folder(settings.smtp_url)
