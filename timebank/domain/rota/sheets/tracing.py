"""Which line of which sheet a turn came from; and forgetting what people wrote there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.text import name_or_number
from timebank.core.text import public_name
from timebank.domain.ledger import Credit
from timebank.domain.rota.sheets.planning import PlannedLine
from timebank.models import Claim
from timebank.models import LineOutcome
from timebank.models import Memo
from timebank.models import PaperSheet
from timebank.models import PaperSheetLine

KEEP_UNKNOWN = dt.timedelta(days=30)

OF_CLAIMS = sa.text("""
SELECT DISTINCT ON (l.claim_id) l.claim_id, s.number, l.number
  FROM paper_sheet_line l JOIN paper_sheet s ON s.id = l.sheet_id
 WHERE l.claim_id = ANY(:claim_ids)
 ORDER BY l.claim_id, l.outcome = 'counted' DESC, l.entered_at, l.number
""")

OF_SHEET = sa.text("""
SELECT l.number, l.part, l.written, l.outcome, l.because, l.entered_at,
       p.full_name AS name, r.name AS job, c.state = 'attended' AS is_credited,
       c.membership_id = l.entered_by AS is_own, t.minutes, typist.full_name AS entered_by
  FROM paper_sheet_line l
  LEFT JOIN membership m ON m.id = l.membership_id
  LEFT JOIN claim c ON c.id = l.claim_id
  LEFT JOIN profile p ON p.person_id = coalesce(c.person_id, m.person_id)
  LEFT JOIN slot s ON s.id = c.slot_id
  LEFT JOIN role r ON r.id = s.role_id
  LEFT JOIN LATERAL (
    SELECT t.minutes FROM transfer t
     WHERE t.claim_id = c.id
       AND NOT EXISTS (SELECT FROM transfer v WHERE v.reverses_id = t.id)
     LIMIT 1) t ON c.state = 'attended'
  LEFT JOIN membership k ON k.id = l.entered_by
  LEFT JOIN profile typist ON typist.person_id = k.person_id
 WHERE l.sheet_id = :sheet_id
 ORDER BY l.number, l.part
""")

TYPED = sa.text("""
SELECT sheet_id, count(*) FILTER (WHERE outcome = 'counted'), count(*)
  FROM paper_sheet_line WHERE sheet_id = ANY(:sheet_ids) GROUP BY sheet_id
""")

# What is left of people whom nobody took for anybody, and of sheets that nobody finished.
FORGET_UNKNOWN = sa.text("""
UPDATE paper_sheet_line SET written = NULL
 WHERE written IS NOT NULL AND membership_id IS NULL AND claim_id IS NULL
   AND entered_at < :before
""")
FORGET_DRAFTS = sa.text("DELETE FROM paper_sheet_draft WHERE typed_at < :before")


# Lines on record: (sheet, number, part) -> (turn, outcome).
Kept = dict[tuple[int, int, int], tuple[int | None, LineOutcome]]


@dataclass(frozen=True, slots=True)
class Line:
    """A line on its way into the record. The record's own words are those of `PaperSheetLine`."""

    sheet_number: str
    number: int
    part: int
    written: str
    membership_id: int | None
    claim_id: int | None = None
    outcome: LineOutcome = LineOutcome.LEFT_OUT
    because: str | None = None

    @classmethod
    def of(cls, line: PlannedLine, *, membership_id: int | None) -> Line:
        """Begin the trace of a planned line."""
        row = line.entry.row
        return cls(line.number, row.number, line.entry.part, row.written, membership_id)

    def became(self, outcome: LineOutcome, *, claim_id: int | None = None) -> Line:
        """Say what became of it."""
        return replace(self, outcome=outcome, claim_id=claim_id)

    def refused(self, sentence: str) -> Line:
        """Say that a rule refused it."""
        return replace(self, outcome=LineOutcome.REFUSED, because=sentence)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a turn came from: line 3 of DS-0412."""

    sheet: str
    line: int


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line of a sheet, and what became of it by now.

    Attributes:
        written: None: forgotten with its person.
        name: Of whom it was taken for, as everybody may see it; None: nobody we know.
        is_waiting: Its turn waits for another organiser, since it is the typist's own.
        minutes: What it earned and still has; None: nothing.
    """

    number: int
    part: int
    written: str | None
    name: str | None
    job: str | None
    outcome: LineOutcome
    because: str | None
    is_waiting: bool
    minutes: int | None
    entered_by: str
    entered_at: dt.datetime


def write_memos(
    session: Session,
    *,
    credits: Iterable[Credit],  # noqa: A002 - what they are
    lines: Iterable[Line],
    jobs: Mapping[tuple[int, int], str],
) -> None:
    """Say in statements where hours came from: "Timekeeper, from sheet DS-0412, line 4"."""
    of_claim = {line.claim_id: line for line in lines if line.claim_id}
    memos = [
        {"transfer_id": credit.transfer_id, "words": _memo(of_claim[credit.claim_id], jobs)}
        for credit in credits
        if credit.claim_id in of_claim
    ]
    if memos:
        session.execute(insert(Memo).values(memos).on_conflict_do_nothing())


