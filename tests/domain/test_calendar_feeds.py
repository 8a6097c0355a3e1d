from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests.builders import Walk
from tests.builders import a_series
from tests.builders import a_walk
from tests.builders import an_elsewhere
from tests.builders import an_event
from tests.calendars import Subscriber
from tests.calendars import cancel
from tests.calendars import events_of
from tests.calendars import move
from tests.calendars import occurrences_of
from tests.calendars import unfolded
from timebank.domain.calendar import reading
from timebank.domain.calendar.feeds import Feeds
from timebank.domain.calendar.feeds import Kept
from timebank.domain.calendar.items import Words
from timebank.models import Community
from timebank.models import Event
from timebank.models import Group
from timebank.models import Series
from timebank.models import SeriesState
from timebank.models import Venue

NOW = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=2)
DAY = dt.date(2026, 10, 24)
ABOUT = "Kept by neighbours with Good Turn. What changes there changes here: https://localhost/"


@pytest.fixture
def walk(session: Session) -> Walk:
    return a_walk(session, day=DAY)


@pytest.fixture
def subscriber(database_url: str, walk: Walk) -> Iterator[Subscriber]:
    subscriber = Subscriber(database_url, NOW)
    yield subscriber
    subscriber.close()


def test_a_date_is_one_vevent_with_all_that_a_reader_needs(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    walk.series.bring = "stout shoes"
    session.commit()
    session.refresh(walk.event)
    made, changed = (
        f"{moment.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
        for moment in (walk.event.created_at, walk.event.updated_at)
    )
    (event,) = events_of(subscriber.everything())
    page = "https://localhost/e/danson-saturday-stroll/2026-10-24"
    assert unfolded(event.to_ical()) == [
        "BEGIN:VEVENT",
        "SUMMARY:Danson Saturday Stroll",
        "DTSTART;TZID=Europe/London:20261024T090000",
        "DTEND;TZID=Europe/London:20261024T103000",
        f"DTSTAMP:{changed}",
        f"UID:{walk.event.uid}@goodturn.example",
        "SEQUENCE:1",
        "CATEGORIES:Danson Strollers",
        "COLOR:forestgreen",
        r"CONTACT:Danson Strollers\, https://localhost/e/danson-saturday-stroll",
        f"CREATED:{made}",
        rf"DESCRIPTION:A friendly 5k round the lake.\n\nBring: stout shoes\n\n{page}",
        "IMAGE;DISPLAY=BADGE;FMTTYPE=image/png;VALUE=URI:https://localhost/static/img/scenes/park.png",
        f"LAST-MODIFIED:{changed}",
        r"LOCATION:Danson Park\, by the boathouse\, The boathouse\, Danson Park\, DA6 8HL",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        f"URL:{page}",
        "END:VEVENT",
        "",
    ]


def test_a_calendar_names_itself_and_says_when_to_ask_again(subscriber: Subscriber) -> None:
    lines = unfolded(subscriber.everything())
    assert lines[: lines.index("BEGIN:VTIMEZONE")] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Good Turn//Calendar//EN",
        "CALSCALE:GREGORIAN",
        f"DESCRIPTION:{ABOUT}",
        f"X-WR-CALDESC:{ABOUT}",
        "NAME:What’s on in Bexley",
        "X-WR-CALNAME:What’s on in Bexley",
        "COLOR:darkgreen",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        "SOURCE;VALUE=URI:https://localhost/calendar/all.ics",
        "URL:https://localhost/",
        "X-PUBLISHED-TTL:PT6H",
    ]
    assert not any(
        line.startswith(("METHOD", "ORGANIZER", "ATTENDEE", "BEGIN:VALARM")) for line in lines
    )


