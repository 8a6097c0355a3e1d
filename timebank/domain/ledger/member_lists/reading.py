"""A spreadsheet's cells as the lines of a member list: which column holds what, by its heading."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from timebank.core.csv_tables import Limits
from timebank.core.csv_tables import Table
from timebank.core.errors import Refused
from timebank.core.text import unaccented

LIMITS = Limits(rows=5_010, columns=60, texts=45_000, letters=500)
MOST_PEOPLE = 5_000
ROWS_TO_LOOK_AT = 10  # a title and a line or two of explanation stand above the headings


class Column(enum.StrEnum):
    """What a column of a member list may hold."""

    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    PHONE = "phone"
    JOINED = "joined"
    HOURS = "hours"
    NOTES = "notes"


# As people head their columns, the most telling words first; small letters, signs as spaces.
HEADINGS: Mapping[Column, Sequence[str]] = {
    Column.NAME: ("full name", "name", "member name", "member", "neighbour", "person"),
    Column.FIRST_NAME: ("first name", "forename", "given name", "first"),
    Column.LAST_NAME: ("last name", "surname", "family name", "last"),
    Column.EMAIL: ("e mail address", "email address", "e mail", "email", "mail"),
    Column.PHONE: (
        *("phone", "phone number", "telephone", "telephone number", "tel", "tel no"),
        *("mobile", "mobile number", "mobile phone", "landline"),
    ),
    Column.JOINED: (
        *("joined", "joined on", "date joined", "join date", "joining date"),
        *("member since", "start date", "since"),
    ),
    Column.HOURS: (
        *("hours brought forward", "brought forward", "hours b f", "b f", "opening balance"),
        *("balance", "hours balance", "balance hours", "current balance", "hours", "time credits"),
        *("credits", "time"),
    ),
    Column.NOTES: ("notes", "note", "comments", "comment", "remarks", "about"),
}
_SIGNS = re.compile(r"[^a-z0-9]+")


class NoHeadings(Refused):
    """Put a heading above each column: Name, Email, Phone, Joined, Hours, Notes."""


class NoPeople(Refused):
    """There is nobody below the headings. Copy the whole list and paste it."""


class TooManyPeople(Refused):
    """That is more than 5,000 people. Bring them in two lists."""


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in one line, as it was typed. `number`: of the row, as spreadsheets count."""

    number: int
    name: str
    email: str
    phone: str
    joined: str
    hours: str
    notes: str


@dataclass(frozen=True, slots=True)
class MemberTable:
    """The lines of a list, and the headings of columns that are left out."""

    rows: tuple[Row, ...]
    left_out: tuple[str, ...]


def read_rows(table: Table) -> MemberTable:
    """Find the headings, and take every line below that says anything.

    Raises:
        NoHeadings: No row near the top has a heading for names.
        NoPeople: Nothing stands below them.
        TooManyPeople: More than 5,000 lines.
    """
    top, columns = _headings(table.rows)
    below = enumerate(table.rows[top + 1 :], start=top + 2)
    rows = tuple(
        row for number, cells in below if any(cells) and (row := _row(number, cells, columns))
    )
    if not rows:
        raise NoPeople
    if len(rows) > MOST_PEOPLE:
        raise TooManyPeople
    used = set(columns.values())
    headings = enumerate(table.rows[top])
    left_out = tuple(text for at, text in headings if text and at not in used)
    return MemberTable(rows, left_out)


def _headings(rows: Sequence[Sequence[str]]) -> tuple[int, dict[Column, int]]:
    """Find the row that heads the most columns, names among them, and where each of them is."""
    found = [(number, _columns(row)) for number, row in enumerate(rows[:ROWS_TO_LOOK_AT])]
    named = [one for one in found if one[1].keys() & {Column.NAME, Column.FIRST_NAME}]
    if not named:
        raise NoHeadings
    return max(named, key=lambda one: (len(one[1]), -one[0]))


def _columns(row: Sequence[str]) -> dict[Column, int]:
    words = [_SIGNS.sub(" ", unaccented(cell)).strip() for cell in row]
    return {
        column: words.index(heading)
        for column, headings in HEADINGS.items()
        for heading in reversed(headings)
        if heading in words
    }


def _row(number: int, cells: Sequence[str], columns: Mapping[Column, int]) -> Row | None:
    def cell(column: Column) -> str:
        return cells[columns[column]] if column in columns else ""

    parts = (cell(Column.FIRST_NAME), cell(Column.LAST_NAME))
    row = Row(
        number=number,
        name=cell(Column.NAME) or " ".join(filter(None, parts)),
        email=cell(Column.EMAIL),
        phone=cell(Column.PHONE),
        joined=cell(Column.JOINED),
        hours=cell(Column.HOURS),
        notes=cell(Column.NOTES),
    )
    says = (row.name, row.email, row.phone, row.joined, row.hours, row.notes)
    return row if any(says) else None
