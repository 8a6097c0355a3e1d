from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from timebank.core import csv_tables
from timebank.core.csv_tables import Cell
from timebank.core.csv_tables import Table
from timebank.core.csv_tables import read_bytes
from timebank.core.csv_tables import read_text
from timebank.core.errors import Refused
from timebank.core.text import UnreadableText

WORDS = "Role,Sat 5 Dec\r\nMarshal,Zoë Ń – café\r\n"
ROWS = (("Role", "Sat 5 Dec"), ("Marshal", "Zoë Ń – café"))
WESTERN = "Role,Sat 5 Dec\r\nMarshal,Zoë “Bo” – café €\r\n"


@pytest.mark.parametrize(
    ("data", "encoding", "is_guessed"),
    [
        (WORDS.encode(), "utf-8", False),
        (b"\xef\xbb\xbf" + WORDS.encode(), "utf-8", False),
        (WORDS.encode("utf-16"), "utf-16", False),
        (b"\xfe\xff" + WORDS.encode("utf-16-be"), "utf-16", False),
        (WORDS.encode("utf-16-le"), "utf-16-le", True),
        (WORDS.encode("utf-16-be"), "utf-16-be", True),
    ],
)
def test_a_file_is_read_however_its_letters_are_written(data, encoding, is_guessed):
    assert read_bytes(data) == Table(ROWS, encoding, ",", is_encoding_guessed=is_guessed)


def test_windows_letters_are_a_guess():
    assert read_bytes(WESTERN.encode("cp1252")) == Table(
        (("Role", "Sat 5 Dec"), ("Marshal", "Zoë “Bo” – café €")),
        "windows-1252",
        ",",
        is_encoding_guessed=True,
    )


def test_a_byte_that_no_windows_letter_has_is_shown_as_missing():
    assert read_bytes(b"Role,5 Dec\nMarshal,Zo\x81\xeb\n").rows[1] == ("Marshal", "Zo□ë")


def test_half_a_utf_16_letter_at_the_end_is_shown_as_missing():
    assert read_bytes("a,b".encode("utf-16") + b"\x00").rows == (("a", "b□"),)


def test_letters_are_composed():
    assert read_text("Zoe\u0308,N\u0301\n").rows == (("Zoë", "Ń"),)


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("a,b,c\nd,e,f\n", ","),
        ("a;b;c\nd;Tom, Ann;f\n", ";"),
        ("a\tb\tc\nd\tTom, Ann\tx;y\n", "\t"),
        ('a;b\n"Tom, Ann, Bo, Cy, Di";c\n', ";"),
        ("a;b\nTom, Ann, Bo;c\n", ";"),
        ("sep=;\na;b,c,d\n", ";"),
        ("alone\n", "\t"),
    ],
)
def test_what_stands_between_cells_is_found_out(text, separator):
    assert read_text(text).separator == separator


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_end_of_a_line_will_do(end):
    assert read_text(f"a,b{end}c,d{end}").rows == (("a", "b"), ("c", "d"))


def test_a_cell_in_quotes_may_hold_separators_quotes_and_line_ends():
    assert read_text('a,"Tom, ""T""\nAnn"\nb,c\n').rows == (("a", 'Tom, "T"\nAnn'), ("b", "c"))


def test_a_quote_that_is_never_closed_swallows_nothing():
    assert read_text('a,"Tom\nb,"Ann"\n') == Table(
        (("a", '"Tom'), ("b", '"Ann"')), "text", ",", has_open_quote=True
    )


def test_a_word_in_quotes_within_a_cell_harms_no_other():
    table = read_text('a,"Tom, Ann"\n"The cat" Tom,c\n')
    assert table == Table((("a", "Tom, Ann"), ("The cat Tom", "c")), "text", ",")


def test_blank_cells_at_the_ends_are_left_off_and_all_rows_are_as_wide():
    assert read_text("a,,,\n,\n,b,\n,,\n,,\n").rows == (("a", ""), ("", ""), ("", "b"))


def test_what_cannot_be_seen_is_dropped():
    assert read_text("T\x00o\x07m,\u202eAnn\u200b\n\x1e,\u00a0x\u00a0y\n").rows == (
        ("Tom", "Ann"),
        ("", "x y"),
    )


def test_only_the_first_letters_of_a_long_cell_are_kept():
    table = read_text(f"a,{'x' * 251}\n{'y' * 250}\n")
    assert table == Table(
        (("a", "x" * 250), ("y" * 250, "")), "text", ",", shortened=(Cell(1, 2),)
    )


