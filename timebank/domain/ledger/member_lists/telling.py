"""What became of a list, line by line."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.models import LineFate
from timebank.models import MemberList

# Hours that were put right since are told as they stand; taken back whole, as they came. A
# correction stands in the same batch as what it corrects, for the same account.
LINES = sa.text("""
WITH hours AS (
  SELECT DISTINCT ON (a.id) a.membership_id,
         CASE WHEN t.credit_id = a.id THEN t.minutes ELSE -t.minutes END AS minutes,
         r.id IS NOT NULL AS is_back
    FROM transfer t
    JOIN account a ON a.id IN (t.debit_id, t.credit_id) AND a.kind = 'member'
    LEFT JOIN transfer r ON r.reverses_id = t.id
   WHERE t.batch_id = :batch_id
   ORDER BY a.id, r.id IS NOT NULL, t.id
)
SELECT l.number, l.fate, l.membership_id, p.full_name, h.minutes, coalesce(h.is_back, false)
  FROM member_list_line l
  LEFT JOIN membership m ON m.id = l.membership_id AND m.standing <> 'left'
  LEFT JOIN profile p ON p.person_id = m.person_id
  LEFT JOIN hours h ON h.membership_id = l.membership_id AND l.transfer_id IS NOT NULL
 WHERE l.list_id = :list_id
 ORDER BY l.number
""")


@dataclass(frozen=True, slots=True)
class Became:
    """What one line became.

    Attributes:
        full_name: None: nobody, or they are here no more.
        minutes: brought forward by this line, as it stands now; None: none were.
        is_reversed: and taken back since.
    """

    number: int
    fate: LineFate
    membership_id: int | None
    full_name: str | None
    minutes: int | None
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole list."""

    lines: tuple[Became, ...]

    def count(self, fate: str) -> int:
        """Tell how many lines became that."""
        return sum(line.fate == fate for line in self.lines)

    @property
    def minutes(self) -> int:
        """Add up what was brought forward and stands."""
        return sum(line.minutes or 0 for line in self.lines if not line.is_reversed)

    @property
    def left_out(self) -> list[int]:
        """Number the lines that were left out."""
        return [line.number for line in self.lines if line.fate is LineFate.OUT]


def outcome(session: Session, made: MemberList) -> Outcome:
    """Read what every line of a list that was taken in became, in one statement."""
    rows = session.execute(LINES, {"list_id": made.id, "batch_id": made.batch_id})
    return Outcome(tuple(Became(number, LineFate(fate), *rest) for number, fate, *rest in rows))
