"""Tells a monitor whether this Good Turn does its work: `GET /health`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint
from flask import current_app
from flask import jsonify

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from timebank.core.health import Part

PROBES = "timebank.probes"

bp = Blueprint("health", __name__)


@bp.get("/health")
def show() -> tuple[Response, int]:
    """Ask each part; 200 when all do their work, else 503 with the names of those that do not.

    What exactly is wrong stays with the operator (`timebank doctor`): it may name hosts.
    """
    look: Callable[[], list[Part]] = current_app.extensions[PROBES]
    parts = look()
    faults = [part.name for part in parts if not part.ok]
    words = {part.name: "ok" if part.ok else "fault" for part in parts}
    response = jsonify(ok=not faults, faults=faults, parts=words)
    response.headers["Cache-Control"] = "no-store"
    return response, 503 if faults else 200
