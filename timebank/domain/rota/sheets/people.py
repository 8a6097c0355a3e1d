"""Who is meant by the names on a sheet: a neighbour, a guess to be asked about, somebody new."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass

from timebank.core.text import fold
from timebank.core.text import public_name
from timebank.core.text import tidy_line
from timebank.domain.rota.sheets.facts import Facts
from timebank.domain.rota.sheets.questions import LEAVE
from timebank.domain.rota.sheets.questions import NEW
from timebank.domain.rota.sheets.questions import Asking
from timebank.domain.rota.sheets.questions import Asks
from timebank.domain.rota.sheets.questions import Choice
from timebank.domain.rota.sheets.rows import Row
from timebank.domain.rota.spreadsheets.members import Match
from timebank.domain.rota.spreadsheets.members import match_people
from timebank.domain.rota.spreadsheets.people import Typed
from timebank.domain.rota.spreadsheets.people import read_people

MOST_PARTS = 20  # names on one line
_SAYS_NEW = re.compile(r"\b(?:new|first time|1st time|walk[- ]?up|guest|friend of)\b")


@dataclass(frozen=True, slots=True)
class Entry:
    """One name on a line.

    Attributes:
        key: Of its questions: "3", or "3-2" for the second name on line 3.
        note: What else stands beside the name: "new, friend of Ama".
    """

    key: str
    row: Row
    part: int
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody: a member, or somebody new under this name (then `membership_id` is None).

    `key`: what makes two of them the same person.
    """

    membership_id: int | None
    name: str
    key: str

    @classmethod
    def known(cls, membership_id: int, name: str) -> Who:
        """A member."""
        return cls(membership_id, name, str(membership_id))

    @classmethod
    def new(cls, name: str) -> Who:
        """Somebody we don't know."""
        return cls(None, name, f"new {fold(name)}")


def read_entries(rows: Iterable[Row], asking: Asking) -> list[Entry]:
    """Read the names; a line without one that can be read is asked about."""
    return [entry for row in rows for entry in _entries(row, asking)]


def _entries(row: Row, asking: Asking) -> Iterator[Entry]:
    found = [] if row.claim_id else _names(row.name)
    if row.claim_id:
        found = [(row.name, "")]
    if not found:
        typed = asking.write(Asks.NAME, str(row.number), line=str(row.number), text=row.written)
        found = _names(tidy_line(typed))[:1]
        if typed and not found:
            asking.reopen(Asks.NAME, str(row.number))
        found = found or [("", "")]
    for part, (name, note) in enumerate(found[:MOST_PARTS], start=1):
        key = str(row.number) if part == 1 else f"{row.number}-{part}"
        yield Entry(key, row, part, name, note)


def _names(text: str) -> list[tuple[str, str]]:
    """Take a cell apart into names, each with what stands beside it."""
    said = read_people(text)
    notes: dict[str, list[str]] = {}
    for finding in said.findings:
        notes.setdefault(finding.name, []).append(finding.text)
    return [(one.name, _note(one, notes)) for one in said.people]


def _note(one: Typed, notes: dict[str, list[str]]) -> str:
    pencilled = ["?"] if one.is_pencilled else []
    return ", ".join(notes.get(one.name, []) + pencilled)


class People:
    """Finds out who each entry is, asking once for each name."""

    def __init__(self, entries: Iterable[Entry], facts: Facts, asking: Asking) -> None:
        self.facts = facts
        self.asking = asking
        self.first: dict[str, Entry] = {}
        for entry in entries:
            if entry.name and not entry.row.claim_id:
                self.first.setdefault(entry.name, entry)
        found = match_people(self.first, members=facts.members)
        self.matches = {name: match for match in found for name in match.names}
        # Spellings that mean one person are asked about once, and once is meant to be new.
        self.asker = {name: self.first[self.matches[name].names[0]] for name in self.first}

    def who(self, entry: Entry) -> Who | None:
        """Tell who an entry is; None: left out, or still to be said."""
        if not entry.name:
            return None
        of_printed = self._printed(entry)
        if of_printed:
            return of_printed
        match = (
            self.matches.get(entry.name)
            or match_people([entry.name], members=self.facts.members)[0]
        )
        return self._matched(entry, match)

    def another(self, entry: Entry, *, but: Who) -> Who | None:
        """Ask who somebody is who has the same name as `but`, who is on the sheet already."""
        match = self.matches.get(entry.name) or Match((entry.name,), (), is_certain=False)
        others = [one for one in match.membership_ids if one != but.membership_id]
        return self._ask(entry, entry.key, others, default="")

    def _printed(self, entry: Entry) -> Who | None:
        claim_id = entry.row.claim_id
        turn = self.facts.by_claim.get(claim_id or 0)
        return Who.known(turn.membership_id, turn.name) if claim_id and turn else None

    def _matched(self, entry: Entry, match: Match) -> Who | None:
        says_new = bool(_SAYS_NEW.search(fold(entry.note)))
        if match.is_certain and not says_new and "?" not in entry.note:
            return self._member(match.membership_ids[0])
        asker = self.asker.get(entry.name, entry)
        ids = sorted(match.membership_ids, key=lambda one: not self.facts.turns_of(one))
        before = self.facts.typed_before.get((asker.row.written, asker.part))
        offered = str(before) if before in ids else self._offer(ids, says_new=says_new)
        return self._ask(asker, asker.key, ids, default=offered)

    def _offer(self, ids: list[int], *, says_new: bool) -> str:
        """Offer whoever of them is on the rota today; nobody where more of them are."""
        if not ids:
            return NEW
        here = [one for one in ids if self.facts.turns_of(one)]
        return str(here[0]) if len(here) == 1 and not says_new else ""

    def _ask(self, entry: Entry, of: str, ids: list[int], *, default: str) -> Who | None:
        choices = (*_told_apart(ids, self.facts), Choice(NEW), Choice(LEAVE))
        answer = self.asking.choose(
            Asks.WHO,
            of,
            choices=choices,
            default=default,
            line=entry.key,
            text=entry.name,
            note=entry.note,
        )
        if answer in {"", LEAVE}:
            return None
        return Who.new(entry.name) if answer == NEW else self._member(int(answer))

    def _member(self, membership_id: int) -> Who:
        return Who.known(membership_id, public_name(self.facts.names[membership_id]))


def _told_apart(ids: list[int], facts: Facts) -> tuple[Choice, ...]:
    """Name people as everybody sees them; in full where two would read the same."""
    names = facts.names
    short = [public_name(names[one]) for one in ids]
    return tuple(
        Choice(str(one), names[one] if short.count(name) > 1 else name)
        for one, name in zip(ids, short, strict=True)
    )
