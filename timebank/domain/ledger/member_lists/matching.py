"""Who is who: each line of a list against the members and the lines above it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from timebank.core.text import tidy_line
from timebank.core.text import unaccented
from timebank.domain.ledger.member_lists.reading import Row
from timebank.domain.ledger.member_lists.understanding import CELL_OF
from timebank.domain.ledger.member_lists.understanding import Doubt
from timebank.domain.ledger.member_lists.understanding import Line
from timebank.domain.ledger.member_lists.understanding import understand

# What may be chosen for a line in doubt, besides the number of a membership.
NEW, NO_EMAIL, SAME, ADD, OUT = "new", "no_email", "same", "add", "out"
CELLS = ("name", "email", "phone", "joined", "hours")

Answers = Mapping[str, str]


class Fate(enum.StrEnum):
    """What becomes of a line."""

    NEW = "new"
    KNOWN = "known"  # a member already
    SAME = "same"  # somebody who stands on a line above
    ADDED = "added"  # the same, and its hours are added
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Known:
    """A member. `opening_minutes`: brought forward already; None: nothing was."""

    membership_id: int
    full_name: str
    email: str | None
    phone: str | None
    has_left: bool
    opening_minutes: int | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A line, and what is to become of it.

    Attributes:
        line: as it is by now, with the answers about its cells.
        typed: as it stands in the list.
        doubts: all there is to ask about it; none: it is plain.
        cells: which of its cells are asked for.
        choices: what may be chosen for it.
        choice: one of these, or "" where it has to be said.
        twin: the number of the line above that it may be the same as.
        known: the member that it is, or may be.
    """

    line: Line
    typed: Line
    doubts: tuple[Doubt, ...]
    cells: tuple[str, ...]
    choices: tuple[str, ...]
    choice: str
    twin: int | None = None
    known: Known | None = None
    candidates: tuple[Known, ...] = ()

    @property
    def number(self) -> int:
        """Of the row, as spreadsheets count."""
        return self.typed.row.number

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to ask."""
        return not self.doubts

    @property
    def fate(self) -> Fate:
        """What becomes of it, as things stand."""
        if self.choice in {"", OUT}:
            return Fate.OUT
        if self.choice in {NEW, NO_EMAIL}:
            return Fate.NEW
        return {SAME: Fate.SAME, ADD: Fate.ADDED}.get(self.choice, Fate.KNOWN)

    @property
    def email(self) -> str | None:
        """The address that somebody new gets; none that is another's."""
        return None if self.choice == NO_EMAIL else self.line.email

    @property
    def was_changed(self) -> bool:
        """Whether an answer says something else than the list does."""
        return self.line.row != self.typed.row

    @property
    def has_brought(self) -> bool:
        """Whether hours were brought forward for this member before: never twice."""
        return self.known is not None and self.known.opening_minutes is not None


def match(
    lines: Sequence[Line], *, members: Sequence[Known], answers: Answers, today: dt.date
) -> tuple[Planned, ...]:
    """Settle all lines in their order, with the answers given so far."""
    matcher = _Matcher(members, answers, today)
    return tuple(matcher.plan(line) for line in lines)


def who_key(number: int) -> str:
    """Name the question what to do with a line."""
    return f"who_{number}"


def cell_key(cell: str, number: int) -> str:
    """Name the question what one of its cells should say."""
    return f"{cell}_{number}"


@dataclass(frozen=True, slots=True)
class _Whom:
    """Who a line may be; `default` is what harms least when nobody looks."""

    default: str
    choices: tuple[str, ...]
    doubts: tuple[Doubt, ...] = ()
    twin: int | None = None
    candidates: tuple[Known, ...] = ()


