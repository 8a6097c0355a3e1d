from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

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
from tests.calendars import cancel
from tests.calendars import events_of
from tests.calendars import move
from timebank.core import clock
from timebank.db import Reader
from timebank.domain import communities
from timebank.domain.calendar import addresses
from timebank.domain.calendar import ahead
from timebank.domain.calendar import reading
from timebank.domain.calendar import vevents
from timebank.models import CalendarEntry
from timebank.models import CancelledAs
from timebank.models import Event
from timebank.models import Feed
from timebank.models import Series
from timebank.models import SeriesState
from timebank.models import Shows
from timebank.models import Venue

NOW = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
DAY = dt.date(2026, 10, 24)
WEEKS = 12
SLUG = "danson-saturday-stroll"


@pytest.fixture
def walk(session: Session) -> Walk:
    """A walk on thirteen Saturdays over a change of the clocks, one of them called off."""
    walk = a_walk(session, day=DAY)
    dates = [an_event(session, walk.series, DAY + dt.timedelta(weeks=n + 1)) for n in range(WEEKS)]
    cancel(session, dates[0], "the path is flooded", now=NOW)
    return walk


@pytest.fixture
def subscriber(database_url: str, walk: Walk) -> Iterator[Subscriber]:
    subscriber = Subscriber(database_url, NOW)
    yield subscriber
    subscriber.close()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the library was asked to write an item, by its UID."""
    counted: Counter[str] = Counter()
    write = vevents.vevent

    def vevent(item):
        counted[item.uid] += 1
        return write(item)

    monkeypatch.setattr(vevents, "vevent", vevent)
    return counted


class WithoutStore(Reader):
    """A connection that is not let at what is stored."""

    def _run(self, sql, values, *, is_binary=False):
        if "calendar_entry" in sql:
            raise psycopg.errors.InsufficientPrivilege
        return super()._run(sql, values, is_binary=is_binary)


@pytest.fixture
def without_store(database_url: str, walk: Walk) -> Iterator[Subscriber]:
    subscriber = Subscriber(database_url, NOW)
    subscriber.reader = WithoutStore()
    subscriber.reader.bind(database_url)
    yield subscriber
    subscriber.close()


def write_ahead(session: Session, **given) -> ahead.Wrote:
    facts = {"public_url": PUBLIC_URL, "now": NOW} | given
    wrote = ahead.write_ahead(session, **facts)
    session.commit()
    return wrote


def stored(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(CalendarEntry)) or 0


def feeds_of(subscriber: Subscriber, token: str) -> list[bytes]:
    """Every feed that shows dates as everybody's calendars do, each by a process of its own."""
    here = {"host": "localhost", "now": NOW}
    states = [
        reading.whats_on(subscriber.reader, **here),
        reading.group(subscriber.reader, slug="strollers", **here),
        reading.series(subscriber.reader, slug=SLUG, **here),
        reading.one_date(subscriber.reader, host="localhost", slug=SLUG, day=DAY),
        subscriber.state(Shows.WHATS_ON, token),
    ]
    bodies = []
    for state in states:
        subscriber.forget()
        bodies.append(subscriber.fetch(state))
    return bodies


@pytest.fixture
def token(session: Session, walk: Walk) -> str:
    """A private address of what's on."""
    token = addresses.make_narrowed(
        session,
        shows=Shows.WHATS_ON,
        narrowing=addresses.Narrowing(),
        membership_id=walk.bela.id,
        community_id=walk.community.id,
        now=NOW,
    )[1]
    session.commit()
    return token


def test_the_bytes_are_the_same_made_ahead_on_demand_and_without_a_store(
    session: Session,
    subscriber: Subscriber,
    without_store: Subscriber,
    token: str,
    written: Counter[str],
) -> None:
    plain = feeds_of(without_store, token)
    assert [len(events_of(body)) for body in plain] == [13, 13, 13, 1, 13]
    assert stored(session) == 0
    written.clear()
    on_demand = feeds_of(subscriber, token)
    assert on_demand == plain
    assert set(written.values()) == {1}  # five feeds, and each date was written once
    assert stored(session) == len(written) == 13
    session.execute(sa.delete(CalendarEntry))
    assert write_ahead(session) == (13, 0)
    written.clear()
    assert feeds_of(subscriber, token) == plain
    assert not written


