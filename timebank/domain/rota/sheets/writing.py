"""Write what a sheet says, once it looks right: turns done, their hours, each line's trace.

Lines that are refused by a rule are told with its sentence; all others stand.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import Refused
from timebank.domain import ledger
from timebank.domain.rota import checkin
from timebank.domain.rota import walk_ups
from timebank.domain.rota.locking import lock_event
from timebank.domain.rota.occasions import Occasion
from timebank.domain.rota.sheets import arrivals
from timebank.domain.rota.sheets import drafts
from timebank.domain.rota.sheets import paper
from timebank.domain.rota.sheets import planning
from timebank.domain.rota.sheets import tracing
from timebank.domain.rota.sheets.arrivals import Arrival
from timebank.domain.rota.sheets.planning import Fate
from timebank.domain.rota.sheets.planning import Plan
from timebank.domain.rota.sheets.planning import PlannedLine
from timebank.domain.rota.sheets.questions import Answers
from timebank.domain.rota.sheets.tracing import Line
from timebank.models import LineOutcome
from timebank.models import PaperSheet
from timebank.models import PaperSheetDraft

OUTCOMES = {
    Fate.CREDITED: LineOutcome.THERE,
    Fate.DOUBLE: LineOutcome.DOUBLE,
    Fate.CLASH: LineOutcome.DOUBLE,
    Fate.NOT_HERE: LineOutcome.NOT_HERE,
    Fate.LEFT_OUT: LineOutcome.LEFT_OUT,
}

# A turn whose hours are in keeps its minutes; nobody says how long they were here themselves.
SAY_MINUTES = sa.text("""
UPDATE claim SET minutes_done = said.minutes,
                 minutes_by = CASE WHEN said.minutes IS NOT NULL THEN CAST(:by AS bigint) END
  FROM unnest(CAST(:claim_ids AS bigint[]), CAST(:minutes AS smallint[])) AS said(id, minutes)
 WHERE claim.id = said.id AND claim.state <> 'attended' AND claim.membership_id <> :by
   AND claim.minutes_done IS DISTINCT FROM said.minutes
""")

STAY_AWAY = sa.text("""
UPDATE claim SET state = 'missed', held_until = NULL
 WHERE id = ANY(:claim_ids) AND event_id = :event_id AND arrived_at IS NULL
   AND state IN ('held', 'confirmed')
""")


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a sheet.

    Attributes:
        credits: The hours posted just now.
        waiting: Turns that wait for another organiser's tap: the own one of whoever typed.
        there: Lines whose hours were in before.
        refused: Lines that a rule stands in the way of.
        number: Of the sheet under which most of its lines count.
    """

    credits: tuple[ledger.Credit, ...]
    waiting: int
    there: int
    refused: int
    number: str

    @property
    def minutes(self) -> int:
        """All minutes posted just now."""
        return sum(credit.minutes for credit in self.credits)


def write(
    session: Session,
    *,
    sheet: PaperSheet,
    occasion: Occasion,
    answers: Answers,
    by: int,
    now: dt.datetime,
) -> Written | None:
    """Write what somebody has typed from a sheet; None: they have typed nothing that waits.

    A second tap finds the draft gone. The same sheet typed again finds every turn done.

    Raises:
        AnswerFirst, LookAgain: When something is still to be asked.
        NotStarted: Before the start.
        EventCancelled, WeekIsOver, TwoPlacesAtOnce, TooManySheets: As they say.
    """
    occasion.require_open(now)
    if now < occasion.starts_at:
        raise checkin.NotStarted
    lock_event(session, occasion.event_id)
    draft = drafts.find(session, sheet=sheet, by=by)
    if draft is None:
        return None
    plan = planning.plan(
        session,
        rows=drafts.rows_of(draft),
        sheet=sheet,
        occasion=occasion,
        answers=answers,
        by=by,
        now=now,
    )
    plan.asking.require_answers()
    return _Writer(session, sheet, occasion, by=by, now=now).write(plan, draft)


def _arrival(line: PlannedLine) -> Arrival:
    if line.slot is None or line.who is None:
        raise walk_ups.ChooseAJob
    return Arrival(
        slot_id=line.slot.slot_id,
        key=line.who.key,
        name=line.who.name,
        membership_id=line.who.membership_id,
        instead_of=line.instead_of.claim_id if line.instead_of else None,
    )


