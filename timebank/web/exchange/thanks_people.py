"""Finding the neighbour who is meant: those met lately are chips, others are found by a name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from dataclasses import replace

from flask_babel import gettext as _

from timebank.db import db
from timebank.domain.communities import neighbours
from timebank.domain.exchange import people
from timebank.domain.exchange.people import Known
from timebank.models import Membership
from timebank.web.exchange.thanks_forms import WhoFields
from timebank.web.filters import day as day_of
from timebank.web.filters import long_day


@dataclass(frozen=True, slots=True)
class Chip:
    """A neighbour to choose; `more` tells them from another of the same name."""

    membership_id: int
    name: str
    more: str


def chosen(fields: WhoFields, by: Membership) -> int | None:
    """Tell who is meant; None when the form has to ask, and then the fields say so.

    A name that was typed counts before a chip that was chosen earlier, unless both agree.
    """
    name = fields.new_name
    if not name:
        return _of_chip(fields, by)
    found = people.find_by_name(db.session(), community_id=by.community_id, me=by.id, typed=name)
    ids = [one.membership_id for one in found]
    if len(ids) == 1 and fields.chosen_id in {None, *ids}:
        return ids[0]
    fields.who.data = None
    fields.offer(found, for_name=name if found else "")
    if found:
        fields.who.errors = [_("Choose whom you mean")]
    else:
        fields.name.errors = [_("We know nobody of that name here. Try their first name")]
    return None


def _of_chip(fields: WhoFields, by: Membership) -> int | None:
    """Tell whose chip is chosen.

    Raises:
        NotFound: It was none of ours.
    """
    if fields.chosen_id is None:
        fields.who.errors = [_("Choose somebody, or write their name")]
        return None
    found = neighbours.find_member(
        db.session(), community_id=by.community_id, membership_id=fields.chosen_id
    )
    return found.id


def chips(fields: WhoFields, by: Membership) -> list[Chip]:
    """List whom the chips offer: those of the name that was asked for, or those met lately."""
    known = fields.who.people
    if known is None:
        known = _as_before(fields, by)
    if not known:
        _ask_by_name(fields)
    return _told_apart([_chip(one) for one in known])


def _ask_by_name(fields: WhoFields) -> None:
    """Without chips the name is the question, and what is wrong stands beside it."""
    fields.name.label.text = fields.who.label.text
    if fields.who.errors and not fields.name.errors:
        fields.name.errors, fields.who.errors = fields.who.errors, []


def _as_before(fields: WhoFields, by: Membership) -> list[Known]:
    session, here = db.session(), by.community_id
    if fields.asked.data:
        return people.find_by_name(
            session, community_id=here, me=by.id, typed=str(fields.asked.data)[:80]
        )
    met = people.recent_people(session, community_id=here, me=by.id)
    wanted = fields.chosen_id
    if wanted is None or wanted in {one.membership_id for one in met}:
        return met
    return people.find_known(session, community_id=here, me=by.id, ids=[wanted]) + met


def _chip(known: Known) -> Chip:
    return Chip(known.membership_id, known.name, _more(known) if known.is_ambiguous else "")


def _told_apart(found: list[Chip]) -> list[Chip]:
    """Add their number where two of a name have nothing else to tell them apart."""
    counted = Counter((one.name, one.more) for one in found)
    return [
        replace(
            one, more=_("%(more)s, member %(number)s", more=one.more, number=one.membership_id)
        )
        if counted[one.name, one.more] > 1
        else one
        for one in found
    ]


def _more(known: Known) -> str:
    """Tell two of a name apart: by what they last had to do with each other, or who they are."""
    if known.share and known.shared_on:
        return _("%(what)s, %(day)s", what=known.share, day=day_of(known.shared_on))
    if known.runs:
        return _("runs %(group)s", group=known.runs)
    if known.area:
        return _("from %(area)s", area=known.area)
    return _("here since %(day)s", day=long_day(known.since))
