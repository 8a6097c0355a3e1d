"""Which job of the date a line means, by its words and by whose turn it is."""

from __future__ import annotations

import datetime as dt
import difflib
import re

from timebank.core.text import fold
from timebank.core.text import unaccented
from timebank.domain.rota.sheets.facts import Facts
from timebank.domain.rota.sheets.facts import JobSlot
from timebank.domain.rota.sheets.people import Entry
from timebank.domain.rota.sheets.people import Who
from timebank.domain.rota.sheets.questions import LEAVE
from timebank.domain.rota.sheets.questions import Asking
from timebank.domain.rota.sheets.questions import Asks
from timebank.domain.rota.sheets.questions import Choice
from timebank.domain.rota.sheets.times import nearest
from timebank.domain.rota.sheets.times import read_clock

LIKELY = 0.5  # of 1, how alike two names must be to be offered


class Jobs:
    """Finds the job of each entry, asking once for each name of a job that we don't have."""

    def __init__(self, facts: Facts, asking: Asking) -> None:
        self.facts = facts
        self.asking = asking
        self.names: dict[int, str] = {}
        for slot in facts.slots:
            self.names.setdefault(slot.role_id, slot.name)
        self.asked: dict[tuple[str, str], str] = {}

    def slot(self, entry: Entry, who: Who) -> JobSlot | None:
        """Tell which job an entry is about; None: left out, or still to be said."""
        role_id = self._role(entry, who)
        if role_id is None:
            return None
        slots = [slot for slot in self.facts.slots if slot.role_id == role_id]
        return slots[0] if len(slots) == 1 else self._at_a_time(entry, who, slots)

    def _role(self, entry: Entry, who: Who) -> int | None:
        own = self._own(who)
        typed = entry.row.job
        if not typed and len(own) == 1:
            return own[0].role_id
        known = {fold(name): role_id for role_id, name in self.names.items()}
        if typed and fold(typed) in known:
            return known[fold(typed)]
        return self._ask(entry, self._likeliest(typed, own))

    def _own(self, who: Who) -> list[JobSlot]:
        turns = self.facts.turns_of(who.membership_id) if who.membership_id else []
        return [self.facts.slot(turn.slot_id) for turn in turns]

    def _likeliest(self, typed: str, own: list[JobSlot]) -> str:
        """Guess a job for a question: their own, when it has a word of it; else the most alike."""
        words = set(_words(typed))
        for slot in own:
            if words & set(_words(slot.name)):
                return str(slot.role_id)
        best = max(self.names, key=lambda role_id: alike(typed, self.names[role_id]), default=None)
        if best is None or alike(typed, self.names[best]) < LIKELY:
            return ""
        return str(best)

    def _ask(self, entry: Entry, default: str) -> int | None:
        """Ask once for lines with the same words and the same guess; for each without words."""
        same = (fold(entry.row.job) or entry.key, default)
        of = self.asked.setdefault(same, entry.key)
        choices = tuple(Choice(str(role_id), name) for role_id, name in self.names.items())
        answer = self.asking.choose(
            Asks.JOB,
            of,
            choices=(*choices, Choice(LEAVE)),
            default=default,
            line=of,
            text=entry.row.job,
            name=entry.name,
        )
        return None if answer in {"", LEAVE} else int(answer)

    def _at_a_time(self, entry: Entry, who: Who, slots: list[JobSlot]) -> JobSlot | None:
        """Choose among the times of a job: theirs, or the one when they came."""
        own = {slot.slot_id for slot in self._own(who)}
        theirs = [slot for slot in slots if slot.slot_id in own]
        if len(theirs) == 1:
            return theirs[0]
        came = self._came(entry, slots[0])
        default = min(slots, key=lambda slot: abs(slot.starts_at - came)) if came else None
        answer = self.asking.choose(
            Asks.TURN,
            entry.key,
            choices=tuple(Choice(str(slot.slot_id)) for slot in slots),
            default=str(default.slot_id) if default else "",
            line=entry.key,
            text=slots[0].name,
            name=entry.name,
            slots=tuple(slots),
        )
        return self.facts.slot(int(answer)) if answer else None

    def _came(self, entry: Entry, slot: JobSlot) -> dt.datetime | None:
        times = read_clock(entry.row.came).times
        return nearest(times, to=slot.starts_at, timezone=self.facts.timezone)


def alike(one: str, other: str) -> float:
    """Tell from 0 to 1 how alike two names of jobs are, by their words and by their letters."""
    words, others = _words(one), _words(other)
    if not words or not others:
        return 0
    shared = 2 * len(set(words) & set(others)) / (len(set(words)) + len(set(others)))
    letters = difflib.SequenceMatcher(None, " ".join(words), " ".join(others)).ratio()
    return max(shared, letters)


def _words(name: str) -> list[str]:
    return re.findall(r"\w+", unaccented(name).replace("’", "").replace("'", ""))
