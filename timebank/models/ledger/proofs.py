"""The dated proofs of the books, what they found, how it was put right, and the running hash."""

from __future__ import annotations

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import choice
from timebank.models.types import one_of

HEAD = "head ~ '^[0-9a-f]{64}$'"  # of the running hash: see timebank.domain.ledger.chain


class ProofKind(enum.StrEnum):
    """What a proof looked at: the whole books, or what came since the mark of a minute ago."""

    WHOLE = "whole"
    LATEST = "latest"


class Reconciliation(Base):
    """A dated proof of one community's books. Every count of faults must be zero.

    Whole proofs are all kept; one of the latest entries is written down when it found something.
    """

    __tablename__ = "reconciliation"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    kind: Mapped[ProofKind] = mapped_column(choice(ProofKind))
    ran_at: Mapped[dt.datetime]
    transfers: Mapped[int]
    balance_sum: Mapped[int]
    wrong_balances: Mapped[int]
    unearned_turns: Mapped[int]
    doubly_earned_turns: Mapped[int]
    doubly_thanked_exchanges: Mapped[int]
    unmirrored_reversals: Mapped[int]
    broken_chain: Mapped[int]
    oversold_slots: Mapped[int]
    proved: Mapped[bool] = mapped_column(
        sa.Computed(
            "balance_sum = 0 AND wrong_balances = 0 AND unearned_turns = 0"
            " AND doubly_earned_turns = 0 AND doubly_thanked_exchanges = 0"
            " AND unmirrored_reversals = 0 AND broken_chain = 0 AND oversold_slots = 0",
            persisted=True,
        )
    )

    __table_args__ = (
        one_of("kind", ProofKind, "reconciliation_kind"),
        sa.UniqueConstraint("id", "community_id", name="reconciliation_in_community"),
        sa.Index("reconciliation_latest", "community_id", "ran_at"),
    )


class BalanceDifference(Base):
    """An account whose stored balance is not the sum of its transfers, as a proof found it.

    Attributes:
        stored: The balance that the account said, in minutes.
        summed: What its transfers come to.
        since_transfer_id: The number of the transfer up to which both last agreed; 0: never.
    """

    __tablename__ = "balance_difference"

    id: Mapped[Key]
    community_id: Mapped[int]
    reconciliation_id: Mapped[int]
    account_id: Mapped[int]
    stored: Mapped[int]
    summed: Mapped[int]
    since_transfer_id: Mapped[int]

    __table_args__ = (
        sa.CheckConstraint("stored <> summed", name="difference_is_one"),
        sa.UniqueConstraint(
            "reconciliation_id", "account_id", name="one_difference_per_proof_and_account"
        ),
        sa.ForeignKeyConstraint(
            ["reconciliation_id", "community_id"],
            ["reconciliation.id", "reconciliation.community_id"],
            name="difference_of_a_proof",
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "community_id"],
            ["account.id", "account.community_id"],
            name="difference_of_an_account",
        ),
        sa.Index("difference_log", "account_id", "id"),
    )


class BalanceRepair(Base):
    """A balance added up anew by hand, with the reason that everybody reads.

    The trigger fills in `stored` (what it was) and `summed` (what it is from now on), in minutes,
    and the account is open again. Only the owner of the tables may write one.
    """

    __tablename__ = "balance_repair"

    id: Mapped[Key]
    community_id: Mapped[int]
    account_id: Mapped[int]
    stored: Mapped[int]
    summed: Mapped[int]
    reason: Mapped[str]
    by: Mapped[str]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.CheckConstraint("char_length(reason) BETWEEN 1 AND 200", name="repair_reason"),
        sa.CheckConstraint("char_length(by) BETWEEN 1 AND 80", name="repair_by_somebody"),
        sa.ForeignKeyConstraint(
            ["account_id", "community_id"],
            ["account.id", "account.community_id"],
            name="repair_of_an_account",
        ),
        sa.Index("repair_log", "community_id", "id"),
    )


class LedgerMark(Base):
    """How far a community's books are sealed: no lower number is still to come.

    Attributes:
        upto_id: The last number that is sealed.
        entries: How many transfers of the community that is.
        head: The running hash over them.
        marked_at: When they were sealed.
        proved_at: When every balance last agreed with its mark and what came since.
    """

    __tablename__ = "ledger_mark"

    community_id: Mapped[int] = mapped_column(
        sa.ForeignKey("community.id"), primary_key=True, autoincrement=False
    )
    upto_id: Mapped[int]
    entries: Mapped[int]
    head: Mapped[str]
    marked_at: Mapped[dt.datetime]
    proved_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint(
            f"upto_id >= 0 AND entries BETWEEN 0 AND upto_id AND {HEAD}",
            name="ledger_mark_figures",
        ),
    )


class AccountMark(Base):
    """What an account's transfers come to, up to its community's mark; none: nothing moved yet."""

    __tablename__ = "account_mark"

    account_id: Mapped[int] = mapped_column(
        sa.ForeignKey("account.id"), primary_key=True, autoincrement=False
    )
    balance: Mapped[int]


class LedgerHead(Base):
    """The running hash as it was published one night, over the first `entries` transfers."""

    __tablename__ = "ledger_head"

    community_id: Mapped[int] = mapped_column(
        sa.ForeignKey("community.id"), primary_key=True, autoincrement=False
    )
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    entries: Mapped[int]
    head: Mapped[str]

    __table_args__ = (sa.CheckConstraint(f"entries >= 0 AND {HEAD}", name="ledger_head_figures"),)
