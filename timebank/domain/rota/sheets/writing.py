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

from timebank.core.errors import Conflict
from timebank.core.errors import Refused
from timebank.domain import ledger
from timebank.domain.rota import checkin
from timebank.domain.rota import freeing
from timebank.domain.rota import walk_ups
from timebank.domain.rota.locking import lock_claim
from timebank.domain.rota.locking import lock_event
from timebank.domain.rota.occasions import Occasion
from timebank.domain.rota.room import MOST_PLACES
from timebank.domain.rota.sheets import drafts
from timebank.domain.rota.sheets import paper
from timebank.domain.rota.sheets import planning
from timebank.domain.rota.sheets import tracing
from timebank.domain.rota.sheets.planning import Fate
from timebank.domain.rota.sheets.planning import Plan
from timebank.domain.rota.sheets.planning import PlannedLine
from timebank.domain.rota.sheets.questions import Answers
from timebank.domain.rota.sheets.tracing import Line
from timebank.models import Claim
from timebank.models import ClaimState
from timebank.models import LineOutcome
from timebank.models import PaperSheet
from timebank.models import PaperSheetDraft
from timebank.models import Slot
from timebank.models import WithdrawnBecause

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

# Places for everybody whom the sheet adds, in one go: each change of a job's places is one of all
# its turns. Places that came to nothing go again.
GROW = sa.text("""
UPDATE slot SET places = least(:most, greatest(slot.places, taken.places + wanted.places))
  FROM unnest(CAST(:slot_ids AS bigint[]), CAST(:wanted AS smallint[])) AS wanted(id, places),
       LATERAL (SELECT count(*) AS places FROM claim c
                 WHERE c.slot_id = wanted.id AND c.live) AS taken
 WHERE slot.id = wanted.id AND slot.places < taken.places + wanted.places
""")

SHRINK = sa.text("""
UPDATE slot SET places = greatest(was.places, taken.places)
  FROM unnest(CAST(:slot_ids AS bigint[]), CAST(:places AS smallint[])) AS was(id, places),
       LATERAL (SELECT coalesce(max(c.place), 0) AS places FROM claim c
                 WHERE c.slot_id = was.id AND c.live) AS taken
 WHERE slot.id = was.id AND slot.places > greatest(was.places, taken.places)
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
        self.newcomers: dict[object, int] = {}
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
        new = Counter(one.slot.slot_id for one in plan.counted if one.slot and not one.turn)
        before = dict(
            self.session.execute(
                sa.select(Slot.id, Slot.places).where(Slot.id.in_(new)).order_by(Slot.id)
            ).all()
        )
        slots = {"slot_ids": list(before)}
        wanted = {"wanted": [new[slot_id] for slot_id in before], "most": MOST_PLACES}
        self.session.execute(GROW, {**slots, **wanted})
        there = [line.turn.claim_id for line in plan.counted if line.turn]
        checkin.tick_all(
            self.session, occasion=self.occasion, claim_ids=there, by=self.by, now=self.now
        )
        traced = [self._line(line) for line in plan.lines]
        self.session.execute(SHRINK, {**slots, "places": list(before.values())})
        return traced

    def _line(self, line: PlannedLine) -> Line:
        member = line.who.membership_id if line.who else None
        traced = Line.of(line, membership_id=member)
        if line.fate is not Fate.COUNTS:
            claim_id = line.turn.claim_id if line.turn and line.fate is Fate.CREDITED else None
            return traced.became(OUTCOMES[line.fate], claim_id=claim_id)
        try:
            claim_id = line.turn.claim_id if line.turn else self._add(line)
        except (Refused, Conflict) as refusal:
            return traced.refused(refusal.sentence)
        if claim_id in self.minutes:
            return traced.became(LineOutcome.DOUBLE)
        self.minutes[claim_id] = line.minutes
        return traced.became(LineOutcome.COUNTED, claim_id=claim_id)

    def _add(self, line: PlannedLine) -> int:
        """Make a turn for somebody who was there, and tick it -> its claim."""
        with self.session.begin_nested():
            if line.instead_of:
                self._take_off(line.instead_of.claim_id)
            return self._walk_up(line)

    def _walk_up(self, line: PlannedLine) -> int:
        if line.slot is None or line.who is None:
            raise walk_ups.ChooseAJob
        key = line.who.key
        known = line.who.membership_id or self.newcomers.get(key)
        claim_id = walk_ups.add_walk_up(
            self.session,
            occasion=self.occasion,
            slot_id=line.slot.slot_id,
            name=line.who.name,
            by=self.by,
            now=self.now,
            membership_id=known,
            is_new=known is None,
        )
        if known is None:
            self.newcomers[key] = self.session.get_one(Claim, claim_id).membership_id
        return claim_id

    def _take_off(self, claim_id: int) -> None:
        """Free the place of somebody who did another job instead."""
        claim = lock_claim(self.session, claim_id)
        if claim.state in {ClaimState.HELD, ClaimState.CONFIRMED}:
            freeing.withdraw(self.session, claim, because=WithdrawnBecause.ORGANISER, now=self.now)
            freeing.end_handovers(self.session, claim_id=claim_id, now=self.now)

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
