"""Sealing the books each minute: a mark behind which nothing is still to come, and a running hash.

Whoever writes a transfer holds `WRITERS`, shared, from before its number is given until the end of
the transaction (the trigger `transfer_opens_books`). Whoever gets that lock alone sees every
number that was given, and so the highest is a boundary: what is below it is complete. It is never
waited for, so no writer waits either.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.domain.ledger import chain
from timebank.models import LedgerHead
from timebank.models import LedgerMark
from timebank.models import Transfer

WRITERS = 7042027  # the number stands in migration 20261126_1801 too
ENTRIES_AT_ONCE = 100_000
ROWS_AT_ONCE = 5_000
MOST_ENTRIES = 10_000_000  # whose running hash a night has time for

# The lines of the running hash as `chain.line` writes them, which the database does much faster.
LINES = sa.text("""
SELECT community_id, id,
       concat_ws(E'\t', id, to_char(happened_on, 'YYYY-MM-DD'),
                 to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US+00:00'),
                 kind, debit_id, credit_id, minutes, coalesce(claim_id::text, ''),
                 coalesce(exchange_id::text, ''), coalesce(revision::text, ''),
                 coalesce(reverses_id::text, ''), coalesce(batch_id::text, ''), created_by) AS line
  FROM transfer WHERE id > :lowest AND id <= :upto ORDER BY id
""").columns(community_id=sa.BigInteger, id=sa.BigInteger, line=sa.Text)

# A community that has no mark yet begins right before its first transfer.
NEW_MARKS = sa.text("""
INSERT INTO ledger_mark (community_id, upto_id, entries, head, marked_at)
SELECT y.id, least(coalesce(min(first.id) - 1, :upto), :upto), 0, :head, :now
  FROM community y
  LEFT JOIN account a ON a.community_id = y.id
  LEFT JOIN LATERAL (SELECT t.id FROM transfer t WHERE t.debit_id = a.id
                      ORDER BY t.id LIMIT 1) first ON true
 WHERE NOT EXISTS (SELECT FROM ledger_mark m WHERE m.community_id = y.id)
 GROUP BY y.id
ON CONFLICT DO NOTHING
""")

LAST_OF_A_BATCH = sa.text("""
SELECT max(id) FROM (SELECT id FROM transfer WHERE id > :lowest AND id <= :upto
                      ORDER BY id LIMIT :most) batch
""")

MOVE_ACCOUNT_MARKS = sa.text("""
WITH sealed AS MATERIALIZED (
  SELECT t.debit_id, t.credit_id, t.minutes
    FROM transfer t JOIN ledger_mark m ON m.community_id = t.community_id AND m.upto_id < t.id
   WHERE t.id > :lowest AND t.id <= :upto)
INSERT INTO account_mark AS mark (account_id, balance)
SELECT account_id, sum(minutes)
  FROM (SELECT debit_id AS account_id, -minutes AS minutes FROM sealed
        UNION ALL SELECT credit_id, minutes FROM sealed) leg
 GROUP BY account_id
ON CONFLICT (account_id) DO UPDATE SET balance = mark.balance + excluded.balance
""")

PUBLISH = sa.text("""
INSERT INTO ledger_head (community_id, day, entries, head)
SELECT m.community_id, (CAST(:now AS timestamptz) AT TIME ZONE y.timezone)::date, m.entries, m.head
  FROM ledger_mark m JOIN community y ON y.id = m.community_id
