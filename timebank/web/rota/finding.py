"""Finding somebody: the waiting list and calls for help, for those who wait, ask and are asked."""

from __future__ import annotations

from flask import Blueprint

from timebank.web.rota import appeals
from timebank.web.rota import free_place
from timebank.web.rota import waiting

bp = Blueprint("finding", __name__)

waiting.register(bp)
appeals.register(bp)
free_place.register(bp)
