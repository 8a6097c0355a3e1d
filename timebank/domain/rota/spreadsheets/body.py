"""What stands around and under the dates of a table: its jobs, line by line, and who does them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from timebank.core.csv_tables import Cell
from timebank.core.errors import Refused
from timebank.core.text import fold
from timebank.domain.rota.spreadsheets.layout import Heading
from timebank.domain.rota.spreadsheets.layout import Layout
from timebank.domain.rota.spreadsheets.lines import LONGEST_JOB
from timebank.domain.rota.spreadsheets.lines import JobName
from timebank.domain.rota.spreadsheets.lines import Line
from timebank.domain.rota.spreadsheets.lines import is_legend
from timebank.domain.rota.spreadsheets.lines import kind_of_line
from timebank.domain.rota.spreadsheets.lines import read_job
from timebank.domain.rota.spreadsheets.people import People
from timebank.domain.rota.spreadsheets.people import Typed
from timebank.domain.rota.spreadsheets.people import read_people
from timebank.domain.rota.spreadsheets.records import SheetDate
from timebank.domain.rota.spreadsheets.records import SheetEntry
from timebank.domain.rota.spreadsheets.records import SheetJob
from timebank.domain.rota.spreadsheets.remarks import Kind
from timebank.domain.rota.spreadsheets.remarks import Remarks

MOST_PEOPLE = 1_000
MOST_TURNS = 20_000

# What is said about the cells of a line that is no job's: the one beside, and the others.
REMARKS_ON = {
    Line.NO_JOB: (Kind.NO_JOB, Kind.NO_JOB),
    Line.NOT_A_JOB: (Kind.NOT_A_JOB, Kind.NO_JOB),
    Line.FORMULA: (Kind.FORMULA, Kind.NO_JOB),
    Line.LEGEND: (Kind.LEGEND, Kind.ASIDE),
    Line.FIGURES: (Kind.FIGURES, Kind.FIGURES),
    Line.HEADING: (Kind.HEADING, Kind.HEADING),
    Line.SECTION: (Kind.SECTION, Kind.SECTION),
    Line.ASIDE: (Kind.ASIDE, Kind.ASIDE),
}


class TooManyPeople(Refused):
    """That names more than 1,000 people. Copy the cells of the rota alone and paste them."""


class TooManyTurns(Refused):
    """That has more than 20,000 turns. Copy the cells of fewer dates and paste them."""


@dataclass(slots=True)
class _Job:
    """A job while its lines are read.

    `lines` and `starred` count by block: months that stand one under the other repeat the jobs.
    `people` counts by date.
    """

    name: str
    cells: list[Cell] = field(default_factory=list)
    lines: Counter[int] = field(default_factory=Counter)
    starred: Counter[int] = field(default_factory=Counter)
    people: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class _Block:
    """The lines under one row of dates.

    Attributes:
        number: which block it is, from 0.
        heading: its row of dates.
        dates: the number of the date of each column.
        rows: those of its jobs.
        off: the rows in which each column says "cancelled".
        taken: the columns that name people.
    """

    number: int
    heading: Heading
    dates: Mapping[int, int]
    rows: list[int] = field(default_factory=list)
    off: dict[int, list[int]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Row:
    """A line as it was read: what it is, its job, and the cells under each date."""

    number: int
    kind: Line
    job: JobName
    cells: Sequence[People]


class Body:
    """Reads the lines of a table once, from the top."""

    def __init__(self, layout: Layout, dates: Sequence[SheetDate], remarks: Remarks) -> None:
        self.layout = layout
        self.dates = dates
        self.remarks = remarks
        self.jobs: dict[str, _Job] = {}
        self.entries: list[SheetEntry] = []
        self.cancelled: set[int] = set()
        self._known: dict[str, People] = {}
        self._folded: dict[str, str] = {}
        self._said: set[tuple[str, int, str]] = set()
        self._has_legend = False

    def read(self) -> None:
        """Read it all.

        Raises:
            TooManyPeople, TooManyTurns, TooPuzzling: As they say.
        """
        headings = self.layout.headings
        ends = [heading.starts for heading in headings[1:]] + [len(self.layout.rows)]
        first = 0
        for row in range(headings[0].starts):
            self._read_title(row)
        for number, (heading, end) in enumerate(zip(headings, ends, strict=True)):
            numbers = range(first, first + len(heading.days))
            first = numbers.stop
            block = _Block(number, heading, dict(zip(heading.days, numbers, strict=True)))
            self._read_heading(heading)
            self._read_block(block, range(heading.row + 1, end))
            self._call_off(block)

    def finished_jobs(self) -> tuple[SheetJob, ...]:
        """Give the jobs, and say whose places were counted by people."""
        self._look_at_stars()
        jobs = []
        for job in self.jobs.values():
            lines = max(job.lines.values())
            places = max(lines, *job.people.values(), 0)
            needed = max(job.starred.values(), default=0)
            if places > lines:
                self.remarks.say(
                    Kind.MORE_PLACES, job.cells[0], job.name, job=job.name, places=places
                )
            jobs.append(SheetJob(job.name, needed, places, tuple(job.cells)))
        return tuple(jobs)

    def _say(self, kind: Kind, row: int, column: int, **values: object) -> None:
        text = self.layout.rows[row][column]
        self.remarks.say(kind, self.layout.at(row, column), text, **values)

    def _filled(self, row: int) -> Iterable[int]:
        return (column for column, text in enumerate(self.layout.rows[row]) if text)

    def _read_title(self, row: int) -> None:
        for column in self._filled(row):
            is_meant = is_legend(self.layout.rows[row][column])
            self._has_legend |= is_meant
            self._say(Kind.LEGEND if is_meant else Kind.TITLE, row, column)

    def _read_heading(self, heading: Heading) -> None:
        for row in range(heading.starts, heading.row + 1):
            for column in self._filled(row):
                if row < heading.row or column not in heading.days:
                    self._say(Kind.HEADING, row, column)

    def _read_block(self, block: _Block, rows: Iterable[int]) -> None:
        above: str | None = None
        for number in rows:
            row = self._row(block, number, follows_a_job=above is not None)
            if row.kind is Line.JOB:
                above = row.job.key
            elif row.kind is not Line.MORE:
                above = None
            if above is None:
                self._leave_out(block, row)
            else:
                self._read_row(block, row, above)

    def _row(self, block: _Block, number: int, *, follows_a_job: bool) -> _Row:
        whole = self.layout.rows[number]
        beside = whole[self.layout.job_column]
        texts = [whole[column] for column in block.dates]
        cells = [self._people(text) for text in texts]
        job = read_job(beside)
        is_known = job.key in self.jobs
        kind = kind_of_line(beside, texts, cells, follows_a_job=follows_a_job, is_known=is_known)
        return _Row(number, kind, job, cells)

    def _people(self, text: str) -> People:
        if text not in self._known:
            self._known[text] = read_people(text)
        return self._known[text]

    def _read_row(self, block: _Block, row: _Row, key: str) -> None:
        self._count_line(block, row, key)
        for (column, date), cell in zip(block.dates.items(), row.cells, strict=True):
            if cell.people or cell.findings or cell.is_cancelled:
                self._read_cell(block, row.number, column, cell)
                for typed in cell.people:
                    self._enter(key, date, self.layout.at(row.number, column), typed)
        self._leave_other_columns(block, row.number)

    def _count_line(self, block: _Block, row: _Row, key: str) -> None:
        column = self.layout.job_column
        block.rows.append(row.number)
        job = self.jobs.setdefault(key, _Job(row.job.name))
        job.cells.append(self.layout.at(row.number, column))
        job.lines[block.number] += 1
        if row.kind is Line.MORE:
            self._say(Kind.JOB_CARRIED, row.number, column, job=job.name)
            return
        job.starred[block.number] += row.job.is_needed
        if len(row.job.name) > LONGEST_JOB:
            self._say(Kind.LONG_JOB, row.number, column)

    def _read_cell(self, block: _Block, row: int, column: int, cell: People) -> None:
        if cell.is_cancelled:
            block.off.setdefault(column, []).append(row)
        if cell.people:
            block.taken.add(column)
        at = self.layout.at(row, column)
        for finding in cell.findings:
            self.remarks.say(finding.kind, at, finding.text, name=finding.name)

    def _enter(self, key: str, date: int, at: Cell, typed: Typed) -> None:
        job = self.jobs[key]
        turn = (key, date, self._fold(typed.name))
        if turn in self._said:
            self.remarks.say(Kind.NAME_TWICE, at, typed.name, name=typed.name, job=job.name)
            return
        if len(self.entries) >= MOST_TURNS:
            raise TooManyTurns
        self._said.add(turn)
        job.people[date] += 1
        day = self.dates[date].day
        self.entries.append(SheetEntry(at, job.name, date, day, typed.name, typed.is_pencilled))

    def _fold(self, name: str) -> str:
        if name not in self._folded:
            if len(self._folded) >= MOST_PEOPLE:
                raise TooManyPeople
            self._folded[name] = fold(name)
        return self._folded[name]

    def _leave_out(self, block: _Block, row: _Row) -> None:
        """Say why a line is left out, cell by cell."""
        if row.kind is Line.BLANK:
            self._leave_other_columns(block, row.number)
            return
        self._has_legend |= row.kind is Line.LEGEND
        beside, others = REMARKS_ON[row.kind]
        for column in self._filled(row.number):
            kind = beside if column == self.layout.job_column else others
            self._say(kind, row.number, column)

    def _leave_other_columns(self, block: _Block, row: int) -> None:
        """Say what stands in columns without a date."""
        heading = self.layout.rows[block.heading.row]
        for column in self._filled(row):
            if column == self.layout.job_column or column in block.dates:
                continue
            if heading[column]:
                self._say(Kind.OTHER_COLUMN, row, column, heading=heading[column])
            else:
                self._say(Kind.NO_HEADING, row, column)

    def _call_off(self, block: _Block) -> None:
        """Take a date for cancelled when its heading or every line says so, and nobody is in."""
        for column, number in block.dates.items():
            date = self.dates[number]
            off = block.off.get(column, [])
            says_so = date.is_cancelled or (off and len(off) == len(block.rows))
            if says_so and column not in block.taken:
                self.cancelled.add(number)
                self.remarks.say(Kind.DATE_OFF, date.at, date.text)
                continue
            if date.is_cancelled:
                self.remarks.say(Kind.MAYBE_OFF, date.at, date.text, heading=date.text)
            for row in off:
                self._say(Kind.MAYBE_OFF, row, column, heading=date.text)

    def _look_at_stars(self) -> None:
        """Say that stars were guessed at, unless the sheet explains them."""
        starred = [job for job in self.jobs.values() if job.starred.total()]
        if starred and not self._has_legend:
            self.remarks.say(Kind.STARS_GUESSED, starred[0].cells[0], starred[0].name)
