"""Where things stand in a table: the dates, across or down the side, and the jobs beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from timebank.core.csv_tables import Cell
from timebank.core.errors import Refused
from timebank.core.text import unaccented
from timebank.core.typed_days import Written
from timebank.core.typed_days import is_day_alone
from timebank.core.typed_days import is_month_alone
from timebank.core.typed_days import looks_like_a_day
from timebank.core.typed_days import read_day
from timebank.domain.rota.spreadsheets.people import is_formula
from timebank.domain.rota.spreadsheets.people import means_nobody

Rows = tuple[tuple[str, ...], ...]

DEEPEST_HEADING = 30  # rows in which the dates are looked for; titles may stand above
FARTHEST_HEADING = 6  # columns, where they run down the side
MISSES_OF_NO_HEADING = 3

# In small letters without accents, in the languages of `day_words`.
_OVER_JOBS = re.compile(
    "(?:volunteer )?(?:role|job|task|dut(?:y|ie)|position|post)s?|what|rolle|aufgaben?|dienst"
    "|poste|tache|rol|tarea|puesto|ruolo|compito|taak|taken|zadanie|funkcja|tarefa|funcao|swydd"
)


class NoDates(Refused):
    """We can't find the dates in that. Put them in one row, like Sat 5 Dec, and try again."""


class NoJobs(Refused):
    """We can't find the jobs in that. Put them in the column left of the dates and try again."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A row of dates.

    Attributes:
        row: its number, from 0.
        starts: the row of the months above it, or the same.
        days: what each column's heading says; None: meant for a date, but can't be read.
    """

    row: int
    starts: int
    days: Mapping[int, Written | None]


@dataclass(frozen=True, slots=True)
class Layout:
    """A table whose jobs go down and dates across, and where in it they stand.

    Attributes:
        rows: of the table, turned where its dates run down the side.
        is_turned: the same.
        job_column: the column of the jobs' names, from 0.
        headings: more than one where months stand one under the other.
    """

    rows: Rows
    is_turned: bool
    job_column: int
    headings: tuple[Heading, ...]

    def at(self, row: int, column: int) -> Cell:
        """Give the cell of the spreadsheet that stands here."""
        return Cell(column + 1, row + 1) if self.is_turned else Cell(row + 1, column + 1)


def find_layout(rows: Rows) -> Layout:
    """Find the dates and the jobs, either way round.

    Raises:
        NoDates, NoJobs: As they say.
    """
    turned = tuple(zip(*rows, strict=True))
    upright = _most_dates(rows, depth=DEEPEST_HEADING)
    sideways = _most_dates(turned, depth=FARTHEST_HEADING)
    found = [
        (heading, table, job_column)
        for heading, table in ((upright, rows), (sideways, turned))
        if heading
        for job_column in [_job_column(table, heading)]
        if job_column is not None
    ]
    if not found:
        raise NoJobs if upright or sideways else NoDates
    heading, table, job_column = max(found, key=lambda one: _possible(one[0].days))
    if found[0][1] is rows and _stands_over_jobs(rows, found[0][0]):
        heading, table, job_column = found[0]
    return Layout(
        rows=table,
        is_turned=table is not rows,
        job_column=job_column,
        headings=tuple(_headings(table, heading.row, job_column)),
    )


def _possible(days: Mapping[int, Written | None]) -> int:
    return sum(bool(written and written.is_possible) for written in days.values())


def _most_dates(rows: Rows, *, depth: int) -> Heading | None:
    """Take the first row that has about the most dates; a title may have one, a total many.

    A row that calls its first cell "Role" is meant.
    """
    headings = [_heading(rows, row) for row in range(min(depth, len(rows)))]
    named = [heading for heading in headings if _stands_over_jobs(rows, heading)]
    headings = named or headings
    counts = [_possible(heading.days) for heading in headings]
    most = max(counts)
    if not most:
        return None
    rivals = [heading for heading, count in zip(headings, counts, strict=True) if count * 2 > most]
    return max(rivals, key=_bare) if most == 1 else rivals[0]


