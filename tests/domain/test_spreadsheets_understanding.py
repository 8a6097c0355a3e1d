from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import string
import time
from pathlib import Path

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from tests import sheets
from timebank.core.csv_tables import Cell
from timebank.core.csv_tables import read_text
from timebank.core.errors import Refused
from timebank.domain.rota.spreadsheets import body
from timebank.domain.rota.spreadsheets import layout
from timebank.domain.rota.spreadsheets import remarks
from timebank.domain.rota.spreadsheets.records import SheetDate
from timebank.domain.rota.spreadsheets.records import SheetEntry
from timebank.domain.rota.spreadsheets.records import SheetJob
from timebank.domain.rota.spreadsheets.records import Understood
from timebank.domain.rota.spreadsheets.remarks import SENTENCES
from timebank.domain.rota.spreadsheets.remarks import Kind
from timebank.domain.rota.spreadsheets.remarks import Remark
from timebank.domain.rota.spreadsheets.settling import Guess
from timebank.domain.rota.spreadsheets.understanding import understand
from timebank.domain.rota.spreadsheets.understanding import understand_file
from timebank.domain.rota.spreadsheets.understanding import understand_pasted

SAMPLE = (Path(__file__).parent.parent / "samples" / "rota-grid.csv").read_bytes()
TODAY = dt.date(2026, 11, 20)
DEC_5, DEC_12, DEC_19, DEC_26 = (dt.date(2026, 12, day) for day in (5, 12, 19, 26))
JAN_2, JAN_9 = dt.date(2027, 1, 2), dt.date(2027, 1, 9)
YEAR = (Guess.YEAR,)


def at(name):
    """Turn "AB12" into its cell."""
    letters = name.rstrip(string.digits)
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    return Cell(int(name.removeprefix(letters)), column)


def read(text):
    return understand_pasted(text, today=TODAY)


def days(understood):
    return [date.day for date in understood.dates]


def jobs(understood):
    return [(job.name, job.needed, job.places) for job in understood.jobs]


def turns(understood):
    """Who does what when: "B2 Marshal 5 Dec Tom?"."""
    return [
        f"{one.at} {one.job}: {one.name}{'?' if one.is_pencilled else ''}"
        for one in understood.entries
    ]


def said(understood, *kinds):
    """What is said, without the guessed years and the headings that every sheet has."""
    dull = {Kind.YEAR_GUESSED, Kind.HEADING, Kind.STARS_GUESSED} - set(kinds)
    return [
        (str(one.at or ""), one.kind, one.text)
        for one in understood.remarks
        if one.kind not in dull
    ]


SAMPLE_JOBS = {
    "Run Director*": ("A3", "Nadia K", "Wes E", "Nadia K", "Wes E", ""),
    "Event Day Course Check*": ("A4", "Tom B", "Tom B", "", "Tom B", ""),
    "First Timers Welcome*": ("A5", "Priya S", "", "Priya Sharma", "", ""),
    "Timekeeper*": ("A6", "Imran M", "Imran M & Grace L", "Grace L", "Imran M", ""),
    "Barcode Scanning*": ("A8", "Jo F", "Jo F", "Ama O", "Zoë Ń", "Jo F"),
    "Barcode Scanning": ("A9", "Siân P", "", "Siân P", "", "Siân P?"),
    "Finish Tokens*": ("A10", "Pauline D", "Pauline D", "Pauline D", "Pauline D", ""),
    "Marshal (boathouse)*": ("A11", "Grace L", "", "Tom B", "", ""),
    "Marshal (stable block)*": ("A12", "Ama O", "Ama O", "", "", ""),
    "Tail Walker*": ("A14", "", "Marjorie H", "Marjorie H", "Marjorie H", ""),
    "Photographer": ("A15", "", "Lee O'Brien", "", "", ""),
    "Results Processor*": ("A16", "Nadia K", "Nadia K", "Wes E", "Nadia K", "Wes E"),
}


def sample_entries():
    columns = [
        ("B", 0, DEC_5),
        ("C", 1, DEC_12),
        ("D", 2, DEC_19),
        ("F", 4, JAN_2),
        ("G", 5, JAN_9),
    ]
    for line, (place, *cells) in SAMPLE_JOBS.items():
        for (column, date, day), cell in zip(columns, cells, strict=True):
            for name in filter(None, cell.split(" & ")):
                yield SheetEntry(
                    at=at(column + place[1:]),
                    job=line.removesuffix("*"),
                    date=date,
                    day=day,
                    name=name.removesuffix("?"),
                    is_pencilled=name.endswith("?"),
                )


