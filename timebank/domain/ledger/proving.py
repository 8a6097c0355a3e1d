"""Proving the books: every stored balance against its transfers, every turn against its hours.

A difference is written down, the accounts become read-only, and the coordinators hear of it.
Nothing is put right by itself: see `timebank.domain.ledger.repairing`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.domain.ledger.transfers import tell_coordinators
from timebank.models import Account
from timebank.models import BalanceDifference
from timebank.models import BalanceRepair
from timebank.models import LedgerMark
from timebank.models import NoticeKind
from timebank.models import ProofKind
from timebank.models import Reconciliation

# One statement, so one moment, over all communities. Each side of the transfers is added up
# before it is joined. A SELECT of its own: PostgreSQL would not share an INSERT ... SELECT out
# among its workers. Turns and their hours are compared by number and by fingerprint (bit_xor of
# hashes), which the same scans bring along, and matched one by one only when those differ.
# Reversals are few: each original is looked up by its key. An exchange has one thanks that stands
# when it was thanked for anew as often as it was taken back. A slot is looked at every night from
# its first day until a month after its last; its hours, like all hours, for ever.
PROOF = sa.text("""
WITH reversed AS MATERIALIZED (
  SELECT r.community_id, r.reverses_id, t.claim_id, t.exchange_id,
         t.id IS NULL OR t.kind = 'reversal'
           OR (t.debit_id, t.credit_id, t.minutes, t.community_id)
              <> (r.credit_id, r.debit_id, r.minutes, r.community_id) AS is_unlike
    FROM transfer r
    LEFT JOIN LATERAL (SELECT o.* FROM transfer o WHERE o.id = r.reverses_id LIMIT 1) t ON true
   WHERE r.reverses_id IS NOT NULL)
SELECT y.id AS community_id, CAST(:now AS timestamptz) AS ran_at,
       coalesce(books.transfers, 0)::bigint AS transfers,
       coalesce(books.balance_sum, 0)::bigint AS balance_sum,
       coalesce(books.wrong_balances, 0) AS wrong_balances,
       coalesce(undone.unmirrored, 0) AS unmirrored_reversals,
       coalesce(thanked.twice, 0) AS doubly_thanked_exchanges,
       coalesce(places.oversold, 0) AS oversold_slots,
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
    SELECT community_id, count(claim_id) AS earns, bit_xor(hashint8extended(claim_id, 0)) AS mark,
           count(*) - count(DISTINCT reverses_id)
             + count(*) FILTER (WHERE is_unlike) AS unmirrored
      FROM reversed GROUP BY community_id
  ) undone ON undone.community_id = y.id
  LEFT JOIN (
    SELECT anew.community_id, count(*) AS twice
      FROM (SELECT community_id, exchange_id, count(*) AS times FROM transfer
             WHERE exchange_id IS NOT NULL AND revision > 0
             GROUP BY community_id, exchange_id) anew
      LEFT JOIN (SELECT exchange_id, count(*) AS times FROM reversed
                  GROUP BY exchange_id) back ON back.exchange_id = anew.exchange_id
     WHERE anew.times > coalesce(back.times, 0)
     GROUP BY anew.community_id
  ) thanked ON thanked.community_id = y.id
  LEFT JOIN (
    SELECT community_id, count(*) AS turns, bit_xor(hashint8extended(id, 0)) AS mark
      FROM claim WHERE state = 'attended' AND beside_id IS NULL GROUP BY community_id
  ) rota ON rota.community_id = y.id
  LEFT JOIN (
    SELECT s.community_id, count(*) AS oversold
      FROM slot s
     WHERE s.ends_at > CAST(:now AS timestamptz) - interval '31 days'
       AND s.places < (SELECT count(*) FROM claim c WHERE c.slot_id = s.id AND c.live)
     GROUP BY s.community_id
  ) places ON places.community_id = y.id
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

# Until when both agreed: as told when the account became read-only, else the last mark.
DIFFERENCES = sa.text("""
SELECT a.community_id, a.id AS account_id, a.balance AS stored,
       coalesce(inn.minutes, 0) - coalesce(out.minutes, 0) AS summed,
       coalesce((SELECT d.since_transfer_id
                   FROM balance_difference d JOIN reconciliation r ON r.id = d.reconciliation_id
                  WHERE d.account_id = a.id AND r.ran_at >= a.read_only_since
                  ORDER BY d.id LIMIT 1),
                (SELECT upto_id FROM ledger_mark m WHERE m.community_id = a.community_id),
                0) AS since_transfer_id
  FROM account a
  LEFT JOIN (SELECT debit_id, sum(minutes) AS minutes
               FROM transfer GROUP BY debit_id) out ON out.debit_id = a.id
  LEFT JOIN (SELECT credit_id, sum(minutes) AS minutes
               FROM transfer GROUP BY credit_id) inn ON inn.credit_id = a.id
 WHERE a.balance <> coalesce(inn.minutes, 0) - coalesce(out.minutes, 0)
 ORDER BY a.id
""")

