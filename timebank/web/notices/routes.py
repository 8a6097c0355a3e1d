"""Choose one's mails; and in the demo, read its mail and look at every kind there is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint
from flask import Response
from flask import render_template

from timebank.core.errors import NotFound
from timebank.web import installation
from timebank.web.notices import choosing
from timebank.web.notices import gallery
from timebank.web.notices.framing import framed
from timebank.web.notices.framing import framing

if TYPE_CHECKING:
    from timebank.adapters.maildir import FiledMail

bp = Blueprint("notices", __name__)
for part in (choosing, gallery):
    part.register(bp)


@bp.get("/demo/mail")
def mailbox() -> str:
    """List the newest messages."""
    # What reads mail is large, and only the demo needs it.
    from timebank.adapters import maildir  # noqa: PLC0415

    return render_template("notices/mailbox.html", mails=maildir.newest_mail(_folder()))


@bp.get("/demo/mail/<key>")
def message(key: str) -> Response:
    """Show one message: the page it brings in a frame of its own, and its text."""
    return framing(render_template("notices/message.html", mail=_find(key)))


@bp.get("/demo/mail/<key>/page")
def message_page(key: str) -> Response:
    """Show the page that a message brings, shut off from ours."""
    return framed(_find(key).html)


def _find(key: str) -> FiledMail:
    from timebank.adapters import maildir  # noqa: PLC0415

    mail = maildir.find_mail(_folder(), key)
    if mail is None:
        raise NotFound
    return mail


def _folder() -> Path:
    settings = installation.settings()
    if not settings.demo or not settings.smtp_url.startswith("maildir:"):
        raise NotFound
    from timebank.adapters.mail import mail_folder  # noqa: PLC0415

    return mail_folder(settings.smtp_url)
