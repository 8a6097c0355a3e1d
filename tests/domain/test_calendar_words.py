"""A date that comes while the words it shows change is told in the new ones, whoever is first."""

from __future__ import annotations

import datetime as dt
import threading
import time

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.builders import Walk
from tests.builders import a_walk
from tests.calendars import Subscriber
from timebank.models import CalendarEntry
from timebank.models import Venue

DAY = dt.date(2026, 11, 28)
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)

NEW_DATE = """
INSERT INTO event (community_id, series_id, venue_id, occurs_on, starts_at, ends_at)
SELECT community_id, series_id, venue_id, occurs_on + 7, starts_at + interval '7 days',
       ends_at + interval '7 days' FROM event"""
MOVED = """
UPDATE event SET sequence = sequence + 1,
                 venue_id = (SELECT id FROM venue WHERE name = 'The old hall')"""
OTHER_GROUP = """
UPDATE series SET group_id = (SELECT id FROM community_group WHERE slug = 'another')"""
OLD_HALL = "UPDATE venue SET name = 'New words' WHERE name = 'The old hall'"
ANOTHER = "UPDATE community_group SET name = 'New words' WHERE slug = 'another'"
RENAMED = {
    "series": "UPDATE series SET title = 'New words'",
    "group": "UPDATE community_group SET name = 'New words'",
    "place": "UPDATE venue SET name = 'New words'",
}
RACES = {
    **{f"a new date, its {what}": (NEW_DATE, change) for what, change in RENAMED.items()},
    "a date that moves, its new place": (MOVED, OLD_HALL),
    "a series that goes to another group": (OTHER_GROUP, ANOTHER),
}


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = a_walk(session, day=DAY)
    session.add(Venue(community_id=walk.community.id, name="The old hall", area=""))
    session.execute(
        sa.text(
            "INSERT INTO community_group (community_id, slug, name)"
            " SELECT id, 'another', 'Another group' FROM community"
        )
    )
    session.commit()
    return walk


def run(engine: sa.Engine, sql: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(sql)


def somebody_waits(engine: sa.Engine) -> bool:
    with engine.connect() as connection:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return bool(connection.exec_driver_sql(waiting).scalar())


@pytest.mark.parametrize("is_renamed_first", [True, False])
@pytest.mark.parametrize("race", RACES)
def test_no_calendar_keeps_old_words(
    walk: Walk, database_url: str, engine: sa.Engine, *, race: str, is_renamed_first: bool
) -> None:
    subscriber = Subscriber(database_url, NOW)
    comes, renames = RACES[race]
    first, second = (renames, comes) if is_renamed_first else (comes, renames)
    rival = threading.Thread(target=run, args=(engine, second))
    with engine.begin() as connection:
        connection.exec_driver_sql(first)
        rival.start()
        while rival.is_alive() and not somebody_waits(engine):
            time.sleep(0.01)
        subscriber.everything()  # whatever is there by now is written, and stored
    rival.join()
    shown = subscriber.everything()
    assert b"New words" in shown
    assert shown.count(b"BEGIN:VEVENT") == 1 + (comes == NEW_DATE)
    run(engine, f"DELETE FROM {CalendarEntry.__tablename__}")  # noqa: S608 - a constant
    subscriber.close()
    anew = Subscriber(database_url, NOW)
    assert anew.everything() == shown
    anew.close()
