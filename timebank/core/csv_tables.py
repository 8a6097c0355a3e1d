"""A spreadsheet's bytes, or cells that somebody pasted, as a table of text.

Spreadsheets write CSV in whatever letters, separators and line ends their country is used to, and
say nothing of it in the file; so all three are found out, and a guess is said to be one.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass

from timebank.core.errors import Refused
from timebank.core.text import BYTE_ORDER_MARK
from timebank.core.text import tidy_text

MOST_BYTES = 2_000_000
LETTERS_OF_ALPHABET = 26

# Workbooks (a zip or an OLE file), PDF, RTF, gzip and pictures begin with these.
_OTHER_FILES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"\xd0\xcf\x11\xe0",
    b"%PDF",
    b"{\\rtf",
    b"\x1f\x8b",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
)
_MARKUP = ("<!doctype", "<html", "<?xml", "<table", "<meta")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
ENOUGH_ZEROS = 0.3  # of the letters: even a rota in Greek has digits, spaces and separators
MOST_CONTROLS = 0.05  # of the letters: no text has more

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_END = re.compile("\r\n?")
_IN_QUOTES = re.compile('"[^"]*"')
_SAYS_SEPARATOR = re.compile("sep=([\t;,])(?:\n|$)", re.IGNORECASE)
_SEPARATORS = "\t;,"
_END = "\x1e"  # a control, so no cell holds it; only an open quote can swallow it
LINES_TO_LOOK_AT = 200
LETTERS_TO_LOOK_AT = 250
_MISSING = "\ufffd"  # a byte that means no letter; it would be dropped as one that can't be seen
SHOWN_AS_MISSING = "□"


class NotCells(Refused):
    """Save it as CSV, or copy the cells and paste them."""


class FileTooBig(Refused):
    """That is more than 2 MB. Copy the cells that count alone and paste them."""


class TooManyRows(Refused):
    """That has too many rows. Copy those that count alone and paste them."""


class TooManyColumns(Refused):
    """That has too many columns. Copy those that count alone and paste them."""


class TooManyTexts(Refused):
    """That is more text than we can take. Copy the cells that count alone and paste them."""


class NoCells(Refused):
    """There is nothing in that. Copy the cells and paste them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a table may hold: as much as a rota does, unless told otherwise.

    Attributes:
        texts: that differ.
        letters: of a cell, more than a name, a job or a remark needs. Putting the accents of a
            letter in order takes time that grows with the square of their number, so that no
            limit would let one cell cost minutes.
    """

    rows: int = 2_000
    columns: int = 120
    texts: int = 20_000
    letters: int = 250


USUAL = Limits()


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where a cell stands: row and column, both from 1."""

    row: int
    column: int

    def __str__(self) -> str:
        letters = ""
        left = self.column
        while left:
            left, letter = divmod(left - 1, LETTERS_OF_ALPHABET)
            letters = chr(ord("A") + letter) + letters
        return f"{letters}{self.row}"


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of text, every row as wide as the widest; no blank rows or columns at the ends.

    Attributes:
        rows: the text of each cell, composed (NFC) and without what cannot be seen.
        encoding: how the letters were written, as Python names it.
        separator: what stood between two cells.
        is_encoding_guessed: nothing in the bytes proves it.
        has_open_quote: quotation marks don't fit together, so that all of them are letters.
        shortened: cells of which only the first letters were kept.
    """

    rows: tuple[tuple[str, ...], ...]
    encoding: str
    separator: str
    is_encoding_guessed: bool = False
    has_open_quote: bool = False
    shortened: tuple[Cell, ...] = ()


def read_bytes(data: bytes, *, limits: Limits = USUAL) -> Table:
    """Read a file.

    Raises:
        NotCells: a workbook, a PDF, a picture or other bytes that are no text.
        FileTooBig, TooManyRows, TooManyColumns, TooManyTexts, NoCells: As they say.
    """
    if data.startswith(_OTHER_FILES):
        raise NotCells
    if len(data) > MOST_BYTES:
        raise FileTooBig
    text, encoding, is_guessed = _decode(data)
    return _read(text, limits, encoding=encoding, is_encoding_guessed=is_guessed)


def read_text(text: str, *, limits: Limits = USUAL) -> Table:
    """Read cells that were pasted, or the text of a CSV file.

    Raises:
        UnreadableText: half of a surrogate pair stands in it.
        NotCells, FileTooBig, TooManyRows, TooManyColumns, TooManyTexts, NoCells: As for a file.
    """
    if len(text) > MOST_BYTES:
        raise FileTooBig
    return _read(text, limits, encoding="text", is_encoding_guessed=False)


def _decode(data: bytes) -> tuple[str, str, bool]:
    """Find out the letters: their text, the encoding's name, and whether it is a guess."""
    if data.startswith(_UTF_16_MARKS):
        return data.decode("utf-16", errors="replace"), "utf-16", False
    unmarked = _unmarked_utf_16(data)
    if unmarked:
        return data.decode(unmarked, errors="replace"), unmarked, True
    try:
        return data.decode("utf-8"), "utf-8", False
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    if len(_CONTROLS.findall(text)) > MOST_CONTROLS * len(text):
        raise NotCells
    return text, "windows-1252", True