def _jobs(plan: Plan) -> dict[tuple[int, int], str]:
    """Give the job of each line that has one, by its number and part."""
    return {
        (line.entry.row.number, line.entry.part): line.slot.name
        for line in plan.lines
        if line.slot
    }


class _Writer:
    """Writes one sheet, line by line where a rule has to look at each, else in one statement."""

    def __init__(
        self,
        session: Session,
        sheet: PaperSheet,
        occasion: Occasion,
        *,
        by: int,
        now: dt.datetime,
    ) -> None:
        self.session = session
        self.sheet = sheet
        self.occasion = occasion
        self.by = by
        self.now = now
        self.minutes: dict[int, int | None] = {}  # of the turns that count, by claim

    def write(self, plan: Plan, draft: PaperSheetDraft) -> Written:
        """Write it all."""
        traced = self._lines(plan)
        self._stay_away([turn.claim_id for turn in plan.missed])
        self._say_minutes()
        posted = checkin.credit(
            self.session, claim_ids=list(self.minutes), by=self.by, now=self.now
        )
        tracing.write_memos(self.session, credits=posted, lines=traced, jobs=_jobs(plan))
        tracing.write_lines(
            self.session,
            sheets=self._sheets(traced),
            lines=traced,
            by=self.by,
            now=self.now,
        )
        drafts.drop(self.session, draft=draft)
        outcomes = [line.outcome for line in traced]
        return Written(
            credits=tuple(posted),
            waiting=len(self.minutes) - len(posted),
            there=outcomes.count(LineOutcome.THERE),
            refused=outcomes.count(LineOutcome.REFUSED),
            number=Counter(line.sheet_number for line in traced).most_common(1)[0][0],
        )

    def _lines(self, plan: Plan) -> list[Line]:
        """Tick the turns there are, make those there are not, and say what became of each line."""
        there = [line.turn.claim_id for line in plan.counted if line.turn]
        instead = [line.instead_of for line in plan.counted if line.turn and line.instead_of]
        arrivals.take_off(self.session, [turn.claim_id for turn in instead], now=self.now)
        checkin.tick_all(
            self.session, occasion=self.occasion, claim_ids=there, by=self.by, now=self.now
        )
        new = [line for line in plan.counted if not line.turn]
        added = arrivals.add_all(
            self.session,
            occasion=self.occasion,
            arrivals=[_arrival(line) for line in new],
            by=self.by,
            now=self.now,
        )
        became = {line.entry.key: what for line, what in zip(new, added, strict=True)}
        return [self._line(line, became.get(line.entry.key)) for line in plan.lines]

    def _line(self, line: PlannedLine, added: int | Refused | None) -> Line:
        member = line.who.membership_id if line.who else None
        traced = Line.of(line, membership_id=member)
        if line.fate is not Fate.COUNTS:
            claim_id = line.turn.claim_id if line.turn and line.fate is Fate.CREDITED else None
            return traced.became(OUTCOMES[line.fate], claim_id=claim_id)
        if isinstance(added, Refused):
            return traced.refused(added.sentence)
        claim_id = line.turn.claim_id if line.turn else added
        if claim_id is None or claim_id in self.minutes:
            return traced.became(LineOutcome.DOUBLE)
        self.minutes[claim_id] = line.minutes
        return traced.became(LineOutcome.COUNTED, claim_id=claim_id)

    def _stay_away(self, claim_ids: Iterable[int]) -> None:
        values = {"claim_ids": list(claim_ids), "event_id": self.occasion.event_id}
        self.session.execute(STAY_AWAY, values)

    def _say_minutes(self) -> None:
        values = {
            "claim_ids": list(self.minutes),
            "minutes": list(self.minutes.values()),
            "by": self.by,
        }
        self.session.execute(SAY_MINUTES, values)
        self.session.expire_all()

    def _sheets(self, lines: Iterable[Line]) -> dict[str, PaperSheet]:
        """Find the sheets that lines count under; one whose number we did not know is noted."""
        found = {
            sheet.number: sheet
            for sheet in paper.sheets_of(self.session, event_id=self.occasion.event_id)
        }
        for number in {line.sheet_number for line in lines} - found.keys():
            found[number] = paper.another_sheet(
                self.session, occasion=self.occasion, by=self.by, now=self.now, number=number
            )
        return found