def _stands_over_jobs(rows: Rows, heading: Heading) -> bool:
    """Whether a cell left of a row's dates says so: "Role", "Aufgabe"."""
    first = _first_date(heading)
    return first is not None and any(map(_is_over_jobs, rows[heading.row][:first]))


def _first_date(heading: Heading) -> int | None:
    possible = [column for column, day in heading.days.items() if day and day.is_possible]
    return min(possible, default=None)


def _is_over_jobs(text: str) -> bool:
    return bool(_OVER_JOBS.fullmatch(unaccented(text)))


def _bare(heading: Heading) -> int:
    """Count dates with nothing else in their cell."""
    return sum(bool(written and not written.note) for written in heading.days.values())


def _heading(rows: Rows, row: int) -> Heading:
    texts, starts = _texts(rows, row)
    read = {column: read_day(text) for column, text in enumerate(texts) if text}
    return Heading(row, starts, {column: written for column, written in read.items() if written})


def _texts(rows: Rows, row: int) -> tuple[tuple[str, ...], int]:
    """Give a row's texts with the months of the row above, and where the two of them start."""
    texts = rows[row]
    if row and any(map(is_month_alone, rows[row - 1])) and any(map(is_day_alone, texts)):
        return _under_months(texts, rows[row - 1]), row - 1
    return texts, row


def _under_months(days: Sequence[str], months: Sequence[str]) -> tuple[str, ...]:
    """Add to each day alone the month that stands over it, or over the days left of it."""
    texts = []
    month = ""
    for day, above in zip(days, months, strict=True):
        if above:
            month = above if is_month_alone(above) else ""
        texts.append(f"{day} {month}" if month and is_day_alone(day) else day)
    return tuple(texts)


def _job_column(rows: Rows, heading: Heading) -> int | None:
    """Choose the column of the jobs left of the dates: by its heading, else by its words."""
    first = _first_date(heading) or 0
    words = [
        sum(any(map(str.isalpha, row[column])) for row in rows[heading.row + 1 :])
        for column in range(first)
    ]
    named = [
        column
        for column in range(first)
        if words[column] and _is_over_jobs(rows[heading.row][column])
    ]
    if named:
        return named[0]
    return max(range(first), key=words.__getitem__) if any(words) else None


def _headings(rows: Rows, first: int, job_column: int) -> Iterator[Heading]:
    """Go through the rows of dates: the first, and those of months further down."""
    corner = rows[first][job_column]
    for row in range(first, len(rows)):
        beside = rows[row][job_column]
        if row != first and (beside not in {"", corner} or not _is_heading(rows, row, job_column)):
            continue
        heading = _heading(rows, row)
        yield Heading(row, heading.starts, _dates_of(rows[row], heading, job_column))


def _is_heading(rows: Rows, row: int, job_column: int) -> bool:
    """Whether more than half of a line are dates, and at least two."""
    texts, _ = _texts(rows, row)
    hits = misses = 0
    for text in filter(None, texts[job_column + 1 :]):
        written = read_day(text)
        hits += bool(written and written.is_possible)
        misses += not (written and written.is_possible)
        if misses >= MISSES_OF_NO_HEADING and misses > hits:
            return False
    return hits > max(misses, 1)


def _dates_of(
    texts: Sequence[str], heading: Heading, job_column: int
) -> dict[int, Written | None]:
    """Take the columns of a heading that are dates, or were meant to be."""
    first = _first_date(heading) or 0
    days: dict[int, Written | None] = {}
    for column in range(job_column + 1, len(texts)):
        text = texts[column]
        if column in heading.days:
            days[column] = heading.days[column]
        elif is_formula(text) or (column > first and _was_meant_for_a_date(text)):
            days[column] = None
    return days


def _was_meant_for_a_date(text: str) -> bool:
    return bool(text) and (means_nobody(text) or looks_like_a_day(text))
