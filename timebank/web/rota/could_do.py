"""What I could do: a list of open jobs, by what one may do, where, and when one is free."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from dataclasses import replace
from typing import LiteralString

from flask import Blueprint
from flask import render_template
from flask import request
from flask import url_for
from flask_babel import gettext

from timebank.core import clock
from timebank.db import db
from timebank.domain.rota import could_do
from timebank.domain.rota.could_do import Free
from timebank.domain.rota.could_do import Mark
from timebank.domain.rota.could_do import Wishes
from timebank.domain.rota.whats_on import Kind
from timebank.web.door import open_door
from timebank.web.words import _

COLUMNS: LiteralString = """, ARRAY(SELECT DISTINCT p.area FROM venue p
  WHERE p.community_id = c.id AND p.area <> '' ORDER BY 1)"""
FREE_WORDS = {
    Free.WEEKENDS: _("Weekends"),
    Free.MORNINGS: _("Weekday mornings"),
    Free.AFTERNOONS: _("Weekday afternoons"),
    Free.EVENINGS: _("Weekday evenings"),
}
KIND_WORDS = {
    Kind.OUTDOORS: _("Outdoors"),
    Kind.FOOD: _("Food & company"),
    Kind.MAKING: _("Making & mending"),
    Kind.STEP_FREE: _("Step-free"),
}
_MARK = re.compile(r"([01])\.([0-9]{1,11})\.([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Chip:
    """One choice: a link that makes it, or takes it back where it `is_on`."""

    words: str
    url: str
    is_on: bool


def register(bp: Blueprint) -> None:
    """Add the page to the rota's."""
    bp.add_url_rule("/could-do", view_func=could_do_page, endpoint="could_do")


def could_do_page() -> str:
    """List the open jobs of the next four weeks; to a member, those that they may take."""
    now = clock.now()
    opened = open_door(COLUMNS)
    areas: list[str] = opened.facts[0]
    wishes = _wishes(areas)
    viewer = opened.viewer
    found = could_do.could_do(
        db.session(),
        community_id=opened.community.id,
        zone=opened.community.timezone,
        wishes=wishes,
        person_id=viewer.person_id if viewer else None,
        membership_id=opened.membership_id,
        after=read_mark(request.args.get("after", "")),
        now=now,
    )
    filters = _filters(wishes, areas)
    return render_template(
        "grid/could_do.html",
        jobs=found.jobs,
        more_url=_url(wishes, after=found.after) if found.after else None,
        here=_url(wishes),
        wishes=wishes,
        is_narrowed=wishes != Wishes(needed_first=wishes.needed_first),
        orders=_orders(wishes),
        filters=filters,
        chosen=[chip for _name, chips in filters for chip in chips if chip.is_on],
        anywhere_url=_url(replace(wishes, near=None)),
    )


def _wishes(areas: list[str]) -> Wishes:
    """Read what is wished for; what was not offered is passed over."""
    near = request.args.get("near", "")
    kind = request.args.get("kind", "")
    return Wishes(
        near=near if near in areas else None,
        free=frozenset(Free(one) for one in request.args.getlist("free") if one in set(Free)),
        kind=Kind(kind) if kind in set(Kind) else None,
        needed_first=request.args.get("first") == "needed",
    )


def _url(wishes: Wishes, *, after: Mark | None = None) -> str:
    return url_for(
        "grid.could_do",
        near=wishes.near,
        free=sorted(wishes.free),
        kind=wishes.kind.value if wishes.kind else None,
        first="needed" if wishes.needed_first else None,
        after=write_mark(after) if after else None,
    )


def write_mark(after: Mark) -> str:
    """Write where a page ended, for the address of the next."""
    return f"{after.rank}.{int(after.starts_at.timestamp())}.{after.slot_id}"


def read_mark(typed: str) -> Mark | None:
    """Read where the page before ended; what is no mark means the beginning."""
    found = _MARK.fullmatch(typed)
    if not found:
        return None
    rank, seconds, slot_id = map(int, found.groups())
    return Mark(rank, dt.datetime.fromtimestamp(seconds, dt.UTC), slot_id)


def _orders(wishes: Wishes) -> list[Chip]:
    return [
        Chip(
            gettext("Soonest first"),
            _url(replace(wishes, needed_first=False)),
            not wishes.needed_first,
        ),
        Chip(
            gettext("Needed first"), _url(replace(wishes, needed_first=True)), wishes.needed_first
        ),
    ]


def _filters(wishes: Wishes, areas: list[str]) -> list[tuple[str, list[Chip]]]:
    """Offer what narrows the list: a name for each set of chips, and the chips."""
    near = [
        Chip(area, _url(replace(wishes, near=None if is_on else area)), is_on)
        for area in areas
        for is_on in (area == wishes.near,)
    ]
    free = [
        Chip(FREE_WORDS[one], _url(replace(wishes, free=wishes.free ^ {one})), one in wishes.free)
        for one in Free
    ]
    kinds = [
        Chip(KIND_WORDS[one], _url(replace(wishes, kind=None if is_on else one)), is_on)
        for one in Kind
        for is_on in (one is wishes.kind,)
    ]
    sets = [(gettext("Near"), near), (gettext("When I’m free"), free), (gettext("What"), kinds)]
    return [(name, chips) for name, chips in sets if chips]
