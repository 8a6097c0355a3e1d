"""Days near today, because the clock of a served app is not ours to stop."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from tests import builders
from tests.builders import Walk
from timebank.core import clock
from timebank.models import Claim
from timebank.models import Event
from timebank.models import Role
from timebank.models import Series

BEGAN_AGO = dt.timedelta(minutes=10)
LASTS = dt.timedelta(minutes=90)


def soon() -> dt.date:
    """Three days ahead, on any day of the week: a week before is past, a day after is this week.

    Not within a day: places of newcomers are then held for 24 hours.
    """
    return clock.local_date(clock.now(), builders.LONDON) + dt.timedelta(days=3)


def saturday() -> dt.date:
    """The next Saturday but not within a day, for what is told by the day of the week."""
    today = clock.local_date(clock.now(), builders.LONDON) + dt.timedelta(days=2)
    return today + dt.timedelta(days=(5 - today.weekday()) % 7)


def a_walk(session: Session, *, day: dt.date | None = None) -> Walk:
    """Walk soon, in a community that is awake: its quiet hour is half a day from now."""
    walk = builders.a_walk(session, day=day or soon())
    hour = clock.now().astimezone(ZoneInfo(builders.LONDON)).hour + 12
    walk.community.quiet_from = dt.time(hour % 24)
    walk.community.quiet_until = dt.time((hour + 1) % 24)
    return walk


def a_walk_under_way(session: Session, walk: Walk) -> Event:
    """One more date of the walk that began ten minutes ago; Bela marshals, Sam walks last."""
    begins = (clock.now() - BEGAN_AGO).replace(second=0, microsecond=0)
    event = Event(
        community_id=walk.community.id,
        series_id=walk.series.id,
        venue_id=walk.series.venue_id,
        occurs_on=clock.local_date(begins, builders.LONDON),
        starts_at=begins,
        ends_at=begins + LASTS,
    )
    session.add(event)
    session.flush()
    _claim(session, event, walk.marshal.role_id, walk.bela)
    _claim(session, event, walk.tail_walker.role_id, walk.sam)
    session.commit()
    return event


def _claim(session: Session, event: Event, role_id: int, member: builders.Membership) -> Claim:
    slot = builders.a_slot(session, event, session.get_one(Role, role_id))
    return builders.a_claim(session, slot, member)


def a_repair_cafe(session: Session, walk: Walk) -> Series:
    """Something else to go to, the day after the walk, with a job it can't start without."""
    series = builders.a_series(
        session,
        group=walk.group,
        organiser=walk.nadia,
        title="Repair café",
        slug="repair-cafe",
        first_on=soon() + dt.timedelta(days=1),
        starts=dt.time(14),
        ends=dt.time(16),
    )
    series.scene = "fix"
    event = builders.an_event(session, series)
    role = builders.a_role(session, series, name="Fixer", places=3, needed=1)
    builders.a_slot(session, event, role)
    session.commit()
    return series