def test_one_change_writes_one_vevent(
    session: Session, walk: Walk, subscriber: Subscriber, written: Counter[str]
) -> None:
    before = subscriber.everything()
    written.clear()
    move(session, walk.event, dt.timedelta(hours=1), now=NOW)
    subscriber.forget()
    after = subscriber.everything()
    assert list(written) == [f"{walk.event.uid}@goodturn.example"]
    assert after != before
    assert stored(session) == 14
    assert write_ahead(session) == (0, 1)  # the version before is of no use any more
    assert stored(session) == 13


def test_a_change_that_the_job_saw_first_costs_whoever_asks_nothing(
    session: Session, walk: Walk, subscriber: Subscriber, written: Counter[str]
) -> None:
    subscriber.everything()
    session.execute(sa.update(Venue).values(name="The lake end"))
    session.commit()
    assert write_ahead(session) == (13, 13)
    written.clear()
    subscriber.forget()
    body = subscriber.everything()
    assert not written
    assert all(event["LOCATION"].startswith("The lake end") for event in events_of(body))


def test_the_job_run_twice_adds_nothing_and_goes_on_where_it_stopped(session: Session, walk: Walk):
    assert [write_ahead(session, most=5) for _ in range(4)] == [(5, 0), (5, 0), (3, 0), (0, 0)]
    first = session.scalars(sa.select(CalendarEntry.event_id)).all()
    assert len(set(first)) == 13


def test_dates_to_come_are_written_before_those_that_were(session: Session, walk: Walk) -> None:
    gone = an_event(session, walk.series, dt.date(2026, 9, 5))
    an_event(session, walk.series, dt.date(2026, 3, 28))  # before the window
    session.commit()
    written_of = sa.select(CalendarEntry.event_id)
    assert write_ahead(session, most=13) == (13, 0)
    assert gone.id not in session.scalars(written_of).all()
    assert write_ahead(session) == (1, 0)
    assert gone.id in session.scalars(written_of).all()


def test_drafts_are_not_written(session: Session, walk: Walk) -> None:
    session.execute(sa.update(Series).values(state=SeriesState.DRAFT))
    assert write_ahead(session) == (0, 0)


def test_nothing_is_asked_of_the_store_when_nothing_has_changed(
    session: Session, owner: sa.Engine, subscriber: Subscriber
) -> None:
    body = subscriber.everything()
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP TABLE calendar_entry")
    before = subscriber.reader.statements
    assert subscriber.etag()
    assert subscriber.everything() == body
    assert subscriber.reader.statements == before + 2


@pytest.mark.parametrize(
    "trouble",
    [
        "REVOKE INSERT ON calendar_entry FROM timebank_app",
        "REVOKE ALL ON calendar_entry FROM timebank_app",
        "ALTER TABLE calendar_entry ADD CHECK (sequence < 0) NOT VALID",
        "DROP TABLE calendar_entry",
    ],
)
def test_a_store_that_fails_never_fails_a_feed(
    owner: sa.Engine, subscriber: Subscriber, without_store: Subscriber, trouble: str
) -> None:
    body = without_store.everything()
    with owner.begin() as connection:
        connection.exec_driver_sql(trouble)
    assert subscriber.everything() == body


def test_a_database_that_only_reads_still_serves_feeds(
    database_url: str, without_store: Subscriber
) -> None:
    subscriber = Subscriber(database_url, NOW)
    subscriber.reader.one("SELECT set_config('default_transaction_read_only', 'on', false)", {})
    assert subscriber.everything() == without_store.everything()
    subscriber.close()


def test_who_would_rather_have_it_marked_gets_other_bytes_and_stores_none(
    session: Session, walk: Walk, subscriber: Subscriber, token: str
) -> None:
    shared = subscriber.fetch(subscriber.state(Shows.WHATS_ON, token))
    session.execute(
        sa.update(Feed).where(Feed.shows == Shows.WHATS_ON).values(cancelled=CancelledAs.MARK)
    )
    session.commit()
    count = stored(session)
    marked = subscriber.fetch(subscriber.state(Shows.WHATS_ON, token))
    assert shared.count(b"STATUS:CANCELLED") == 1
    assert marked == shared.replace(b"STATUS:CANCELLED\r\n", b"")
    assert stored(session) == count
    session.execute(sa.update(Feed).values(cancelled=CancelledAs.DROP))
    session.commit()
    assert len(events_of(subscriber.fetch(subscriber.state(Shows.WHATS_ON, token)))) == 12


