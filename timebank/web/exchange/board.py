"""Neighbours: the board of offers and asks, and putting one up. One blueprint.

Strangers read what is wanted and offered, without names; members see first name and initial.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from werkzeug.exceptions import BadRequest

from timebank.db import db
from timebank.domain.exchange import ringing
from timebank.domain.exchange import searching
from timebank.domain.exchange.searching import Wanted
from timebank.models import Category
from timebank.models import PostKind
from timebank.web.door import door
from timebank.web.exchange import board_mail
from timebank.web.exchange import board_posts
from timebank.web.exchange import board_rings
from timebank.web.exchange import board_talks
from timebank.web.exchange.board_words import CATEGORIES
from timebank.web.typed import line
from timebank.web.typed import read_number

bp = Blueprint("neighbours", __name__)
for part in (board_posts, board_talks, board_mail, board_rings):
    part.register(bp)

ON_A_PAGE = 20
LONGEST_SEARCH = 100


@bp.get("/neighbours")
def board() -> str:
    """Show what neighbours ask and offer, the asks first."""
    opened, wanted = door(), _wanted()
    found = searching.search(
        db.session(),
        community_id=opened.community.id,
        wanted=wanted,
        viewer_id=opened.membership_id,
        limit=ON_A_PAGE,
        after=_after(),
    )
    is_coordinator = bool(opened.viewer and opened.viewer.is_coordinator)
    waiting = (
        ringing.count_waiting(db.session(), community_id=opened.community.id)
        if is_coordinator
        else 0
    )
    return render_template(
        "exchange/board.html",
        found=found,
        wanted=wanted,
        areas=searching.areas(db.session(), community_id=opened.community.id),
        categories=CATEGORIES,
        waiting=waiting,
        coordinates=is_coordinator,
        is_first_page=_after() is None,
        next_url=_next_url(found),
        kind_urls={kind: _url({**_said(wanted), "kind": kind}) for kind in (None, *PostKind)},
    )


def _wanted() -> Wanted:
    """Read what is looked for; what is no choice of ours is not looked for."""
    kinds = {kind.value: kind for kind in PostKind}
    categories = {category.value: category for category in Category}
    return Wanted(
        words=_line("q")[:LONGEST_SEARCH],
        kind=kinds.get(request.args.get("kind", "")),
        category=categories.get(request.args.get("category", "")),
        area=_line("area")[:40] or None,
        any_word=request.args.get("any") == "yes",
    )


def _line(name: str) -> str:
    try:
        return line(request.args.get(name, ""))
    except ValueError as error:
        raise BadRequest from error


def _after() -> tuple[PostKind, int] | None:
    """Read where the page begins, "ask-123"."""
    kind, _, number = request.args.get("after", "").partition("-")
    post_id = read_number(number)
    if post_id is None or kind not in {one.value for one in PostKind}:
        return None
    return PostKind(kind), post_id


def _said(wanted: Wanted) -> dict[str, str | None]:
    return {
        "q": wanted.words or None,
        "kind": wanted.kind,
        "category": wanted.category,
        "area": wanted.area,
        "any": "yes" if wanted.any_word else None,
    }


def _next_url(found: searching.Found) -> str | None:
    if found.next_after is None:
        return None
    kind, post_id = found.next_after
    return _url({**_said(found.wanted), "after": f"{kind}-{post_id}"})


def _url(arguments: Mapping[str, str | None]) -> str:
    query = urlencode({name: said for name, said in arguments.items() if said})
    return url_for("neighbours.board") + (f"?{query}" if query else "")
