"""Minutes moved once, for ever; the words that came with them; what ties several together."""

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


class TransferKind(enum.StrEnum):
    """Why minutes moved.

    Attributes:
        EARN: For a turn that was done; an `ADJUST` is the corrected one after its reversal.
        THANKS: For help from a neighbour: an exchange that was done.
        SHARE: A person's part of a group occasion, in one batch with the others'.
        GIFT: Given, to a neighbour, a pot or a cause, or spent from a pot.
        OPENING: Brought forward from the books before these.
        TOP_UP: From a pot to a member who is low, under the community's written policy.
        CLOSING: What was left when somebody went.
        IMPORTED: An entry of another bank's books, taken in whole.
        REVERSAL: The mirror image of another transfer, which takes it back.
    """

    EARN = "earn"
    ADJUST = "adjust"
    THANKS = "thanks"
    SHARE = "share"
    GIFT = "gift"
    OPENING = "opening"
    TOP_UP = "top_up"
    CLOSING = "closing"
    IMPORTED = "imported"
    REVERSAL = "reversal"


class BatchKind(enum.StrEnum):
    """What ties the transfers of a batch together: a group rule, by name, or how they came in."""

    CLASS = "class"
    WORKING_BEE = "working_bee"
    SHARED_LIFT = "shared_lift"
    COMMITTEE = "committee"
    MEMBER_IMPORT = "member_import"
    BANK_IMPORT = "bank_import"


class Batch(Base):
    """Several transfers of one occasion, posted together and never changed."""

    __tablename__ = "batch"

    id: Mapped[Key]
    community_id: Mapped[int]
    kind: Mapped[BatchKind] = mapped_column(choice(BatchKind))
    title: Mapped[str]
    happened_on: Mapped[dt.date]
    idempotency_key: Mapped[uuid.UUID]
    created_by: Mapped[int]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("kind", BatchKind, "batch_kind"),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 120", name="batch_title"),
        sa.UniqueConstraint("idempotency_key", name="same_batch_once"),
        sa.UniqueConstraint("id", "community_id", name="batch_in_community"),
        sa.ForeignKeyConstraint(
            ["created_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="batch_by_a_member",
        ),
    )


class Transfer(Base):
    """Minutes moved once, for ever, in one row: so the sum of all balances is zero by its shape.

    Numbers and dates only: what somebody typed about it stands in `Memo`.
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
    exchange_id: Mapped[int | None]
    batch_id: Mapped[int | None]
    revision: Mapped[int | None] = mapped_column(sa.SmallInteger)
    reverses_id: Mapped[int | None]
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
        # What was done in a day has a day's length; what was saved up can be more: 10,000 hours.
        sa.CheckConstraint(
            "minutes BETWEEN 1 AND CASE WHEN kind IN ('earn', 'adjust', 'thanks', 'share')"
            " THEN 1440 ELSE 600000 END",
            name="minutes_range",
        ),
        sa.CheckConstraint(
            "CASE WHEN kind IN ('earn', 'adjust')"
            " THEN num_nulls(claim_id, revision) = 0 AND (kind = 'earn') = (revision = 0)"
            " ELSE claim_id IS NULL END",
            name="earn_names_its_claim",
        ),
        sa.CheckConstraint(
            "CASE WHEN kind IN ('earn', 'adjust') THEN exchange_id IS NULL"
            " WHEN kind = 'thanks' THEN num_nulls(exchange_id, revision) = 0 AND revision >= 0"
            " ELSE num_nonnulls(exchange_id, revision) = 0 END",
            name="thanks_name_their_exchange",
        ),
        sa.CheckConstraint(
            "kind NOT IN ('share', 'imported') OR batch_id IS NOT NULL",
            name="share_belongs_to_a_batch",
        ),
        sa.CheckConstraint(
            "(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reversal_names_its_original"
        ),
        sa.UniqueConstraint("claim_id", "revision", name="one_earn_per_claim"),
        sa.UniqueConstraint("reverses_id", name="one_reversal_per_transfer"),
        sa.Index(
            "one_thanks_per_exchange",
            "exchange_id",
            "revision",
            unique=True,
            postgresql_where=sa.text("exchange_id IS NOT NULL"),
        ),
        sa.Index(
            "transfer_thanks_anew",
            "exchange_id",
            postgresql_where=sa.text("exchange_id IS NOT NULL AND revision > 0"),
        ),
        sa.Index("transfer_batch", "batch_id", postgresql_where=sa.text("batch_id IS NOT NULL")),
        sa.ForeignKeyConstraint(
            ["batch_id", "community_id"], ["batch.id", "batch.community_id"], name="batch_here"
        ),
        sa.ForeignKeyConstraint(
            ["exchange_id", "community_id"],
            ["exchange.id", "exchange.community_id"],
            name="exchange_here",
        ),
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


class Memo(Base):
    """The words that came with a transfer, for the statements of both. They can be erased."""

    __tablename__ = "memo"

    transfer_id: Mapped[int] = mapped_column(
        sa.ForeignKey("transfer.id"), primary_key=True, autoincrement=False
    )
    words: Mapped[str]

    __table_args__ = (
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 200", name="memo_words"),
    )