UNDERSTOOD = Understood(
    dates=(
        SheetDate(at("B2"), "Sat 5 Dec", DEC_5, YEAR, "", is_cancelled=False),
        SheetDate(at("C2"), "Sat 12 Dec", DEC_12, YEAR, "", is_cancelled=False),
        SheetDate(at("D2"), "Sat 19 Dec", DEC_19, YEAR, "", is_cancelled=False),
        SheetDate(
            at("E2"), "Sat 26 Dec (Boxing Day)", DEC_26, YEAR, "Boxing Day", is_cancelled=True
        ),
        SheetDate(at("F2"), "02/01/2027", JAN_2, (Guess.ORDER,), "", is_cancelled=False),
        SheetDate(at("G2"), "9 Jan", JAN_9, YEAR, "", is_cancelled=False),
    ),
    jobs=(
        SheetJob("Run Director", 1, 1, (at("A3"),)),
        SheetJob("Event Day Course Check", 1, 1, (at("A4"),)),
        SheetJob("First Timers Welcome", 1, 1, (at("A5"),)),
        SheetJob("Timekeeper", 1, 2, (at("A6"), at("A7"))),
        SheetJob("Barcode Scanning", 1, 2, (at("A8"), at("A9"))),
        SheetJob("Finish Tokens", 1, 1, (at("A10"),)),
        SheetJob("Marshal (boathouse)", 1, 1, (at("A11"),)),
        SheetJob("Marshal (stable block)", 1, 1, (at("A12"),)),
        SheetJob("Marshal (lake end)", 0, 1, (at("A13"),)),
        SheetJob("Tail Walker", 1, 1, (at("A14"),)),
        SheetJob("Photographer", 0, 1, (at("A15"),)),
        SheetJob("Results Processor", 1, 1, (at("A16"),)),
    ),
    entries=tuple(sample_entries()),
    remarks=(
        Remark(at("A1"), Kind.TITLE, "Danson Saturday Stroll – volunteer rota"),
        Remark(at("A2"), Kind.HEADING, "Role"),
        Remark(at("B2"), Kind.YEAR_GUESSED, "Sat 5 Dec", {"day": DEC_5}),
        Remark(at("C2"), Kind.YEAR_GUESSED, "Sat 12 Dec", {"day": DEC_12}),
        Remark(at("D2"), Kind.YEAR_GUESSED, "Sat 19 Dec", {"day": DEC_19}),
        Remark(at("E2"), Kind.YEAR_GUESSED, "Sat 26 Dec (Boxing Day)", {"day": DEC_26}),
        Remark(at("E2"), Kind.DATE_OFF, "Sat 26 Dec (Boxing Day)"),
        Remark(at("F2"), Kind.ORDER_GUESSED, "02/01/2027", {"day": JAN_2}),
        Remark(at("G2"), Kind.YEAR_GUESSED, "9 Jan", {"day": JAN_9}),
        Remark(at("C7"), Kind.NOBODY, "TBC", {"name": ""}),
        Remark(at("A18"), Kind.LEGEND, "* = can't start without"),
    ),
    encoding="utf-8",
    separator=",",
    is_turned=False,
)


def test_the_sample_is_understood_to_the_last_cell():
    assert understand_file(SAMPLE, today=TODAY) == UNDERSTOOD


@pytest.mark.parametrize(
    ("data", "encoding", "separator"),
    [
        (SAMPLE.replace(b",", b";"), "utf-8", ";"),
        (SAMPLE.replace(b",", b"\t"), "utf-8", "\t"),
        (SAMPLE.replace(b"\r\n", b"\n"), "utf-8", ","),
        (SAMPLE.decode("utf-8-sig").encode(), "utf-8", ","),
        (SAMPLE.decode("utf-8-sig").encode("utf-16"), "utf-16", ","),
    ],
)
def test_the_sample_is_understood_however_it_was_saved(data, encoding, separator):
    understood = understand_file(data, today=TODAY)
    assert (understood.dates, understood.jobs, understood.entries, understood.remarks) == (
        UNDERSTOOD.dates,
        UNDERSTOOD.jobs,
        UNDERSTOOD.entries,
        UNDERSTOOD.remarks,
    )
    assert (understood.encoding, understood.separator) == (encoding, separator)


