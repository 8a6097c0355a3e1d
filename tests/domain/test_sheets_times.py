from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.domain.rota.sheets.times import nearest
from timebank.domain.rota.sheets.times import read_clock

LONDON = "Europe/London"
NINE = dt.datetime(2027, 5, 1, 8, tzinfo=dt.UTC)  # on 1 May it is nine in London


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("8:10", "08:10 20:10"),
        ("7.45", "07:45 19:45"),
        ("10.30", "10:30 22:30"),
        ("9", "09:00 21:00"),
        ("0915", "09:15 21:15"),
        ("915", "09:15 21:15"),
        ("9.10am", "09:10"),
        ("9.10 a.m.", "09:10"),
        ("9:10p", "21:10"),
        ("2pm", "14:00"),
        ("14:05", "14:05"),
        ("8h10", "08:10 20:10"),
        ("09:15:00", "09:15 21:15"),
        ("noon", "12:00"),
        ("12", "12:00 00:00"),
        ("12am", "00:00"),
        ("12.30pm", "12:30"),
        ("midnight", "00:00"),
        ("24:00", "00:00"),
        ("00:15", "00:15"),
        ("1100hrs", "11:00 23:00"),
        ("9 o’clock", "09:00 21:00"),
        ("\uff19:\uff11\uff10", "09:10 21:10"),  # figures as wide as a Chinese letter
    ],
)
def test_a_time_is_read_as_people_write_it(written, read):
    found = read_clock(written)
    assert found.is_sure
    assert " ".join(time.strftime("%H:%M") for time in found.times) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10.3", "10:30"),  # a spreadsheet dropped the nought
        ("9:5", "09:05"),
        ("8:10?", "08:10"),
        ("~9", "09:00"),
        ("c. 9.15", "09:15"),
        ("about 9am", "09:00"),
        ("0.34375", "08:15"),  # as a spreadsheet keeps it
    ],
)
def test_a_time_that_had_to_be_guessed_says_so(written, read):
    found = read_clock(written)
    assert not found.is_sure
    assert found.times[0].strftime("%H:%M") == read


@pytest.mark.parametrize(
    "written",
    ["", "late", "25:00", "9:75", "13pm", "0am", "8-9", "8:10:10:10", "-9", "99", "1e3", "9" * 400,
     "½", "24:30", "===", "٩:٩٩"],
)  # fmt: skip
def test_what_is_no_time_is_none(written):
    assert read_clock(written).times == ()


@given(st.text(max_size=30))
def test_no_text_at_all_breaks_it(written):
    read_clock(written)


@given(st.text(alphabet="0123456789:.,;h apm?~'", max_size=12))
def test_nothing_like_a_time_breaks_it(written):
    for time in read_clock(written).times:
        assert nearest((time,), to=NINE, timezone=LONDON)


def test_of_morning_and_afternoon_the_one_near_the_plan_is_meant():
    times = read_clock("8:10").times
    assert nearest(times, to=NINE, timezone=LONDON) == NINE - dt.timedelta(minutes=50)
    evening = NINE + dt.timedelta(hours=11)
    assert nearest(times, to=evening, timezone=LONDON) == evening + dt.timedelta(minutes=10)


def test_a_time_after_midnight_is_on_the_next_day():
    late = dt.datetime(2027, 5, 1, 22, 30, tzinfo=dt.UTC)  # half past eleven
    found = nearest(read_clock("0:30").times, to=late, timezone=LONDON)
    assert found == late + dt.timedelta(hours=1)


def test_a_time_that_the_clock_skips_is_no_time():
    """On 28 March 2027 the clock goes from one to two."""
    night = dt.datetime(2027, 3, 28, 1, 15, tzinfo=dt.UTC)
    found = nearest(read_clock("1:30am").times, to=night, timezone=LONDON)
    assert found is None
    assert nearest((), to=night, timezone=LONDON) is None
