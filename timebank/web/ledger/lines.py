"""A statement in words: its lines by month, "You helped: lift to the clinic"."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby

from flask_babel import gettext as _

from timebank.domain.ledger import NEWEST
from timebank.domain.ledger import Entry
from timebank.domain.ledger import Position
from timebank.models import TransferKind
from timebank.web.events.fields import read_day
from timebank.web.filters import month as month_of
from timebank.web.typed import LONGEST_NUMBER


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a row of the statement."""

    id: int
    what: str
    detail: str
    on: dt.date
    minutes: int


@dataclass(frozen=True, slots=True)
class Month:
    """The entries of one month under its name."""

    name: str
    entries: tuple[Line, ...]


def by_month(entries: list[Entry], *, is_public: bool = False) -> list[Month]:
    """Group entries, newest first, under the months they happened in.

    Args:
        is_public: A pot's statement, for everybody: no neighbour's name, and nobody's words.
    """
    line = _public_line if is_public else _line
    grouped = groupby(entries, key=lambda entry: month_of(entry.on))
    return [Month(name, tuple(line(entry) for entry in of_month)) for name, of_month in grouped]


def _line(entry: Entry) -> Line:
    return Line(entry.id, entry.what, detail_of(entry), entry.on, entry.minutes)


def _public_line(entry: Entry) -> Line:
    """Word an entry of a pot: events and occasions by their names, people by none."""
    is_somebody = entry.is_between_neighbours and entry.kind is not TransferKind.SHARE
    what = _("A neighbour") if is_somebody else entry.what
    if entry.kind is TransferKind.REVERSAL:
        detail = _("Put right")
    elif entry.kind is TransferKind.CLOSING:
        detail = _("Left behind")
    else:
        detail = _("Given") if entry.minutes > 0 else _("Spent")
    return Line(entry.id, what, detail, entry.on, entry.minutes)


def detail_of(entry: Entry) -> str:
    """Say what a line was for, from its owner's side, in the words that somebody typed."""
    if entry.kind in {TransferKind.EARN, TransferKind.ADJUST}:
        return entry.detail
    said = _said(entry)
    return f"{said}: {entry.detail}" if entry.detail else said


def _said(entry: Entry) -> str:
    """Say in a word or two how the minutes came or went."""
    wordings = {
        TransferKind.REVERSAL: _("Put right"),
        TransferKind.OPENING: _("Brought forward"),
        TransferKind.IMPORTED: _("Brought forward"),
        TransferKind.TOP_UP: _("Topped up"),
        TransferKind.CLOSING: _("What was left"),
        TransferKind.SHARE: _("Your part"),
    }
    if entry.kind in wordings:
        return wordings[entry.kind]
    if entry.kind is TransferKind.THANKS and entry.is_between_neighbours:
        return _("Helped you") if entry.minutes < 0 else _("You helped")
    return _("You gave") if entry.minutes < 0 else _("Given to you")


def position_of(typed: str) -> Position:
    """Read where a page of a statement begins; what cannot be read means the first page."""
    day, _dot, number = typed.partition(".")
    found = read_day(day)
    if found is None or not (number.isascii() and number.isdigit()):
        return NEWEST
    return Position(found, int(number)) if len(number) <= LONGEST_NUMBER else NEWEST


def written(position: Position) -> str:
    """Write where a page begins, for its address."""
    return f"{position.day.isoformat()}.{position.number}"