def test_letters_of_windows_are_said_to_be_a_guess():
    data = SAMPLE.decode("utf-8-sig").replace("Ń", "N").encode("cp1252")
    understood = understand_file(data, today=TODAY)
    assert understood.remarks == (
        Remark(None, Kind.ENCODING_GUESSED, "", {"encoding": "windows-1252"}),
        *UNDERSTOOD.remarks,
    )
    assert [one.name for one in understood.entries] == [
        one.name.replace("Ń", "N") for one in UNDERSTOOD.entries
    ]


def test_dates_may_run_down_the_side():
    rows = list(csv.reader(io.StringIO(SAMPLE.decode("utf-8-sig"))))[1:16]
    turned = "\n".join("\t".join(column) for column in zip(*rows, strict=True))
    understood = read(turned)
    assert understood.is_turned
    assert days(understood) == days(UNDERSTOOD)
    assert [date.is_cancelled for date in understood.dates] == [
        date.is_cancelled for date in UNDERSTOOD.dates
    ]
    assert jobs(understood) == jobs(UNDERSTOOD)
    assert [(one.job, one.day, one.name) for one in understood.entries] == [
        (one.job, one.day, one.name) for one in UNDERSTOOD.entries
    ]
    assert [one.at for one in understood.entries] == [
        Cell(one.at.column, one.at.row - 1) for one in UNDERSTOOD.entries
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Aufgabe;Sa 5. Dez;Sa 12. Dez\nStreckenposten*;Jörg;Änne, Bo\n",
        "Rôle;samedi 5 décembre;samedi 12 décembre\nSignaleur*;Jörg;Änne et Bo\n",
        "Tarea,sáb 5 dic,sáb 12 dic\nBalizador*,Jörg,Änne y Bo\n",
        "Job\t5.12.2026\t12.12.2026\nMarshal*\tJörg\tÄnne/Bo\n",
        "Job\t46361\t46368\nMarshal*\tJörg\tÄnne & Bo\n",
    ],
)
def test_dates_of_other_countries_are_dates(text):
    understood = read(text)
    assert days(understood) == [DEC_5, DEC_12]
    assert [one.name for one in understood.entries] == ["Jörg", "Änne", "Bo"]
    assert [(job.needed, job.places) for job in understood.jobs] == [(1, 2)]


def test_merged_titles_and_blank_columns_and_rows_are_nothing_to_read():
    understood = read(
        "Rota for 5 December on,,,,,\n,,,,,\n* = must,,,,,\n"
        ",Role,,Sat 5 Dec,,12 Dec\n,,,,,\n,Marshal*,,Tom,,Ann\n,,,,,\n,Tail walker,,,,Bo\n"
    )
    assert days(understood) == [DEC_5, DEC_12]
    assert jobs(understood) == [("Marshal", 1, 1), ("Tail walker", 0, 1)]
    assert turns(understood) == ["D6 Marshal: Tom", "F6 Marshal: Ann", "F8 Tail walker: Bo"]
    assert said(understood, Kind.STARS_GUESSED) == [
        ("A1", Kind.TITLE, "Rota for 5 December on"),
        ("A3", Kind.LEGEND, "* = must"),
    ]


def test_months_may_stand_over_their_days():
    understood = read(",December,,January\nRole,Sat 5,12,2nd\nMarshal,Tom,,Bo\n")
    assert days(understood) == [DEC_5, DEC_12, JAN_2]
    assert turns(understood) == ["B3 Marshal: Tom", "D3 Marshal: Bo"]


def test_months_may_stand_one_under_the_other():
    understood = read(
        "Role,5 Dec,12 Dec\nMarshal*,Tom,Ann\nMarshal,,Cy\n\nRole,2 Jan,9 Jan\nMarshal*,Bo,\n"
    )
    assert days(understood) == [DEC_5, DEC_12, JAN_2, JAN_9]
    assert understood.jobs == (SheetJob("Marshal", 1, 2, (at("A2"), at("A3"), at("A6"))),)
    assert [(one.day, one.name) for one in understood.entries] == [
        (DEC_5, "Tom"),
        (DEC_12, "Ann"),
        (DEC_12, "Cy"),
        (JAN_2, "Bo"),
    ]


def test_a_job_without_a_name_is_the_one_above():
    understood = read("Role,5 Dec\nMarshal*,Tom\n,Ann\n,\n,Bo\n")
    assert jobs(understood) == [("Marshal", 1, 2)]
    assert said(understood) == [("A3", Kind.JOB_CARRIED, ""), ("B5", Kind.NO_JOB, "Bo")]


