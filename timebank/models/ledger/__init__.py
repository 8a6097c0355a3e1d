"""The ledger: accounts, transfers of minutes that never change, and the dated proofs of the books.

Source: the worked schema tried on PostgreSQL 15 to 18. The triggers stand in the migrations.
"""

from __future__ import annotations

from timebank.models.ledger.accounts import Account
from timebank.models.ledger.accounts import AccountKind
from timebank.models.ledger.accounts import LimitChange
from timebank.models.ledger.accounts import TopUpPolicy
from timebank.models.ledger.member_lists import LineFate
from timebank.models.ledger.member_lists import MemberList
from timebank.models.ledger.member_lists import MemberListLine
from timebank.models.ledger.proofs import AccountMark
from timebank.models.ledger.proofs import BalanceDifference
from timebank.models.ledger.proofs import BalanceRepair
from timebank.models.ledger.proofs import LedgerHead
from timebank.models.ledger.proofs import LedgerMark
from timebank.models.ledger.proofs import ProofKind
from timebank.models.ledger.proofs import Reconciliation
from timebank.models.ledger.transfers import Batch
from timebank.models.ledger.transfers import BatchKind
from timebank.models.ledger.transfers import Memo
from timebank.models.ledger.transfers import Transfer
from timebank.models.ledger.transfers import TransferKind

__all__ = [
    "Account",
    "AccountKind",
    "AccountMark",
    "BalanceDifference",
    "BalanceRepair",
    "Batch",
    "BatchKind",
    "LedgerHead",
    "LedgerMark",
    "LimitChange",
    "LineFate",
    "MemberList",
    "MemberListLine",
    "Memo",
    "ProofKind",
    "Reconciliation",
    "TopUpPolicy",
    "Transfer",
    "TransferKind",
]
