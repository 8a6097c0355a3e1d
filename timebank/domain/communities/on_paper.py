"""Members who read no e-mail: who they are, and when a letter was last printed for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.models import Membership
from timebank.models import PrintedLetter

PRINTED_A_MOMENT_AGO = dt.timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Unreached:
    """A member without e-mail, for a coordinator who rings and writes to them.

    Attributes:
        printed_at: When a letter was last printed for them, or None.
        helpers: Full names of those who act for them today.
    """

    membership_id: int
    full_name: str
    phone: str | None
    printed_at: dt.datetime | None
    helpers: tuple[str, ...]


WITHOUT_EMAIL = sa.text("""
SELECT m.id, p.full_name, p.phone, letter.printed_at,
       ARRAY(SELECT h.full_name FROM acting_for a
               JOIN membership b ON b.id = a.helper_id AND b.standing <> 'left'
               JOIN profile h ON h.person_id = b.person_id
              WHERE a.member_id = m.id AND a.ended_at IS NULL
                AND :today >= a.starts_on AND :today < a.ends_on
              ORDER BY lower(h.full_name)) AS helpers
  FROM membership m
  JOIN profile p ON p.person_id = m.person_id AND p.email IS NULL
  LEFT JOIN LATERAL (
    SELECT max(l.printed_at) AS printed_at FROM printed_letter l WHERE l.membership_id = m.id
  ) AS letter ON true
 WHERE m.community_id = :community_id AND m.standing <> 'left'
 ORDER BY lower(p.full_name), m.id
""")


def without_email(session: Session, *, community_id: int, today: dt.date) -> list[Unreached]:
    """Read who has no e-mail, by name, in one statement."""
    rows = session.execute(WITHOUT_EMAIL, {"community_id": community_id, "today": today})
    return [
        Unreached(row.id, row.full_name, row.phone, row.printed_at, tuple(row.helpers))
        for row in rows
    ]


def note_printed(
    session: Session, *, membership_ids: Collection[int], by: Membership, now: dt.datetime
) -> None:
    """Write down that letters are being printed; a second tap in the same minute adds nothing."""
    recent = sa.exists().where(
        PrintedLetter.membership_id == Membership.id,
        PrintedLetter.printed_by == by.id,
        PrintedLetter.printed_at > now - PRINTED_A_MOMENT_AGO,
    )
    theirs = sa.select(
        Membership.community_id, Membership.id, sa.literal(by.id), sa.literal(now)
    ).where(Membership.id.in_(membership_ids), Membership.community_id == by.community_id, ~recent)
    columns = ["community_id", "membership_id", "printed_by", "printed_at"]
    session.execute(insert(PrintedLetter).from_select(columns, theirs))
