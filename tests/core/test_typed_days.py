from __future__ import annotations

import datetime as dt
import itertools

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from timebank.core.day_words import LANGUAGES
from timebank.core.day_words import months_of
from timebank.core.day_words import weekdays_of
from timebank.core.typed_days import is_day_alone
from timebank.core.typed_days import is_month_alone
from timebank.core.typed_days import is_weekday_alone
from timebank.core.typed_days import looks_like_a_day
from timebank.core.typed_days import read_day
from timebank.domain.rota.spreadsheets.settling import Guess
from timebank.domain.rota.spreadsheets.settling import settle

TODAY = dt.date(2026, 11, 20)
MONDAY = 0
SATURDAY = 5
YEAR = (Guess.YEAR,)
ORDER = (Guess.ORDER,)


def settled(*texts, today=TODAY, weekday=None):
    return settle([read_day(text) for text in texts], today=today, weekday=weekday)


def days(*texts, today=TODAY, weekday=None):
    found = settled(*texts, today=today, weekday=weekday)
    return [one.day and one.day.isoformat() for one in found]


@pytest.mark.parametrize(
    ("text", "guesses"),
    [
        ("Sat 5 Dec", YEAR),
        ("Sat 5th December, 2026", ()),
        ("Saturday the 5th of Dec 2026", ()),
        ("5 Dec", YEAR),
        ("5-Dec", YEAR),
        ("5-Dec-26", ()),
        ("5Dec", YEAR),
        ("Dec 5", YEAR),
        ("December 5th, 2026", ()),
        ("5 Dec '26", ()),
        ("5 Dec (Sat)", YEAR),
        ("2026-12-05", ()),
        ("2026/12/05", ()),
        ("2026-12-05 00:00:00", ()),
        ("2026-12-05T00:00:00Z", ()),
        ("20261205", ()),
        ("05/12/2026", ORDER),
        ("05/12/2026 00:00", ORDER),
        ("5/12", (Guess.YEAR, Guess.ORDER)),
        ("5/12/26", ORDER),
        ("05-12", (Guess.YEAR, Guess.ORDER)),
        ("5.12.2026", ()),
        ("5.12.", YEAR),
        ("Sa 5. Dez", YEAR),
        ("Sa., 5. Dezember 2026", ()),
        ("Samstag, den 5. Dez.", YEAR),
        ("samedi 5 décembre", YEAR),
        ("5 DÉC.", YEAR),
        ("sábado 5 de diciembre de 2026", ()),
        ("dic 5", YEAR),
        ("sabato 5 dicembre", YEAR),
        ("zaterdag 5 december", YEAR),
        ("sob. 5 grudnia", YEAR),
        ("sâmbătă 5 decembrie", YEAR),
        ("sábado, 5 de dezembro", YEAR),
        ("Dydd Sadwrn 5 Rhagfyr", YEAR),
        ("46361", (Guess.SERIAL,)),
        ("46361.375", (Guess.SERIAL,)),
    ],
)
def test_a_heading_is_read_as_the_fifth_of_december(text, guesses):
    (found,) = settled(text)
    assert (found.day, found.guesses) == (dt.date(2026, 12, 5), guesses)


