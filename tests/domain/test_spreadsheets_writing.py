from __future__ import annotations

import datetime as dt
from pathlib import Path

from hypothesis import assume
from hypothesis import given
from hypothesis import reject
from hypothesis import settings

from tests import sheets
from timebank.core.errors import Refused
from timebank.domain.rota.spreadsheets.records import Understood
from timebank.domain.rota.spreadsheets.understanding import understand_file
from timebank.domain.rota.spreadsheets.understanding import understand_pasted
from timebank.domain.rota.spreadsheets.writing import DateToWrite
from timebank.domain.rota.spreadsheets.writing import JobToWrite
from timebank.domain.rota.spreadsheets.writing import PersonToWrite
from timebank.domain.rota.spreadsheets.writing import write_table

SAMPLE = (Path(__file__).parent.parent / "samples" / "rota-grid.csv").read_bytes()
TODAY = dt.date(2026, 11, 20)
DEC_5, DEC_26 = dt.date(2026, 12, 5), dt.date(2026, 12, 26)
TOM = PersonToWrite("Tom B")


def gist(understood: Understood) -> tuple[object, ...]:
    """Take what a rota says, without where it stands: dates that are known, jobs and people."""
    numbers = [number for number, date in enumerate(understood.dates) if date.day]
    return (
        [(date.day, date.note, date.is_cancelled) for date in understood.dates if date.day],
        [(job.name, job.needed, job.places) for job in understood.jobs],
        sorted(
            (entry.job, numbers.index(entry.date), entry.name, entry.is_pencilled)
            for entry in understood.entries
            if entry.day
        ),
    )


def test_a_rota_is_written_a_line_a_place():
    table = write_table(
        [DateToWrite(DEC_5), DateToWrite(DEC_26, "Boxing (Day)", is_cancelled=True)],
        [
            JobToWrite("Marshal", 1, 2, ((TOM, PersonToWrite("Siân P", is_pencilled=True)), ())),
            JobToWrite("Photographer", 0, 1, ((), ())),
        ],
    )
    assert table == (
        "\ufeffJob,Sat 5 Dec 2026,Sat 26 Dec 2026 (Boxing Day)\r\n"
        "Marshal*,Tom B,CANCELLED\r\n"
        "Marshal,Siân P?,CANCELLED\r\n"
        "Photographer,,CANCELLED\r\n"
        ",,\r\n"
        "* = can't start without,,\r\n"
    )


def test_without_a_needed_job_there_is_no_legend():
    table = write_table([DateToWrite(DEC_5)], [JobToWrite("Marshal", 0, 1, ((TOM,),))])
    assert table == "\ufeffJob,Sat 5 Dec 2026\r\nMarshal,Tom B\r\n"


def test_what_people_typed_is_no_formula():
    evil = PersonToWrite("=HYPERLINK(1)")
    table = write_table([DateToWrite(DEC_5, "=A1")], [JobToWrite("@lead", 0, 1, ((evil,),))])
    assert table == "\ufeffJob,Sat 5 Dec 2026 (=A1)\r\n'@lead,'=HYPERLINK(1)\r\n"


def test_a_job_that_begins_like_a_formula_reads_back():
    text = write_table([DateToWrite(DEC_5)], [JobToWrite("-2 lead", 1, 1, ((TOM,),))])
    assert [job.name for job in understand_pasted(text, today=TODAY).jobs] == ["-2 lead"]


def test_the_sample_reads_back_as_the_same():
    understood = understand_file(SAMPLE, today=TODAY)
    written = sheets.written_out(understood)
    again = understand_file(written.encode(), today=TODAY)
    assert gist(again) == gist(understood)
    assert sheets.written_out(again) == written


@settings(deadline=None, max_examples=200)
@given(sheets.tables())
def test_what_was_understood_reads_back_as_the_same(table):
    try:
        understood = understand_pasted(sheets.as_csv(table), today=TODAY)
    except Refused:
        reject()
    # A job whose people all stand under headings that are no day is written without them.
    named = {entry.job for entry in understood.entries}
    assume(named == {entry.job for entry in understood.entries if entry.day})
    written = sheets.written_out(understood)
    again = understand_file(written.encode(), today=TODAY)
    assert gist(again) == gist(understood)
    assert understand_file(sheets.written_out(again).encode(), today=TODAY) == again
