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
# before it is joined, which reads the two indexes alone. A SELECT of its own: PostgreSQL would not
# share an INSERT ... SELECT out among its workers.
PROOF = sa.text("""
SELECT y.id AS community_id, :now AS ran_at,
       coalesce(books.transfers, 0)::bigint AS transfers,
       coalesce(books.balance_sum, 0)::bigint AS balance_sum,
       coalesce(books.wrong_balances, 0) AS wrong_balances,
       coalesce(turns.unearned, 0) AS unearned_turns,
       coalesce(turns.doubly_earned, 0) AS doubly_earned_turns,
       coalesce(rota.oversold, 0) AS oversold_slots
  FROM community y
  LEFT JOIN (
    SELECT a.community_id, sum(out.transfers) AS transfers, sum(a.balance) AS balance_sum,
           count(*) FILTER (
             WHERE a.balance <> coalesce(inn.minutes, 0) - coalesce(out.minutes, 0)
           ) AS wrong_balances
      FROM account a
      LEFT JOIN (SELECT debit_id, sum(minutes) AS minutes, count(*) AS transfers
                   FROM transfer GROUP BY debit_id) out ON out.debit_id = a.id
      LEFT JOIN (SELECT credit_id, sum(minutes) AS minutes
                   FROM transfer GROUP BY credit_id) inn ON inn.credit_id = a.id
     GROUP BY a.community_id
  ) books ON books.community_id = y.id
  LEFT JOIN (
    SELECT c.community_id,
           count(*) FILTER (WHERE c.state = 'attended' AND standing.earns IS NULL) AS unearned,
           count(*) FILTER (WHERE standing.earns > (c.state = 'attended')::int) AS doubly_earned
      FROM claim c
      LEFT JOIN (SELECT t.claim_id, count(*) AS earns FROM transfer t
                  WHERE t.claim_id IS NOT NULL
                    AND NOT EXISTS (SELECT FROM transfer r WHERE r.reverses_id = t.id)
                  GROUP BY t.claim_id) standing ON standing.claim_id = c.id
     GROUP BY c.community_id
  ) turns ON turns.community_id = y.id
  LEFT JOIN (
    SELECT s.community_id, count(*) AS oversold
      FROM slot s
      JOIN (SELECT slot_id, count(*) AS taken FROM claim WHERE live GROUP BY slot_id) held
        ON held.slot_id = s.id AND held.taken > s.places
     GROUP BY s.community_id
  ) rota ON rota.community_id = y.id
 ORDER BY y.id
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
    rows = [dict(row) for row in session.execute(PROOF, {"now": now}).mappings()]
    if not rows:
        return []
    statement = insert(Reconciliation).values(rows).returning(Reconciliation)
    proofs = list(session.scalars(statement))
    for proof in proofs:
        if not proof.proved:
            _raise_alarm(session, proof, now)
    return proofs


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
