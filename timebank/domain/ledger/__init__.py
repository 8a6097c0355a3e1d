"""The ledger: minutes moved between accounts, once, for ever, and the proof that the books hold.

Every rule here writes transfers and nothing else: stored balances follow by trigger.
"""

from __future__ import annotations

from timebank.domain.ledger.crediting import Credit
from timebank.domain.ledger.crediting import credit_claims
from timebank.domain.ledger.proving import latest_proofs
from timebank.domain.ledger.proving import reconcile
from timebank.domain.ledger.reading import NEWEST
from timebank.domain.ledger.reading import Entry
from timebank.domain.ledger.reading import Position
from timebank.domain.ledger.reading import all_entries
from timebank.domain.ledger.reading import balance
from timebank.domain.ledger.reading import balance_as_at
from timebank.domain.ledger.reading import entries_before
from timebank.domain.ledger.reading import minutes_given
from timebank.domain.ledger.reading import recent_entries
from timebank.domain.ledger.transfers import AlreadyReversed
from timebank.domain.ledger.transfers import BelowFloor
from timebank.domain.ledger.transfers import KeyReused
from timebank.domain.ledger.transfers import OwnHours
from timebank.domain.ledger.transfers import record
from timebank.domain.ledger.transfers import reverse

__all__ = [
    "NEWEST",
    "AlreadyReversed",
    "BelowFloor",
    "Credit",
    "Entry",
    "KeyReused",
    "OwnHours",
    "Position",
    "all_entries",
    "balance",
    "balance_as_at",
    "credit_claims",
    "entries_before",
    "latest_proofs",
    "minutes_given",
    "recent_entries",
    "reconcile",
    "record",
    "reverse",
]
