"""Coming and going: the slice's pages in one blueprint."""

from __future__ import annotations

from flask import Blueprint

from timebank.web.joining import coming
from timebank.web.joining import deciding
from timebank.web.joining import going

bp = Blueprint("joining", __name__)

coming.register(bp)
deciding.register(bp)
going.register(bp)