def test_people_beyond_its_lines_give_a_job_more_places():
    understood = read("Role,5 Dec,12 Dec\nMarshal,Tom,Tom & Ann & Bo\n")
    assert jobs(understood) == [("Marshal", 0, 3)]
    assert understood.remarks[-1] == Remark(
        at("A2"), Kind.MORE_PLACES, "Marshal", {"job": "Marshal", "places": 3}
    )


def test_a_star_before_or_after_the_name_says_needed():
    understood = read("Role,5 Dec\n*Marshal,Tom\nTail walker *,\nTimer (*),\nTimer,\n")
    assert jobs(understood) == [("Marshal", 1, 1), ("Tail walker", 1, 1), ("Timer", 1, 2)]
    assert said(understood, Kind.STARS_GUESSED) == [("A2", Kind.STARS_GUESSED, "Marshal")]


def test_jobs_whose_names_differ_by_letter_case_or_accents_are_one():
    understood = read("Role,5 Dec\nGuía*,Tom\nGUIA,Ann\nGuía (lake),Bo\n")
    assert jobs(understood) == [("Guía", 1, 2), ("Guía (lake)", 0, 1)]


def test_a_date_is_off_when_every_line_says_so():
    understood = read("Role,5 Dec,12 Dec,19 Dec\nMarshal,CANCELLED,off,Tom\nTail,cancelled,,off\n")
    assert [date.is_cancelled for date in understood.dates] == [True, False, False]
    assert said(understood) == [
        ("B1", Kind.DATE_OFF, "5 Dec"),
        ("C2", Kind.MAYBE_OFF, "off"),
        ("D3", Kind.MAYBE_OFF, "off"),
    ]


def test_a_heading_may_say_that_its_date_is_off():
    understood = read("Role,5 Dec CANCELLED,12 Dec (cancelled: flood),19 Dec\nMarshal,,Tom,\n")
    assert [(date.is_cancelled, date.note) for date in understood.dates] == [
        (True, ""),
        (False, "cancelled: flood"),
        (False, ""),
    ]
    assert said(understood) == [
        ("B1", Kind.DATE_OFF, "5 Dec CANCELLED"),
        ("C1", Kind.MAYBE_OFF, "12 Dec (cancelled: flood)"),
    ]


def test_a_heading_that_is_no_day_is_asked_about_and_keeps_its_people():
    understood = read("Role,5 Dec,31/02,Sat ??,=B1+7,2 Jan\nMarshal,Tom,Ann,Bo,Cy,Di\n")
    assert days(understood) == [DEC_5, None, None, None, JAN_2]
    assert [(one.date, one.day, one.name) for one in understood.entries] == [
        (0, DEC_5, "Tom"),
        (1, None, "Ann"),
        (2, None, "Bo"),
        (3, None, "Cy"),
        (4, JAN_2, "Di"),
    ]
    assert said(understood) == [
        ("C1", Kind.DAY_IMPOSSIBLE, "31/02"),
        ("D1", Kind.DAY_UNREADABLE, "Sat ??"),
        ("E1", Kind.FORMULA, "=B1+7"),
    ]


def test_a_day_that_is_odd_is_read_and_said():
    understood = read(
        "Role,Fri 5 Dec,Sat 12 Dec,12 Dec,Sat 19 Dec,1 Dec,26 Dec – 28 Dec,5/12/2062\n"
        "Marshal,Tom\n"
    )
    assert said(understood) == [
        ("B1", Kind.OTHER_WEEKDAY, "Fri 5 Dec"),
        ("D1", Kind.DAY_TWICE, "12 Dec"),
        ("F1", Kind.DAY_OUT_OF_ORDER, "1 Dec"),
        ("G1", Kind.DAY_PARTLY_READ, "26 Dec – 28 Dec"),
        ("H1", Kind.ORDER_GUESSED, "5/12/2062"),
        ("H1", Kind.DAY_FAR_AWAY, "5/12/2062"),
    ]


def test_other_columns_are_left_out_cell_by_cell():
    understood = read("Role,Time,5 Dec,Notes,\nMarshal,9am,Tom,bring flags,07700 900123\n")
    assert turns(understood) == ["C2 Marshal: Tom"]
    assert understood.remarks[-3:] == (
        Remark(at("B2"), Kind.OTHER_COLUMN, "9am", {"heading": "Time"}),
        Remark(at("D2"), Kind.OTHER_COLUMN, "bring flags", {"heading": "Notes"}),
        Remark(at("E2"), Kind.NO_HEADING, "07700 900123"),
    )


