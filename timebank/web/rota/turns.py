"""What becomes of a turn: asked for, brought along, stood for, handed over. One blueprint."""

from __future__ import annotations

from flask import Blueprint

from timebank.web.rota import asking
from timebank.web.rota import friends
from timebank.web.rota import handing_over
from timebank.web.rota import standing

bp = Blueprint("turns", __name__)
for part in (asking, friends, standing, handing_over):
    part.register(bp)
