"""A foreign calendar: what of it becomes an event, what doesn't and why, whatever it holds."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from tests.incoming import a_calendar
from tests.incoming import an_entry
from timebank.core.errors import Refused
from timebank.domain.calendar.incoming import entries
from timebank.domain.calendar.incoming import lines
from timebank.domain.calendar.incoming import repeating
from timebank.domain.calendar.incoming import rules
from timebank.domain.calendar.incoming.drafts import read
from timebank.domain.calendar.incoming.entries import Note
from timebank.domain.calendar.incoming.entries import Passed
from timebank.domain.calendar.incoming.values import Why
from timebank.domain.calendar.incoming.zones import known_name
from timebank.models import Frequency

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
LONDON = "Europe/London"
IN_LONDON = "TZID=Europe/London:"
AT_MOST_SECONDS = 2.0
OUTLOOKS = """\
BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE"""


def found(*parts, timezone=LONDON):
    return read(a_calendar(*parts), timezone=timezone, now=NOW)


def one(*more, starts=f"DTSTART;{IN_LONDON}20261205T093000", length="DURATION:PT90M"):
    entry = an_entry("UID:one", "SUMMARY:Stroll", "LOCATION:Pier", starts, length, *more)
    return found(entry)


def days(event):
    return [when.day for when in event.dates]


class TestRules:
    LISTS = st.fixed_dictionaries(
        {"FREQ": st.sampled_from(sorted(rules.USUAL)), "INTERVAL": st.sampled_from("1123")},
        optional={
            "BYMONTH": st.sampled_from(["1", "12", "3,10", "2"]),
            "BYMONTHDAY": st.sampled_from(["1", "15", "31", "-1", "-7,13"]),
            "BYDAY": st.sampled_from(["MO", "TU,TH", "SA,SU", "1SA", "-1FR", "2TU,4TU"]),
            "BYSETPOS": st.sampled_from(["1", "-1", "2", "1,-1"]),
            "WKST": st.sampled_from(["MO", "SU"]),
        },
    )

    @settings(deadline=None, max_examples=300)
    @given(parts=LISTS, offset=st.integers(0, 1500), skipped=st.integers(0, 900))
    def test_the_days_of_a_rule_are_those_of_another_program(self, parts, offset, skipped):
        has_which = any(letter.isdigit() for letter in parts.get("BYDAY", ""))
        assume(not has_which or parts["FREQ"] in {"MONTHLY", "YEARLY"})
        assume(parts["FREQ"] != "WEEKLY" or "BYMONTHDAY" not in parts)  # RFC 5545 forbids it
        assume("BYSETPOS" not in parts or len(parts) > 3)
        # The other program numbers the days of the first week from its start, not from Monday.
        assume(parts["FREQ"] != "WEEKLY" or "BYSETPOS" not in parts)
        starts = dt.date(2020, 1, 1) + dt.timedelta(days=offset)
        last = starts + dt.timedelta(days=1500)
        text = ";".join(f"{name}={value}" for name, value in parts.items())
        midnight = dt.time()
        other = rrulestr(text, dtstart=dt.datetime.combine(starts, midnight))
        theirs = other.replace(until=dt.datetime.combine(last, midnight))
        read_ = rules.read_days(parts, starts=starts)
        ours = list(rules.days_between(read_, starts=starts, first=starts, last=last))
        if ours:  # of a day that never comes, the other program never tires
            assert ours == [moment.date() for moment in theirs]
        first = starts + dt.timedelta(days=skipped)
        later = rules.days_between(read_, starts=starts, first=first, last=last)
        assert list(later) == [day for day in ours if day >= first]

    @pytest.mark.parametrize(
        "rule",
        ["FREQ=DAILY;INTERVAL=0", "FREQ=NEVER", "FREQ=WEEKLY;BYDAY=XX",
         "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=YEARLY;BYWEEKNO=1",
         "FREQ=WEEKLY;UNTIL=soon", "FREQ=WEEKLY;COUNT=-1", "", "x" * 400,
         "FREQ=YEARLY;BYMONTH=13", "FREQ=MONTHLY;BYSETPOS=0", "FREQ=WEEKLY;UNTIL=99999999",
         "FREQ=WEEKLY;BYDAY=²MO", "FREQ=DAILY;INTERVAL=٣"],
    )  # fmt: skip
    def test_what_is_no_rule_is_told(self, rule):
        with pytest.raises(repeating.CannotRepeat, match="no_rule"):
            repeating.read_rule(rule, starts=NOW.replace(tzinfo=None), zone=dt.UTC)


class TestWhen:
    def test_a_weekly_entry_is_a_weekly_series_from_its_next_date_on(self):
        event = found(
            an_entry("UID:1", "SUMMARY:A", f"DTSTART;{IN_LONDON}20200104T093000",
                     f"DTEND;{IN_LONDON}20200104T110000", "RRULE:FREQ=WEEKLY")
        ).events[0]  # fmt: skip
        assert (event.frequency, event.first_on) == (Frequency.WEEKLY, dt.date(2026, 11, 21))
        assert (event.starts, event.ends, event.last_on) == (dt.time(9, 30), dt.time(11), None)
        assert event.differing == ()

    @pytest.mark.parametrize("hour", [0, 12, 23])
    @pytest.mark.parametrize("day", range(20, 27))
    def test_a_rhythm_is_known_on_any_day_and_at_any_hour(self, day, hour):
        """Also where the last day within sight is one of its dates, and its hour is to come."""
        entry = an_entry("UID:1", "SUMMARY:A", f"DTSTART;{IN_LONDON}20261205T093000",
                         "DURATION:PT1H", "RRULE:FREQ=WEEKLY")  # fmt: skip
        now = dt.datetime(2026, 11, day, hour, tzinfo=dt.UTC)
        assert (
            read(a_calendar(entry), timezone=LONDON, now=now).events[0].frequency
            is Frequency.WEEKLY
        )

    @pytest.mark.parametrize(
        ("rule", "frequency", "last_on"),
        [
            ("FREQ=WEEKLY;INTERVAL=2", Frequency.FORTNIGHTLY, None),
            ("FREQ=MONTHLY;BYDAY=1SA", Frequency.MONTHLY, None),
            ("FREQ=MONTHLY;BYMONTHDAY=5;COUNT=3", Frequency.MONTHLY_BY_DATE, "2027-02-05"),
            ("FREQ=DAILY;UNTIL=20261210T235959Z", Frequency.DAILY, "2026-12-10"),
            ("FREQ=WEEKLY;COUNT=4", Frequency.WEEKLY, "2026-12-26"),
            ("FREQ=WEEKLY;UNTIL=20351231", Frequency.WEEKLY, "2035-12-29"),
        ],
    )
    def test_a_rhythm_of_ours_is_kept_with_its_end(self, rule, frequency, last_on):
        event = one(f"RRULE:{rule}").events[0]
        ends = str(event.last_on) if event.last_on else None
        assert (event.frequency, ends, event.differing) == (frequency, last_on, ())

    def test_another_rhythm_comes_in_date_by_date_for_a_year(self):
        event = one("RRULE:FREQ=WEEKLY;BYDAY=WE,SA").events[0]
        assert (event.frequency, Note.ONE_BY_ONE in event.notes) == (Frequency.ONCE, True)
        assert 100 < len(event.dates) < 120

    def test_dates_left_out_moved_and_cancelled_are_those_days(self):
        at_half_past = "T093000"
        out = found(
            an_entry("UID:1", "SUMMARY:A", "LOCATION:Pier", f"DTSTART;{IN_LONDON}20261205T093000",
                     "DURATION:PT1H", "RRULE:FREQ=WEEKLY",
                     f"EXDATE;{IN_LONDON}20261212{at_half_past}", "EXDATE;VALUE=DATE:20261219"),
            an_entry("UID:1", "SUMMARY:A", f"RECURRENCE-ID;{IN_LONDON}20261226{at_half_past}",
                     f"DTSTART;{IN_LONDON}20261227T100000", "DURATION:PT2H", "LOCATION:Hall"),
            an_entry("UID:1", "SUMMARY:A", f"RECURRENCE-ID;{IN_LONDON}20270102{at_half_past}",
                     f"DTSTART;{IN_LONDON}20270102{at_half_past}", "STATUS:CANCELLED"),
        )  # fmt: skip
        event = out.events[0]
        assert [day.isoformat() for day in event.off] == [
            "2026-12-12", "2026-12-19", "2026-12-26", "2027-01-02",
        ]  # fmt: skip
        moved = event.differing[0]
        assert (moved.day, moved.starts, moved.ends, moved.place) == (
            dt.date(2026, 12, 27), dt.time(10), dt.time(12), "Hall",
        )  # fmt: skip

    def test_entries_of_one_title_time_and_place_are_one_event(self):
        days_ = ("20261205", "20261212", "20261219")
        out = found(
            *[
                an_entry(f"UID:{day}", "SUMMARY:Stroll", f"DTSTART:{day}T093000Z", "DURATION:PT1H")
                for day in days_
            ]
        )
        assert [(event.frequency, event.uids) for event in out.events] == [
            (Frequency.WEEKLY, days_)
        ]

    @pytest.mark.parametrize(
        ("starts", "at", "notes"),
        [
            ("DTSTART:20270707T090000Z", "10:00", ()),
            ("DTSTART:20270707T090000", "09:00", (Note.NO_ZONE_SAID,)),
            ("DTSTART;TZID=America/New_York:20270707T090000", "14:00", ()),
            ('DTSTART;TZID="W. Europe Standard Time":20270707T090000', "08:00", ()),
            ("DTSTART;TZID=/mozilla.org/20050126_1/Europe/Berlin:20270707T090000", "08:00", ()),
            ("DTSTART;TZID=Asia/Calcutta:20270707T143000", "10:00", ()),
            ("DTSTART;TZID=GB:20270707T090000", "09:00", ()),
        ],
    )
    def test_its_time_is_told_by_our_clock(self, starts, at, notes):
        event = one(starts=starts).events[0]
        assert (f"{event.starts:%H:%M}", event.notes) == (at, notes)

    def test_a_zone_that_is_only_described_is_followed(self):
        entry = "SUMMARY:A", "DURATION:PT1H"
        out = found(
            OUTLOOKS,
            an_entry("UID:1", *entry, "DTSTART;TZID=Customized Time Zone:20270707T090000"),
            an_entry("UID:2", *entry, "DTSTART;TZID=Customized Time Zone:20270107T093000"),
        )
        assert [f"{event.starts:%H:%M}" for event in out.events] == ["08:30", "08:00"]

    def test_a_name_counts_for_more_than_a_wrong_description_of_it(self):
        wrong = OUTLOOKS.replace("Customized Time Zone", LONDON)
        out = found(wrong, an_entry("UID:1", "SUMMARY:A", f"DTSTART;{IN_LONDON}20270707T090000"))
        assert out.events[0].starts == dt.time(9)

    def test_names_of_zones(self):
        assert known_name("GMT Standard Time") == LONDON
        assert known_name("europe/london") == LONDON
        assert known_name("Nowhere/Land") == ""

    def test_weekly_elsewhere_shifts_with_the_clocks_here(self):
        event = one(
            "RRULE:FREQ=WEEKLY", starts="DTSTART;TZID=America/New_York:20261207T090000"
        ).events[0]
        assert event.frequency is Frequency.WEEKLY
        assert [f"{when.day} {when.starts:%H:%M}" for when in event.differing] == [
            "2027-03-15 13:00", "2027-03-22 13:00", "2027-11-01 13:00",
        ]  # fmt: skip


class TestPassedOver:
    @pytest.mark.parametrize(
        ("changed", "why"),
        [
            ({"starts": "DTSTART;VALUE=DATE:20261205"}, Why.ALL_DAY),
            ({"length": "DTEND:20261207T100000Z"}, Why.SEVERAL_DAYS),
            ({"length": "DTEND:20261206T003000Z"}, Why.PAST_MIDNIGHT),
            ({"starts": "DTSTART:soon"}, Why.NO_TIME),
            ({"starts": "DTSTART:20261305T990000"}, Why.NO_TIME),
            ({"starts": "X-NOTHING:1"}, Why.NO_TIME),
            ({"starts": "DTSTART:00010101T000000\r\nRRULE:FREQ=NO"}, Why.NO_RULE),
            ({"length": "DURATION:for ever"}, Why.NO_TIME),
        ],
    )
    def test_a_time_that_makes_no_event(self, changed, why):
        assert [passed.why for passed in one(**changed).passed] == [why]

    @pytest.mark.parametrize(
        ("more", "why"),
        [
            ("STATUS:CANCELLED", Why.CANCELLED),
            ("CLASS:PRIVATE", Why.PRIVATE),
            ("RRULE:FREQ=HOURLY", Why.TOO_OFTEN),
            ("RRULE:FREQ=DAILY;BYHOUR=9,12", Why.TOO_OFTEN),
            ("RDATE:20261205T140000Z", Why.TOO_OFTEN),
            ("RDATE;VALUE=PERIOD:20261206T140000Z/PT1H", Why.NO_RULE),
        ],
    )
    def test_what_can_be_no_event_here(self, more, why):
        assert one(more).passed == (Passed("Stroll", why),)

    def test_an_unknown_zone_is_named(self):
        out = one(starts="DTSTART;TZID=Mars/Olympus Mons:20261205T093000")
        assert out.passed == (Passed("Stroll", Why.NO_ZONE, "Mars/Olympus Mons"),)

    def test_no_title_and_things_that_are_no_events(self):
        out = found(
            an_entry("UID:1", "DTSTART:20261205T093000Z"),
            "BEGIN:VTODO\r\nSUMMARY:Sweep\r\nEND:VTODO",
            an_entry("UID:2", "SUMMARY:Old", "DTSTART:20201205T093000Z"),
            an_entry("UID:3", "SUMMARY:Old", "DTSTART:20101205T093000Z",
                     "RRULE:FREQ=WEEKLY;UNTIL=20150101"),
        )  # fmt: skip
        assert (out.passed, out.others, out.over) == (
            (Passed("", Why.NO_TITLE),), (("VTODO", 1),), 2,
        )  # fmt: skip

    def test_twice_on_a_day_comes_in_once(self):
        twins = [
            an_entry(f"UID:{one}", "SUMMARY:A", "DTSTART:20261205T093000Z") for one in range(2)
        ]
        out = found(*twins)
        assert (len(out.events), out.passed) == (1, (Passed("A", Why.SAME_DAY),))


class TestWords:
    def test_control_characters_markup_and_length(self):
        event = found(
            an_entry("UID:1", "SUMMARY:\x07Tea\u202e \\, \U0001f375" + "x" * 200,
                     "DESCRIPTION:<p>Come<br>all &amp; <script>x</script></p>\\nand sit",
                     "LOCATION:The\\nhall\\, 1 High St\\, DA8", "DTSTART:20261205T093000Z")
        ).events[0]  # fmt: skip
        assert event.title.startswith("Tea , \U0001f375x")
        assert len(event.title) == 80
        assert event.description == "Come\nall & x\n\nand sit"
        assert Note.SHORTENED in event.notes
        assert event.draft(1, event.place).venue.name == "The hall"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_letters(self, encoding):
        raw = a_calendar(an_entry("UID:1", "SUMMARY:Cafés", "DTSTART:20261205T093000Z"))
        out = read(raw.decode().encode(encoding), timezone=LONDON, now=NOW)
        assert out.events[0].title == "Cafés"

    def test_folds_and_other_line_ends(self):
        raw = a_calendar(
            an_entry("UID:1", "SUMMARY:Lo\r\n ng ti\r\n\ttle", "DTSTART:20261205T093000Z")
        )
        out = read(raw.replace(b"\r\n", b"\n"), timezone=LONDON, now=NOW)
        assert out.events[0].title == "Long title"


def many(count, *each):
    return [an_entry(f"UID:{one}", f"SUMMARY:E{one}", *each) for one in range(count)]


NEVER = OUTLOOKS.replace("BYMONTH=10;BYDAY=-1SU", "BYMONTH=2;BYMONTHDAY=30")
HOSTILE = {
    "the first day that there is, left out": a_calendar(
        *many(1, "DTSTART:20261205T093000Z", "RRULE:FREQ=WEEKLY", "EXDATE:00010101T000000Z")
    ),
    "the last day that there is": a_calendar(
        *many(1, "DTSTART:20201205T093000Z", "DTEND:99991231T000000Z", "RRULE:FREQ=WEEKLY")
    ),
    "zones of many parts": a_calendar(*many(20, f"DTSTART;TZID={'/a' * 5000}:20261205T093000")),
    "many days left out": a_calendar(
        *many(500, "DTSTART:20261205T093000Z", "RRULE:FREQ=DAILY", *["EXDATE:20261206"] * 50)
    ),
    "nothing": b"",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100,
    "another alphabet": "BEGIN:VCALENDAR\r\nX:é\r\nEND:VCALENDAR".encode("latin-1"),
    "half of a pair": "BEGIN:VCALENDAR\r\n".encode("utf-16")[:-1],
    "a hundred megabytes": b"BEGIN:VCALENDAR\r\n" + b"x" * 100_000_000,
    "calendars in calendars": b"BEGIN:VCALENDAR\r\n" * 50_000,
    "entries in entries": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 50_000,
    "many entries": a_calendar("BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 35_000),
    "many zones": a_calendar(*[OUTLOOKS.replace("Customized", f"Z{n}") for n in range(1000)]),
    "a zone without an end": a_calendar(
        NEVER, *many(50, "DTSTART;TZID=Customized Time Zone:20261205T093000", "RRULE:FREQ=DAILY")
    ),
    "stops in the middle": a_calendar(*many(3))[:60],
    "ends what never began": a_calendar("END:VEVENT"),
    "every day since 1970": a_calendar(*many(500, "DTSTART:19700101T090000", "RRULE:FREQ=DAILY")),
    "a day that never comes": a_calendar(
        *many(500, "DTSTART:00010101T090000", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    ),
    "counted for ever": a_calendar(
        *many(500, "DTSTART:00010101T090000", "RRULE:FREQ=DAILY;COUNT=999999")
    ),
    "all seconds": a_calendar(*many(500, "DTSTART:20261205T090000", "RRULE:FREQ=SECONDLY")),
    "lists without an end": a_calendar(
        *many(8, "DTSTART:20261205T090000", *["RDATE:" + ",".join(["20270101T010101"] * 400)] * 15)
    ),
    "a line without an end": a_calendar(*many(1, "DTSTART:20261205T090000", "X" * 900_000)),
    "folds without an end": a_calendar(*many(1, "SUMMARY:" + "a\r\n " * 200_000)),
    "open tags": a_calendar(*many(90, "DTSTART:20261205T090000", "DESCRIPTION:" + "<a " * 3000)),
    "quotes": a_calendar(*many(90, 'DTSTART;X="' + '";X="' * 1500 + ":20261205T090000")),
    "colons": a_calendar(*many(90, "DTSTART" + ";X=,:" * 1500)),
}


def answer(raw):
    """Read a calendar -> the sentence about it."""
    try:
        read(raw, timezone=LONDON, now=NOW)
    except Refused as refusal:
        return refusal.sentence
    return "It was read."


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_calendar_is_read_or_refused_within_two_seconds(raw):
    started = time.monotonic()
    assert answer(raw).endswith((".", "?"))
    assert time.monotonic() - started < AT_MOST_SECONDS


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            ["BEGIN:VEVENT", "END:VEVENT", "BEGIN:VALARM", "END:VALARM", "SUMMARY:A", "UID:1",
             "DTSTART:20261205T093000Z", "DTSTART;TZID=:1", "RRULE:FREQ=WEEKLY", "DURATION:P1W",
             "RECURRENCE-ID:20261205T093000Z", "EXDATE:20261205", "RDATE:x", ":", ";", "X;=:",
             "DTEND:99991231T235959Z", "DTSTART:99991231T235959Z", "DTSTART:00010101T000000",
             "DTSTART;TZID=Pacific/Apia:00010101T000000", "RRULE:FREQ=YEARLY;COUNT=3", "\ud800"],
        )
        | st.text(max_size=30),
        max_size=25,
    )
)  # fmt: skip
def test_whatever_stands_in_a_calendar_is_read_or_refused(parts):
    raw = "\r\n".join(["BEGIN:VCALENDAR", *parts, "END:VCALENDAR"]).encode(errors="surrogatepass")
    assert answer(raw)


def test_the_limits_are_told():
    for count, refusal in ((5_001, lines.TooManyEntries), (700, entries.TooMuchToCome)):
        raw = a_calendar(*many(count, "DTSTART:20261205T093000Z"))
        with pytest.raises(refusal):
            read(raw, timezone=LONDON, now=NOW)
    with pytest.raises(entries.TooMuchToCome):
        read(a_calendar(*many(61, "DTSTART:20261205T093000Z")), timezone=LONDON, now=NOW)
