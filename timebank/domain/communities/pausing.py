"""A pause: for a while nobody asks somebody anything. Begun and ended in `joining`."""

from __future__ import annotations

import datetime as dt

from timebank.core import clock
from timebank.models import Membership

# For statements of others: whether member `m` is not pausing at `:now`.
IS_AROUND = "(m.paused_at IS NULL OR m.paused_until <= :now)"


def is_pausing(member: Membership, *, now: dt.datetime) -> bool:
    """Tell whether they are left in peace at this moment."""
    if member.paused_at is None:
        return False
    return member.paused_until is None or member.paused_until > now


def back_on(member: Membership, *, timezone: str) -> dt.date | None:
    """Tell the first day on which a pausing member is back, on the community's clocks."""
    return clock.local_date(member.paused_until, timezone) if member.paused_until else None
