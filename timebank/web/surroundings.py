"""What stands around every page: the community it belongs to, and who is looking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from flask import g

from timebank.core.errors import NotFound
from timebank.web import installation
from timebank.web.door import door

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Hand `community`, `viewer` and `is_demo` to every template."""
    app.context_processor(surroundings)


def surroundings() -> dict[str, object]:
    """Name the community and the viewer.

    On a page that refuses, both are None where the door cannot be asked: nobody lives at this
    host name, or the database is away, and the page that says so must not fail in turn.

    Raises:
        NotFound: On any other page, when nobody lives at this host name.
    """
    is_demo = installation.settings().demo
    try:
        opened = door()
    except (NotFound, psycopg.Error):
        if not g.get("is_refusing"):
            raise
        return {"community": None, "viewer": None, "is_demo": is_demo}
    return {"community": opened.community, "viewer": opened.viewer, "is_demo": is_demo}
