"""What a line under the dates is: a job, more places of the one above, a legend, a total."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection
from dataclasses import dataclass

from timebank.core.text import unaccented
from timebank.core.typed_days import is_weekday_alone
from timebank.domain.rota.spreadsheets.people import People
from timebank.domain.rota.spreadsheets.people import is_formula
from timebank.domain.rota.spreadsheets.people import means_nobody

LONGEST_JOB = 60  # letters, as a role takes it
MOST_WORDS = 8

_LEGEND = re.compile(
    r"[^\w*]*(?:(?:key|note)[^\w*]+)?\*+[”\"')]*\s*"
    r"(?:=|:|-|–|—|→|(?:means|is|are|denotes|marks|shows|indicates|bedeutet)\b)\s*\S",
    re.IGNORECASE,
)
_STAR_AND_ITS_MEANING = re.compile(
    r"\*.*\b(?:start|without|needed|essential|required|must)\b", re.IGNORECASE
)
_TOTAL = re.compile(
    r"(?:(?:sub|grand)[ -]?)?totals?\b.*|(?:number|no\.?|nr\.?|count) of .*|count|sum|summe|gesamt"
    "|filled|unfilled|gaps|suma|somme"
)
_OF_DAYS = re.compile("(?:week)?days?|(?:wochen)?tag|jour|dia|giorno|dag|dzien|ziua|dydd")
_FIGURE = re.compile(
    r"[\s.,:/%£$€–-]*\d[\d\s.,:/%£$€–-]*(?:\s?(?:am|pm|h|hrs?|uhr)\.?)?",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[-–•·]\s+(?=\w)")
_STARS = "* "
_SENTENCE_ENDS = (".", "!", "?")


class Line(enum.Enum):
    """What a line is."""

    BLANK = enum.auto()
    JOB = enum.auto()
    MORE = enum.auto()
    NO_JOB = enum.auto()
    NOT_A_JOB = enum.auto()
    FORMULA = enum.auto()
    LEGEND = enum.auto()
    FIGURES = enum.auto()
    HEADING = enum.auto()
    SECTION = enum.auto()
    ASIDE = enum.auto()


@dataclass(frozen=True, slots=True)
class JobName:
    """The name of a job as its line has it. `key`: the same for all lines of one job."""

    name: str
    is_needed: bool

    @property
    def key(self) -> str:
        """Tell jobs apart: letter case, accents and spaces don't."""
        return unaccented(self.name)


def read_job(text: str) -> JobName:
    """Read the cell of a job: "Run Director*" is one that the date can't start without."""
    line = " ".join(text.split())
    line = (
        line[1:] if line.startswith("'") and is_formula(line) else _BULLET.sub("", line, count=1)
    )
    name = line.removesuffix("(*)").strip(_STARS)
    return JobName(name, is_needed=name != line)


def kind_of_line(
    beside: str,
    texts: Collection[str],
    people: Collection[People],
    *,
    follows_a_job: bool,
    is_known: bool,
) -> Line:
    """Tell what a line is.

    Args:
        beside: what stands in the column of the jobs.
        texts: what stands in each column of a date.
        people: the same, as people.
        follows_a_job: the line above is a job's.
        is_known: a line above has the same job.
    """
    has_people = any(cell.people for cell in people)
    filled = [text for text in texts if text]
    if not beside:
        return _without_job(filled, has_people=has_people, follows_a_job=follows_a_job)
    if is_legend(beside) or (_STAR_AND_ITS_MEANING.match(beside) and not has_people):
        return Line.LEGEND
    if _are_figures(filled, len(texts)):
        return Line.FIGURES
    if _OF_DAYS.fullmatch(unaccented(beside)) and filled and all(map(is_weekday_alone, filled)):
        return Line.HEADING
    return _kind_of_job(beside) if has_people or is_known else _kind_without_people(beside)


def is_legend(text: str) -> bool:
    """Whether a text says what a star means."""
    return bool(_LEGEND.match(text))


def _without_job(filled: list[str], *, has_people: bool, follows_a_job: bool) -> Line:
    if not filled:
        return Line.BLANK
    return Line.MORE if has_people and follows_a_job else Line.NO_JOB


def _are_figures(filled: list[str], columns: int) -> bool:
    """Whether a line counts: nothing but figures and formulas, or formulas in every column."""
    if not all(_FIGURE.fullmatch(text) or is_formula(text) for text in filled):
        return False
    return not all(map(is_formula, filled)) or len(filled) == columns > 1


def _is_total(beside: str) -> bool:
    return bool(_TOTAL.fullmatch(unaccented(beside)))


def _kind_of_job(beside: str) -> Line:
    name = read_job(beside).name
    if is_formula(name) and not beside.startswith("'"):
        return Line.FORMULA
    is_job = any(map(str.isalpha, name)) and not means_nobody(name)
    return Line.JOB if is_job else Line.NOT_A_JOB


def _kind_without_people(beside: str) -> Line:
    """Tell a job that nobody does yet from what people write between jobs and below them."""
    if _is_total(beside):
        return Line.FIGURES
    if beside.endswith(":"):
        return Line.SECTION
    is_long = len(beside) > LONGEST_JOB or len(beside.split()) > MOST_WORDS
    if is_long or beside.endswith(_SENTENCE_ENDS):
        return Line.ASIDE
    return _kind_of_job(beside)
