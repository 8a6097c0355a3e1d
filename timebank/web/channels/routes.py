"""The phones on which somebody is told, and what a browser needs to show our notices."""

from __future__ import annotations

from flask import Blueprint

from timebank.web.channels import installing
from timebank.web.channels import phones

bp = Blueprint("channels", __name__)
for part in (phones, installing):
    part.register(bp)
