"""Addresses of the pages that are only words."""

from __future__ import annotations

from flask import Blueprint
from flask import render_template

from timebank.core.errors import NotFound
from timebank.web import installation

bp = Blueprint("pages", __name__)


@bp.get("/help")
def help() -> str:  # noqa: A001 - the address, the endpoint and the template share one name
    """Say how Good Turn works."""
    return render_template("pages/help.html")


@bp.get("/accessibility")
def accessibility() -> str:
    """Say what we do so that everybody can use this, and what isn't perfect."""
    return render_template("pages/accessibility.html")


@bp.get("/privacy")
def privacy() -> str:
    """Say what is kept about people and who sees it."""
    return render_template("pages/privacy.html")


@bp.get("/styleguide")
def styleguide() -> str:
    """Show every component; for the people who build this, in demo mode.

    Raises:
        NotFound: Outside demo mode.
    """
    settings = installation.settings()
    if not settings.demo:
        raise NotFound
    from timebank.web.pages.styleguide import guide  # noqa: PLC0415 - nobody else needs it

    return render_template("styleguide.html", guide=guide())
