"""What is said about a spreadsheet that was read: everything guessed, left out or not understood.

A remark carries values, not words; `SENTENCES` has the words of each kind, for a page to translate
and fill in. Days among the values are dates, for the page to write as it writes days.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field

from timebank.core.csv_tables import Cell
from timebank.core.errors import Refused

MOST_REMARKS = 5_000


class TooPuzzling(Refused):
    """We can't make sense of most of that. Copy the jobs, dates and names alone and paste them."""


class Kind(enum.StrEnum):
    """What a remark is about."""

    # The whole
    ENCODING_GUESSED = "encoding_guessed"
    OPEN_QUOTE = "open_quote"
    SHORTENED = "shortened"
    # Lines and columns
    TITLE = "title"
    HEADING = "heading"
    LEGEND = "legend"
    STARS_GUESSED = "stars_guessed"
    ASIDE = "aside"
    SECTION = "section"
    FIGURES = "figures"
    OTHER_COLUMN = "other_column"
    NO_HEADING = "no_heading"
    # Days
    YEAR_GUESSED = "year_guessed"
    ORDER_GUESSED = "order_guessed"
    SERIAL_DAY = "serial_day"
    DAY_IMPOSSIBLE = "day_impossible"
    DAY_UNREADABLE = "day_unreadable"
    DAY_PARTLY_READ = "day_partly_read"
    OTHER_WEEKDAY = "other_weekday"
    DAY_TWICE = "day_twice"
    DAY_OUT_OF_ORDER = "day_out_of_order"
    DAY_FAR_AWAY = "day_far_away"
    DATE_OFF = "date_off"
    MAYBE_OFF = "maybe_off"
    # Jobs
    NO_JOB = "no_job"
    NOT_A_JOB = "not_a_job"
    LONG_JOB = "long_job"
    JOB_CARRIED = "job_carried"
    MORE_PLACES = "more_places"
    # People
    NOBODY = "nobody"
    FORMULA = "formula"
    NOT_A_NAME = "not_a_name"
    NAME_NOTE = "name_note"
    NAME_TWICE = "name_twice"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to say about a cell, or about the whole spreadsheet.

    Attributes:
        at: the cell; None: the whole.
        kind: what happened to it.
        text: what stands in it, or the part of it that is meant.
        values: what else the sentence tells, by the names in its `%(name)s`.
    """

    at: Cell | None
    kind: Kind
    text: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


SENTENCES: Mapping[Kind, str] = {
    Kind.ENCODING_GUESSED: "The file doesn’t say how its letters are written. We read them as "
    "%(encoding)s. Look at names with accents.",
    Kind.OPEN_QUOTE: "The quotation marks don’t fit together, so we took them for letters.",
    Kind.SHORTENED: "That is a long text. We read its first 250 letters.",
    Kind.TITLE: "We took “%(text)s” for a title.",
    Kind.HEADING: "We took “%(text)s” for a heading.",
    Kind.LEGEND: "A star means “can’t start without”. The sheet says “%(text)s”.",
    Kind.STARS_GUESSED: "We took the stars to mean “can’t start without”.",
    Kind.ASIDE: "We left out “%(text)s”: it is neither a job nor a name.",
    Kind.SECTION: "We took “%(text)s” for the heading of some jobs.",
    Kind.FIGURES: "We left out “%(text)s”: that line has figures and no names.",
    Kind.OTHER_COLUMN: "We left out “%(text)s”: “%(heading)s” is not a date.",
    Kind.NO_HEADING: "We left out “%(text)s”: no date stands over it.",
    Kind.YEAR_GUESSED: "“%(text)s” has no year. We read it as %(day)s.",
    Kind.ORDER_GUESSED: "“%(text)s” may be two days. We read it as %(day)s.",
    Kind.SERIAL_DAY: "“%(text)s” is how a spreadsheet counts days. We read it as %(day)s.",
    Kind.DAY_IMPOSSIBLE: "“%(text)s” is no day. Which one is it?",
    Kind.DAY_UNREADABLE: "We can’t read “%(text)s” as a day. Which one is it?",
    Kind.DAY_PARTLY_READ: "We read “%(text)s” as %(day)s, and the rest as a note.",
    Kind.OTHER_WEEKDAY: "“%(text)s” names another weekday than %(day)s has.",
    Kind.DAY_TWICE: "%(day)s stands there twice.",
    Kind.DAY_OUT_OF_ORDER: "%(day)s comes after a later day.",
    Kind.DAY_FAR_AWAY: "%(day)s is more than two years away.",
    Kind.DATE_OFF: "We took “%(text)s” for cancelled.",
    Kind.MAYBE_OFF: "“%(text)s” doesn’t stand in every line. Is “%(heading)s” off?",
    Kind.NO_JOB: "We left out “%(text)s”: no job stands beside it.",
    Kind.NOT_A_JOB: "We can’t take “%(text)s” for a job.",
    Kind.LONG_JOB: "“%(text)s” is too long for the name of a job.",
    Kind.JOB_CARRIED: "No job stands here, so we took the one above: %(job)s.",
    Kind.MORE_PLACES: "%(job)s has room for %(places)s, because so many stand on one date.",
    Kind.NOBODY: "“%(text)s” means nobody yet.",
    Kind.FORMULA: "“%(text)s” is a formula, so we left it out.",
    Kind.NOT_A_NAME: "We can’t take “%(text)s” for a name.",
    Kind.NAME_NOTE: "We left out “%(text)s”, which stands beside %(name)s.",
    Kind.NAME_TWICE: "%(name)s stands at %(job)s twice on that date. We took one of them.",
}


class Remarks:
    """Remarks as they are made, in any order."""

    def __init__(self) -> None:
        self.made: list[Remark] = []

    def say(self, kind: Kind, at: Cell | None, text: str = "", **values: object) -> None:
        """Make a remark.

        Raises:
            TooPuzzling: nobody would read so many.
        """
        if len(self.made) >= MOST_REMARKS:
            raise TooPuzzling
        self.made.append(Remark(at, kind, text, values))

    def in_order(self) -> tuple[Remark, ...]:
        """Give them all, those about the whole first, then cell by cell."""
        return tuple(sorted(self.made, key=lambda remark: remark.at or Cell(0, 0)))
