from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.core.csv_tables import read_bytes
from timebank.core.csv_tables import read_text
from timebank.core.errors import Refused
from timebank.domain.rota.sheets.rows import NoLines
from timebank.domain.rota.sheets.rows import Row
from timebank.domain.rota.sheets.rows import TooManyLines
from timebank.domain.rota.sheets.rows import from_json
from timebank.domain.rota.sheets.rows import read_rows
from timebank.domain.rota.sheets.rows import to_json

SAMPLE = (Path(__file__).parent.parent / "samples" / "paper-sheet.csv").read_bytes()
OF_THE_SAMPLE = {
    "sheet": "DS-0412",
    "day": "05/12/2026",
    "event": "Danson Saturday Stroll",
    "here": "y",
}


def rows(text):
    return read_rows(read_text(text)).rows


def test_the_sample_is_read_line_by_line():
    found = read_rows(read_bytes(SAMPLE))
    assert not found.is_guessed
    assert len(found.rows) == 7
    assert found.rows[4] == Row(
        number=5,
        name="Kwame (new, friend of Ama)",
        job="Marshal",
        came="8:50",
        left="10:20",
        **OF_THE_SAMPLE,
    )
    assert found.rows[5].left == ""
    assert found.rows[1].written == found.rows[6].written
    assert from_json(to_json(found.rows)) == found.rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_whatever_wrote_it(encoding, separator):
    text = f"Name{separator}Job{separator}In\r\nSiân P{separator}Marshal{separator}9\r\n"
    [row] = read_rows(read_bytes(text.encode(encoding))).rows
    assert (row.name, row.job, row.came) == ("Siân P", "Marshal", "9")


def test_headings_are_found_under_a_title_and_in_any_order():
    found = read_rows(
        read_text("Stroll 5 Dec\nVolunteer,Signed in,Time out,Role\nJo F,9,10.30,Tea\n")
    )
    assert found.titles == ("Stroll 5 Dec",)
    assert found.rows == (
        Row(number=1, name="Jo F", came="9", left="10.30", job="Tea", here="yes"),
    )


def test_without_headings_the_usual_order_is_taken_and_that_is_said():
    found = read_rows(read_text("Jo F,Tea,9,10.30\nSam T,Tea,9,\n"))
    assert found.is_guessed
    assert found.rows[1] == Row(number=2, name="Sam T", job="Tea", came="9", here="yes")


def test_lines_keep_their_numbers_when_blank_ones_are_left_out():
    assert [row.number for row in rows("Name,Job\nJo F,Tea\n,\n,Tea\nSam T,Tea\n")] == [1, 4]


@pytest.mark.parametrize(
    ("here", "came", "says"),
    [("y", "", True), ("J Field", "", True), ("", "9", True), ("n", "", False), ("-", "", False),
     ("n", "9", None), ("", "", None)],
)  # fmt: skip
def test_a_signature_or_a_time_says_that_they_came(here, came, says):
    [row] = rows(f"Name,In,Signature\nJo F,{came},{here}\n")
    assert row.says_they_came is says


def test_a_sheet_without_anybody_is_refused():
    for text in ("Name,Job\n", "Name,Job\n,Tea\n"):
        with pytest.raises(NoLines):
            rows(text)


def test_five_hundred_lines_are_read_and_one_more_is_refused():
    assert len(rows("Name,Job\n" + "Jo F,Tea\n" * 500)) == 500
    with pytest.raises(TooManyLines):
        rows("Name,Job\n" + "Jo F,Tea\n" * 501)


@given(st.text(max_size=200))
def test_no_text_at_all_breaks_it(text):
    try:
        found = rows(text)
    except (Refused, ValueError):
        return
    assert found
