"""What subscribers will see, before an organiser saves a change of a date or a series."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import gettext as _

from timebank.core import clock
from timebank.db import db
from timebank.domain.calendar import previewing
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.previewing import Changed


def seen_in_calendars(change: Callable[[], object], *, series_id: int) -> list[Changed]:
    """Try a change and take it back -> each date that calendars will show otherwise.

    Raises:
        Whatever the change raises.
    """
    words = Words(cancelled=_("Cancelled: %(title)s"))
    return previewing.changed_looks(
        db.session(), change, series_id=series_id, words=words, now=clock.now()
    )