def test_nine_in_the_morning_stays_nine_over_both_clock_changes(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    days = [dt.date(2026, 10, 25), dt.date(2027, 3, 27), dt.date(2027, 3, 28)]
    for day in days:
        an_event(session, walk.series, day)
    session.commit()
    seen = occurrences_of(subscriber.everything(), DAY, dt.date(2027, 4, 1))
    assert [event.start.isoformat() for event in seen] == [
        "2026-10-24T09:00:00+01:00",
        "2026-10-25T09:00:00+00:00",
        "2027-03-27T09:00:00+00:00",
        "2027-03-28T09:00:00+01:00",
    ]


def test_a_night_when_the_clocks_change_is_told_in_utc(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    nights = {(25, 1, 30): (25, 4, 30), (24, 23, 0): (25, 5, 0), (25, 3, 0): (25, 4, 0)}
    for day, (start, end) in enumerate(nights.items(), 1):
        night = an_event(session, walk.series, dt.date(2026, 11, day))
        night.starts_at = dt.datetime(2026, 10, *start, tzinfo=dt.UTC)
        night.ends_at = dt.datetime(2026, 10, *end, tzinfo=dt.UTC)
        night.sequence += 1
    session.commit()
    lines = unfolded(subscriber.everything())
    assert [line for line in lines if line.startswith("DTSTART") and "2026102" in line] == [
        "DTSTART;TZID=Europe/London:20261024T090000",
        "DTSTART:20261024T230000Z",
        "DTSTART:20261025T013000Z",
        "DTSTART;TZID=Europe/London:20261025T030000",
    ]
    assert "DTEND:20261025T043000Z" in lines


def test_a_moved_date_keeps_its_uid_and_raises_its_sequence(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    (before,) = events_of(subscriber.everything())
    walk.event.reason = "the park is closed on Saturday"
    move(session, walk.event, dt.timedelta(days=1, hours=2), now=LATER)
    (after,) = events_of(subscriber.everything())
    assert after["DESCRIPTION"].startswith("Changed: the park is closed on Saturday\n\n")
    assert after["UID"] == before["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
    assert after.start.isoformat() == "2026-10-25T10:00:00+00:00"
    assert after["DTSTAMP"].dt == after["LAST-MODIFIED"].dt == LATER
    assert after["URL"] == "https://localhost/e/danson-saturday-stroll/2026-10-24"


def test_a_cancelled_date_stays_and_says_so_in_three_ways(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    cancel(session, walk.event, "the path is flooded", now=LATER)
    (event,) = events_of(subscriber.everything())
    assert (event["STATUS"], event["SUMMARY"], event["TRANSP"], event["SEQUENCE"]) == (
        "CANCELLED",
        "Cancelled: Danson Saturday Stroll",
        "TRANSPARENT",
        1,
    )
    assert event["DESCRIPTION"].startswith("Cancelled: the path is flooded\n\n")


def test_words_with_commas_emoji_and_control_characters_arrive_whole(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    title = "Tea; cake, \\ and 🎉 \x07for “all”"
    walk.series.title = title
    walk.series.description = "Line one\r\nline two\rline; three,\x0b\n" + "é🎈" * 60
    session.commit()
    body = subscriber.everything()
    (event,) = events_of(body)
    assert event["SUMMARY"] == "Tea; cake, \\ and 🎉 for “all”"
    first, second, third, *_, last = str(event["DESCRIPTION"]).split("\n")
    assert (first, second, third) == ("Line one", "line two", "line; three,")
    assert last == "https://localhost/e/danson-saturday-stroll/2026-10-24"
    lines = body.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert all(line.decode().isprintable() for line in lines)


def test_the_same_feed_is_the_same_bytes_in_every_process(
    database_url: str, subscriber: Subscriber
) -> None:
    body = subscriber.everything()
    other = Subscriber(database_url, NOW + dt.timedelta(days=3))
    assert subscriber.everything() == body == other.everything()
    assert subscriber.etag() == other.etag()
    other.close()


def test_whatever_a_calendar_shows_changes_its_etag_and_its_bytes(
    session: Session, subscriber: Subscriber
) -> None:
    seen = {(subscriber.etag(), subscriber.everything())}
    changes = [
        sa.update(Series).values(title="Sunday Stroll"),
        sa.update(Series).values(description="Slower now."),
        sa.update(Series).values(scene="tea"),
        sa.update(Venue).values(name="The lake end"),
        sa.update(Venue).values(latitude=51.45, longitude=0.12),
        sa.update(Group).values(name="Walkers"),
        sa.update(Community).values(place="Bexleyheath"),
        sa.update(Event).values(sequence=9, state="cancelled", reason="rain"),
        sa.update(Series).values(state=SeriesState.DRAFT),
    ]
    for change in changes:
        session.execute(change)
        session.commit()
        seen.add((subscriber.etag(), subscriber.everything()))
    etags, bodies = zip(*seen, strict=True)
    assert len(set(etags)) == len(set(bodies)) == len(changes) + 1


def test_what_a_calendar_does_not_show_leaves_it_alone(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    before = subscriber.etag()
    session.execute(sa.update(Series).values(first_timers="Look for Nadia"))
    session.execute(sa.update(Event).values(finished_at=NOW))
    session.execute(sa.update(Venue).values(quiet_space=True))
    session.commit()
    session.refresh(walk.event)
    assert walk.event.version > 1
    assert subscriber.etag() == before


def test_a_change_between_two_statements_goes_out_under_its_own_etag(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    old = reading.whats_on(subscriber.reader, host="localhost", now=NOW)
    move(session, walk.event, dt.timedelta(hours=1), now=LATER)
    document = subscriber.feeds.document(subscriber.reader, old, words=Words, now=NOW)
    new = reading.whats_on(subscriber.reader, host="localhost", now=NOW)
    assert document.state == new
    assert subscriber.fetch(new) == document.body


def test_the_window_is_whole_months_back_and_ahead() -> None:
    assert reading.window(NOW) == reading.Window(
        since=dt.datetime(2026, 4, 1, tzinfo=dt.UTC),
        until=dt.datetime(2027, 12, 1, tzinfo=dt.UTC),
    )


def test_a_feed_tells_about_the_window_and_the_file_of_a_date_about_any_day(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    for day in (dt.date(2026, 3, 31), dt.date(2026, 4, 1), dt.date(2027, 11, 30)):
        an_event(session, walk.series, day)
    old = an_event(session, walk.series, dt.date(2019, 6, 1))
    session.commit()
    days = [str(event.start.date()) for event in events_of(subscriber.everything())]
    assert days == ["2026-04-01", "2026-10-24", "2027-11-30"]
    state = reading.one_date(
        subscriber.reader, host="localhost", slug=walk.series.slug, day=old.occurs_on
    )
    (event,) = events_of(subscriber.fetch(state))
    assert event.start.isoformat() == "2019-06-01T09:00:00+01:00"


def test_a_feed_without_dates_is_still_a_calendar(
    session: Session, subscriber: Subscriber
) -> None:
    session.execute(sa.update(Series).values(state=SeriesState.DRAFT))
    session.commit()
    lines = unfolded(subscriber.everything())
    assert "BEGIN:VTIMEZONE" in lines
    assert "BEGIN:VEVENT" not in lines


def test_a_series_has_a_feed_of_its_own_under_its_own_name(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    other = a_series(
        session, group=walk.group, organiser=walk.nadia, title="Litter pick", slug="litter"
    )
    an_event(session, other, dt.date(2026, 10, 31))
    session.commit()
    body = subscriber.series("litter")
    assert [event["SUMMARY"] for event in events_of(body)] == ["Litter pick"]
    assert "X-WR-CALNAME:Litter pick" in unfolded(body)
    assert len(events_of(subscriber.everything())) == 2


def test_drafts_and_other_communities_are_not_found(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    walk.community.host = "bexley.example"
    an_elsewhere(session)
    for host in ("localhost", "ashford.example"):
        with pytest.raises(reading.UnknownFeed):
            reading.series(subscriber.reader, host=host, slug=walk.series.slug, now=NOW)
    state = reading.whats_on(subscriber.reader, host="ashford.example", now=NOW)
    assert (state.name, state.count) == ("Ashford", 0)
    session.execute(sa.update(Series).values(state=SeriesState.DRAFT))
    session.commit()
    with pytest.raises(reading.UnknownFeed):
        reading.one_date(subscriber.reader, host="bexley.example", slug=walk.series.slug, day=DAY)


def test_a_community_with_a_host_of_its_own_writes_its_own_addresses(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    walk.community.host = "bexley.example"
    session.commit()
    state = reading.whats_on(subscriber.reader, host="bexley.example", now=NOW)
    (event,) = events_of(subscriber.fetch(state))
    assert event["URL"].startswith("https://bexley.example/e/")
    assert event["UID"] == f"{walk.event.uid}@goodturn.example"


def test_statements_do_not_grow_with_dates(
    session: Session, walk: Walk, subscriber: Subscriber
) -> None:
    for week in range(1, 30):
        an_event(session, walk.series, DAY + dt.timedelta(weeks=week))
    session.commit()
    before = subscriber.reader.statements
    subscriber.everything()  # its state, its dates, and once what nobody had written yet
    assert subscriber.reader.statements == before + 3
    subscriber.everything()
    assert subscriber.reader.statements == before + 4
    subscriber.forget()
    subscriber.everything()
    assert subscriber.reader.statements == before + 6


def test_kept_bytes_never_pass_their_limit() -> None:
    kept = Kept(10)
    kept.put("a", b"12345")
    kept.put("b", b"12345")
    assert kept.get("a") == b"12345"
    kept.put("c", b"123")
    assert [kept.get(key) for key in "abc"] == [b"12345", None, b"123"]
    kept.put("a", b"1")
    kept.put("d", b"123456")
    assert [kept.get(key) for key in "abcd"] == [b"1", None, b"123", b"123456"]
    kept.put("huge", b"x" * 11)
    assert [kept.get(key) for key in ("huge", "a", "d")] == [None, b"1", b"123456"]


def test_feeds_of_two_sites_are_told_apart(subscriber: Subscriber) -> None:
    state = reading.whats_on(subscriber.reader, host="localhost", now=NOW)
    assert Feeds("https://other.example").etag(state, NOW) != subscriber.etag()
