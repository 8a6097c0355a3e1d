"""What a sheet would do to the rota, line by line, and what is asked first: nothing is written."""

from __future__ import annotations

import datetime as dt
import enum
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property

from sqlalchemy.orm import Session

from timebank.domain.rota.occasions import Occasion
from timebank.domain.rota.sheets import facts as rota
from timebank.domain.rota.sheets.facts import Facts
from timebank.domain.rota.sheets.facts import JobSlot
from timebank.domain.rota.sheets.facts import TurnThere
from timebank.domain.rota.sheets.jobs import Jobs
from timebank.domain.rota.sheets.matching import belongings
from timebank.domain.rota.sheets.people import Entry
from timebank.domain.rota.sheets.people import People
from timebank.domain.rota.sheets.people import Who
from timebank.domain.rota.sheets.people import read_entries
from timebank.domain.rota.sheets.questions import AS_ROTA
from timebank.domain.rota.sheets.questions import INSTEAD
from timebank.domain.rota.sheets.questions import LEAVE
from timebank.domain.rota.sheets.questions import MISSED
from timebank.domain.rota.sheets.questions import NO
from timebank.domain.rota.sheets.questions import ONCE
from timebank.domain.rota.sheets.questions import OTHER
from timebank.domain.rota.sheets.questions import YES
from timebank.domain.rota.sheets.questions import Answers
from timebank.domain.rota.sheets.questions import Asking
from timebank.domain.rota.sheets.questions import Asks
from timebank.domain.rota.sheets.questions import Choice
from timebank.domain.rota.sheets.questions import Question
from timebank.domain.rota.sheets.rows import Row
from timebank.domain.rota.sheets.spans import Span
from timebank.domain.rota.sheets.spans import Spans
from timebank.models import PaperSheet


class Fate(enum.StrEnum):
    """What becomes of a line."""

    COUNTS = "counts"
    CREDITED = "credited"  # its hours are in already
    DOUBLE = "double"  # the same turn as a line above
    CLASH = "clash"  # the same person elsewhere on the sheet at that time
    NOT_HERE = "not_here"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLine:
    """A line, and what becomes of it.

    Attributes:
        number: Of the sheet that it counts under.
        turn: The turn on the rota that it ticks; None: one is made.
        instead_of: The turn on the rota that it takes the place of.
        minutes: What counts instead of the job's own time; None: that.
        is_own: Whether it is the line of whoever types: another organiser confirms it.
        above: The line that a double one repeats.
    """

    entry: Entry
    number: str
    fate: Fate
    who: Who | None = None
    slot: JobSlot | None = None
    turn: TurnThere | None = None
    instead_of: TurnThere | None = None
    span: Span | None = None
    minutes: int | None = None
    is_own: bool = False
    above: str = ""


@dataclass(frozen=True)
class Plan:
    """All of it. `missed`: turns of people who are not on the sheet, and stayed away."""

    lines: tuple[PlannedLine, ...]
    missed: tuple[TurnThere, ...]
    questions: Mapping[str, Question]
    asking: Asking

    @cached_property
    def by_line(self) -> Mapping[str, list[Question]]:
        """Give the questions by the lines that they are asked beside."""
        found: dict[str, list[Question]] = {line.entry.key: [] for line in self.lines}
        for question in self.questions.values():
            found.setdefault(question.line, []).append(question)
        return found

    @property
    def counted(self) -> list[PlannedLine]:
        """Give the lines from which turns will be down as done."""
        return [line for line in self.lines if line.fate is Fate.COUNTS]


def plan(
    session: Session,
    *,
    rows: Iterable[Row],
    sheet: PaperSheet,
    occasion: Occasion,
    answers: Answers,
    by: int,
    now: dt.datetime,
) -> Plan:
    """Work out what would be done, with the answers given so far."""
    rows = list(rows)
    asking = Asking(answers)
    where = belongings(session, rows=rows, sheet=sheet, occasion=occasion, asking=asking)
    here = [row for row in rows if not where.is_left_out(row)]
    entries = read_entries(here, asking)
    planner = _Planner(rota.gather(session, occasion=occasion, now=now), entries, asking, by)
    planned = planner.lines({entry.row.number: where.number(entry.row) for entry in entries})
    away = [
        PlannedLine(
            entry=Entry(str(row.number), row, 1, "", ""),
            number=where.number(row),
            fate=Fate.LEFT_OUT,
        )
        for row in rows
        if where.is_left_out(row)
    ]
    lines = sorted([*planned, *away], key=lambda line: (line.entry.row.number, line.entry.part))
    missed = tuple(planner.missed(planned))
    return Plan(tuple(lines), missed, dict(asking.made), asking)