class _Matcher:
    """Remembers the lines above."""

    def __init__(self, members: Sequence[Known], answers: Answers, today: dt.date) -> None:
        self.answers = answers
        self.today = today
        self.by_id = {str(member.membership_id): member for member in members}
        self.by_email = {member.email: member for member in members if member.email}
        self.by_name: dict[str, list[Known]] = defaultdict(list)
        for member in members:
            self.by_name[_key(member.full_name)].append(member)
        self.above: dict[int, Planned] = {}
        self.emails: dict[str, int] = {}
        self.names: dict[str, int] = {}
        self.taken: dict[str, int] = {}

    def plan(self, typed: Line) -> Planned:
        """Settle one line and remember it."""
        line = self._answered(typed)
        whom = self._whom(line)
        asked = {CELL_OF[doubt] for doubt in (*typed.doubts, *line.doubts)}
        doubts = tuple(dict.fromkeys((*typed.doubts, *line.doubts, *whom.doubts)))
        choice = whom.default
        if doubts:
            choice = OUT if typed.unreadable or Doubt.NAME_TOTAL in doubts else choice
            choice = self.answers.get(who_key(typed.row.number), choice)
        planned = Planned(
            line=line,
            typed=typed,
            doubts=doubts,
            cells=tuple(cell for cell in CELLS if cell in asked),
            choices=whom.choices,
            choice=choice if choice in whom.choices else "",
            twin=whom.twin,
            known=self.by_id.get(choice),
            candidates=whom.candidates,
        )
        self._remember(planned)
        return planned

    def _answered(self, typed: Line) -> Line:
        """Read a line again with what was answered about the cells that are in doubt."""
        number = typed.row.number
        said = {
            cell: tidy_line(self.answers[cell_key(cell, number)])
            for cell in {CELL_OF[doubt] for doubt in typed.doubts}
            if cell_key(cell, number) in self.answers
        }
        if not said:
            return typed
        return understand(Row(**{**dataclasses.asdict(typed.row), **said}), today=self.today)

    def _whom(self, line: Line) -> _Whom:
        member = self.by_email.get(line.email or "")
        twin = self.emails.get(line.email or "")
        if member is not None and twin is None:
            twin = self.taken.get(str(member.membership_id))
        if twin is not None:
            return self._twin_by_email(line, twin)
        if member is not None:
            return self._member_by_email(line, member)
        return self._by_name(line)

    def _twin_by_email(self, line: Line, twin: int) -> _Whom:
        is_alike = _key(self.above[twin].line.name) == _key(line.name)
        return _Whom(
            default=SAME if is_alike else NO_EMAIL,
            choices=(*_twins(line), NO_EMAIL, OUT),
            doubts=(Doubt.SAME_EMAIL,),
            twin=twin,
        )

    def _member_by_email(self, line: Line, member: Known) -> _Whom:
        number = str(member.membership_id)
        if not line.name or _key(member.full_name) == _key(line.name):
            return _Whom(number, (number, OUT), candidates=(member,))
        return _Whom(
            default=number if _are_near(member.full_name, line.name) else NO_EMAIL,
            choices=(number, NO_EMAIL, OUT),
            doubts=(Doubt.OTHER_NAME,),
            candidates=(member,),
        )

    def _by_name(self, line: Line) -> _Whom:
        namesakes = [
            member
            for member in self.by_name.get(_key(line.name), ())
            if str(member.membership_id) not in self.taken
        ]
        for member in namesakes:
            if line.phone and _figures(line.phone) == _figures(member.phone or ""):
                number = str(member.membership_id)
                return _Whom(number, (number, OUT), candidates=(member,))
        twin = self.names.get(_key(line.name)) if line.name else None
        numbers = [str(member.membership_id) for member in namesakes]
        doubts = [Doubt.KNOWN_NAME] * bool(namesakes) + [Doubt.SAME_NAME] * (twin is not None)
        default = NEW
        if len(namesakes) == 1 and not (line.email and namesakes[0].email):
            default = numbers[0]
        elif twin is not None and not (line.email and self.above[twin].line.email):
            default = SAME
        return _Whom(
            default=default,
            choices=(*numbers, *(_twins(line) if twin is not None else ()), NEW, OUT),
            doubts=tuple(doubts),
            twin=twin,
            candidates=tuple(namesakes),
        )

    def _remember(self, planned: Planned) -> None:
        if planned.fate not in {Fate.NEW, Fate.KNOWN}:
            return
        self.above[planned.number] = planned
        if planned.email:
            self.emails.setdefault(planned.email, planned.number)
        if planned.line.name:
            self.names.setdefault(_key(planned.line.name), planned.number)
        if planned.known:
            self.taken[str(planned.known.membership_id)] = planned.number


def _twins(line: Line) -> tuple[str, ...]:
    """Offer to add hours only where there are some, or may be."""
    has_hours = line.minutes or Doubt.HOURS_UNREADABLE in line.doubts
    return (SAME, ADD) if has_hours else (SAME,)


def _key(name: str) -> str:
    return " ".join(unaccented(name).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())


def _are_near(one: str, other: str) -> bool:
    """Whether two names may be one person's: "Tom Baker" and "Thomas Baker"."""
    first, second = _key(one).split(), _key(other).split()
    return first[-1:] == second[-1:] and one[:1].casefold() == other[:1].casefold()


def _figures(phone: str) -> str:
    return "".join(letter for letter in phone if letter.isdigit())
