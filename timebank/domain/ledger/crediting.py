"""Crediting turns: many claims become attended and earn their minutes, set-based."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from timebank.domain.ledger import departed
from timebank.domain.ledger.departed import Departed
from timebank.domain.ledger.transfers import ReadOnly

# The order of locks that everybody keeps: events, then claims, each by number. Statements of their
# own: the second sees what the one ahead of us in the queue has committed.
QUEUE = sa.text("""
SELECT FROM event WHERE id IN (SELECT event_id FROM claim WHERE id = ANY(:claim_ids))
 ORDER BY id FOR NO KEY UPDATE
""")

# -> each turn, and the two accounts that its hours move between.
ATTEND = sa.text("""
UPDATE claim SET state = 'attended', held_until = NULL, held_as = NULL
 WHERE id = ANY(:claim_ids) AND state IN ('held', 'confirmed', 'missed')
   AND (membership_id <> coalesce(CAST(:by AS bigint), arrived_by) OR arrived_by <> :by)
   AND NOT EXISTS (SELECT FROM account a
                    WHERE a.community_id = claim.community_id AND a.read_only_since IS NOT NULL
                      AND (a.membership_id = claim.membership_id OR a.kind = 'community'))
RETURNING id, (SELECT array_agg(a.id) FROM account a
                WHERE claim.beside_id IS NULL AND a.community_id = claim.community_id
                  AND (a.membership_id = claim.membership_id OR a.kind = 'community'))
""")

LATE = sa.text("""
SELECT credit_id, idempotency_key, happened_on, created_by FROM transfer
 WHERE id = ANY(:transfers) AND credit_id = ANY(:accounts) ORDER BY id
""")

EARN = sa.text("""
INSERT INTO transfer (idempotency_key, community_id, debit_id, credit_id, minutes, kind, claim_id,
                      revision, happened_on, created_by, created_at)
SELECT left(encode(sha256(format('earn:%s:%s', c.id, r.revision)::bytea), 'hex'), 32)::uuid,
       c.community_id, commons.id, a.id, coalesce(c.minutes_done, s.minutes),
       CASE r.revision WHEN 0 THEN 'earn' ELSE 'adjust' END, c.id, r.revision,
       (s.starts_at AT TIME ZONE y.timezone)::date,
       coalesce(nullif(CAST(:by AS bigint), c.membership_id), c.arrived_by), :now
  FROM claim c
  JOIN slot s ON s.id = c.slot_id
  JOIN community y ON y.id = c.community_id
  JOIN account a ON a.membership_id = c.membership_id
  JOIN account commons ON commons.community_id = c.community_id AND commons.kind = 'community'
  CROSS JOIN LATERAL (
    SELECT coalesce(max(t.revision) + 1, 0) AS revision FROM transfer t WHERE t.claim_id = c.id) r
 WHERE c.id = ANY(:claim_ids) AND c.beside_id IS NULL
 ORDER BY a.id
RETURNING id, claim_id, minutes
""")


WAITING_FOR_REPAIR = sa.text("""
SELECT count(*) FROM claim c
 WHERE c.id = ANY(:claim_ids) AND c.state <> 'attended'
   AND EXISTS (SELECT FROM account a
                WHERE a.community_id = c.community_id AND a.read_only_since IS NOT NULL
                  AND (a.membership_id = c.membership_id OR a.kind = 'community'))
""")


@dataclass(frozen=True, slots=True)
class Credit:
    """Minutes that a turn has just earned."""

    transfer_id: int
    claim_id: int
    minutes: int


def credit_claims(
    session: Session, *, claim_ids: Collection[int], by: int | None, now: dt.datetime
) -> list[Credit]:
    """Mark turns as done and post their slots' minutes, each once, whoever taps and however often.

    Turns that are attended already are left alone, and so are withdrawn ones. A turn that was
    taken back earns anew under its next revision. Nobody confirms their own hours: a turn of
    `by` (a membership) counts only if somebody else saw them arrive, who is then its witness.

    Where a sheet of paper says how long a turn took, and somebody else than the helper said that
    this counts, those minutes are posted instead.

    A turn done beside a longer one is marked as done too: its hours are in the longer one.

    Hours of somebody who has left go on, at once, to where their balance went.

    Turns whose account is read-only are left as they are: they are credited when this is asked for
    again after the repair, and hold nobody else up.

    Args:
        by: Who confirms the hours; None where each turn's own witness does, by their tick.

    Raises:
        ReadOnly: When an account became read-only in this very moment; nothing is credited.
    """
    if not claim_ids:
        return []
    session.execute(QUEUE, {"claim_ids": list(claim_ids)})
    rows = session.execute(ATTEND, {"claim_ids": list(claim_ids), "by": by}).all()
    if not rows:
        return []
    attended, accounts = [row[0] for row in rows], {one for row in rows for one in row[1] or ()}
    gone = departed.open_up(session, accounts)
    try:
        rows = session.execute(EARN, {"claim_ids": attended, "by": by, "now": now}).all()
    except IntegrityError as error:
        if error.orig.diag.constraint_name == "account_is_read_only":  # type: ignore[union-attr]
            raise ReadOnly from error
        raise
    posted = [Credit(*row) for row in rows]
    if gone:
        _send_on(session, gone, posted, now)
    return posted


def _send_on(
    session: Session, gone: Sequence[Departed], posted: Sequence[Credit], now: dt.datetime
) -> None:
    account = {one.account_id: one for one in gone}
    values = {"transfers": [one.transfer_id for one in posted], "accounts": list(account)}
    for account_id, key, happened_on, by in session.execute(LATE, values).all():
        departed.close_again(
            session, [account[account_id]], key=key, happened_on=happened_on, by=by, now=now
        )


def count_waiting_for_repair(session: Session, *, claim_ids: Collection[int]) -> int:
    """Count the turns that were left without their hours because an account is read-only."""
    return int(session.scalar(WAITING_FOR_REPAIR, {"claim_ids": list(claim_ids)}) or 0)
