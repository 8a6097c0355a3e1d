"""Calendars that nobody took in are forgotten after a day; those that were stay."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa
import time_machine

from tests import builders
from tests.incoming import a_calendar
from tests.incoming import an_entry
from tests.incoming import serving
from timebank.core import clock
from timebank.domain.calendar.incoming import busy
from timebank.domain.calendar.incoming import drafts
from timebank.domain.calendar.incoming import writing
from timebank.jobs import incoming
from timebank.models import BusySpan
from timebank.models import CalendarImport

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
TEA = an_entry("UID:tea", "SUMMARY:Tea", "DTSTART:20261202T140000Z", "LOCATION:Hall")


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


def brought(session, walk, *, days_ago):
    return drafts.start(
        session,
        group=walk.group,
        raw=a_calendar(TEA),
        source="walks.ics",
        by=walk.nadia,
        now=NOW - dt.timedelta(days=days_ago),
    )


@pytest.mark.usefixtures("mine")
def test_what_waited_for_a_day_is_forgotten_twice_as_well(session, walk):
    taken = brought(session, walk, days_ago=2)
    writing.write(session, made=taken, answers=writing.Answers(jobs={}), by=walk.nadia, now=NOW)
    brought(session, walk, days_ago=2)
    fresh = brought(session, walk, days_ago=0)
    session.commit()
    kept = {taken.id, fresh.id}
    with time_machine.travel(NOW, tick=False):
        assert clock.now() == NOW
        incoming.forget_leftovers()
        incoming.forget_leftovers()
    assert set(session.scalars(sa.select(CalendarImport.id))) == kept


BUSY = an_entry("UID:1", "SUMMARY:Dentist", "DTSTART:20261201T100000Z", "DURATION:PT1H")


def follow(session, member, address):
    busy.subscribe(
        session, member=member, address=address, raw=a_calendar(), etag='"old"',
        now=NOW - dt.timedelta(hours=2),
    )  # fmt: skip


def test_own_calendars_are_asked_once_an_hour_and_one_that_fails_stops_nobody(
    session, walk, mine, monkeypatch, caplog
):
    monkeypatch.setattr(mine, "settings", replace(mine.settings, fetches_locally=True))
    caplog.set_level("INFO")
    with serving(a_calendar(BUSY), etag='"new"') as server, serving() as gone:
        follow(session, walk.sam, f"{server.address}/sams-secret")
        follow(session, walk.bela, f"{gone.address}/belas-secret")
        session.commit()
        with time_machine.travel(NOW, tick=False):
            incoming.ask_busy_calendars()
            incoming.ask_busy_calendars()
        with time_machine.travel(NOW + dt.timedelta(hours=1), tick=False):
            incoming.ask_busy_calendars()
    asked = [headers.get("If-None-Match") for _path, headers in server.asked]
    assert asked == ['"old"', '"new"']
    session.expire_all()
    assert session.scalars(sa.select(BusySpan.membership_id)).all() == [walk.sam.id]
    assert "NotACalendar" in caplog.text
    assert "secret" not in caplog.text
