"""A member's own calendar shows something at the time of a turn: they are told, and may go on.

`timebank.domain.calendar.incoming.busy` keeps the spans; `taking` looks for one besides.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Refused

IS_BUSY = sa.text("""
SELECT EXISTS (
  SELECT FROM busy_span b JOIN slot s ON b.starts_at < s.ends_at AND b.ends_at > s.starts_at
   WHERE b.membership_id = :membership_id AND s.id = :slot_id)
""")


class BusyThen(Refused):
    """Your own calendar shows something at that time."""


def mind(session: Session, *, slot_id: int, membership_id: int) -> None:
    """Say so when their own calendar is what stands in the way of a turn.

    Raises:
        BusyThen: It shows something at that time.
    """
    if session.scalar(IS_BUSY, {"slot_id": slot_id, "membership_id": membership_id}):
        raise BusyThen
