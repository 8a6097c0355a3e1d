"""Proving the books: every stored balance against its transfers, every turn against its hours."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.domain.ledger.transfers import tell_coordinators
from timebank.models import NoticeKind
from timebank.models import Reconciliation

# One statement, so one moment, over all communities. Each side of the transfers is added up
# before it is joined. A SELECT of its own: PostgreSQL would not share an INSERT ... SELECT out
# among its workers. Turns and their hours are compared by number and by fingerprint (bit_xor of
# hashes), which the same scans bring along, and matched one by one only when those differ.
PROOF = sa.text("""
SELECT y.id AS community_id, CAST(:now AS timestamptz) AS ran_at,
       coalesce(books.transfers, 0)::bigint AS transfers,
       coalesce(books.balance_sum, 0)::bigint AS balance_sum,
       coalesce(books.wrong_balances, 0) AS wrong_balances,
       coalesce(rota.oversold, 0) AS oversold_slots,
       coalesce(books.earns, 0) - coalesce(undone.earns, 0) = coalesce(rota.turns, 0)
         AND coalesce(books.mark, 0) # coalesce(undone.mark, 0) = coalesce(rota.mark, 0)
         AS turns_match
  FROM community y
  LEFT JOIN (
    SELECT a.community_id, sum(out.transfers) AS transfers, sum(a.balance) AS balance_sum,
           sum(out.earns) AS earns, bit_xor(out.mark) AS mark,
           count(*) FILTER (
             WHERE a.balance <> coalesce(inn.minutes, 0) - coalesce(out.minutes, 0)
           ) AS wrong_balances
      FROM account a
      LEFT JOIN (SELECT debit_id, sum(minutes) AS minutes, count(*) AS transfers,
                        count(claim_id) AS earns, bit_xor(hashint8extended(claim_id, 0)) AS mark
                   FROM transfer GROUP BY debit_id) out ON out.debit_id = a.id
      LEFT JOIN (SELECT credit_id, sum(minutes) AS minutes
                   FROM transfer GROUP BY credit_id) inn ON inn.credit_id = a.id
     GROUP BY a.community_id
  ) books ON books.community_id = y.id
  LEFT JOIN (
    SELECT t.community_id, count(t.claim_id) AS earns,
           bit_xor(hashint8extended(t.claim_id, 0)) AS mark
      FROM transfer r JOIN transfer t ON t.id = r.reverses_id
     WHERE r.reverses_id IS NOT NULL
     GROUP BY t.community_id
  ) undone ON undone.community_id = y.id
  LEFT JOIN (
    SELECT s.community_id, sum(held.turns) AS turns, bit_xor(held.mark) AS mark,
           count(*) FILTER (WHERE held.taken > s.places) AS oversold
      FROM slot s
      JOIN (SELECT slot_id, count(*) FILTER (WHERE live) AS taken,
                   count(*) FILTER (WHERE state = 'attended' AND beside_id IS NULL) AS turns,
                   bit_xor(hashint8extended(id, 0))
                     FILTER (WHERE state = 'attended' AND beside_id IS NULL) AS mark
              FROM claim GROUP BY slot_id) held ON held.slot_id = s.id
     GROUP BY s.community_id
  ) rota ON rota.community_id = y.id
 ORDER BY y.id
""")

MISMATCHED_TURNS = sa.text("""
SELECT count(*) FILTER (WHERE c.state = 'attended' AND c.beside_id IS NULL
                          AND standing.earns IS NULL) AS unearned_turns,
       count(*) FILTER (WHERE standing.earns > (c.state = 'attended')::int) AS doubly_earned_turns
  FROM claim c
  LEFT JOIN (SELECT t.claim_id, count(*) AS earns FROM transfer t
              WHERE t.claim_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id)
              GROUP BY t.claim_id) standing ON standing.claim_id = c.id
 WHERE c.community_id = :community_id
""")

FAULTS = (
    "balance_sum",
    "wrong_balances",
    "unearned_turns",
    "doubly_earned_turns",
    "oversold_slots",
)


def reconcile(session: Session, *, now: dt.datetime) -> list[Reconciliation]:
    """Prove the books of every community and write the result down; coordinators hear of faults.

    Changes nothing in the books: a difference is for people to look into. Running it twice writes
    two dated proofs and one notice a day.
    """
    rows = [_figures(session, row) for row in session.execute(PROOF, {"now": now}).mappings()]
    if not rows:
        return []
    statement = insert(Reconciliation).values(rows).returning(Reconciliation)
    proofs = list(session.scalars(statement))
    for proof in proofs:
        if not proof.proved:
            _raise_alarm(session, proof, now)
    return proofs


def _figures(session: Session, row: sa.RowMapping) -> dict[str, object]:
    figures = dict(row)
    if figures.pop("turns_match"):
        return figures | {"unearned_turns": 0, "doubly_earned_turns": 0}
    values = {"community_id": row["community_id"]}
    return figures | dict(session.execute(MISMATCHED_TURNS, values).mappings().one())


def _raise_alarm(session: Session, proof: Reconciliation, now: dt.datetime) -> None:
    tell_coordinators(
        session,
        community_id=proof.community_id,
        kind=NoticeKind.BOOKS_WRONG,
        subject=now.date().isoformat(),
        facts={fault: str(getattr(proof, fault)) for fault in FAULTS if getattr(proof, fault)},
        now=now,
    )


def latest_proofs(session: Session, *, community_id: int, limit: int = 1) -> list[Reconciliation]:
    """Read the newest proofs of a community's books, the newest first."""
    return list(
        session.scalars(
            sa.select(Reconciliation)
            .where(Reconciliation.community_id == community_id)
            .order_by(Reconciliation.ran_at.desc(), Reconciliation.id.desc())
            .limit(limit)
        )
    )