class _Planner:
    """Goes through the entries in their order: who and which job first, then what comes of it."""

    def __init__(self, facts: Facts, entries: list[Entry], asking: Asking, by: int) -> None:
        self.facts = facts
        self.entries = entries
        self.asking = asking
        self.by = by
        self.people = People(entries, facts, asking)
        self.jobs = Jobs(facts, asking)
        self.spans = Spans(facts.timezone, asking)

    def lines(self, numbers: Mapping[int, str]) -> list[PlannedLine]:
        """Plan every entry."""
        found = [self._found(entry, numbers[entry.row.number]) for entry in self.entries]
        lines = self._without_doubles(found)
        on_the_sheet = {_turn_of(line) for line in lines}
        counted: dict[str, list[PlannedLine]] = defaultdict(list)  # by person
        settled = []
        for line in lines:
            became = self._settled(line, on_the_sheet, counted)
            settled.append(became)
            if became.who and became.fate is Fate.COUNTS:
                counted[became.who.key].append(became)
        return settled

    def missed(self, lines: list[PlannedLine]) -> Iterator[TurnThere]:
        """Ask about everybody on the rota who is not on the sheet, or was away by it."""
        seen = {
            turn.claim_id
            for line in lines
            if line.fate not in {Fate.NOT_HERE, Fate.LEFT_OUT}
            for turn in (line.turn, line.instead_of)
            if turn
        }
        for turn in self.facts.turns:
            if turn.is_promised and not turn.is_ticked and turn.claim_id not in seen:
                answer = self.asking.choose(
                    Asks.OFF,
                    str(turn.claim_id),
                    choices=(Choice(LEAVE), Choice(MISSED)),
                    default=LEAVE,
                    text=turn.name,
                    job=self.facts.slot(turn.slot_id).name,
                )
                if answer == MISSED:
                    yield turn

    def _found(self, entry: Entry, number: str) -> PlannedLine:
        """Find out who it is, and at which job."""
        line = PlannedLine(entry=entry, number=number, fate=Fate.LEFT_OUT)
        came = self._came(entry)
        who = self.people.who(entry)
        if who is None:
            return line
        slot = self.jobs.slot(entry, who)
        if slot is None:
            return replace(line, who=who)
        return replace(
            line,
            who=who,
            slot=slot,
            fate=Fate.COUNTS if came else Fate.NOT_HERE,
            turn=self._turn(who, slot),
            is_own=who.membership_id == self.by,
        )

    def _came(self, entry: Entry) -> bool:
        says = entry.row.says_they_came
        if says is not None:
            return says
        answer = self.asking.choose(
            Asks.CAME,
            entry.key,
            choices=(Choice(YES), Choice(NO)),
            line=entry.key,
            text=entry.row.written,
            name=entry.name,
        )
        return answer == YES

    def _turn(self, who: Who, slot: JobSlot) -> TurnThere | None:
        if who.membership_id is None:
            return None
        return self.facts.turn(slot_id=slot.slot_id, membership_id=who.membership_id)

    def _without_doubles(self, found: list[PlannedLine]) -> list[PlannedLine]:
        """Ask about each line that says of somebody what a line above has said."""
        lines: list[PlannedLine] = []
        first: dict[tuple[str, int], int] = {}
        for line in found:
            turn = _turn_of(line)
            if turn and line.fate is Fate.COUNTS and turn in first:
                lines.append(self._double(line, lines, first[turn]))
            else:
                lines.append(line)
            if turn and lines[-1].fate is Fate.COUNTS and _turn_of(lines[-1]) == turn:
                first[turn] = len(lines) - 1
        return lines

    def _double(self, line: PlannedLine, before: list[PlannedLine], first: int) -> PlannedLine:
        """Ask about a line that repeats one above; that one, in `before`, may change."""
        above = before[first]
        is_exact = _times(above) == _times(line)
        answer = self.asking.choose(
            Asks.TWICE,
            line.entry.key,
            choices=(
                Choice(ONCE),
                *(() if is_exact else (Choice(INSTEAD),)),
                Choice(OTHER),
            ),
            default=ONCE,
            line=line.entry.key,
            text=line.entry.name,
            above=above.entry.key,
            is_exact=is_exact,
        )
        if answer == OTHER:
            return self._somebody_else(line)
        if answer == INSTEAD:
            before[first] = replace(above, fate=Fate.DOUBLE, above=line.entry.key)
            return line
        return replace(line, fate=Fate.DOUBLE, above=above.entry.key)

    def _somebody_else(self, line: PlannedLine) -> PlannedLine:
        other = line.who and self.people.another(line.entry, but=line.who)
        if other is None or line.slot is None:
            return replace(line, fate=Fate.LEFT_OUT, who=None, turn=None)
        turn = self._turn(other, line.slot)
        return replace(line, who=other, turn=turn, is_own=other.membership_id == self.by)

    def _settled(
        self,
        line: PlannedLine,
        on_the_sheet: set[tuple[str, int] | None],
        counted: Mapping[str, list[PlannedLine]],
    ) -> PlannedLine:
        """Say what comes of a line that counts, beside what the rota says."""
        if line.fate is not Fate.COUNTS or line.slot is None:
            return line
        if line.turn and line.turn.is_credited:
            return replace(line, fate=Fate.CREDITED)
        if line.turn is None or not line.turn.live:
            line = self._beside_the_rota(line, on_the_sheet)
        theirs = counted.get(line.who.key, []) if line.who else []
        if line.fate is Fate.COUNTS and any(_clash(line, other) for other in theirs):
            return replace(line, fate=Fate.CLASH)
        return self._timed(line) if line.fate is Fate.COUNTS else line

    def _beside_the_rota(
        self, line: PlannedLine, on_the_sheet: set[tuple[str, int] | None]
    ) -> PlannedLine:
        """Ask about somebody who did one job, and has another on the rota at that time."""
        slot, who = line.slot, line.who
        if slot is None or who is None or who.membership_id is None:
            return line
        other = next(
            (
                turn
                for turn in self.facts.turns_of(who.membership_id)
                if turn.starts_at < slot.ends_at and slot.starts_at < turn.ends_at
            ),
            None,
        )
        if other is None:
            return line
        if other.is_credited or (who.key, other.slot_id) in on_the_sheet:
            return replace(line, fate=Fate.CLASH, instead_of=None)
        return self._ask_which(line, other)

    def _ask_which(self, line: PlannedLine, other: TurnThere) -> PlannedLine:
        answer = self.asking.choose(
            Asks.SWAP,
            line.entry.key,
            choices=(Choice(INSTEAD), Choice(AS_ROTA), Choice(LEAVE)),
            default=INSTEAD,
            line=line.entry.key,
            text=line.entry.name,
            job=line.slot.name if line.slot else "",
            on_the_rota=self.facts.slot(other.slot_id).name,
        )
        if answer == INSTEAD:
            return replace(line, instead_of=other)
        if answer == AS_ROTA:
            return replace(line, slot=self.facts.slot(other.slot_id), turn=other)
        return replace(line, fate=Fate.LEFT_OUT)

    def _timed(self, line: PlannedLine) -> PlannedLine:
        """Read the times. Nobody's own words say how long they were here themselves."""
        if line.slot is None or (line.turn and line.turn.is_beside):
            return line
        span = self.spans.span(line.entry, line.slot)
        if span is None or line.is_own:
            return replace(line, span=span)
        minutes = self.spans.minutes(line.entry, line.slot, span)
        return replace(line, span=span, minutes=minutes)


def _turn_of(line: PlannedLine) -> tuple[str, int] | None:
    return (line.who.key, line.slot.slot_id) if line.who and line.slot else None


def _times(line: PlannedLine) -> tuple[str, str]:
    return line.entry.row.came, line.entry.row.left


def _clash(line: PlannedLine, other: PlannedLine) -> bool:
    """Whether two lines of a person are at one time; two turns that they have may be."""
    if line.slot is None or other.slot is None:
        return False
    is_at_once = (
        other.slot.starts_at < line.slot.ends_at and line.slot.starts_at < other.slot.ends_at
    )
    both_are_there = line.turn and line.turn.live and other.turn and other.turn.live
    return is_at_once and not both_are_there
