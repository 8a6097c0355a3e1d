"""When somebody is busy by their own calendar, and what it means for a turn they take."""

from __future__ import annotations

import datetime as dt
import time
from contextlib import suppress

import pytest
import sqlalchemy as sa

from tests import builders
from tests.domain.test_incoming import HOSTILE
from tests.incoming import a_calendar
from tests.incoming import an_entry
from timebank.core.errors import Refused
from timebank.domain.calendar.incoming import busy
from timebank.domain.calendar.incoming import spans as spans_module
from timebank.domain.joining import leaving
from timebank.domain.rota import claiming
from timebank.domain.rota.busy import BusyThen
from timebank.domain.rota.taking import Terms
from timebank.models import BusyCalendar
from timebank.models import BusySpan

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
ADDRESS = "https://calendar.example/secret.ics"
DURING_THE_WALK = an_entry("UID:1", "SUMMARY:Dentist", "DTSTART:20270501T083000Z", "DURATION:PT1H")


def spans(*parts):
    found = busy.read(a_calendar(*parts), timezone="Europe/London", now=NOW)
    return [f"{starts:%d %b %H:%M} {ends:%d %b %H:%M}" for starts, ends in found]


def entry(*lines):
    return an_entry("UID:1", "SUMMARY:x", *lines)


class TestReading:
    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            (["DTSTART:20270501T090000Z", "DTEND:20270501T100000Z"],
             ["01 May 09:00 01 May 10:00"]),
            (["DTSTART;VALUE=DATE:20270501"], ["30 Apr 23:00 01 May 23:00"]),
            (["DTSTART;VALUE=DATE:20270501", "DTEND;VALUE=DATE:20270504"],
             ["30 Apr 23:00 03 May 23:00"]),
            (["DTSTART:20270430T220000", "DURATION:PT5H"], ["30 Apr 21:00 01 May 02:00"]),
            (["DTSTART;TZID=America/New_York:20270501T090000", "DURATION:PT1H"],
             ["01 May 13:00 01 May 14:00"]),
            (["DTSTART:20270501T090000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT"], []),
            (["DTSTART:20270501T090000Z", "DURATION:PT1H", "STATUS:CANCELLED"], []),
            (["DTSTART:20270501T090000Z"], []),
            (["DTSTART:20270401T090000Z", "DURATION:PT1H"], []),
            (["DTSTART:20300401T090000Z", "DURATION:PT1H"], []),
            (["DTSTART;TZID=Mars:20270501T090000", "DURATION:PT1H"], []),
            (["DTSTART:99990101T090000Z", "DURATION:P9999D"], []),
        ],
    )  # fmt: skip
    def test_an_entry(self, lines, expected):
        assert spans(entry(*lines)) == expected

    def test_one_that_repeats_with_dates_left_out_and_moved(self):
        out = spans(
            entry("DTSTART:20270101T090000Z", "DURATION:PT1H",
                  "RRULE:FREQ=WEEKLY;UNTIL=20270522T000000Z", "EXDATE:20270507T090000Z"),
            entry("RECURRENCE-ID:20270514T090000Z", "DTSTART:20270515T120000Z", "DURATION:PT1H"),
        )  # fmt: skip
        assert out == [
            "30 Apr 09:00 30 Apr 10:00", "15 May 12:00 15 May 13:00", "21 May 09:00 21 May 10:00",
        ]  # fmt: skip

    def test_lists_of_free_and_busy_times(self):
        out = spans(
            "BEGIN:VFREEBUSY\r\n"
            "FREEBUSY:20270501T090000Z/PT1H,20270501T100000Z/20270501T110000Z,rubbish/PT1H\r\n"
            "FREEBUSY;FBTYPE=FREE:20270502T090000Z/PT1H\r\nEND:VFREEBUSY"
        )
        assert out == ["01 May 09:00 01 May 11:00"]

    def test_what_touches_is_one_span(self):
        out = spans(
            entry("DTSTART:20270501T090000Z", "DURATION:PT1H"),
            entry("DTSTART:20270501T100000Z", "DURATION:PT1H"),
            entry("DTSTART:20270501T093000Z", "DURATION:PT5M"),
        )
        assert out == ["01 May 09:00 01 May 11:00"]

    @pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
    def test_a_hostile_calendar_is_read_or_refused(self, raw):
        started = time.monotonic()
        with suppress(Refused):
            assert (
                len(busy.read(raw, timezone="Europe/London", now=NOW)) <= spans_module.MOST_SPANS
            )
        assert time.monotonic() - started < 2


