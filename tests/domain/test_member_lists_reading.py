"""A member list's cells: what each means, what is asked about, and nothing ever guessed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from timebank.core.csv_tables import read_bytes
from timebank.core.csv_tables import read_text
from timebank.core.errors import Refused
from timebank.domain.ledger.member_lists.reading import LIMITS
from timebank.domain.ledger.member_lists.reading import NoHeadings
from timebank.domain.ledger.member_lists.reading import NoPeople
from timebank.domain.ledger.member_lists.reading import Row
from timebank.domain.ledger.member_lists.reading import TooManyPeople
from timebank.domain.ledger.member_lists.reading import read_rows
from timebank.domain.ledger.member_lists.understanding import Doubt
from timebank.domain.ledger.member_lists.understanding import understand

TODAY = dt.date(2027, 4, 28)
SAMPLE = (Path(__file__).parent.parent / "samples" / "members.csv").read_bytes()


def lines(text: str):
    table = read_rows(read_text(text, limits=LIMITS))
    return [understand(row, today=TODAY) for row in table.rows]


def line(**cells: str):
    row = Row(2, **{"name": "Tom Baker", **dict.fromkeys(Row.__slots__[2:], ""), **cells})
    return understand(row, today=TODAY)


def day_of(one):
    return str(one.joined) if one.joined else None


def test_the_sample_is_read_line_by_line():
    table = read_rows(read_bytes(SAMPLE, limits=LIMITS))
    found = [understand(row, today=TODAY) for row in table.rows]
    assert [
        (
            one.row.number,
            one.name,
            one.email,
            one.phone,
            one.joined and str(one.joined),
            one.minutes,
        )
        for one in found
    ] == [
        (2, "Nadia Kaur", "nadia.kaur@example.org", "020 8000 0101", "2024-02-03", 2490),
        (3, "Wes Edwards", "wes@example.org", None, "2024-03-10", 1080),
        (4, "Tom Baker", "tom.baker@example.org", "07700 900112", "2024-04-01", 1665),
        (5, "Priya Sharma", "priya@example.org", None, "2024-05-12", 750),
        (6, "Imran Malik", "imran@example.org", "07700 900113", "2024-05-12", 540),
        (7, "Grace Lim", "grace@example.org", None, "2024-06-02", 1350),
        (8, "Jo Fraser", "jo@example.org", None, None, 360),
        (9, "Ama Owusu", "ama@example.org", "07700 900114", "2024-07-14", 900),
        (10, "Siân Price", "sian@example.org", None, "2024-07-20", 240),
        (11, "Zoë Ńowak", "zoe@example.org", None, "2024-09-01", 135),
        (12, "Pauline Dent", None, "020 8000 0102", "2024-09-01", 1980),
        (13, "Marjorie Hall", None, "020 8000 0103", "2024-09-15", -180),
        (14, "Lee O'Brien", "lee.obrien@example.org", None, "2024-11-30", 0),
        (15, "Jane Hall", "jane.hall@example.org", None, "2024-11-30", 60),
        (16, "Tom Baker", "tom.baker@example.org", None, "2024-12-01", 0),
        (17, '=HYPERLINK("http://x")', "formula@example.org", None, "2024-12-01", 60),
        (18, "No Address", None, None, None, 0),
    ]
    assert {one.row.number: one.doubts for one in found if one.doubts} == {
        13: (Doubt.HOURS_NEGATIVE,),
        17: (Doubt.NAME_FORMULA,),
        18: (Doubt.EMAIL_UNREADABLE, Doubt.JOINED_UNREADABLE, Doubt.HOURS_UNREADABLE),
    }


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("letters", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_a_list_is_read_whatever_spreadsheet_wrote_it(separator, letters):
    words = separator.join(("E-mail", "Balance", "Full name", "Tel.", "Member since", "Comments"))
    somebody = separator.join(("ZOE@example.org", "½", "Zoë", "020 8000 0101", "3/2/24", "“Hi”"))
    table = read_rows(read_bytes(f"{words}\r\n{somebody}\r\n".encode(letters), limits=LIMITS))
    assert table.rows == (
        Row(2, "Zoë", "ZOE@example.org", "020 8000 0101", "3/2/24", "½", "“Hi”"),
    )


def test_titles_blank_lines_and_other_columns_are_passed_over():
    table = read_rows(
        read_text(
            "Member list,,\n\nFirst name,Surname,Shoe size,Hours b/f,Hours\n"
            "Zoë,Nowak,39,2,9\n,,,,\n,,41,,\n",
            limits=LIMITS,
        )
    )
    assert [(row.number, row.name, row.hours) for row in table.rows] == [(4, "Zoë Nowak", "2")]
    assert table.left_out == ("Shoe size", "Hours")


def test_what_is_no_list_is_refused_in_a_sentence():
    for text, refusal in [
        ("hello", NoHeadings),
        ("Email,Hours\na@example.org,2\n", NoHeadings),
        ("Name,Hours\n,\n", NoPeople),
        ("Name\n" + "Tom\n" * 5_001, TooManyPeople),
    ]:
        with pytest.raises(refusal):
            read_rows(read_text(text, limits=LIMITS))


def test_five_thousand_people_are_not_too_many():
    assert len(read_rows(read_text("Name\n" + "Tom\n" * 5_000, limits=LIMITS)).rows) == 5_000


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("03/02/2024", "2024-02-03"),
        ("2024-03-10", "2024-03-10"),
        ("1 Apr 2024", "2024-04-01"),
        ("2/6/24", "2024-06-02"),
        ("Sat 1 June 2024", "2024-06-01"),
        ("29.2.2024", "2024-02-29"),
        ("20/05/1998", "1998-05-20"),
        ("45325", "2024-02-03"),
    ],
)
def test_a_day_is_read_day_first(typed, day):
    assert (str(line(joined=typed).joined), line(joined=typed).doubts) == (day, ())


@pytest.mark.parametrize(
    "typed",
    [
        *("31/02/2025", "29/02/2023", "12/25/2024", "3 Feb", "2024", "March 2024", "soon"),
        *("Fri 1 June 2024", "1/2/2024 or so", "03/02/0024", "1/2/1899", "\uff13/2/2024x"),
    ],
)
def test_a_day_that_is_none_is_asked_about(typed):
    assert (line(joined=typed).joined, line(joined=typed).doubts) == (
        None,
        (Doubt.JOINED_UNREADABLE,),
    )


def test_a_day_to_come_is_asked_about():
    assert line(joined="29/04/2027").doubts == (Doubt.JOINED_TO_COME,)
    assert line(joined="28/04/2027").doubts == ()


@pytest.mark.parametrize(
    ("cells", "doubt"),
    [
        ({"name": ""}, Doubt.NAME_MISSING),
        ({"name": '=HYPERLINK("http://x")'}, Doubt.NAME_FORMULA),
        ({"name": "+44 7700 900112"}, Doubt.NAME_FORMULA),
        ({"name": "\uff1dSUM(A1)"}, Doubt.NAME_FORMULA),
        ({"name": "123"}, Doubt.NAME_UNREADABLE),
        ({"name": "tom@example.org"}, Doubt.NAME_UNREADABLE),
        ({"name": "x" * 81}, Doubt.NAME_UNREADABLE),
        ({"name": "TOTAL:"}, Doubt.NAME_TOTAL),
        ({"email": "not-an-address"}, Doubt.EMAIL_UNREADABLE),
        ({"email": "a@example.org, b@example.org"}, Doubt.EMAIL_UNREADABLE),
        ({"phone": "7.7009E+09"}, Doubt.PHONE_UNREADABLE),
        ({"phone": "ask Jane"}, Doubt.PHONE_UNREADABLE),
        ({"phone": "020 8000 0101 / 07700 900112"}, Doubt.PHONE_UNREADABLE),
        ({"phone": "123"}, Doubt.PHONE_UNREADABLE),
        ({"hours": "abc"}, Doubt.HOURS_UNREADABLE),
        ({"hours": "-"}, Doubt.HOURS_UNREADABLE),
        ({"hours": "1e3"}, Doubt.HOURS_UNREADABLE),
        ({"hours": "10000"}, Doubt.HOURS_UNREADABLE),
        ({"hours": "-3"}, Doubt.HOURS_NEGATIVE),
        ({"hours": "\u22123"}, Doubt.HOURS_NEGATIVE),
        ({"hours": "2490"}, Doubt.HOURS_MANY),
    ],
)
def test_what_is_not_plain_is_asked_about(cells, doubt):
    assert line(**cells).doubts == (doubt,)


@pytest.mark.parametrize(
    "cells",
    [
        {"email": "no e-mail", "phone": "-"},
        {"email": "mailto:tom@example.org"},
        {"phone": "+44 (0)20 8000-0101 ext 12"},
        {"hours": "500"},
        {"hours": ""},
        {"name": "José-María d'Ávila"},
        {"notes": "=1+1"},
    ],
)
def test_what_is_plain_is_not(cells):
    assert line(**cells).doubts == ()


def test_part_of_a_minute_is_rounded_and_said():
    assert [(one.minutes, one.is_rounded) for one in lines("Name,Hours\nA,0.333\nB,0.25\n")] == [
        (20, True),
        (15, False),
    ]


@settings(deadline=None)
@given(
    strategies.lists(
        strategies.lists(
            strategies.one_of(
                strategies.text(max_size=12),
                strategies.sampled_from(["Name", "Hours", "-3", "1/2/24", "a@b.org", "½"]),
            ),
            min_size=1,
            max_size=6,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_table_is_read_or_refused(rows):
    text = "Name,Email,Phone,Joined,Hours,Notes\n" + "\n".join(
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows
    )
    try:
        found = lines(text)
    except Refused as refusal:
        assert refusal.sentence  # noqa: PT017 - any table may be refused or not
        return
    assert all(one.joined is None or one.joined <= TODAY or one.doubts for one in found)
