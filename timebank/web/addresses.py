"""Addresses that come from outside, and our own as outsiders have to write them."""

from __future__ import annotations

from flask import Flask

from timebank.domain.calendar.composing import site_address
from timebank.web import installation
from timebank.web.door import door

LONGEST_PATH = 300


def safe_path(typed: str | None, *, otherwise: str) -> str:
    r"""Accept a path of this site, and nothing that a browser might read as another.

    urlsplit sees no host in `/\evil.example`, `///evil.example` or `https:evil.example`, so the
    first two characters decide, and control characters (which browsers drop) are refused.
    """
    path = typed or ""
    is_ours = (
        path.startswith("/")
        and path[1:2] not in {"/", "\\"}
        and len(path) <= LONGEST_PATH
        and path.isprintable()
        and "\\" not in path
    )
    return path if is_ours else otherwise


def register(app: Flask) -> None:
    """Let templates write whole addresses."""
    app.jinja_env.globals["site"] = site


def site() -> str:
    """Tell where this community's pages are, as outsiders have to write it.

    Never from the request's Host: kept pages are for everybody, and anybody may send any Host.
    """
    return site_address(installation.settings().public_url, door().community.host)


def secret_key() -> str:
    """Give the key that signs the links in our mails."""
    return installation.settings().secret_key
