"""What lets the viewer act for somebody, and how a look is written down before it is had."""

from __future__ import annotations

from flask import url_for

from timebank.core import clock
from timebank.core.text import first_name
from timebank.db import db
from timebank.domain import acting
from timebank.models import ActedWhat
from timebank.models import ActingFor
from timebank.models import Membership
from timebank.web.auth import member
from timebank.web.door import today
from timebank.web.people.who import full_name_of

HERE = "/me/for/<int:membership_id>"


def acting_for(membership_id: int, *, only_looks: bool = False) -> tuple[ActingFor, str]:
    """Find what lets the viewer act for somebody today, and what to call them.

    Raises:
        NotFound: They may not.
    """
    grant = acting.find_live(
        db.session(),
        helper_id=member(),
        member_id=membership_id,
        today=today(),
        only_looks=only_looks,
    )
    who = db.session.get_one(Membership, membership_id)
    return grant, first_name(full_name_of(who))


def looking_at(membership_id: int, what: ActedWhat) -> tuple[ActingFor, Membership]:
    """As `acting_for`, and keep the day's first look in writing before anything is shown."""
    grant, _first = acting_for(membership_id, only_looks=True)
    acting.write_down(db.session(), acting=grant, what=what, today=today(), now=clock.now())
    db.session.commit()
    return grant, db.session.get_one(Membership, membership_id)


def url_of(membership_id: int) -> str:
    """Lead to what the viewer sees and does for somebody."""
    return url_for("acting.account", membership_id=membership_id)
