from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo
from zoneinfo import available_timezones

import icalendar
import pytest

from timebank.domain.calendar.timezones import vtimezone

SINCE = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
UNTIL = dt.datetime(2028, 1, 1, tzinfo=dt.UTC)


def test_london_is_two_rules() -> None:
    assert vtimezone("Europe/London", SINCE, UNTIL).decode().split("\r\n") == [
        "BEGIN:VTIMEZONE",
        "TZID:Europe/London",
        "BEGIN:DAYLIGHT",
        "DTSTART:20200329T010000",
        "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0100",
        "TZNAME:BST",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "DTSTART:20201025T020000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0000",
        "TZNAME:GMT",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "END:STANDARD",
        "END:VTIMEZONE",
        "",
    ]


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("Asia/Kolkata", ["20200101T000000"]),
        ("Africa/Casablanca", ["20260322T020000", "20260920T020000"]),  # for good, by tzdata 2026
        ("America/Nuuk", ["20260328T230000", "20261025T000000", "20270327T230000"]),
    ],
)
def test_a_zone_that_no_rule_tells_is_told_change_by_change(zone: str, changes: list[str]) -> None:
    until = dt.datetime(2027, 6, 1, tzinfo=dt.UTC)
    lines = vtimezone(zone, SINCE, until).decode().split("\r\n")
    assert [line for line in lines if line.startswith("DTSTART:")] == [
        f"DTSTART:{change}" for change in changes
    ]
    assert not any(line.startswith(("RRULE", "RDATE")) for line in lines)


def test_every_zone_agrees_with_zoneinfo_over_the_window() -> None:
    zones = sorted(zone for zone in available_timezones() if "/" in zone)[::7]
    hours = range(0, int((UNTIL - SINCE).total_seconds() // 3600), 91)
    wrong = set()
    for zone in [*zones, "Europe/Dublin", "America/New_York", "Australia/Lord_Howe"]:
        raw = vtimezone(zone, SINCE, UNTIL)
        told = icalendar.Timezone.from_ical(raw).to_tz(lookup_tzid=False)
        for hour in hours:
            moment = SINCE + dt.timedelta(hours=hour)
            local = moment.astimezone(ZoneInfo(zone))
            if local.replace(tzinfo=told).utcoffset() != local.utcoffset():
                wrong.add(zone)
    assert not wrong
