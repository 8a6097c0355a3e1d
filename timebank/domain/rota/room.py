"""Room for one more: the next free place of a job, and a place more where somebody really is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.domain.rota.claiming import lapse_holds
from timebank.models import Slot

MOST_PLACES = 500  # as the table has it: slot_places

FREE_PLACE = sa.text("""
SELECT place.place
  FROM slot s, generate_series(1, s.places) AS place
 WHERE s.id = :slot_id
   AND NOT EXISTS (SELECT FROM claim c WHERE c.slot_id = s.id AND c.place = place.place
                                          AND c.live)
   AND place.place <> ALL(:besides)
 ORDER BY place.place LIMIT 1
""")


class NoMoreRoom(Refused):
    """That job has 500 people already. Choose another job."""


def free_place(
    session: Session, *, slot_id: int, now: dt.datetime, besides: Collection[int] = ()
) -> int:
    """Find a place of a job, growing a full one by one. The event must be locked.

    For somebody who stands there: a rota is no reason to send them home.

    Args:
        besides: Free places that are promised to others just now.

    Raises:
        NoMoreRoom: When the job is as large as a job can be.
    """
    lapse_holds(session, now=now, slot_id=slot_id)
    found = session.scalar(FREE_PLACE, {"slot_id": slot_id, "besides": list(besides)})
    if found is not None:
        return int(found)
    grown = session.scalar(
        sa.update(Slot)
        .where(Slot.id == slot_id, Slot.places < MOST_PLACES)
        .values(places=Slot.places + 1)
        .returning(Slot.places)
        .execution_options(synchronize_session=False)
    )
    if grown is None:
        raise NoMoreRoom(field="slot")
    return grown