@pytest.mark.parametrize(
    ("text", "note", "has_more"),
    [
        ("Sat 26 Dec (Boxing Day)", "Boxing Day", False),
        ("Boxing Day, Sat 26 Dec", "Boxing Day", False),
        ("Sat 26 Dec – Boxing Day", "Boxing Day", False),
        ("Sat 26 Dec\nBoxing Day", "Boxing Day", False),
        ("Boxing Day (26 Dec)", "Boxing Day", False),
        ("26/12/2026 [moved (flood)", "moved flood", False),
        ("26 Dec 9am", "9am", False),
        ("26 Dec 10:30", "10:30", False),
        ("2026-12-26T09:30", "09:30", False),
        ("26 Dec Sam's walk", "Sam's walk", False),
        ("26 Dec (was 2026-12-19)", "was 2026-12-19", False),
        ("26 Dec - 28 Dec", "28 Dec", True),
        ("Week 3: 26 Dec", "Week 3", True),
    ],
)
def test_what_stands_beside_a_date_is_a_note(text, note, has_more):
    found = read_day(text)
    assert found is not None
    assert (found.day_first, found.note, found.has_more) == ((12, 26), note, has_more)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Role",
        "Sat",
        "December 2026",
        "Sat 5",
        "9-10",
        "9:00-10:00",
        "12345",
        "99999",
        "07700 900123",
        "Marshal 1",
        "5/6 Dec",
        "5 & 6 Dec",
        "5 to 6 Dec",
        "5/12-6/12",
        "1.2.3.4",
        "5/12/202",
    ],
)
def test_what_names_no_single_day_is_not_read(text):
    assert read_day(text) is None


@pytest.mark.parametrize(
    "text", ["31/02", "32 Dec", "30 Feb 2027", "0/5", "29/02/2027", "2026-13-01", "0000-12-05"]
)
def test_a_day_that_does_not_exist_is_asked_about(text):
    found = read_day(text)
    assert (found is not None and found.is_possible, days(text)) == (False, [None])


def test_a_leap_day_finds_its_year():
    assert days("29 Feb", "7 Mar") == ["2028-02-29", "2028-03-07"]


def test_days_go_on_over_new_year():
    assert days("Sat 5 Dec", "Sat 19 Dec", "Sat 2 Jan", "Sat 16 Jan") == [
        "2026-12-05",
        "2026-12-19",
        "2027-01-02",
        "2027-01-16",
    ]


def test_one_year_that_is_written_tells_all_others():
    assert days("30 Nov", "28 Dec", "25 Jan 2025", "22 Feb") == [
        "2024-11-30",
        "2024-12-28",
        "2025-01-25",
        "2025-02-22",
    ]


def test_an_old_rota_is_told_by_its_year():
    assert days("5 Dec", "12 Dec 2020", "2 Jan") == ["2020-12-05", "2020-12-12", "2021-01-02"]


def test_a_slip_in_one_year_leaves_the_others_alone():
    assert days("5 Dec", "12 Dec 2062", "19 Dec") == ["2026-12-05", "2062-12-12", "2026-12-19"]


def test_a_rota_that_has_begun_is_this_years():
    assert days("5 Dec", "19 Dec", "2 Jan", "16 Jan", today=dt.date(2027, 1, 10)) == [
        "2026-12-05",
        "2026-12-19",
        "2027-01-02",
        "2027-01-16",
    ]


def test_weekdays_tell_the_year():
    assert days("Fri 5 Dec", "Fri 12 Dec") == ["2025-12-05", "2025-12-12"]


def test_a_weekday_that_is_wrong_once_is_outvoted():
    assert days("Sat 5 Dec", "Fri 12 Dec", "Sat 19 Dec") == [
        "2026-12-05",
        "2026-12-12",
        "2026-12-19",
    ]


def test_the_newest_date_may_come_first():
    assert days("9 Jan", "2 Jan", "26 Dec", "19 Dec") == [
        "2027-01-09",
        "2027-01-02",
        "2026-12-26",
        "2026-12-19",
    ]


def test_a_date_out_of_order_stays_near_the_others():
    assert days("5 Dec", "12 Dec", "1 Dec", "19 Dec") == [
        "2026-12-05",
        "2026-12-12",
        "2026-12-01",
        "2026-12-19",
    ]


def test_a_day_that_is_none_leaves_its_neighbours_alone():
    assert days("5 Dec", "31/02", "Notes", "2 Jan") == ["2026-12-05", None, None, "2027-01-02"]