@pytest.fixture
def walk(session):
    return builders.a_walk(session)


@pytest.fixture
def sam(session, walk):
    busy.subscribe(
        session, member=walk.sam, address=ADDRESS, raw=a_calendar(DURING_THE_WALK), etag='"1"',
        now=NOW,
    )  # fmt: skip
    session.commit()
    return walk.sam


def take(session, slot, member, **terms):
    return claiming.claim_slot(
        session, slot_id=slot.id, membership_id=member.id, terms=Terms(**terms), now=NOW
    )


class TestClaiming:
    def test_a_clash_is_told_and_one_may_go_on(self, session, walk, sam):
        with pytest.raises(BusyThen):
            take(session, walk.marshal, sam, although_busy=False)
        assert take(session, walk.marshal, sam, although_busy=True).state.value == "confirmed"

    def test_nobody_elses_calendar_and_no_other_time_matters(self, session, walk, sam):
        assert take(session, walk.marshal, walk.bela, although_busy=False)
        hour_before = walk.marshal.starts_at - dt.timedelta(hours=1)
        until_it_begins = {"starts_at": hour_before, "ends_at": walk.marshal.starts_at}
        session.execute(sa.update(BusySpan).values(**until_it_begins))
        assert take(session, walk.marshal, sam, although_busy=False)

    def test_what_others_put_them_down_for_is_not_asked(self, session, walk, sam):
        assert take(session, walk.marshal, sam, made_by=walk.nadia.id)


class TestFollowing:
    def test_only_spans_are_kept(self, session, sam):
        kept = session.execute(sa.select(BusySpan.starts_at, BusySpan.ends_at)).all()
        hour = dt.datetime(2027, 5, 1, 8, 30, tzinfo=dt.UTC)
        assert kept == [(hour, hour + dt.timedelta(hours=1))]

    def test_it_is_due_once_an_hour_and_for_one_worker(self, session, sam):
        assert busy.due(session, now=NOW + dt.timedelta(minutes=59), most=5) == []
        later = NOW + dt.timedelta(hours=1)
        due = busy.due(session, now=later, most=5)
        assert due == [busy.Due(sam.id, ADDRESS, '"1"')]
        assert busy.due(session, now=later, most=5) == []

    def test_an_answer_takes_the_place_of_what_was_known(self, session, sam):
        asked = busy.Due(sam.id, ADDRESS, '"1"')
        later = NOW + dt.timedelta(hours=1)
        for _twice in range(2):
            busy.keep(session, asked=asked, raw=a_calendar(), etag='"2"', now=later)
        assert session.scalars(sa.select(BusySpan)).all() == []
        calendar = session.scalars(sa.select(BusyCalendar)).one()
        assert (calendar.etag, calendar.read_at) == ('"2"', later)

    def test_what_has_not_changed_stays_and_is_read_whole_once_a_day(self, session, sam):
        asked = busy.Due(sam.id, ADDRESS, '"1"')
        for hour, etag in ((12, '"1"'), (busy.READ_ANEW_AT, "")):
            moment = NOW.replace(hour=hour)
            busy.keep(session, asked=asked, raw=None, etag='"1"', now=moment)
            session.flush()
            assert session.scalars(sa.select(BusyCalendar.etag)).one() == etag
        assert len(session.scalars(sa.select(BusySpan)).all()) == 1

    def test_what_cannot_be_read_leaves_what_was_known(self, session, sam):
        asked = busy.Due(sam.id, ADDRESS, '"1"')
        with pytest.raises(Refused):
            busy.keep(session, asked=asked, raw=b"<html>", etag="", now=NOW)
        session.rollback()
        assert len(session.scalars(sa.select(BusySpan)).all()) == 1

    def test_who_stopped_meanwhile_is_left_alone(self, session, sam):
        busy.stop(session, membership_id=sam.id)
        busy.stop(session, membership_id=sam.id)
        asked = busy.Due(sam.id, ADDRESS, "")
        busy.keep(session, asked=asked, raw=a_calendar(DURING_THE_WALK), etag="", now=NOW)
        assert session.scalars(sa.select(BusySpan)).all() == []

    def test_leaving_forgets_it(self, session, sam):
        leaving.leave(
            session, member=sam, whereto=leaving.Whereto.COMMUNITY, key=builders.uuid.uuid4(),
            now=NOW,
        )  # fmt: skip
        session.expire_all()
        assert session.scalars(sa.select(BusyCalendar)).all() == []
        assert session.scalars(sa.select(BusySpan)).all() == []
