"""The dated proofs of the books."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import Key


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
