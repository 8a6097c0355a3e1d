"""What everybody's feeds show is digested once a change: a look says whether there was one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.builders import Walk
from tests.builders import a_series
from tests.builders import a_walk
from tests.builders import an_elsewhere
from tests.builders import an_event
from tests.calendars import PUBLIC_URL
from tests.calendars import Subscriber
from tests.calendars import move
from timebank.db import Reader
from timebank.db import texts_of
from timebank.domain import communities
from timebank.domain.calendar import ahead
from timebank.domain.calendar import reading
from timebank.domain.calendar import statements
from timebank.domain.rota import claiming
from timebank.models import CalendarChange
from timebank.models import Event
from timebank.models import Group
from timebank.models import Series
from timebank.models import SeriesState

DAY = dt.date(2026, 11, 28)
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SLUG = "danson-saturday-stroll"
HERE = {"host": "localhost", "now": NOW}
MARK = sa.select(sa.func.bit_xor(CalendarChange.mark))


@pytest.fixture
def walk(session: Session) -> Walk:
    walk = a_walk(session, day=DAY)
    session.commit()
    return walk


@pytest.fixture
def subscriber(database_url: str, walk: Walk) -> Iterator[Subscriber]:
    subscriber = Subscriber(database_url, NOW)
    yield subscriber
    subscriber.close()


def states(reader: Reader, now: dt.datetime = NOW) -> list[reading.FeedState]:
    here = {"host": "localhost", "now": now}
    return [
        reading.whats_on(reader, **here),
        reading.group(reader, slug="strollers", **here),
        reading.series(reader, slug=SLUG, **here),
    ]


def anew(database_url: str, now: dt.datetime = NOW) -> list[reading.FeedState]:
    """The states as a process sees them that has seen nothing before."""
    reader = Reader()
    reader.bind(database_url)
    found = states(reader, now)
    reader.bind("")
    return found


def test_what_is_known_is_not_asked_again(subscriber: Subscriber, owner: sa.Engine) -> None:
    seen = states(subscriber.reader)
    with owner.begin() as connection:
        connection.exec_driver_sql("REVOKE SELECT ON event FROM timebank_app")
    before = subscriber.reader.statements
    assert states(subscriber.reader) == seen
    assert subscriber.reader.statements == before + 3
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reading.one_date(subscriber.reader, host="localhost", slug=SLUG, day=DAY)


CHANGES = {
    "moved": "UPDATE event SET sequence = sequence + 1, starts_at = starts_at + interval '1 hour',"
    " ends_at = ends_at + interval '1 hour'",
    "out of the window": "UPDATE event SET sequence = sequence + 1,"
    " starts_at = starts_at + interval '3 years', ends_at = ends_at + interval '3 years'",
    "called off": "UPDATE event SET sequence = sequence + 1, state = 'cancelled', reason = 'Snow'",
    "uncertain": "UPDATE event SET sequence = sequence + 1, outlook = 'at_risk'",
    "another title": "UPDATE series SET title = 'Another'",
    "another name of the group": "UPDATE community_group SET name = 'Another'",
    "another place": "UPDATE venue SET name = 'Elsewhere'",
    "another job": "UPDATE role SET name = 'Another' WHERE name = 'Marshal'",
    "another name of the town": "UPDATE community SET place = 'Elsewhere'",
    "another zone": "UPDATE community SET timezone = 'Europe/Dublin'",
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen_at_the_next_look(
    session: Session, subscriber: Subscriber, database_url: str, change: str
) -> None:
    before = states(subscriber.reader)
    session.execute(sa.text(CHANGES[change]))
    session.commit()
    assert states(subscriber.reader) == anew(database_url)
    assert states(subscriber.reader)[0] != before[0]


def test_dates_and_series_that_come_and_go_are_seen(
    session: Session, walk: Walk, subscriber: Subscriber, database_url: str
) -> None:
    assert [state.count for state in states(subscriber.reader)] == [1, 1, 1]
    added = an_event(session, walk.series, DAY + dt.timedelta(weeks=1))
    session.commit()
    assert [state.count for state in states(subscriber.reader)] == [2, 2, 2]
    session.execute(sa.delete(Event).where(Event.id == added.id))
    session.commit()
    assert states(subscriber.reader) == anew(database_url)
    for state, count in ((SeriesState.DRAFT, 0), (SeriesState.PUBLISHED, 1)):
        session.execute(sa.update(Series).values(state=state))
        session.commit()
        assert reading.whats_on(subscriber.reader, **HERE).count == count
        assert reading.group(subscriber.reader, slug="strollers", **HERE).count == count


def test_two_groups_that_change_their_addresses_are_not_confused(
    session: Session, walk: Walk, subscriber: Subscriber, database_url: str
) -> None:
    tea = communities.create_group(
        session, community=walk.community, slug="tea", name="Tea", organisers=[walk.sam]
    )
    series = a_series(session, group=tea, organiser=walk.sam, title="Tea", slug="tea")
    an_event(session, series, DAY)
    session.commit()
    before = states(subscriber.reader)
    for old, new in (("strollers", "x"), ("tea", "strollers"), ("x", "tea")):
        session.execute(sa.update(Group).where(Group.slug == old).values(slug=new))
    session.commit()
    assert states(subscriber.reader)[1].holder_id == tea.id != before[1].holder_id
    assert states(subscriber.reader) == anew(database_url)


def test_time_that_passes_is_seen(
    session: Session, walk: Walk, subscriber: Subscriber, database_url: str
) -> None:
    an_event(session, walk.series, dt.date(2026, 5, 1))  # leaves the window with November
    session.commit()
    for now in (NOW, NOW + dt.timedelta(days=10), NOW + dt.timedelta(days=11)):
        assert states(subscriber.reader, now) == anew(database_url, now)
    december = NOW + dt.timedelta(days=15)
    assert reading.whats_on(subscriber.reader, host="localhost", now=december).count == 1


def test_a_change_that_no_feed_shows_costs_a_digest_and_no_etag(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    old = an_event(session, walk.series, dt.date(2019, 6, 1))
    session.commit()
    before = subscriber.etag()
    move(session, old, dt.timedelta(hours=1), now=NOW)
    counted = subscriber.reader.statements
    assert subscriber.etag() == before
    assert subscriber.reader.statements == counted + 2
    assert subscriber.etag() == before
    assert subscriber.reader.statements == counted + 3


def test_a_turn_changes_nothing_that_everybody_sees(session: Session, walk: Walk) -> None:
    before = session.scalar(sa.select(sa.func.count()).select_from(CalendarChange))
    claiming.claim_slot(session, slot_id=walk.marshal.id, membership_id=walk.bela.id, now=NOW)
    session.commit()
    after = session.scalar(sa.select(sa.func.count()).select_from(CalendarChange))
    assert after == before


def test_nobody_who_changes_something_waits_for_another(
    session: Session, walk: Walk, subscriber: Subscriber, engine: sa.Engine, database_url: str
) -> None:
    """Neither does a look; and what commits later is seen later, whoever began first."""
    second = an_event(session, walk.series, DAY + dt.timedelta(weeks=1))
    session.commit()
    before = states(subscriber.reader)
    change = sa.text("UPDATE event SET sequence = sequence + 1 WHERE id = :id")
    with engine.connect() as one, engine.connect() as other:
        for connection in (one, other):
            connection.exec_driver_sql("SET lock_timeout = '200ms'")
        one.execute(change, {"id": walk.event.id})
        other.execute(change, {"id": second.id})
        assert states(subscriber.reader) == before
        other.commit()
        between = states(subscriber.reader)
        assert between == anew(database_url) != before
        fold(session)
        assert states(subscriber.reader) == between
        one.commit()
        assert states(subscriber.reader) == anew(database_url) != between


def fold(session: Session) -> None:
    ahead.write_ahead(session, public_url=PUBLIC_URL, now=NOW)
    session.commit()


def test_many_changes_become_one_that_stands_for_the_same(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    an_elsewhere(session)
    for weeks in range(1, 5):
        an_event(session, walk.series, DAY + dt.timedelta(weeks=weeks))
    session.commit()
    here = MARK.where(CalendarChange.community_id == walk.community.id)
    mark, seen = session.scalar(here), states(subscriber.reader)
    for _ in range(2):
        fold(session)
        of_each = sa.select(CalendarChange.community_id, sa.func.count()).group_by("community_id")
        assert {count for _, count in session.execute(of_each)} == {1}
        assert session.scalar(here) == mark
    before = subscriber.reader.statements
    assert states(subscriber.reader) == seen
    assert subscriber.reader.statements == before + 3


def test_a_community_without_a_date_is_asked_each_time(
    database_url: str, session: Session, walk: Walk
) -> None:
    session.execute(sa.delete(CalendarChange))
    session.commit()
    reader = Reader()
    reader.bind(database_url)
    assert reading.whats_on(reader, **HERE) == reading.whats_on(reader, **HERE)
    assert (reader.statements, len(reader.seen)) == (2, 0)
    reader.bind("")


def test_what_is_remembered_has_a_limit_and_goes_with_the_database(
    subscriber: Subscriber, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_SEEN", 2)
    for host in "abc":
        reading.whats_on(subscriber.reader, host=host, now=NOW)
    assert [place[2] for place in subscriber.reader.seen] == ["b", "c"]
    subscriber.reader.bind(database_url)
    assert not subscriber.reader.seen


def test_a_sequence_that_comes_a_second_time_after_a_restored_backup_is_another_etag(
    session: Session, walk: Walk, subscriber: Subscriber, owner: sa.Engine
) -> None:
    """Whoever fetched it meanwhile has another time under the same number."""
    columns = (Event.sequence, Event.updated_at, Event.starts_at, Event.ends_at)
    kept = dict(session.execute(sa.select(*columns)).mappings().one())
    move(session, walk.event, dt.timedelta(hours=1), now=NOW)
    meanwhile = subscriber.etag()
    with owner.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(sa.update(Event).values(**kept))
    session.expire_all()
    move(session, walk.event, dt.timedelta(hours=2), now=NOW + dt.timedelta(days=1))
    assert subscriber.etag() != meanwhile


LOOK = statements.LOOK_AT_A_SERIES


def test_a_look_is_what_the_database_says_in_text(subscriber: Subscriber) -> None:
    here = {"host": "localhost", "slug": SLUG, "since": NOW}
    row = subscriber.reader.one(LOOK, here)
    assert row is not None
    assert subscriber.reader.look(LOOK, here) == texts_of(row)
    assert subscriber.reader.look(LOOK, {**here, "slug": "nothing"}) is None
    assert subscriber.reader.look("SELECT %(host)s, NULL, 'é'", here) == ("localhost", None, "é")


def test_a_look_outlasts_a_lost_connection_and_a_lost_statement(
    subscriber: Subscriber, owner: sa.Engine
) -> None:
    here = {"host": "localhost", "slug": SLUG}
    seen = subscriber.reader.look(LOOK, here)
    with owner.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    for _ in range(3):
        assert subscriber.reader.look(LOOK, here) == seen
    with owner.begin() as connection:
        connection.exec_driver_sql("REVOKE SELECT ON series FROM timebank_app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        subscriber.reader.look(LOOK, here)
    with owner.begin() as connection:
        connection.exec_driver_sql("GRANT SELECT ON series TO timebank_app")
    assert subscriber.reader.look(LOOK, here) == seen
