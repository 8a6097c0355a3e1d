"""What a change does to people's calendars, before it is made: each date as it was and will be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from timebank.domain.calendar import reading
from timebank.domain.calendar import statements
from timebank.domain.calendar.composing import item_of
from timebank.domain.calendar.items import Item
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.reading import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A date as a calendar shows it at a glance."""

    title: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    place: str
    is_cancelled: bool
    is_uncertain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A date that calendars will show otherwise; None: they don't show it."""

    before: Look | None
    after: Look | None


def changed_looks(
    session: Session,
    change: Callable[[], object],
    *,
    series_id: int,
    words: Words,
    now: dt.datetime,
) -> list[Changed]:
    """Make a change, see what calendars would show of a series, and take the change back.

    Whatever the change refuses goes through to the caller, and nothing of it stays either.

    Args:
        session: The session, without anything that waits to be written.
        change: Makes the change, in this session.
        series_id: The series that it is about.
        words: What the rules put into a calendar.
        now: When.
    """
    before = _looks(session, series_id, words, now)
    with session.begin_nested() as trial:
        change()
        session.flush()
        after = _looks(session, series_id, words, now)
        trial.rollback()
    session.expire_all()
    uids = [uid for uid in before if before[uid] != after.get(uid)]
    uids += [uid for uid in after if uid not in before]
    found = [Changed(before=before.get(uid), after=after.get(uid)) for uid in uids]
    return sorted(found, key=_when)


def _when(one: Changed) -> dt.datetime:
    look = one.before or one.after
    return look.starts_at if look else dt.datetime.max.replace(tzinfo=dt.UTC)


def _looks(session: Session, series_id: int, words: Words, now: dt.datetime) -> dict[str, Look]:
    """Read what the feed of a series shows of its dates to come, by their UID."""
    values = {"holder": series_id, "since": now, "until": reading.window(now).until}
    rows = session.connection().exec_driver_sql(statements.ROWS_OF_A_SERIES, values)
    state = reading.bare_state(Kind.SERIES, holder_id=series_id, host=None, timezone="UTC")
    items = [item_of(reading.showing_of(row), state, words, "https://localhost") for row in rows]
    return {item.uid: _look(item) for item in items}


def _look(item: Item) -> Look:
    return Look(
        title=item.title,
        starts_at=item.starts_at,
        ends_at=item.ends_at,
        place=item.location,
        is_cancelled=item.is_cancelled,
        is_uncertain=item.is_uncertain and not item.is_cancelled,
    )