# The proof of each minute: one statement, one moment. `lowest` only helps the planner, for no mark
# ever goes back. An account that is read-only is known about.
LATEST = sa.text("""
WITH recent AS MATERIALIZED (
  SELECT t.debit_id, t.credit_id, t.minutes
    FROM transfer t JOIN ledger_mark m ON m.community_id = t.community_id AND m.upto_id < t.id
   WHERE t.id > :lowest)
SELECT a.community_id, a.id AS account_id, a.balance AS stored,
       coalesce(k.balance, 0) + coalesce(moved.minutes, 0) AS summed,
       m.upto_id AS since_transfer_id
  FROM ledger_mark m
  JOIN account a ON a.community_id = m.community_id
  LEFT JOIN account_mark k ON k.account_id = a.id
  LEFT JOIN (
    SELECT leg.account_id, sum(leg.minutes) AS minutes
      FROM (SELECT debit_id AS account_id, -minutes AS minutes FROM recent
            UNION ALL SELECT credit_id, minutes FROM recent) leg
     GROUP BY leg.account_id
  ) moved ON moved.account_id = a.id
 WHERE a.read_only_since IS NULL
   AND a.balance <> coalesce(k.balance, 0) + coalesce(moved.minutes, 0)
 ORDER BY a.id
""")

FIGURES = sa.text("""
SELECT m.community_id,
       m.entries + (SELECT count(*) FROM transfer t
                     WHERE t.id > m.upto_id AND t.community_id = m.community_id) AS transfers,
       (SELECT sum(a.balance) FROM account a
         WHERE a.community_id = m.community_id)::bigint AS balance_sum
  FROM ledger_mark m WHERE m.community_id = ANY(:community_ids) ORDER BY m.community_id
""")

FAULTS = (
    "balance_sum",
    "wrong_balances",
    "unearned_turns",
    "doubly_earned_turns",
    "doubly_thanked_exchanges",
    "unmirrored_reversals",
    "broken_chain",
    "oversold_slots",
)


def reconcile(
    session: Session, *, now: dt.datetime, broken_chains: Collection[int] = ()
) -> list[Reconciliation]:
    """Prove the whole books of every community and write the result down.

    The accounts that differ become read-only, and the coordinators hear of faults. Running it
    twice writes two dated proofs and one notice a day.

    Args:
        broken_chains: The communities whose running hash is another one than before: see
            `sealing.broken_chains`.
    """
    rows = [
        {
            **_figures(session, row),
            "kind": ProofKind.WHOLE,
            "broken_chain": int(row["community_id"] in broken_chains),
        }
        for row in session.execute(PROOF, {"now": now}).mappings()
    ]
    if not rows:
        return []
    proofs = list(session.scalars(insert(Reconciliation).values(rows).returning(Reconciliation)))
    if any(proof.wrong_balances for proof in proofs):
        _freeze(session, proofs, session.execute(DIFFERENCES).all(), now)
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


def prove_latest(session: Session, *, now: dt.datetime) -> list[Reconciliation]:
    """Prove every balance against its mark of a minute ago and what came since -> what differs.

    Books in order leave no row behind, but the time on their mark.
    """
    lowest = session.scalar(sa.select(sa.func.min(LedgerMark.upto_id)))
    if lowest is None:
        return []
    found = session.execute(LATEST, {"lowest": lowest}).all()
    wrong = {one.community_id for one in found}
    session.execute(
        sa.update(LedgerMark)
        .where(LedgerMark.community_id.not_in(wrong))
        .values(proved_at=now)
        .execution_options(synchronize_session=False)
    )
    return _write_down(session, found, now) if found else []


def _write_down(
    session: Session, found: Sequence[sa.Row[tuple[int, ...]]], now: dt.datetime
) -> list[Reconciliation]:
    wrong = sorted({one.community_id for one in found})
    rows = [
        {
            **dict.fromkeys(FAULTS, 0),
            **figures,
            "kind": ProofKind.LATEST,
            "ran_at": now,
            "wrong_balances": sum(one.community_id == figures["community_id"] for one in found),
        }
        for figures in session.execute(FIGURES, {"community_ids": wrong}).mappings()
    ]
    proofs = list(session.scalars(insert(Reconciliation).values(rows).returning(Reconciliation)))
    _freeze(session, proofs, found, now)
    for proof in proofs:
        _raise_alarm(session, proof, now)
    return proofs


def _freeze(
    session: Session,
    proofs: Sequence[Reconciliation],
    found: Sequence[sa.Row[tuple[int, ...]]],
    now: dt.datetime,
) -> None:
    """Write each difference down, and make the accounts read-only until they are repaired."""
    proof_of = {proof.community_id: proof.id for proof in proofs}
    rows = [
        {**one._mapping, "reconciliation_id": proof_of[one.community_id]}  # noqa: SLF001 - public
        for one in found
        if one.community_id in proof_of
    ]
    if not rows:
        return
    session.execute(insert(BalanceDifference), rows)
    ids = [row["account_id"] for row in rows]
    session.execute(  # in the order of numbers, as everybody locks accounts
        sa.select(Account.id)
        .where(Account.id.in_(ids))
        .order_by(Account.id)
        .with_for_update(key_share=True)
    )
    session.execute(
        sa.update(Account)
        .where(Account.id.in_(ids), Account.read_only_since.is_(None))
        .values(read_only_since=now)
    )


def _raise_alarm(session: Session, proof: Reconciliation, now: dt.datetime) -> None:
    """Tell the coordinators: once a day, and anew when something differs after a repair."""
    repairs = session.scalar(
        sa.select(sa.func.count()).where(BalanceRepair.community_id == proof.community_id)
    )
    tell_coordinators(
        session,
        community_id=proof.community_id,
        kind=NoticeKind.BOOKS_WRONG,
        subject=f"{now.date().isoformat()}.{repairs}",
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
