"""Organisers write to people; people answer by a link, and choose whether to hear from them."""

from __future__ import annotations

from flask import Blueprint

from timebank.web.messages import answers
from timebank.web.messages import hearing
from timebank.web.messages import writing

bp = Blueprint("messages", __name__)
for part in (writing, answers, hearing):
    part.register(bp)
