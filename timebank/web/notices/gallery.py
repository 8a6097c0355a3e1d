"""Every kind of message with made-up content. Outside the demo these pages do not exist."""

from __future__ import annotations

from flask import Blueprint
from flask import Response
from flask import render_template

from timebank.core import clock
from timebank.core.errors import NotFound
from timebank.domain.notices import samples
from timebank.domain.notices import wording
from timebank.domain.notices.families import FAMILY_OF
from timebank.domain.notices.wording import Wording
from timebank.models import NoticeKind
from timebank.web import installation
from timebank.web.notices.forms import FAMILY_NAMES
from timebank.web.notices.framing import framed
from timebank.web.notices.framing import framing

NOT_A_KEY = "these links open nothing, but look as they do"


def register(bp: Blueprint) -> None:
    """Add these pages."""
    bp.get("/demo/mail/kinds")(kinds)
    bp.get("/demo/mail/kinds/<kind>")(kind_shown)
    bp.get("/demo/mail/kinds/<kind>/page")(kind_page)


def kinds() -> str:
    """List every kind there is, by its subject."""
    listed = [(kind.value, _word(kind.value).subject) for kind in NoticeKind]
    return render_template("notices/kinds.html", kinds=sorted(listed))


def kind_shown(kind: str) -> Response:
    """Show one kind: its page in a frame, its text, and whether it can be ended."""
    words = _word(kind)
    family = FAMILY_OF.get(NoticeKind(kind))
    return framing(
        render_template(
            "notices/kind.html",
            kind=kind,
            words=words,
            about=FAMILY_NAMES[family] if family else None,
        )
    )


def kind_page(kind: str) -> Response:
    """Show the page that such a message brings."""
    return framed(_word(kind).html)


def _word(kind: str) -> Wording:
    settings = installation.settings()
    if not settings.demo or kind not in set(NoticeKind):
        raise NotFound
    now = clock.now()
    letter, enclosed = samples.sample(NoticeKind(kind), now=now)
    return wording.word(
        letter, public_url=settings.public_url, secret_key=NOT_A_KEY, now=now, enclosed=enclosed
    )