def test_each_community_has_its_own(session: Session, walk: Walk, database_url: str) -> None:
    walk.community.host = "bexley.example"
    elsewhere = an_elsewhere(session)
    elsewhere.community.timezone = "Asia/Kolkata"
    group = communities.create_group(
        session,
        community=elsewhere.community,
        slug="theirs",
        name="Theirs",
        organisers=[elsewhere.chi],
    )
    series = a_series(session, group=group, organiser=elsewhere.chi, slug="theirs")
    an_event(session, series, DAY)
    session.commit()
    assert write_ahead(session) == (14, 0)
    subscriber = Subscriber(database_url, NOW)
    for host, zone, count in (
        ("bexley.example", "Europe/London", 13),
        ("ashford.example", "Asia/Kolkata", 1),
    ):
        body = subscriber.fetch(reading.whats_on(subscriber.reader, host=host, now=NOW))
        found = events_of(body)
        assert len(found) == count
        assert all(event["URL"].startswith(f"https://{host}/e/") for event in found)
        assert f"DTSTART;TZID={zone}".encode() in body
    assert stored(session) == 14
    subscriber.close()


def test_what_was_written_in_another_way_stays_for_a_day(session: Session, walk: Walk) -> None:
    """As long as a process of the release before may still run."""
    write_ahead(session, public_url="https://old.example")
    assert write_ahead(session) == (13, 0)
    assert stored(session) == 26
    assert write_ahead(session, now=clock.now() + dt.timedelta(days=2)).removed == 13


def test_a_date_that_left_the_window_is_let_go_and_its_file_is_not_stored(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    write_ahead(session)
    later = dt.datetime(2028, 1, 1, tzinfo=dt.UTC)
    assert write_ahead(session, now=later) == (0, 13)
    subscriber.now = later
    state = reading.one_date(
        subscriber.reader, host="localhost", slug=walk.series.slug, day=walk.event.occurs_on
    )
    assert len(events_of(subscriber.fetch(state))) == 1
    assert stored(session) == 0


def test_a_date_that_is_deleted_takes_its_entries_along(session: Session, walk: Walk) -> None:
    event = an_event(session, walk.series, dt.date(2026, 12, 31))
    session.commit()
    write_ahead(session)
    session.execute(sa.delete(Event).where(Event.id == event.id))
    session.commit()
    assert stored(session) == 13


def test_runs_of_stored_and_missing_dates_come_in_their_order(
    session: Session, walk: Walk, subscriber: Subscriber, without_store: Subscriber
) -> None:
    whole = without_store.everything()
    write_ahead(session)
    ids = session.scalars(sa.select(Event.id).order_by(Event.starts_at)).all()
    for missing in ([0], [12], [3, 4], [0, 6, 12], range(1, 13), range(12), range(0, 13, 2)):
        gone = [ids[number] for number in missing]
        session.execute(sa.delete(CalendarEntry).where(CalendarEntry.event_id.in_(gone)))
        session.commit()
        subscriber.forget()
        assert subscriber.everything() == whole
        assert stored(session) == 13


def test_everybody_at_once_and_the_job_write_each_date_once_for_all(
    session: Session, engine: sa.Engine, database_url: str, walk: Walk, without_store: Subscriber
) -> None:
    whole = without_store.everything()

    def ask(_number: int) -> bytes:
        subscriber = Subscriber(database_url, NOW)
        try:
            return subscriber.everything()
        finally:
            subscriber.close()

    def run(_number: int) -> bytes:
        with Session(engine) as own:
            write_ahead(own)
        return whole

    for _round in range(3):
        session.execute(sa.delete(CalendarEntry))
        session.commit()
        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(run if n % 4 == 0 else ask, n) for n in range(16)]
        assert {answer.result() for answer in answers} == {whole}
        assert stored(session) == 13
