"""Name somebody an operator, as whoever owns the tables does at the machine."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.models import Membership
from timebank.models import Operator


def name_operator(owner: sa.Engine, member: Membership) -> None:
    """Let a member look after the installation; they are committed already."""
    with Session(owner) as session:
        session.add(Operator(person_id=member.person_id))
        session.commit()
