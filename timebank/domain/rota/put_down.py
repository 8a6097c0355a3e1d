"""Who has one job of one date, as the organiser's page shows them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import first_name
from timebank.core.text import name_or_number


@dataclass(frozen=True, slots=True)
class PutDown:
    """Somebody who has a place, and how they came by it.

    Attributes:
        answer_until: Until when a question waits for their answer, or None.
        by: First name of the organiser who put them down, or None.
        host: First name of the neighbour who brings them along, or None.
        overruled_by: Who let them have it against a rule, and `because` why; both None mostly.
    """

    claim_id: int
    membership_id: int
    name: str
    answer_until: dt.datetime | None
    by: str | None
    host: str | None
    overruled_by: str | None
    because: str | None


PEOPLE = sa.text("""
SELECT c.id, c.membership_id, coalesce(c.held_as, p.full_name),
       CASE WHEN c.held_for = 'asked' THEN c.held_until END,
       maker.full_name, host.full_name, who.full_name, c.overruled_because
  FROM claim c
  LEFT JOIN profile p ON p.person_id = c.person_id
  LEFT JOIN membership a ON a.id = c.made_by
  LEFT JOIN profile maker ON maker.person_id = a.person_id
  LEFT JOIN membership b ON b.id = c.guest_of
  LEFT JOIN profile host ON host.person_id = b.person_id
  LEFT JOIN membership o ON o.id = c.overruled_by
  LEFT JOIN profile who ON who.person_id = o.person_id
 WHERE c.slot_id = :slot_id AND c.live
 ORDER BY c.place
""")


def put_down_on(session: Session, *, slot_id: int) -> list[PutDown]:
    """Read who has a job, in one statement."""
    rows = session.execute(PEOPLE, {"slot_id": slot_id})
    return [_put_down(*row) for row in rows]


def _put_down(
    claim_id: int,
    membership_id: int,
    name: str | None,
    until: dt.datetime | None,
    *others: str | None,
) -> PutDown:
    by, host, overruled_by, because = others
    return PutDown(
        claim_id,
        membership_id,
        name_or_number(name),
        until,
        _called(by),
        _called(host),
        _called(overruled_by),
        because,
    )


def _called(full_name: str | None) -> str | None:
    return first_name(full_name) if full_name else None