def _memo(line: Line, jobs: Mapping[tuple[int, int], str]) -> str:
    job = jobs.get((line.number, line.part), "")
    words = f"from sheet {line.sheet_number}, line {line.number}"
    return f"{job}, {words}" if job else words.capitalize()


def write_lines(
    session: Session,
    *,
    sheets: Mapping[str, PaperSheet],
    lines: Sequence[Line],
    by: int,
    now: dt.datetime,
) -> None:
    """Put lines on record. A line that stands there already stays; one that moved on is replaced.

    A line number that is taken by another turn is not overwritten: the line gets the next free.
    """
    kept = _kept(session, [sheet.id for sheet in sheets.values()])
    there = {(sheet_id, claim_id) for (sheet_id, *_), (claim_id, _) in kept.items() if claim_id}
    members = _members(session, [line.claim_id for line in lines if line.claim_id])
    rows: list[dict[str, object]] = []
    for line in lines:
        sheet = sheets[line.sheet_number]
        if (sheet.id, line.claim_id) in there:
            continue
        number = _free_number(kept, sheet.id, line)
        kept[sheet.id, number, line.part] = (line.claim_id, line.outcome)
        rows.append(
            {
                "sheet_id": sheet.id,
                "number": number,
                "part": line.part,
                "community_id": sheet.community_id,
                "written": line.written or None,
                "membership_id": line.membership_id or members.get(line.claim_id or 0),
                "claim_id": line.claim_id,
                "outcome": line.outcome,
                "because": line.because,
                "entered_by": by,
                "entered_at": now,
            }
        )
    _upsert(session, rows)


def _upsert(session: Session, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    statement = insert(PaperSheetLine).values(rows)
    keys = {"sheet_id", "number", "part"}
    session.execute(
        statement.on_conflict_do_update(
            constraint="paper_sheet_line_pkey",
            set_={name: statement.excluded[name] for name in rows[0] if name not in keys},
        )
    )
    session.expire_all()


def _members(session: Session, claim_ids: Collection[int]) -> dict[int, int]:
    """Tell whose turns these are, also of people whom the sheet has just brought."""
    found = session.execute(
        sa.select(Claim.id, Claim.membership_id).where(Claim.id.in_(claim_ids))
    )
    return {row.id: row.membership_id for row in found}


def _kept(session: Session, sheet_ids: Collection[int]) -> Kept:
    rows = session.execute(
        sa.select(
            PaperSheetLine.sheet_id,
            PaperSheetLine.number,
            PaperSheetLine.part,
            PaperSheetLine.claim_id,
            PaperSheetLine.outcome,
        ).where(PaperSheetLine.sheet_id.in_(sheet_ids))
    )
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}


def _free_number(kept: Kept, sheet_id: int, line: Line) -> int:
    _, outcome = kept.get((sheet_id, line.number, line.part), (None, None))
    if outcome is not LineOutcome.COUNTED:
        return line.number
    return 1 + max(number for sheet, number, _ in kept if sheet == sheet_id)


def sources(session: Session, *, claim_ids: Collection[int]) -> dict[int, Source]:
    """Tell which lines turns came from, in one statement; those of no sheet are left out."""
    rows = session.execute(OF_CLAIMS, {"claim_ids": list(claim_ids)})
    return {claim_id: Source(sheet, line) for claim_id, sheet, line in rows}


def typed_lines(session: Session, *, sheet: PaperSheet) -> list[TypedLine]:
    """Read what was typed up from a sheet, line by line, and what became of it."""
    rows = session.execute(OF_SHEET, {"sheet_id": sheet.id})
    return [
        TypedLine(
            number=row.number,
            part=row.part,
            written=row.written,
            name=public_name(row.name) if row.name else None,
            job=row.job,
            outcome=LineOutcome(row.outcome),
            because=row.because,
            is_waiting=bool(row.outcome == "counted" and row.is_own and not row.is_credited),
            minutes=row.minutes,
            entered_by=name_or_number(row.entered_by),
            entered_at=row.entered_at,
        )
        for row in rows
    ]


def typed_counts(session: Session, *, sheets: Iterable[PaperSheet]) -> dict[int, int]:
    """Tell how many lines of each sheet were typed up, by the sheet's number in the database."""
    rows = session.execute(TYPED, {"sheet_ids": [sheet.id for sheet in sheets]})
    return {sheet_id: lines for sheet_id, _counted, lines in rows}


def forget_leftovers(session: Session, *, now: dt.datetime) -> None:
    """Forget, after 30 days, names that were taken for nobody, and sheets nobody finished."""
    before = {"before": now - KEEP_UNKNOWN}
    session.execute(FORGET_UNKNOWN, before)
    session.execute(FORGET_DRAFTS, before)