ON CONFLICT DO NOTHING
""")


def find_boundary(session: Session) -> int | None:
    """Find the number below which nothing is still to come; None while somebody writes.

    Nobody can write until this transaction ends: end it at once. The number is read by a statement
    of its own, which sees what was committed when the lock was free.
    """
    if not session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(WRITERS))):
        return None
    return session.scalar(sa.select(sa.func.coalesce(sa.func.max(Transfer.id), 0)))


def seal(session: Session, *, boundary: int, now: dt.datetime) -> bool:
    """Seal what is below a boundary, at most a hundred thousand transfers -> whether that was all.

    The running hash goes on by each transfer, the account marks by their sums.
    """
    session.execute(NEW_MARKS, {"upto": boundary, "head": chain.GENESIS, "now": now})
    behind = {mark.community_id: mark for mark in _lock_marks_below(session, boundary)}
    if not behind:
        return True
    lowest = min(mark.upto_id for mark in behind.values())
    batch = {"lowest": lowest, "upto": boundary, "most": ENTRIES_AT_ONCE}
    upto = session.scalar(LAST_OF_A_BATCH, batch) or boundary
    session.execute(MOVE_ACCOUNT_MARKS, {"lowest": lowest, "upto": upto})
    _run_on(session, behind, lowest, upto)
    for mark in behind.values():
        mark.upto_id = max(mark.upto_id, upto)
        mark.marked_at = now
    session.flush()
    return upto == boundary


def _lock_marks_below(session: Session, boundary: int) -> list[LedgerMark]:
    return list(
        session.scalars(
            sa.select(LedgerMark)
            .where(LedgerMark.upto_id < boundary)
            .order_by(LedgerMark.community_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _run_on(session: Session, marks: dict[int, LedgerMark], lowest: int, upto: int) -> None:
    heads = {number: mark.head for number, mark in marks.items()}
    counts = dict.fromkeys(marks, 0)
    begun = {number: mark.upto_id for number, mark in marks.items()}
    for here, number, line in _lines(session, lowest, upto):
        if here in begun and number > begun[here]:
            heads[here] = chain.step(heads[here], line)
            counts[here] += 1
    for number, mark in marks.items():
        mark.head = heads[number]
        mark.entries += counts[number]


def _lines(session: Session, lowest: int, upto: int) -> Iterator[tuple[int, int, str]]:
    """Read lines one by one: whose books, which transfer, and its line."""
    span = {"lowest": lowest, "upto": upto}
    yield from session.execute(LINES, span, execution_options={"yield_per": ROWS_AT_ONCE})


def publish_heads(session: Session, *, now: dt.datetime) -> None:
    """Write down where each running hash stands tonight, for whoever compares later."""
    session.execute(PUBLISH, {"now": now})


def broken_chains(session: Session) -> set[int]:
    """Run over all sealed transfers anew -> the communities whose hash is another one than before.

    Each head that was published is passed on the way. One transfer is held at a time. Books of
    more than ten million entries are left to whoever takes an export (tools/verify_ledger.py).
    """
    marks = {mark.community_id: mark for mark in _marks(session)}
    if sum(mark.entries for mark in marks.values()) > MOST_ENTRIES:
        return set()
    upto = {here: mark.upto_id for here, mark in marks.items()}
    published = _published(session)
    heads = dict.fromkeys(upto, chain.GENESIS)
    counts = dict.fromkeys(upto, 0)
    broken: set[int] = set()
    for here, number, line in _lines(session, 0, max(upto.values(), default=0)):
        if number > upto.get(here, 0):
            continue
        head = heads[here] = chain.step(heads[here], line)
        counts[here] += 1
        if published[here].get(counts[here], head) != head:
            broken.add(here)
    return broken | {
        here
        for here, mark in marks.items()
        if (heads[here], counts[here]) != (mark.head, mark.entries)
    }


def _marks(session: Session) -> list[LedgerMark]:
    """Read every mark as it is now."""
    marks = sa.select(LedgerMark).order_by(LedgerMark.community_id)
    return list(session.scalars(marks.execution_options(populate_existing=True)))


def _published(session: Session) -> defaultdict[int, dict[int, str]]:
    """Every head that was published: community -> number of entries -> head."""
    found: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for one in session.scalars(sa.select(LedgerHead)):
        found[one.community_id][one.entries] = one.head
    return found


def find_mark(session: Session, *, community_id: int) -> LedgerMark | None:
    """Find how far a community's books are sealed; None before their first minute."""
    return session.get(LedgerMark, community_id, populate_existing=True)


def published_heads(session: Session, *, community_id: int) -> list[LedgerHead]:
    """Read the heads of every night, the earliest first."""
    return list(
        session.scalars(
            sa.select(LedgerHead)
            .where(LedgerHead.community_id == community_id)
            .order_by(LedgerHead.day)
        )
    )
