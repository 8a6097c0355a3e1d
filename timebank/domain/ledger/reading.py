"""Reading a time account: its balance now or on a past day, and its statement."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import name_or_number
from timebank.models import Account
from timebank.models import TransferKind

# The running balance adds up in the order of the days things happened, not of writing them down:
# so a late entry stands where it belongs and every balance is the one "as at" its day.
ENTRIES = sa.text("""
WITH mine AS (SELECT id FROM account WHERE membership_id = :member OR id = :account)
SELECT t.id, t.kind, t.happened_on, t.created_at, t.signed, t.running, memo.words,
       coalesce(series.title, batch.title) AS title, series.slug, event.occurs_on,
       role.name AS role_name, other.kind AS other_kind,
       coalesce(other.name, community.name) AS other_name, other.membership_id, profile.full_name
  FROM (
    SELECT *, sum(signed) OVER (ORDER BY happened_on, id) AS running
      FROM (
        SELECT transfer.*, minutes AS signed, debit_id AS other_id
          FROM transfer WHERE credit_id = (SELECT id FROM mine)
        UNION ALL
        SELECT transfer.*, -minutes, credit_id
          FROM transfer WHERE debit_id = (SELECT id FROM mine)
      ) both_sides
  ) t
  LEFT JOIN memo ON memo.transfer_id = t.id
  JOIN account other ON other.id = t.other_id
  JOIN community ON community.id = t.community_id
  LEFT JOIN membership ON membership.id = other.membership_id
  LEFT JOIN profile ON profile.person_id = membership.person_id
  LEFT JOIN transfer original ON original.id = t.reverses_id
  LEFT JOIN claim ON claim.id = coalesce(t.claim_id, original.claim_id)
  LEFT JOIN slot ON slot.id = claim.slot_id
  LEFT JOIN role ON role.id = slot.role_id
  LEFT JOIN event ON event.id = claim.event_id
  LEFT JOIN series ON series.id = event.series_id
  LEFT JOIN batch ON batch.id = t.batch_id
 WHERE (t.happened_on, t.id) < (:day, :number)
 ORDER BY t.happened_on DESC, t.id DESC
 LIMIT :limit
""").columns(happened_on=sa.Date, occurs_on=sa.Date)

BALANCE_AS_AT = sa.text("""
SELECT (coalesce((SELECT sum(minutes) FROM transfer
                   WHERE credit_id = a.id AND happened_on <= :day), 0)
        - coalesce((SELECT sum(minutes) FROM transfer
                     WHERE debit_id = a.id AND happened_on <= :day), 0))::bigint
  FROM account a WHERE a.membership_id = :member
""")

WHOLE_STATEMENT = 100_000  # rows; three turns a day for ninety years


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a statement: the last entry that somebody has seen."""

    day: dt.date
    number: int


NEWEST = Position(dt.date.max, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a member's statement.

    Attributes:
        what: The event's title, or who the other side of a gift is.
        detail: The job done, or the words that came with a gift or a correction.
        on: The day it happened; `written_at` is when it was written down.
        minutes: Signed: above zero came in, below zero went out.
        balance_minutes: The balance after this line.
        is_between_neighbours: Whether the other side is a neighbour, not the community or a pot.
        slug: Of the event's series, with `date` its address; None without an event.
    """

    id: int
    kind: TransferKind
    what: str
    detail: str
    on: dt.date
    written_at: dt.datetime
    minutes: int
    balance_minutes: int
    is_between_neighbours: bool
    slug: str | None
    date: dt.date | None

    @property
    def position(self) -> Position:
        """Where the next page of the statement begins."""
        return Position(self.on, self.id)


def balance(session: Session, *, membership_id: int) -> int:
    """Tell a member's balance in minutes: credits minus debits."""
    found = sa.select(Account.balance).where(Account.membership_id == membership_id)
    return session.scalar(found) or 0


def balance_as_at(session: Session, *, membership_id: int, day: dt.date) -> int:
    """Tell the balance at the end of a past day, in minutes, late entries included."""
    found: int = session.execute(BALANCE_AS_AT, {"member": membership_id, "day": day}).scalar_one()
    return found


def minutes_given(session: Session, *, membership_id: int) -> int:
    """Tell how many minutes a member has ever given; what they spend never lessens it."""
    given = session.execute(
        sa.text("""
          SELECT coalesce(sum(t.minutes), 0)::bigint
            FROM transfer t JOIN account a ON a.id = t.credit_id
           WHERE a.membership_id = :member
             AND t.kind IN ('earn', 'adjust', 'thanks', 'share', 'imported')
             AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id)"""),
        {"member": membership_id},
    )
    return int(given.scalar_one())


def recent_entries(session: Session, *, membership_id: int, limit: int = 5) -> list[Entry]:
    """Read the newest lines of a member's statement, in one statement to the database."""
    return entries_before(session, membership_id=membership_id, before=NEWEST, limit=limit)


def entries_before(
    session: Session, *, membership_id: int, before: Position, limit: int
) -> list[Entry]:
    """Read the lines of a member's statement older than `before`, the newest first."""
    whose = {"member": membership_id, "account": None}
    return _entries(session, whose, before, limit)


def account_entries(
    session: Session, *, account_id: int, before: Position = NEWEST, limit: int
) -> list[Entry]:
    """Read the lines of any account's statement older than `before`, the newest first."""
    whose = {"member": None, "account": account_id}
    return _entries(session, whose, before, limit)


def _entries(
    session: Session, whose: dict[str, int | None], before: Position, limit: int
) -> list[Entry]:
    place = {"day": before.day, "number": before.number, "limit": limit}
    return [_entry(row) for row in session.execute(ENTRIES, {**whose, **place})]


def all_entries(session: Session, *, membership_id: int) -> list[Entry]:
    """Read a member's whole statement, the newest first."""
    return entries_before(
        session, membership_id=membership_id, before=NEWEST, limit=WHOLE_STATEMENT
    )


def _entry(row: sa.Row[tuple[object, ...]]) -> Entry:
    return Entry(
        id=row.id,
        kind=TransferKind(row.kind),
        what=row.title or _holder(row),
        detail=row.words or row.role_name or "",
        on=row.happened_on,
        written_at=row.created_at,
        minutes=row.signed,
        balance_minutes=int(row.running),
        is_between_neighbours=row.other_kind == "member",
        slug=row.slug,
        date=row.occurs_on,
    )


def _holder(row: sa.Row[tuple[object, ...]]) -> str:
    """Name the other account: a neighbour, a pot or the community."""
    if row.membership_id is None:
        return str(row.other_name)
    return name_or_number(row.full_name, row.membership_id)