def test_lines_that_are_no_jobs_are_left_out_cell_by_cell():
    understood = read(
        "Role,5 Dec,12 Dec\nDay,Sat,Sat\nOn the course:,,\nMarshal,Tom,Ann\nTotal,1,1\n"
        'Filled,1/2,2/2\nCount,=COUNTA(B4),=COUNTA(C4)\n"=A1",Bo,\n12,Bo,\n'
        "Tell Nadia if you can't come.,,\nKey: * = needed,,\n"
    )
    assert jobs(understood) == [("Marshal", 0, 1)]
    assert said(understood, Kind.HEADING) == [
        ("A1", Kind.HEADING, "Role"),
        ("A2", Kind.HEADING, "Day"),
        ("B2", Kind.HEADING, "Sat"),
        ("C2", Kind.HEADING, "Sat"),
        ("A3", Kind.SECTION, "On the course:"),
        ("A5", Kind.FIGURES, "Total"),
        ("B5", Kind.FIGURES, "1"),
        ("C5", Kind.FIGURES, "1"),
        ("A6", Kind.FIGURES, "Filled"),
        ("B6", Kind.FIGURES, "1/2"),
        ("C6", Kind.FIGURES, "2/2"),
        ("A7", Kind.FIGURES, "Count"),
        ("B7", Kind.FIGURES, "=COUNTA(B4)"),
        ("C7", Kind.FIGURES, "=COUNTA(C4)"),
        ("A8", Kind.FORMULA, "=A1"),
        ("B8", Kind.NO_JOB, "Bo"),
        ("A9", Kind.NOT_A_JOB, "12"),
        ("B9", Kind.NO_JOB, "Bo"),
        ("A10", Kind.ASIDE, "Tell Nadia if you can't come."),
        ("A11", Kind.LEGEND, "Key: * = needed"),
    ]


def test_counts_that_look_like_dates_are_no_dates():
    understood = read("Role,5 Dec,12 Dec\nMarshal,Tom,\nFilled,1/12,0/12\nOpen,11/12,12/12\n")
    assert days(understood) == [DEC_5, DEC_12]
    assert jobs(understood) == [("Marshal", 0, 1)]


def test_somebody_who_stands_twice_at_a_job_has_it_once():
    understood = read("Role,5 Dec\nMarshal,Tom & TOM\nMarshal,Ann\nMarshal,Tom\n")
    assert turns(understood) == ["B2 Marshal: Tom", "B3 Marshal: Ann"]
    assert said(understood) == [
        ("B2", Kind.NAME_TWICE, "TOM"),
        ("B4", Kind.NAME_TWICE, "Tom"),
    ]


def test_long_texts_are_said_to_be_long():
    understood = read(f"Role,5 Dec,{'x' * 300}\n{'y' * 61},Tom\n")
    assert said(understood) == [
        ("C1", Kind.SHORTENED, "x" * 250),
        ("A2", Kind.LONG_JOB, "y" * 61),
    ]


def test_quotes_that_do_not_fit_are_said():
    understood = read('Role,5 Dec\nMarshal,"Tom\nTail,Ann\n')
    assert turns(understood) == ["B2 Marshal: Tom", "B3 Tail: Ann"]
    assert understood.remarks[0] == Remark(None, Kind.OPEN_QUOTE)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("Role,First,Second\nMarshal,Tom,Ann\n", layout.NoDates),
        ("Role,Sat 5,Sat 12\nMarshal,Tom,Ann\n", layout.NoDates),
        ("5 Dec,12 Dec\nTom,Ann\n", layout.NoJobs),
        ("Role,5 Dec,12 Dec\n", layout.NoJobs),
        ("Role,5 Dec,12 Dec\nTotal,1,1\n", layout.NoJobs),
    ],
)
def test_what_is_no_rota_is_refused_in_a_sentence(text, refusal):
    with pytest.raises(refusal):
        read(text)


