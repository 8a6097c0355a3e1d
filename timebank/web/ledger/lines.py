"""A statement in words: its lines by month, "You helped: lift to the clinic"."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby

from flask_babel import gettext as _

from timebank.domain.ledger import Entry
from timebank.models import TransferKind
from timebank.web.filters import month as month_of


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a row of the statement."""

    what: str
    detail: str
    on: dt.date
    minutes: int


@dataclass(frozen=True, slots=True)
class Month:
    """The entries of one month under its name."""

    name: str
    entries: tuple[Line, ...]


def by_month(entries: list[Entry]) -> list[Month]:
    """Group entries, newest first, under the months they happened in."""
    grouped = groupby(entries, key=lambda entry: month_of(entry.on))
    return [Month(name, tuple(_line(entry) for entry in of_month)) for name, of_month in grouped]


def _line(entry: Entry) -> Line:
    return Line(entry.what, detail_of(entry), entry.on, entry.minutes)


def detail_of(entry: Entry) -> str:
    """Say what a line was for, from its owner's side, in the words that somebody typed."""
    if entry.kind in {TransferKind.EARN, TransferKind.ADJUST}:
        return entry.detail
    said = _("Put right") if entry.kind is TransferKind.REVERSAL else _gift(entry)
    return f"{said}: {entry.detail}" if entry.detail else said


def _gift(entry: Entry) -> str:
    if not entry.is_between_neighbours:
        return _("You gave") if entry.minutes < 0 else _("Given to you")
    return _("Helped you") if entry.minutes < 0 else _("You helped")
