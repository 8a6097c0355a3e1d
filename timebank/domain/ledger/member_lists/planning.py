"""What a member list would do here, and what has to be said first. Nothing is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.core.errors import Refused
from timebank.core.hours import TooManyHours
from timebank.domain.ledger.member_lists import drafts
from timebank.domain.ledger.member_lists.matching import ADD
from timebank.domain.ledger.member_lists.matching import Answers
from timebank.domain.ledger.member_lists.matching import Fate
from timebank.domain.ledger.member_lists.matching import Known
from timebank.domain.ledger.member_lists.matching import Planned
from timebank.domain.ledger.member_lists.matching import cell_key
from timebank.domain.ledger.member_lists.matching import match
from timebank.domain.ledger.member_lists.matching import who_key
from timebank.domain.ledger.member_lists.understanding import CELL_OF
from timebank.models import Community
from timebank.models import MemberList

MOST_MINUTES = 600_000  # of one transfer: `minutes_range`

SAY_WHAT = "Say what to do with this line."
CHANGED = "You changed this line. Take it in, or put it back as it was."
PUT_RIGHT: Mapping[str, str] = {
    "name": "Write the name that people call them by.",
    "email": "Enter an e-mail, like sam@example.com, or leave it empty.",
    "phone": "Write one phone number, or leave it empty.",
    "joined": "Write a day that has been, like 3/2/2024, or leave it empty.",
    "hours": "Write hours like 1½, 1:30 or 1h30.",
}

# Hours brought forward that stand, by account; both sides, because they may be below zero.
MEMBERS = sa.text("""
SELECT m.id, p.full_name, p.email, p.phone, m.standing = 'left', o.minutes
  FROM membership m
  JOIN profile p ON p.person_id = m.person_id
  LEFT JOIN account a ON a.membership_id = m.id
  LEFT JOIN (
    SELECT account_id, sum(minutes)::bigint AS minutes
      FROM (SELECT t.id, t.credit_id AS account_id, t.minutes
              FROM transfer t JOIN account b ON b.id = t.debit_id
             WHERE b.community_id = :community_id AND b.kind = 'opening' AND t.kind = 'opening'
            UNION ALL
            SELECT t.id, t.debit_id, -t.minutes
              FROM transfer t JOIN account b ON b.id = t.credit_id
             WHERE b.community_id = :community_id AND b.kind = 'opening' AND t.kind = 'opening'
           ) openings
     WHERE NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = openings.id)
     GROUP BY account_id
  ) o ON o.account_id = a.id
 WHERE m.community_id = :community_id
 ORDER BY m.id
""")


class StillInDoubt(Refused):
    """Some lines still want an answer."""

    def __init__(self, plan: Plan, problems: Mapping[str, str]) -> None:
        super().__init__()
        self.plan = plan
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole list. `left_out`: the headings of columns that nobody asked for."""

    lines: tuple[Planned, ...]
    left_out: tuple[str, ...]

    @property
    def doubtful(self) -> list[Planned]:
        """The lines to ask about."""
        return [one for one in self.lines if not one.is_plain]

    def count(self, fate: Fate) -> int:
        """Tell how many lines fare so."""
        return sum(one.fate is fate for one in self.lines)

    def minutes(self) -> dict[int, int]:
        """Add up what is brought forward for each line that is somebody, by its number."""
        brought = {
            one.number: one.line.minutes
            for one in self.lines
            if one.fate in {Fate.NEW, Fate.KNOWN} and not one.has_brought
        }
        for one in self.lines:
            if one.fate is Fate.ADDED and one.twin in brought:
                brought[one.twin] += one.line.minutes
        return {number: minutes for number, minutes in brought.items() if minutes}

    def problems(self) -> dict[str, str]:
        """Say, by question, what is still missing."""
        found: dict[str, str] = {}
        for one in self.doubtful:
            found |= _problems(one)
        totals = self.minutes()
        for one in self.doubtful:
            if one.fate is Fate.ADDED and abs(totals.get(one.twin or 0, 0)) > MOST_MINUTES:
                found[who_key(one.number)] = TooManyHours().sentence
        return found


def plan(
    session: Session, *, made: MemberList, now: dt.datetime, answers: Answers | None = None
) -> Plan:
    """Work out what would be done, with the answers given so far."""
    timezone = session.get_one(Community, made.community_id).timezone
    table, lines = drafts.read_again(made, timezone=timezone)
    return Plan(
        lines=match(
            lines,
            members=_members(session, community_id=made.community_id),
            answers=answers or {},
            today=clock.local_date(now, timezone),
        ),
        left_out=table.left_out,
    )


def _members(session: Session, *, community_id: int) -> list[Known]:
    rows = session.execute(MEMBERS, {"community_id": community_id})
    return [Known(*row) for row in rows]


def _problems(one: Planned) -> dict[str, str]:
    """Say what is missing about a line that is in doubt."""
    if not one.choice:
        return {who_key(one.number): SAY_WHAT}
    if one.fate in {Fate.OUT, Fate.SAME}:
        return {who_key(one.number): CHANGED} if one.was_changed else {}
    wanted = {"hours"} if one.choice == ADD else set(PUT_RIGHT)
    cells = {CELL_OF[doubt] for doubt in one.line.unreadable} & wanted
    return {cell_key(cell, one.number): PUT_RIGHT[cell] for cell in cells}
