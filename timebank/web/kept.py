"""Keep whole pages ready-made, under a key that names everything they show.

The key holds the versions of the records on the page, which triggers raise with every change, so
a kept page is never stale: it is simply no longer asked for. What differs from viewer to viewer
(the hours in the masthead, the form token) is left open in the kept page and filled in at the end.
A page is kept as bytes, cut at those gaps: to fill it is to join them.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Hashable

from flask import Flask
from flask import Response
from flask import g
from flask import session
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from timebank.web.door import door
from timebank.web.filters import hours

MOST_PAGES = 256
# Characters of the private use area: no form of ours lets them in.
HOURS = "\ue001hours\ue002"
TOKEN = "\ue001token\ue002"  # noqa: S105 - a mark, not a secret
GAPS = re.compile(f"({HOURS}|{TOKEN})")

Pieces = tuple[bytes, ...]


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
    app.jinja_env.globals.update(masthead_hours=masthead_hours, csrf_token=form_token)


def masthead_hours() -> str:
    """The viewer's hours in the masthead: "12½ hours"."""
    if g.get("keeping"):
        return HOURS
    viewer = door().viewer
    return hours(viewer.balance_minutes) if viewer else ""


def form_token() -> str:
    """The token that every form carries."""
    return TOKEN if g.get("keeping") else generate_csrf()


def kept_page(key: Hashable, render: Callable[[], str]) -> Response:
    """Answer with the page kept under `key`, or render and keep it.

    A page with a notice on it ("You're in!") is for this once, and is not kept.
    """
    if session.get("_flashes"):
        return _answer(render())
    page = shelf.find(key)
    if page is None:
        g.keeping = True
        try:
            page = tuple(piece.encode() for piece in GAPS.split(render()))
        finally:
            g.keeping = False
        shelf.keep(key, page)
    return _answer(_fill(page))


def fresh_page(render: Callable[[], str]) -> Response:
    """Answer with a page that is rendered for this once."""
    return _answer(render())


def _fill(page: Pieces) -> bytes:
    if len(page) == 1:
        return page[0]
    filled = {
        HOURS.encode(): Markup.escape(masthead_hours()).encode(),
        TOKEN.encode(): generate_csrf().encode(),
    }
    return b"".join(filled.get(piece, piece) for piece in page)


def _answer(page: str | bytes) -> Response:
    return Response(page, headers={"Cache-Control": "private, no-cache"})
