"""Tables that are nearly rotas, and what was understood of one written out again."""

from __future__ import annotations

import csv
import io

from hypothesis import strategies

from timebank.domain.rota.spreadsheets.records import Understood
from timebank.domain.rota.spreadsheets.writing import DateToWrite
from timebank.domain.rota.spreadsheets.writing import JobToWrite
from timebank.domain.rota.spreadsheets.writing import PersonToWrite
from timebank.domain.rota.spreadsheets.writing import write_table

NAMES = [
    "Tom",
    "Ann B",
    "Siân P?",
    "Bo & Cy",
    "Di (maybe)",
    "Li, TBC",
    "Jan 5",
    "Tom*",
    "Eve (lead)",
]
ODD = [
    "TBC",
    "CANCELLED",
    "=A1",
    "+1",
    "x",
    "12",
    "1/2",
    "Total",
    "* = needed",
    "Notes:",
    "9am",
    "-",
]
DATES = [
    "Sat 5 Dec",
    "5 Dec",
    "12/12",
    "31/02",
    "19.12.",
    "2026-12-26 (Boxing Day)",
    "9 Jan",
    "5/6 Dec",
]
JOBS = [
    "Role",
    "Marshal",
    "Marshal*",
    "marshal",
    "Tail walker",
    "Timer (1)*",
    "- Lead",
    "Sat",
    "December",
]
FILLINGS = strategies.one_of(
    strategies.just(""),
    strategies.sampled_from(NAMES),
    strategies.sampled_from(ODD + DATES + JOBS),
    strategies.text(max_size=8),
)


@strategies.composite
def tables(draw):
    """Draw a title, dates and jobs, perhaps a second block of them, perhaps turned."""
    width = draw(strategies.integers(2, 6))
    corner = draw(strategies.sampled_from(["Role", "", "Marshal"]))
    table = draw(strategies.lists(rows(FILLINGS, width), max_size=1))
    for _ in range(draw(strategies.integers(1, 2))):
        table.append([corner, *draw(rows(strategies.sampled_from(DATES), width - 1))])
        lines = draw(strategies.lists(lines_of(width), min_size=1, max_size=6))
        for column in draw(strategies.sets(strategies.integers(1, width - 1), max_size=1)):
            for line in lines:
                line[column] = "CANCELLED"
        table += lines
    table += draw(strategies.lists(rows(FILLINGS, width), max_size=2))
    if draw(strategies.booleans()):
        return [list(column) for column in zip(*table, strict=True)]
    return table


def lines_of(width):
    """Give lines of which most have a job."""
    names = strategies.sampled_from(JOBS) | FILLINGS
    return strategies.tuples(names, rows(FILLINGS, width - 1)).map(
        lambda line: [line[0], *line[1]]
    )


def rows(cells, width):
    return strategies.lists(cells, min_size=width, max_size=width)


def as_csv(table):
    text = io.StringIO()
    csv.writer(text).writerows(table)
    return text.getvalue()


def written_out(understood: Understood) -> str:
    """Write what was understood, but for dates that have to be asked for."""
    kept = [number for number, date in enumerate(understood.dates) if date.day]
    people: dict[tuple[str, int], list[PersonToWrite]] = {}
    for entry in understood.entries:
        person = PersonToWrite(entry.name, entry.is_pencilled)
        people.setdefault((entry.job, entry.date), []).append(person)
    return write_table(
        [
            DateToWrite(date.day, date.note, date.is_cancelled)
            for date in understood.dates
            if date.day
        ],
        [
            JobToWrite(
                job.name,
                job.needed,
                job.places,
                tuple(tuple(people.get((job.name, number), ())) for number in kept),
            )
            for job in understood.jobs
        ],
    )
