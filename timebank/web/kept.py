"""Keep whole pages ready-made, under a key that names everything they show.

The key holds the versions of the records on the page, which triggers raise with every change, so
a kept page is never stale: it is simply no longer asked for. What differs from viewer to viewer
(the hours in the masthead, the form token) is left open in the kept page and filled in at the end.
A page is kept as bytes, cut at those gaps: to fill it is to join the pieces.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Sequence
from functools import lru_cache

from flask import Flask
from flask import Response
from flask import g
from flask import session
from flask_babel import gettext as _
from markupsafe import Markup

from timebank.web.door import door
from timebank.web.filters import hours
from timebank.web.flashes import WAITING
from timebank.web.form_tokens import form_token

MOST_PAGES = 256
# A kept page knows what time it is to within five minutes; the rules know it exactly.
CLOCK_SECONDS = 300
# Characters of the private use area: no form of ours lets them in.
HOURS = "\ue001hours\ue002"
TOKEN = "\ue001token\ue002"  # noqa: S105 - a mark, not a secret

# Cut where the hours go, and every part of that where the form token goes.
Pieces = tuple[tuple[bytes, ...], ...]


class Shelf:
    """The pages kept in this process, the least lately asked for going first."""

    def __init__(self, most: int = MOST_PAGES) -> None:
        self._most = most
        self._pages: OrderedDict[Hashable, Pieces] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> Pieces | None:
        """Give the page kept under this key."""
        with self._lock:
            page = self._pages.get(key)
            if page is not None:
                self._pages.move_to_end(key)
            return page

    def keep(self, key: Hashable, page: Pieces) -> None:
        """Keep a page; the one asked for least lately makes room."""
        with self._lock:
            self._pages[key] = page
            while len(self._pages) > self._most:
                self._pages.popitem(last=False)

    def clear(self) -> None:
        """Let go of every page."""
        with self._lock:
            self._pages.clear()


shelf = Shelf()


def register(app: Flask) -> None:
    """Offer templates the two things that are filled in at the end."""
    app.jinja_env.globals.update(masthead_hours=masthead_hours, csrf_token=token_to_show)


def masthead_hours() -> str:
    """The viewer's hours in the masthead: "12½ hours"; below zero, where to read them in words."""
    if g.get("keeping"):
        return HOURS
    viewer = door().viewer
    return _in_words(viewer.balance_minutes) if viewer else ""


@lru_cache(maxsize=MOST_PAGES)
def _in_words(minutes: int) -> str:
    """Say it once: like everything on a kept page, it is in the one language that we speak."""
    return hours(minutes) if minutes >= 0 else _("Your hours")


def token_to_show() -> str:
    """The token that every form carries."""
    return TOKEN if g.get("keeping") else form_token()


def kept_page(key: Hashable, render: Callable[[], str]) -> Response:
    """Answer with the page kept under `key`, or render and keep it.

    A page with a notice on it ("You're in!") is for this once, and is not kept.
    """
    if session.get(WAITING):
        return _answer(render())
    page = shelf.find(key)
    if page is None:
        g.keeping = True
        try:
            page = _cut(render())
        finally:
            g.keeping = False
        shelf.keep(key, page)
    return _answer(_fill(page))


def tick(now: dt.datetime) -> int:
    """Tell the time as kept pages know it, for their keys."""
    return int(now.timestamp()) // CLOCK_SECONDS


def fresh_page(render: Callable[[], str]) -> Response:
    """Answer with a page that is rendered for this once."""
    return _answer(render())


def _cut(page: str) -> Pieces:
    parts = page.split(HOURS)
    return tuple(tuple(piece.encode() for piece in part.split(TOKEN)) for part in parts)


def _fill(page: Pieces) -> bytes:
    return _join([_join(part, form_token) for part in page], masthead_hours)


def _join(pieces: Sequence[bytes], filling: Callable[[], str]) -> bytes:
    """Join pieces by what goes between them; where nothing does, it is not even made."""
    if len(pieces) == 1:
        return pieces[0]
    return Markup.escape(filling()).encode().join(pieces)


def _answer(page: str | bytes) -> Response:
    return Response(page, headers={"Cache-Control": "private, no-cache"})
