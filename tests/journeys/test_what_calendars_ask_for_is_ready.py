"""A story: Nadia changes a picture and calls a date off; calendars find that ready."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip

import pytest
import time_machine

from tests import builders
from tests.calendars import events_of
from tests.invitations import bound
from timebank.app import create_app
from timebank.db import db
from timebank.db import reader
from timebank.domain.calendar import vevents
from timebank.jobs import calendars

NOW = dt.datetime(2027, 4, 20, 12, tzinfo=dt.UTC)
SERIES = "/e/danson-saturday-stroll"
FEED = f"{SERIES}/calendar.ics"
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture(autouse=True)
def at_noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def nadia(session, browser):
    walk = builders.a_walk(session)
    builders.an_event(session, walk.series, dt.date(2027, 5, 8))
    session.commit()
    return browser.sign_in(walk.nadia)


@pytest.fixture
def another(settings):
    """Another process of the site, which packs its feeds and has kept nothing yet."""
    app = create_app(dataclasses.replace(settings, calendar_gzip=True))
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()
    reader.bind("")


def seen(body):
    events = sorted(events_of(body), key=lambda event: event.start)
    return [(str(one["SUMMARY"]), str(one["COLOR"]), int(one["SEQUENCE"])) for one in events]


def test_a_picture_and_a_cancelled_date_are_ready_before_anybody_asks(
    nadia, app, settings, another, monkeypatch
):
    dov = app.test_client()
    first = dov.get(FEED)
    assert {colour for _title, colour, _sequence in seen(first.data)} == {"forestgreen"}
    nadia.open(f"{SERIES}/edit")
    nadia.press("Save", scene="tea")
    assert nadia.statuses == [303, 200]
    nadia.open(f"{SERIES}/2027-05-01/change")
    nadia.press("Cancel this date", kind="weather", cancel_reason="The lake is over the path")
    with bound(settings):
        calendars.write_ahead()
        calendars.write_ahead()
    monkeypatch.delattr(vevents, "vevent")  # nobody who asks now has anything to write
    changed = dov.get(FEED, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    (cancelled, *others) = seen(changed.data)
    assert cancelled[:2] == ("Cancelled: Danson Saturday Stroll", "chocolate")
    assert {one[:2] for one in others} == {("Danson Saturday Stroll", "chocolate")}
    packed = another.get(FEED, headers=GZIP)
    assert gzip.decompress(packed.data) == changed.data
    picture = events_of(changed.data)[0]["IMAGE"].partition("localhost")[2]
    assert dov.get(picture).data.startswith(b"\x89PNG")
