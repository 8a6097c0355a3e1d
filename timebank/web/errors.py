"""Turn refusals into answers. The only place that knows HTTP numbers for them."""

from __future__ import annotations

import logging

import psycopg
from flask import Flask
from flask import g
from flask import render_template
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from timebank.core.errors import Conflict
from timebank.core.errors import NotAllowed
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.errors import TimebankError
from timebank.db import db

STATUS: dict[type[TimebankError], int] = {
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Refused: 422,
}
PAGES = {400, 403, 404, 405, 409, 413, 422, 429, 500, 503}
# Serialisation failure and deadlock: two people met, and one of them has to tap again.
RIVALS_MET = {"40001", "40P01"}
log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Install the answers."""
    app.register_error_handler(TimebankError, _refusal)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(psycopg.OperationalError, _database_away)
    app.register_error_handler(500, _broken)


def _page(status: int, sentence: str | None = None) -> tuple[str, int]:
    name = status if status in PAGES else 400
    g.is_refusing = True  # shown even where nobody can be asked who is there
    return render_template(f"errors/{name}.html", sentence=sentence), status


def _refusal(error: TimebankError) -> tuple[str, int]:
    db.session.rollback()
    status = next((n for kind, n in STATUS.items() if isinstance(error, kind)), 500)
    return _page(status, error.sentence)


def _http(error: HTTPException) -> tuple[str, int]:
    return _page(error.code or 500)


def _database_away(error: Exception) -> tuple[str, int] | tuple[str, int, dict[str, str]]:
    cause = error.orig if isinstance(error, OperationalError) else error
    if getattr(cause, "sqlstate", None) in RIVALS_MET:
        db.session.rollback()
        return _page(409)
    log.error("the database is away: %s", type(error).__name__)
    return (*_page(503), {"Retry-After": "30"})


def _broken(_error: Exception) -> tuple[str, int]:
    db.session.rollback()
    return _page(500)
