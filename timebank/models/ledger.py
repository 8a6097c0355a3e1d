"""The ledger: accounts, transfers of minutes that never change, and the dated proofs of the books.

Source: the worked schema tried on PostgreSQL 15 to 18. The triggers stand in the migration.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import choice
from timebank.models.types import one_of


class AccountKind(enum.StrEnum):
    """Who holds an account: a member, the community (which issues earned hours), or a pot."""

    MEMBER = "member"
    COMMUNITY = "community"
    POT = "pot"


class TransferKind(enum.StrEnum):
    """Why minutes moved. An adjust is the corrected earn after a reversal, one revision on."""

    EARN = "earn"
    GIFT = "gift"
    REVERSAL = "reversal"
    ADJUST = "adjust"


class Account(Base):
    """A holder of minutes. `balance` is credits minus debits, moved by transfers only (a trigger).

    `floor` is the lowest balance, in minutes, that a transfer may leave; a reversal may go below.
    """

    __tablename__ = "account"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    kind: Mapped[AccountKind] = mapped_column(choice(AccountKind))
    membership_id: Mapped[int | None]
    group_id: Mapped[int | None]
    name: Mapped[str | None]
    floor: Mapped[int | None] = mapped_column(sa.Integer)
    balance: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")

    __table_args__ = (
        one_of("kind", AccountKind, "account_kind"),
        sa.CheckConstraint(
            "(kind = 'member') = (membership_id IS NOT NULL)", name="member_account_has_membership"
        ),
        sa.CheckConstraint(
            "(kind = 'pot') = (name IS NOT NULL) AND char_length(name) BETWEEN 1 AND 80"
            " AND (kind = 'pot' OR group_id IS NULL)",
            name="pot_has_a_name",
        ),
        sa.CheckConstraint(
            "kind = 'community' OR floor IS NOT NULL", name="only_the_community_has_no_floor"
        ),
        sa.CheckConstraint("floor <= 0", name="account_floor"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="account_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["group_id", "community_id"],
            ["community_group.id", "community_group.community_id"],
            name="account_of_a_group",
        ),
        sa.UniqueConstraint("id", "community_id", name="account_in_community"),
        sa.UniqueConstraint("membership_id", name="one_account_per_membership"),
        sa.Index(
            "one_community_account",
            "community_id",
            unique=True,
            postgresql_where=sa.text("kind = 'community'"),
        ),
    )


class Transfer(Base):
    """Minutes moved once, for ever, in one row: so the sum of all balances is zero by its shape.

    `reason` is what somebody typed about a gift or a correction, for the statements of both.
    """

    __tablename__ = "transfer"

    id: Mapped[Key]
    idempotency_key: Mapped[uuid.UUID]
    community_id: Mapped[int]
    debit_id: Mapped[int]
    credit_id: Mapped[int]
    minutes: Mapped[int] = mapped_column(sa.Integer)
    kind: Mapped[TransferKind] = mapped_column(choice(TransferKind))
    claim_id: Mapped[int | None] = mapped_column(sa.ForeignKey("claim.id"))
    revision: Mapped[int | None] = mapped_column(sa.SmallInteger)
    reverses_id: Mapped[int | None]
    reason: Mapped[str | None]
    happened_on: Mapped[dt.date]
    created_by: Mapped[int]
    created_at: Mapped[CreatedAt]
    # Two helpers of `reversal_mirrors_original`: what the row is, and what it may point to.
    is_reversal: Mapped[bool] = mapped_column(sa.Computed("kind = 'reversal'", persisted=True))
    of_a_reversal: Mapped[bool] = mapped_column(sa.Computed("false", persisted=True))

    __table_args__ = (
        one_of("kind", TransferKind, "transfer_kind"),
        sa.UniqueConstraint("idempotency_key", name="same_intent_once"),
        sa.CheckConstraint("debit_id <> credit_id", name="two_accounts"),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name="minutes_range"),
        sa.CheckConstraint(
            "CASE WHEN kind IN ('earn', 'adjust')"
            " THEN num_nulls(claim_id, revision) = 0 AND (kind = 'earn') = (revision = 0)"
            " ELSE num_nonnulls(claim_id, revision) = 0 END",
            name="earn_names_its_claim",
        ),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reversal_names_its_original"
        ),
        sa.CheckConstraint("char_length(reason) BETWEEN 1 AND 200", name="transfer_reason"),
        sa.UniqueConstraint("claim_id", "revision", name="one_earn_per_claim"),
        sa.UniqueConstraint("reverses_id", name="one_reversal_per_transfer"),
        sa.ForeignKeyConstraint(
            ["debit_id", "community_id"], ["account.id", "account.community_id"], name="debit_here"
        ),
        sa.ForeignKeyConstraint(
            ["credit_id", "community_id"],
            ["account.id", "account.community_id"],
            name="credit_here",
        ),
        sa.ForeignKeyConstraint(
            ["created_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="created_by_a_member",
        ),
        sa.UniqueConstraint(
            "id", "debit_id", "credit_id", "minutes", "is_reversal", name="transfer_facts"
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id", "credit_id", "debit_id", "minutes", "of_a_reversal"],
            [
                "transfer.id",
                "transfer.debit_id",
                "transfer.credit_id",
                "transfer.minutes",
                "transfer.is_reversal",
            ],
            name="reversal_mirrors_original",
        ),
        # Both carry the minutes, so that the nightly proof reads the indexes alone.
        sa.Index("transfer_debit", "debit_id", "id", postgresql_include=["minutes"]),
        sa.Index("transfer_credit", "credit_id", "id", postgresql_include=["minutes"]),
    )


class Reconciliation(Base):
    """A dated proof of one community's books. Every count of faults must be zero."""

    __tablename__ = "reconciliation"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    ran_at: Mapped[dt.datetime]
    transfers: Mapped[int]
    balance_sum: Mapped[int]
    wrong_balances: Mapped[int]
    unearned_turns: Mapped[int]
    doubly_earned_turns: Mapped[int]
    oversold_slots: Mapped[int]
    proved: Mapped[bool] = mapped_column(
        sa.Computed(
            "balance_sum = 0 AND wrong_balances = 0 AND unearned_turns = 0"
            " AND doubly_earned_turns = 0 AND oversold_slots = 0",
            persisted=True,
        )
    )

    __table_args__ = (sa.Index("reconciliation_latest", "community_id", "ran_at"),)
