"""Nadia brings the calendar that her group kept elsewhere, takes it in, and undoes it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from io import BytesIO

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.incoming import a_calendar
from tests.incoming import an_entry
from tests.incoming import serving
from timebank.models import CalendarImport
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Series

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PAGE = "/calendar/import"
IN_LONDON = "TZID=Europe/London:"
STROLL = an_entry(
    "UID:stroll@elsewhere",
    "SUMMARY:Riverside stroll",
    "DESCRIPTION:Slow\\, and <b>friendly</b>.",
    "LOCATION:Erith Pier\\, DA8 1QY",
    f"DTSTART;{IN_LONDON}20250104T093000",
    f"DTEND;{IN_LONDON}20250104T110000",
    "RRULE:FREQ=WEEKLY",
    f"EXDATE;{IN_LONDON}20261226T093000",
)
LATER_ONCE = an_entry(
    "UID:stroll@elsewhere",
    "SUMMARY:Riverside stroll",
    f"RECURRENCE-ID;{IN_LONDON}20261205T093000",
    f"DTSTART;{IN_LONDON}20261205T130000",
    f"DTEND;{IN_LONDON}20261205T143000",
)
CAMP = an_entry("UID:camp", "SUMMARY:Summer camp", "DTSTART;VALUE=DATE:20270701")
OVER = an_entry("UID:over", "SUMMARY:Long ago", "DTSTART:20200101T100000Z")
TEA = an_entry("UID:tea", "SUMMARY:Tea", "DTSTART:20261202T140000Z", "DURATION:PT2H")


@pytest.fixture(autouse=True)
def a_november_day():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def walk(session):
    return builders.a_walk(session, day=dt.date(2026, 12, 5))


@pytest.fixture
def nadia(walk, browser):
    browser.sign_in(walk.nadia)
    browser.open("/e/new")
    browser.follow("Or bring the calendar that you keep already")
    return browser


def upload(browser, raw, name="walks.ics"):
    form = next(form for form in browser.forms() if form.action == PAGE)
    fields = {name: values[0] for name, values in form.fields.items()}
    answer = browser.client.post(
        PAGE, data={**fields, "file": (BytesIO(raw), name)}, base_url=browser.base
    )
    if answer.status_code == 303:
        browser.open(answer.headers["Location"])
    return answer.status_code, answer.get_data(as_text=True)


def series_called(session, title):
    session.expire_all()
    return session.scalars(sa.select(Series).where(Series.title == title)).one_or_none()


def dates_of(session, series):
    found = sa.select(Event).where(Event.series_id == series.id).order_by(Event.occurs_on)
    return list(session.scalars(found))


def test_a_file_is_shown_taken_in_once_and_undone(nadia, session):
    raw = a_calendar(STROLL, LATER_ONCE, CAMP, OVER)
    assert upload(nadia, raw)[0] == 303
    for words in (
        "1 new event",
        "Riverside stroll",
        "Saturdays at 9:30am: 21, 28 November, 5, 12, 19 December and so on. It ends at 11am.",
        "Saturday 5 December, 1pm to 2:30pm",
        "Not on Saturday 26 December.",
        "Erith Pier, DA8 1QY",
        "Summer camp : It lasts all day, and an event here begins and ends at a time.",
        "1 entry is over.",
    ):
        assert words in nadia.words
    assert series_called(session, "Riverside stroll") is None
    form = next(form for form in nadia.forms() if form.action.startswith(f"{PAGE}/"))
    nadia.press("Looks right")
    assert "The events are in." in nadia.words
    series = series_called(session, "Riverside stroll")
    assert (series.description, series.venue.name) == ("Slow, and friendly.", "Erith Pier")
    dates = {date.occurs_on: date for date in dates_of(session, series)}
    later = dates[dt.date(2026, 12, 5)]
    assert (later.starts_at.hour, later.state) == (13, EventState.PLANNED)
    assert dates[dt.date(2026, 12, 26)].state is EventState.SKIPPED
    assert dates[dt.date(2026, 11, 28)].starts_at.hour == 9
    nadia.post(form.action, **{name: values[0] for name, values in form.fields.items()})
    assert len(session.scalars(sa.select(Series)).all()) == 2
    nadia.open("/")
    assert "Riverside stroll" in nadia.words


def test_what_is_here_does_not_come_in_twice_unless_it_was_undone(nadia, session):
    raw = a_calendar(STROLL, CAMP)
    upload(nadia, raw)
    nadia.press("Looks right")
    nadia.open(PAGE)
    assert "Taken in before" in nadia.words
    upload(nadia, raw)
    assert "Here already We leave these as they are. Riverside stroll" in nadia.words
    assert "Looks right" not in nadia.words
    nadia.open(PAGE)
    nadia.follow("walks.ics")
    nadia.press("Undo all of it")
    assert "All of it has been undone." in nadia.words
    assert series_called(session, "Riverside stroll") is None
    nadia.open(PAGE)
    upload(nadia, raw)
    assert "1 new event" in nadia.words


def test_an_address_is_read_once_and_only_its_host_is_kept(nadia, app, session):
    app.extensions["timebank.settings"] = replace(
        app.extensions["timebank.settings"], fetches_locally=True
    )
    with serving(a_calendar(TEA)) as server:
        nadia.press("See what we understood", address=f"{server.address}/secret-token.ics")
    assert "Tea" in nadia.words
    assert "It doesn’t say where." in nadia.words
    nadia.press("Looks right")
    assert nadia.statuses == [422]
    assert "Say where people should meet" in nadia.words
    nadia.press("Looks right", place="The old library", jobs_0="walk")
    assert "The events are in." in nadia.words
    series = series_called(session, "Tea")
    assert series.venue.name == "The old library"
    made = session.scalars(sa.select(CalendarImport)).one()
    assert (made.source, made.found) == ("127.0.0.1", None)


def test_what_is_wrong_is_said_in_a_sentence_and_nothing_typed_is_lost(nadia):
    nadia.press("See what we understood", address="http://127.0.0.1/private.ics")
    assert nadia.statuses == [422]
    assert "We can’t fetch that address: it isn’t a public one." in nadia.words
    assert 'value="http://127.0.0.1/private.ics"' in nadia.page
    nadia.press("See what we understood", address="")
    assert "Choose a file, or paste the address of the calendar." in nadia.words
    status, page = upload(nadia, b"PK\x03\x04 a workbook")
    assert (status, "That isn’t a calendar." in page) == (422, True)
    status, page = upload(nadia, a_calendar(OVER))
    assert (status, "Nothing in that calendar is still to come." in page) == (422, True)


def test_an_event_may_be_left_out_and_one_that_somebody_helps_at_stays(nadia, walk, session, app):
    other = an_entry("UID:x", "SUMMARY:Quiz", "DTSTART:20261203T190000Z", "LOCATION:Pub")
    place = TEA.replace("END:VEVENT", "LOCATION:Hall\r\nEND:VEVENT")
    upload(nadia, a_calendar(place, other))
    quiz = next(name for form in nadia.forms() for name in form.fields if name == "jobs_1")
    nadia.press("Looks right", **{quiz: "skip"})
    assert "1 left out by you" in nadia.words
    assert series_called(session, "Quiz") is None
    made = session.scalars(sa.select(CalendarImport)).one()
    series = series_called(session, "Tea")
    date = dates_of(session, series)[0]
    slot = session.scalars(sa.select(builders.Slot).where(builders.Slot.event_id == date.id)).one()
    builders.a_claim(session, slot, walk.bela)
    session.commit()
    nadia.press("Undo all of it")
    assert "“Tea” stays: somebody has had a turn at it." in nadia.words
    assert series_called(session, "Tea") is not None
    nadia.post(f"{PAGE}/{made.id}/undo")
    assert nadia.statuses == [400]


def test_only_those_who_run_the_group_find_it(nadia, walk, session):
    upload(nadia, a_calendar(TEA))
    made = session.scalars(sa.select(CalendarImport)).one()
    for stranger in (walk.sam, builders.an_elsewhere(session).chi):
        nadia.sign_in(stranger)
        for page in (PAGE, f"{PAGE}/{made.id}"):
            nadia.open(page)
            assert nadia.statuses == [404]