def test_neighbours_tell_the_day_from_the_month():
    assert days("26 Dec", "02/01/2027", "9 Jan") == ["2026-12-26", "2027-01-02", "2027-01-09"]
    assert days("12/5", "12/12", "12/19") == ["2026-12-05", "2026-12-12", "2026-12-19"]
    assert days("12/1", "1/1", "2/1") == ["2026-12-01", "2027-01-01", "2027-02-01"]
    assert days("5/12", "12/12") == ["2026-12-05", "2026-12-12"]
    assert days("1/3", "1/4", "1/5") == ["2027-03-01", "2027-04-01", "2027-05-01"]
    assert days("1/6", "2/6", "3/6") == ["2027-06-01", "2027-06-02", "2027-06-03"]


def test_the_weekday_of_the_series_tells_the_day_from_the_month():
    assert days("10/4/2027", weekday=SATURDAY) == ["2027-04-10"]
    assert days("4/10/2027", weekday=SATURDAY) == ["2027-04-10"]
    assert days("4/10/2027", weekday=MONDAY) == ["2027-10-04"]
    assert days("Sat 4/10/2027") == ["2027-04-10"]


def test_the_day_comes_first_when_nothing_tells():
    assert settled("03/04/2027")[0].day == dt.date(2027, 4, 3)


def test_the_month_comes_first_where_the_other_order_is_no_day():
    (found,) = settled("12/26/2026")
    assert (found.day, found.guesses) == (dt.date(2026, 12, 26), ())


@settings(deadline=None)
@given(
    first=strategies.dates(dt.date(2026, 11, 21), dt.date(2027, 2, 18)),
    step=strategies.integers(1, 31),
    count=strategies.integers(1, 6),
    form=strategies.sampled_from(["%d %b", "%a %d %b", "%d.%m.", "%B %d", "%d/%m/%Y"]),
)
def test_a_rota_of_any_rhythm_keeps_its_days(first, step, count, form):
    planned = [first + dt.timedelta(days=step * number) for number in range(count)]
    texts = [day.strftime(form) for day in planned]
    assert days(*texts) == [day.isoformat() for day in planned]


@settings(deadline=None)
@given(strategies.lists(strategies.text(max_size=40)))
def test_any_headings_are_settled(texts):
    assert len(settled(*texts)) == len(texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_months_and_weekdays_of_every_language_are_known_in_full_and_short(language):
    locale = Locale.parse(language)
    for width, (number, name) in itertools.chain(
        *([("wide", pair) for pair in table["wide"].items()] for table in locale.months.values())
    ):
        assert months_of(name) == {number}, (width, name)
    for table in locale.days.values():
        for number, name in table["wide"].items():
            assert number in weekdays_of(name.split()[-1].split("-")[0]), name


def test_words_are_beginnings_of_months_and_weekdays_and_nothing_else():
    assert [months_of(word) for word in ("Sept", "févr", "JUN", "jui", "Mark", "ma")] == [
        {9},
        {2},
        {6},
        {6, 7},
        set(),
        set(),
    ]
    assert [weekdays_of(word) for word in ("Thurs", "Weds", "So", "feira", "dydd", "Samuel")] == [
        {3},
        {2},
        {5, 6},
        set(),
        set(),
        set(),
    ]


def test_parts_of_a_date_are_known_alone():
    assert [
        text for text in ("December", "Dez. 2026", "5 Dec", "May I", "") if is_month_alone(text)
    ] == [
        "December",
        "Dez. 2026",
    ]
    assert [
        text for text in ("5", "5th", "Sat 5", "12.", "Team 5", "5a", "") if is_day_alone(text)
    ] == [
        "5",
        "5th",
        "Sat 5",
        "12.",
    ]
    assert [text for text in ("Sat", "sam.", "Sat 5", "Tom", "") if is_weekday_alone(text)] == [
        "Sat",
        "sam.",
    ]
    assert [
        text
        for text in ("Sat ??", "Dec 32", "12", "Notes", "Week 3", "")
        if looks_like_a_day(text)
    ] == ["Sat ??", "Dec 32", "12"]
