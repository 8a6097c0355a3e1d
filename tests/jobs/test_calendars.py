"""What calendars will ask for is written before they do."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.calendars import events_of
from timebank.domain.calendar import ahead
from timebank.domain.calendar import entries
from timebank.domain.calendar import vevents
from timebank.jobs import calendars
from timebank.models import CalendarEntry
from timebank.web.calendar.answers import words

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.usefixtures("mine")
def test_a_feed_is_joined_of_what_the_job_wrote(session, app, monkeypatch):
    walk = builders.a_walk(session, day=dt.date(2026, 11, 28))
    builders.an_event(session, walk.series, dt.date(2026, 12, 5))
    session.commit()
    calendars.write_ahead()
    calendars.write_ahead()
    assert session.scalar(sa.select(sa.func.count()).select_from(CalendarEntry)) == 2
    monkeypatch.delattr(vevents, "vevent")  # whoever asks now has to find everything written
    answer = app.test_client().get("/calendar/all.ics")
    assert answer.status_code == 200
    assert len(events_of(answer.data)) == 2


def test_the_job_says_it_in_the_words_of_the_site(app):
    """Else it would write, every minute, what no feed ever asks for."""
    here = {"host": None, "timezone": "Europe/London"}
    with app.test_request_context():
        said = entries.style_of("https://localhost", words=words(), **here)
    assert said == entries.style_of("https://localhost", words=ahead.WORDS, **here)