def words(count):
    """Give different names of letters alone."""
    return [
        "".join(chr(97 + number // 26**place % 26) for place in range(4))
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("cells", "refusal"),
    [
        (words(1_001), body.TooManyPeople),
        ([str(number) + "x" for number in range(5_001)], remarks.TooPuzzling),
        ([" & ".join(words(35))] * 600, body.TooManyTurns),
    ],
)
def test_more_than_a_rota_has_is_refused_in_a_sentence(cells, refusal):
    dates = ",".join(f"{1 + number % 28}/{1 + number // 28 % 12}/2027" for number in range(100))
    rows = [cells[start : start + 100] for start in range(0, len(cells), 100)]
    lines = [f"Job {chr(97 + number)}x," + ",".join(row) for number, row in enumerate(rows)]
    with pytest.raises(refusal):
        read("\n".join([f"Role,{dates}", *lines]))


def test_every_kind_of_remark_has_a_sentence():
    assert set(SENTENCES) == set(Kind)


# Whatever comes


def accounted_for(understood):
    """Cells that are used, or have a remark."""
    used = {date.at for date in understood.dates}
    used |= {line for job in understood.jobs for line in job.lines}
    used |= {entry.at for entry in understood.entries}
    used |= {remark.at for remark in understood.remarks}
    return used


def is_called_off(cell, understood):
    """Whether a cell stands under (or right of) a date that is off."""
    return any(
        date.is_cancelled
        and (cell.row == date.at.row if understood.is_turned else cell.column == date.at.column)
        for date in understood.dates
    )


@settings(deadline=None, max_examples=200)
@given(sheets.tables())
@example([["", "5 Dec"], ["Marshal", "&"]])
@example([["Role", "5 Dec", "5"], ["Marshal", "Tom", "x"]])
def test_every_cell_is_used_or_has_a_remark(table):
    try:
        sheet = read_text(sheets.as_csv(table))
        understood = understand(sheet, today=TODAY)
    except Refused:
        return
    accounted = accounted_for(understood)
    for number, row in enumerate(sheet.rows, start=1):
        for column, text in enumerate(row, start=1):
            cell = Cell(number, column)
            assert not text or cell in accounted or is_called_off(cell, understood), cell
    for remark in understood.remarks:
        assert SENTENCES[remark.kind] % {"text": remark.text, **remark.values}


@settings(deadline=None)
@given(strategies.binary(max_size=300))
def test_any_bytes_are_understood_or_refused(data):
    with contextlib.suppress(Refused):
        assert understand_file(b"Role,5 Dec\nMarshal," + data, today=TODAY).jobs


WORST = 2_000_000
HEADING = "Role," + ",".join(
    f"{1 + n % 28}/{1 + n // 28 % 12}/{2026 + n // 336}" for n in range(119)
)


def filled(cell):
    """Fill a table of the largest size; `cell` takes a row and a column."""
    lines = (
        f"J{chr(97 + row % 26)}{row}," + ",".join(cell(row, column) for column in range(119))
        for row in range(1_999)
    )
    return f"{HEADING}\n" + "\n".join(lines)


def under_one_date(cell):
    """Put the same in the job and the cell of every row."""
    return "Role,5 Dec\n" + "\n".join(f"{cell},{cell}" for _ in range(1_999))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(filled(lambda _row, _column: "Tom B"), id="one name everywhere"),
        pytest.param(filled(lambda row, column: f"{row * column}a"), id="figures that differ"),
        pytest.param(
            filled(lambda row, column: f"é{chr(256 + row)}{chr(256 + column)}"), id="accents"
        ),
        pytest.param(filled(lambda row, column: f"1 {row}-{column} d"), id="nearly dates"),
        pytest.param(filled(lambda row, column: f"{1 + row % 28}/{1 + column % 12}"), id="dates"),
        pytest.param("\n" * WORST, id="line ends"),
        pytest.param("," * WORST, id="commas"),
        pytest.param('"' * WORST, id="quotes"),
        pytest.param('"' * (WORST - 1), id="quotes that don't fit"),
        pytest.param('a,"' + "x" * (WORST - 3), id="an open quote"),
        pytest.param("x" * WORST, id="one cell"),
        pytest.param((("Dec 1 1 d" * 27 + ",") * 119 + "\n") * 60, id="headings of dates"),
        pytest.param((("1 de 1 of 1th. " * 16 + ",") * 119 + "\n") * 60, id="headings of words"),
        pytest.param(under_one_date("(" * 249), id="brackets"),
        pytest.param(under_one_date("*" * 248 + "x"), id="stars"),
        pytest.param(under_one_date("a -" + " - a" * 60), id="dashes"),
        pytest.param(under_one_date("1" * 248 + "x"), id="digits"),
        pytest.param(under_one_date("T" + "\u0315\u0327" * 124), id="accents out of order"),
    ],
)
def test_the_worst_two_megabytes_take_less_than_two_seconds(text):
    data = text.encode()[:WORST]
    understand_pasted("Role,5 Dec\nMarshal,Tom\n", today=TODAY)  # loads the names of months
    began = time.process_time()
    with contextlib.suppress(Refused):
        understand_file(data, today=TODAY)
    assert time.process_time() - began < 2