@pytest.mark.parametrize(
    ("column", "name"), [(1, "A7"), (26, "Z7"), (27, "AA7"), (52, "AZ7"), (120, "DP7")]
)
def test_a_cell_is_named_as_spreadsheets_name_it(column, name):
    assert str(Cell(7, column)) == name


@pytest.mark.parametrize(
    "start",
    [
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"%PDF-1.7",
        b"{\\rtf1",
        b"\x1f\x8b\x08",
        b"\x89PNG\r\n",
        b"\xff\xd8\xff\xe0",
        b"<!DOCTYPE html>",
        b"\xef\xbb\xbf <html>",
        b"<?xml version='1.0'?>",
        bytes(range(128, 256)) + bytes(range(32)),
    ],
)
def test_what_is_no_text_is_answered_with_what_to_do(start):
    with pytest.raises(csv_tables.NotCells) as refusal:
        read_bytes(start + b"whatever" * 3)
    assert refusal.value.sentence == "Save it as CSV, or copy the cells and paste them."


def test_a_workbook_is_one_however_big():
    with pytest.raises(csv_tables.NotCells):
        read_bytes(b"PK\x03\x04" + b"x" * csv_tables.MOST_BYTES)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", csv_tables.NoCells),
        (" ,\n\n , ,", csv_tables.NoCells),
        ("\ufeff", csv_tables.NoCells),
        ("sep=;\n", csv_tables.NoCells),
        ("x" * 2_000_001, csv_tables.FileTooBig),
        ("a\n" * 2_001, csv_tables.TooManyRows),
        ("\n" * 2_000 + "a", csv_tables.TooManyRows),
        ("a,b\n" + "a," * 120 + "b", csv_tables.TooManyColumns),
        ("x" * 200_000, csv_tables.NotCells),
        (
            "\n".join(",".join(f"{row} {n}" for n in range(11)) for row in range(1_900)),
            csv_tables.TooManyTexts,
        ),
        ("a\ud800", UnreadableText),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(text, refusal):
    with pytest.raises(refusal):
        read_text(text)


def test_a_file_of_more_than_two_megabytes_is_refused():
    with pytest.raises(csv_tables.FileTooBig):
        read_bytes(b"a,b\n" * 500_001)


def test_as_much_as_is_allowed_is_read_and_blanks_at_the_ends_do_not_count():
    table = read_text(("a" + "," * 119 + "b,,,\n") * 2_000 + "\n,\n" * 3_000)
    assert (len(table.rows), {len(row) for row in table.rows}) == (2_000, {120})


def test_a_list_may_be_longer_than_a_rota_and_its_cells_too():
    limits = csv_tables.Limits(rows=5_000, columns=3, texts=4, letters=3)
    table = csv_tables.read_bytes(b"a,bcde\n" * 5_000, limits=limits)
    assert (len(table.rows), table.rows[0], len(table.shortened)) == (5_000, ("a", "bcd"), 5_000)
    for text in ("a\n" * 5_001, "a,b,c,d", "a\nb\nc\nd\ne"):
        with pytest.raises(Refused):
            read_text(text, limits=limits)


def test_ten_thousand_rows_are_refused_at_once():
    began = time.process_time()
    with pytest.raises(csv_tables.TooManyRows) as refusal:
        read_bytes(b"Role,5 Dec\n" + b"Marshal,Tom\n" * 10_000)
    assert time.process_time() - began < 0.5
    assert refusal.value.sentence == (
        "That has too many rows. Copy those that count alone and paste them."
    )


@settings(deadline=None)
@given(strategies.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    try:
        table = read_bytes(data)
    except Refused:
        return
    assert {len(row) for row in table.rows} == {len(table.rows[0])}


CELLS = strategies.text(strategies.sampled_from('ab ",;\tč\n€'), max_size=6)


@settings(deadline=None)
@given(
    strategies.lists(strategies.tuples(CELLS, CELLS), min_size=1), strategies.sampled_from(",;\t")
)
def test_what_a_spreadsheet_writes_is_read_back_in_any_letters(pairs, separator):
    rows = tuple(("x", *(" ".join(cell.split()) for cell in pair), "y") for pair in pairs)
    quoted = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in rows]
    text = "\r\n".join(map(separator.join, quoted))
    assert [read_bytes(text.encode(code)).rows for code in ("utf-8-sig", "utf-16")] == [rows, rows]