def _unmarked_utf_16(data: bytes) -> str | None:
    """Tell UTF-16 by the zeros in the upper halves of its plain letters, which are on one side."""
    enough = ENOUGH_ZEROS * len(data) / 2
    first, second = data[0::2].count(0), data[1::2].count(0)
    if second > enough and first <= enough / 10:
        return "utf-16-le"
    if first > enough and second <= enough / 10:
        return "utf-16-be"
    return None


def _read(text: str, limits: Limits, *, encoding: str, is_encoding_guessed: bool) -> Table:
    text = _CONTROLS.sub("", _LINE_END.sub("\n", text.removeprefix(BYTE_ORDER_MARK)))
    text = text.replace(_MISSING, SHOWN_AS_MISSING)
    if text[:LETTERS_TO_LOOK_AT].lstrip().casefold().startswith(_MARKUP):
        raise NotCells
    said = _SAYS_SEPARATOR.match(text)
    if said:
        text = text[said.end() :]
    separator = said[1] if said else _separator_of(text)
    rows = _quoted(text, separator, limits)
    has_open_quote = rows is None
    if rows is None:
        rows = _unquoted(text, separator, limits)
    if not rows:
        raise NoCells
    width = max(map(len, rows))
    clean = _Cleaner(limits)
    return Table(
        rows=tuple(clean.row(number, row, width) for number, row in enumerate(rows, start=1)),
        encoding=encoding,
        separator=separator,
        is_encoding_guessed=is_encoding_guessed,
        has_open_quote=has_open_quote,
        shortened=tuple(clean.shortened),
    )


def _separator_of(text: str) -> str:
    """Find what stands between cells: on the most lines, then the most often, outside quotes."""
    head = "\n".join(text[: MOST_BYTES // 10].split("\n", LINES_TO_LOOK_AT)[:LINES_TO_LOOK_AT])
    lines = _IN_QUOTES.sub("", head).split("\n")

    def frequency(separator: str) -> tuple[int, int]:
        counts = [line.count(separator) for line in lines]
        return sum(map(bool, counts)), sum(counts)

    return max(_SEPARATORS, key=frequency)


def _quoted(text: str, separator: str, limits: Limits) -> list[list[str]] | None:
    """Split text whose quotes fit; None when one would swallow what stands after it."""
    try:
        return _limited(csv.reader(_lines(text), delimiter=separator, strict=True), limits)
    except csv.Error:
        pass
    try:
        rows = _limited(csv.reader(_lines(text), delimiter=separator), limits)
    except csv.Error:  # a cell of more than 131,072 letters
        return None
    if any("\n" in cell and separator in cell for row in rows or () for cell in row):
        return None
    return rows


def _unquoted(text: str, separator: str, limits: Limits) -> list[list[str]] | None:
    """Split text in which a quotation mark is a letter like any other."""
    try:
        return _limited(csv.reader(_lines(text), delimiter=separator, quotechar=None), limits)
    except csv.Error as error:  # a cell of more than 131,072 letters
        raise NotCells from error


def _lines(text: str) -> Iterator[str]:
    return itertools.chain(io.StringIO(text, newline="\n"), (_END,))


def _limited(reader: Iterable[list[str]], limits: Limits) -> list[list[str]] | None:
    """Take rows up to the end's mark, blanks at their ends left off; None when it is missing.

    Raises:
        TooManyRows, TooManyColumns: more than the limits.
    """
    rows: list[list[str]] = []
    filled = 0
    for row in reader:
        if row == [_END]:
            return rows[:filled]
        while row and not row[-1].strip():
            row.pop()
        if len(row) > limits.columns:
            raise TooManyColumns
        if len(rows) < limits.rows:
            rows.append(row)
            filled = len(rows) if row else filled
        elif row:
            raise TooManyRows
    return None


class _Cleaner:
    """Tidies cells, each text once."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.known: dict[str, str] = {}
        self.shortened: list[Cell] = []

    def row(self, number: int, row: list[str], width: int) -> tuple[str, ...]:
        """Tidy the cells of a row and make it as wide as the others."""
        known, letters = self.known, self.limits.letters
        cells = []
        for column, typed in enumerate(row, start=1):
            if len(typed) > letters:
                self.shortened.append(Cell(number, column))
            if typed not in known:
                known[typed] = tidy_text(typed[:letters])
                if len(known) > self.limits.texts:
                    raise TooManyTexts
            cells.append(known[typed])
        return (*cells, *("",) * (width - len(row)))
