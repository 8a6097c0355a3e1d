"""Prove the books: the whole of them every night, the latest entries every minute."""

from __future__ import annotations

import logging
import time

import sqlalchemy as sa

from timebank.core import clock
from timebank.domain import ledger
from timebank.jobs import tools
from timebank.jobs.tools import Tools

log = logging.getLogger(__name__)

TRIES = 20  # to find a moment in which nobody writes; the next minute comes anyway
PAUSE_SECONDS = 0.05
NIGHT = sa.text("SET LOCAL statement_timeout = '10min'")


def prove_books() -> int:
    """Add up every community's hours again, write down what came out -> of how many communities.

    The running hash is made anew too, and where it stands tonight is published.
    """
    now = clock.now()
    with tools.current().session() as session:
        session.execute(NIGHT)
        broken = ledger.broken_chains(session)
        proofs = ledger.reconcile(session, now=now, broken_chains=broken)
        ledger.publish_heads(session, now=now)
        wrong = [proof.community_id for proof in proofs if not proof.proved]
    _tell(wrong)
    return len(proofs)


def seal_books() -> None:
    """Prove what came since the last mark, then move the marks on: the books are sealed so far."""
    mine = tools.current()
    now = clock.now()
    with mine.session() as session:
        wrong = [proof.community_id for proof in ledger.prove_latest(session, now=now)]
    _tell(wrong)
    boundary = _boundary(mine)
    is_done = boundary is None
    while boundary is not None and not is_done and not mine.stopping:
        with mine.session() as session:
            is_done = ledger.seal(session, boundary=boundary, now=now)


def _boundary(mine: Tools) -> int | None:
    for _ in range(TRIES):
        with mine.session() as session:
            boundary = ledger.find_boundary(session)
        if boundary is not None or mine.stopping:
            return boundary
        time.sleep(PAUSE_SECONDS)
    return None


def _tell(wrong: list[int]) -> None:
    """Leave a line for whoever keeps the server; the coordinators have their notice."""
    if wrong:
        log.error("The books do not add up in the communities %s: see /books.", wrong)
