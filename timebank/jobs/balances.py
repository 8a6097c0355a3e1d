"""Prove the books every night."""

from __future__ import annotations

from timebank.core import clock
from timebank.domain import ledger
from timebank.jobs import tools


def prove_books() -> None:
    """Add up every community's hours again and write down what came out."""
    with tools.current().session() as session:
        ledger.reconcile(session, now=clock.now())
