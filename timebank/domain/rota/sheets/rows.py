"""A typed-up sheet as lines: its columns found by their headings, or guessed and said so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import fields
from dataclasses import replace
from typing import Any

from timebank.core.csv_tables import Table
from timebank.core.errors import Refused
from timebank.core.text import unaccented

MOST_LINES = 500
DEEPEST_HEADING = 10  # rows in which the headings are looked for; titles may stand above
LONGEST_LINE = 300
YES, NO = "yes", "no"

# In small letters without accents.
_HEADINGS = {
    "sheet": "sheet(?: (?:no|number))?",
    "day": "date|day|on",
    "event": "event|what|session|title",
    "name": "(?:first |full )?names?|who|volunteers?|persons?|helpers?|neighbours?",
    "job": "(?:volunteer )?(?:jobs?|roles?|tasks?|dut(?:y|ies)|positions?)",
    "came": "(?:time )?in|(?:signed|sign) in|arrived?|arrival|from|starts?|started",
    "left": "(?:time )?out|(?:signed|sign) out|left|leaves?|to|ends?|ended|finish(?:ed)?|until",
    "here": "signatures?|signed|sign|here|came|present|attended|ticks?|initials",
    "": "no|nr|line|#|row",
}
_AWAY = re.compile("n|no|0|absent|away|false|not here|didn.?t come|dns|none|-+|–|—")
_AS_PRINTED = ("name", "job", "came", "left", "here")
_AS_KEPT = ("sheet", "day", "event", *_AS_PRINTED)


class TooManyLines(Refused):
    """That has more than 500 lines. Type the sheet up in two parts."""


class NoLines(Refused):
    """We can't find any names in that. Put a heading row over it: Name, Job, In, Out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a sheet, as typed.

    Attributes:
        number: Its line on the paper, or in the file, from 1.
        here: What stands in the column of signatures; YES where the sheet has none.
        claim_id: Whose printed line it is, where their name was left as printed.
        sheet, day, event: What the line says about the sheet it is from.
    """

    number: int
    name: str = ""
    job: str = ""
    came: str = ""
    left: str = ""
    here: str = ""
    sheet: str = ""
    day: str = ""
    event: str = ""
    claim_id: int | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nothing was written on it."""
        return not (self.name or self.came or self.left)

    @property
    def says_they_came(self) -> bool | None:
        """Whether it says so, by a tick or a time; None: it says both, or neither."""
        has_times = bool(self.came or self.left)
        if self.is_marked_away:
            return None if has_times else False
        return True if self.here or has_times else None

    @property
    def is_marked_away(self) -> bool:
        """Whether its column of signatures says that they weren't here."""
        return bool(_AWAY.fullmatch(unaccented(self.here).strip(" .!")))

    @property
    def written(self) -> str:
        """The line in one piece, for the record."""
        signed = self.here if self.here not in {YES, NO} else ""
        parts = (self.name, self.job, self.came, self.left, signed)
        return ", ".join(filter(None, parts))[:LONGEST_LINE]


@dataclass(frozen=True, slots=True)
class Reading:
    """Lines out of a table.

    Attributes:
        is_guessed: No headings were found, so the columns were taken in the usual order.
        titles: What stood above the headings.
    """

    rows: tuple[Row, ...]
    is_guessed: bool
    titles: tuple[str, ...]


def read_rows(table: Table) -> Reading:
    """Read a table.

    Raises:
        NoLines: There is nobody in it.
        TooManyLines: As it says.
    """
    heading, columns = _find_heading(table.rows)
    is_guessed = heading is None
    if heading is None:
        heading, columns = -1, _guess(table.rows)
    body = [
        row
        for number, cells in enumerate(table.rows[heading + 1 :], start=1)
        if not (row := _row(number, cells, columns)).is_blank
    ]
    if not body:
        raise NoLines
    if len(body) > MOST_LINES:
        raise TooManyLines
    above = table.rows[: max(heading, 0)]
    titles = tuple(filter(None, (" ".join(filter(None, cells)) for cells in above)))
    return Reading(tuple(body), is_guessed, titles)


def _find_heading(rows: tuple[tuple[str, ...], ...]) -> tuple[int | None, dict[str, int]]:
    """Find the row that names its columns: one of them for names, and one more."""
    for number, cells in enumerate(rows[:DEEPEST_HEADING]):
        columns: dict[str, int] = {}
        for column, text in enumerate(cells):
            for field, words in _HEADINGS.items():
                if re.fullmatch(words, unaccented(text).strip(" .:")):
                    columns.setdefault(field, column)
                    break
        if "name" in columns and len(columns) > 1:
            columns.pop("", None)
            return number, columns
    return None, {}


def _guess(rows: tuple[tuple[str, ...], ...]) -> dict[str, int]:
    """Take the columns as we print them; as the sample keeps them, where there are so many."""
    order = _AS_KEPT if len(rows[0]) > len(_AS_PRINTED) else _AS_PRINTED
    return {field: column for column, field in enumerate(order[: len(rows[0])])}


def _row(number: int, cells: tuple[str, ...], columns: Mapping[str, int]) -> Row:
    texts = {field: " ".join(cells[column].split()) for field, column in columns.items()}
    # Without such a column, to be on the sheet is to have come.
    texts.setdefault("here", YES)
    return replace(Row(number=number), **texts)  # type: ignore[arg-type]  # all of them texts


def to_json(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Write lines for keeping."""
    return [asdict(row) for row in rows]


def from_json(kept: Iterable[Mapping[str, Any]]) -> tuple[Row, ...]:
    """Read lines that were kept."""
    names = {field.name for field in fields(Row)}
    return tuple(Row(**{key: row[key] for key in names & row.keys()}) for row in kept)
