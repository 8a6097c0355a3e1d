from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from flask_babel import Babel

from timebank.web import filters

LONDON = "Europe/London"
MAY_DAY = dt.datetime(2027, 5, 1, 8, 0, tzinfo=dt.UTC)
IN_2027 = dt.date(2027, 1, 1)


@pytest.fixture(autouse=True)
def _page():
    app = Flask(__name__)
    Babel(app)
    filters.register(app)
    with app.test_request_context():
        yield


def at(hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2027, 1, 2, hour, minute, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (at(9), "9am"),
        (at(10, 30), "10:30am"),
        (at(12), "noon"),
        (at(12, 5), "12:05pm"),
        (at(13, 30), "1:30pm"),
        (at(0), "midnight"),
        (at(0, 15), "12:15am"),
        (MAY_DAY, "9am"),
    ],
)
def test_clock_reads_as_on_a_poster(moment: dt.datetime, words: str) -> None:
    assert filters.clock(moment, LONDON) == words


def test_clock_span_names_both_ends() -> None:
    ends_at = MAY_DAY + dt.timedelta(minutes=90)
    assert filters.clock_span(MAY_DAY, ends_at, LONDON) == "9am to 10:30am"


def test_clock_follows_the_zone_over_a_clock_change() -> None:
    before = dt.datetime(2027, 3, 28, 0, 30, tzinfo=dt.UTC)
    assert filters.clock(before, LONDON) == "12:30am"
    assert filters.clock(before + dt.timedelta(hours=1), LONDON) == "2:30am"


def test_day_is_brief() -> None:
    assert filters.day(MAY_DAY, LONDON) == "Sat 1 May"


def test_day_is_the_local_one() -> None:
    late = dt.datetime(2027, 5, 1, 23, 30, tzinfo=dt.UTC)
    assert filters.day(late, LONDON) == "Sun 2 May"


def test_long_day_leaves_out_this_year() -> None:
    assert filters.long_day(MAY_DAY, LONDON, today=IN_2027) == "Saturday 1 May"


def test_long_day_names_another_year() -> None:
    assert filters.long_day(MAY_DAY, LONDON, today=dt.date(2026, 12, 31)) == "Saturday 1 May 2027"


def test_month_names_another_year() -> None:
    assert filters.month(MAY_DAY, LONDON, today=IN_2027) == "May"
    assert filters.month(MAY_DAY, LONDON, today=dt.date(2028, 1, 1)) == "May 2027"


def test_iso_keeps_the_offset() -> None:
    assert filters.iso(MAY_DAY, LONDON) == "2027-05-01T09:00+01:00"


def test_plain_dates_need_no_zone() -> None:
    date = dt.date(2027, 9, 5)
    shown = (
        filters.day(date),
        filters.iso(date),
        filters.short_month(date),
        filters.weekday(date),
    )
    assert shown == ("Sun 5 September", "2027-09-05", "Sept", "Sunday")


def test_ticket_has_three_parts() -> None:
    ticket = (
        filters.short_weekday(MAY_DAY, LONDON),
        filters.day_number(MAY_DAY, LONDON),
        filters.short_month(MAY_DAY, LONDON),
    )
    assert ticket == ("Sat", "1", "May")


def test_hours_are_said_in_words() -> None:
    assert (filters.hours(105), filters.hours_unit(45)) == ("1¾ hours", "hour")
    assert (filters.hours(40), filters.hours(80)) == ("40 minutes", "1 hour 20 minutes")


def test_hue_is_one_of_five_and_stays() -> None:
    assert {filters.hue(number) for number in range(1000)} == {1, 2, 3, 4, 5}
    assert filters.hue(7) == 3
    assert filters.hue("Danson Saturday Stroll") == filters.hue("Danson Saturday Stroll")
