"""The ledger: minutes moved between accounts, once, for ever, and the proof that the books hold.

Every rule here writes transfers and nothing else: stored balances follow by trigger.
"""

from __future__ import annotations

from timebank.domain.ledger.accounts import account_of
from timebank.domain.ledger.accounts import commons
from timebank.domain.ledger.accounts import find_account
from timebank.domain.ledger.accounts import lock_accounts
from timebank.domain.ledger.accounts import opening_account
from timebank.domain.ledger.batches import Leg
from timebank.domain.ledger.batches import post_batch
from timebank.domain.ledger.correcting import CannotCorrect
from timebank.domain.ledger.correcting import NothingToCorrect
from timebank.domain.ledger.correcting import correct
from timebank.domain.ledger.correcting import put_right
from timebank.domain.ledger.crediting import Credit
from timebank.domain.ledger.crediting import count_waiting_for_repair
from timebank.domain.ledger.crediting import credit_claims
from timebank.domain.ledger.giving import give
from timebank.domain.ledger.limits import Limits
from timebank.domain.ledger.limits import limit_log
from timebank.domain.ledger.limits import set_limits
from timebank.domain.ledger.proving import latest_proofs
from timebank.domain.ledger.proving import prove_latest
from timebank.domain.ledger.proving import reconcile
from timebank.domain.ledger.reading import NEWEST
from timebank.domain.ledger.reading import Entry
from timebank.domain.ledger.reading import Position
from timebank.domain.ledger.reading import account_entries
from timebank.domain.ledger.reading import all_entries
from timebank.domain.ledger.reading import balance
from timebank.domain.ledger.reading import balance_as_at
from timebank.domain.ledger.reading import entries_before
from timebank.domain.ledger.reading import minutes_given
from timebank.domain.ledger.reading import recent_entries
from timebank.domain.ledger.repairing import Difference
from timebank.domain.ledger.repairing import NothingToRepair
from timebank.domain.ledger.repairing import SayWhyRepair
from timebank.domain.ledger.repairing import latest_repairs
from timebank.domain.ledger.repairing import open_differences
from timebank.domain.ledger.repairing import repair_balance
from timebank.domain.ledger.repairing import transfers_since
from timebank.domain.ledger.reversing import reverse
from timebank.domain.ledger.sealing import broken_chains
from timebank.domain.ledger.sealing import find_boundary
from timebank.domain.ledger.sealing import find_mark
from timebank.domain.ledger.sealing import publish_heads
from timebank.domain.ledger.sealing import published_heads
from timebank.domain.ledger.sealing import seal
from timebank.domain.ledger.transfers import AboveCeiling
from timebank.domain.ledger.transfers import AccountClosed
from timebank.domain.ledger.transfers import AlreadyReversed
from timebank.domain.ledger.transfers import BelowFloor
from timebank.domain.ledger.transfers import KeyReused
from timebank.domain.ledger.transfers import OwnHours
from timebank.domain.ledger.transfers import ReadOnly
from timebank.domain.ledger.transfers import SoManyHours
from timebank.domain.ledger.transfers import ToOneself
from timebank.domain.ledger.transfers import find_transfer
from timebank.domain.ledger.transfers import record

__all__ = [
    "NEWEST",
    "AboveCeiling",
    "AccountClosed",
    "AlreadyReversed",
    "BelowFloor",
    "CannotCorrect",
    "Credit",
    "Difference",
    "Entry",
    "KeyReused",
    "Leg",
    "Limits",
    "NothingToCorrect",
    "NothingToRepair",
    "OwnHours",
    "Position",
    "ReadOnly",
    "SayWhyRepair",
    "SoManyHours",
    "ToOneself",
    "account_entries",
    "account_of",
    "all_entries",
    "balance",
    "balance_as_at",
    "broken_chains",
    "commons",
    "correct",
    "count_waiting_for_repair",
    "credit_claims",
    "entries_before",
    "find_account",
    "find_boundary",
    "find_mark",
    "find_transfer",
    "give",
    "latest_proofs",
    "latest_repairs",
    "limit_log",
    "lock_accounts",
    "minutes_given",
    "open_differences",
    "opening_account",
    "post_batch",
    "prove_latest",
    "publish_heads",
    "published_heads",
    "put_right",
    "recent_entries",
    "reconcile",
    "record",
    "repair_balance",
    "reverse",
    "seal",
    "set_limits",
    "transfers_since",
]
