"""Exchanges: help agreed between two neighbours, done, and thanked for in hours.

The minutes themselves move by a transfer of the kind `thanks`, which names its exchange. What was
said and done about an exchange is a chain of steps, and never rewritten.
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
from timebank.models.types import Version
from timebank.models.types import choice
from timebank.models.types import one_of


class ExchangeState(enum.StrEnum):
    """Where an exchange stands. Only the moves of `exchange_state_order` are possible.

    Attributes:
        AGREED: It is to happen; nothing has moved yet.
        CANCELLED: It won't.
        THANKED: The hours have moved; for 14 days either side can undo it or say it isn't right.
        UNDONE: One of them took it back. It may be thanked for again.
        DISPUTED: One of them says it isn't right; a coordinator is to settle it.
        STANDS: Nobody said anything for 14 days. They still can say that it isn't right.
        SETTLED: A coordinator has decided, or put it right unasked; another may once more.
    """

    AGREED = "agreed"
    CANCELLED = "cancelled"
    THANKED = "thanked"
    UNDONE = "undone"
    DISPUTED = "disputed"
    STANDS = "stands"
    SETTLED = "settled"


class StepKind(enum.StrEnum):
    """What somebody did about an exchange.

    `stated` is the other side's statement about a dispute; `kept`, `changed` and `taken_back` are
    the ways in which a coordinator settles one.
    """

    AGREED = "agreed"
    CANCELLED = "cancelled"
    THANKED = "thanked"
    UNDONE = "undone"
    DISPUTED = "disputed"
    STATED = "stated"
    KEPT = "kept"
    CHANGED = "changed"
    TAKEN_BACK = "taken_back"
    STANDS = "stands"


class Exchange(Base):
    """Help that one member gave another, or a group whose pot pays for it.

    Attributes:
        helper_id: Who helps, and whose account is credited.
        helped_id: Who is helped; None: a group is, and its pot pays.
        payer_id: The account that pays: the helped member's, or a pot.
        post_id: The offer or ask it grew from.
        what: What it is about, in a line; both sides and coordinators read it.
        planned_at: When it is to happen, where that was agreed.
        minutes: How long it is to take; once thanked for, how long it took.
        happened_on: The local day of it, once thanked for.
        thanked_at: When it was last thanked for: 14 days from then either side can undo it.
        revision: Of the last thanks in the ledger; each correction is one more.
        version: Rises with every change, also of the names of its two sides (triggers do it);
            last at `versioned_at`.
    """

    __tablename__ = "exchange"

    id: Mapped[Key]
    community_id: Mapped[int]
    helper_id: Mapped[int]
    helped_id: Mapped[int | None]
    payer_id: Mapped[int]
    post_id: Mapped[int | None]
    what: Mapped[str]
    planned_at: Mapped[dt.datetime | None]
    minutes: Mapped[int] = mapped_column(sa.Integer)
    happened_on: Mapped[dt.date | None]
    thanked_at: Mapped[dt.datetime | None]
    revision: Mapped[int] = mapped_column(sa.SmallInteger, server_default="0")
    state: Mapped[ExchangeState] = mapped_column(choice(ExchangeState))
    created_by: Mapped[int]
    created_at: Mapped[CreatedAt]
    version: Mapped[Version]
    versioned_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("state", ExchangeState, "exchange_state"),
        sa.CheckConstraint("char_length(what) BETWEEN 1 AND 120", name="exchange_what"),
        sa.CheckConstraint("minutes BETWEEN 1 AND 1440", name="exchange_minutes"),
        sa.CheckConstraint("helper_id <> helped_id", name="exchange_of_two"),
        sa.CheckConstraint("revision >= 0", name="exchange_revision"),
        sa.CheckConstraint(
            "num_nulls(happened_on, thanked_at)"
            " = CASE WHEN state IN ('agreed', 'cancelled') THEN 2 ELSE 0 END",
            name="thanked_exchange_has_a_day",
        ),
        sa.UniqueConstraint("id", "community_id", name="exchange_in_community"),
        sa.ForeignKeyConstraint(
            ["helper_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="exchange_helper_is_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["helped_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="exchange_helped_is_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["payer_id", "community_id"],
            ["account.id", "account.community_id"],
            name="exchange_payer_here",
        ),
        sa.ForeignKeyConstraint(
            ["post_id", "community_id"],
            ["post.id", "post.community_id"],
            name="exchange_of_a_post",
        ),
        sa.ForeignKeyConstraint(
            ["created_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="exchange_by_a_member",
        ),
        sa.Index("exchange_by_helper", "helper_id", "id"),
        sa.Index("exchange_by_helped", "helped_id", "id"),
        sa.Index("exchange_of_post", "post_id", postgresql_where=sa.text("post_id IS NOT NULL")),
        sa.Index(
            "exchange_open",
            "community_id",
            "state",
            postgresql_where=sa.text("state IN ('agreed', 'thanked', 'disputed')"),
        ),
    )


class ExchangeStep(Base):
    """One thing that somebody did about an exchange, for ever; only its words can be erased.

    Attributes:
        by_id: Who did it; None: nobody, it came to stand by itself.
        minutes: How long it was by this step, where it says so.
        words: A word of thanks, a statement or a reason, as it was typed.
        key: The doer's own name for it: sent twice, it is done once.
    """

    __tablename__ = "exchange_step"

    id: Mapped[Key]
    community_id: Mapped[int]
    exchange_id: Mapped[int]
    step: Mapped[StepKind] = mapped_column(choice(StepKind))
    by_id: Mapped[int | None]
    minutes: Mapped[int | None] = mapped_column(sa.Integer)
    words: Mapped[str | None]
    key: Mapped[uuid.UUID]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("step", StepKind, "exchange_step_kind"),
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 500", name="exchange_step_words"),
        sa.CheckConstraint("minutes BETWEEN 0 AND 1440", name="exchange_step_minutes"),
        sa.CheckConstraint("(step = 'stands') = (by_id IS NULL)", name="exchange_step_has_a_doer"),
        sa.UniqueConstraint("key", name="same_step_once"),
        sa.ForeignKeyConstraint(
            ["exchange_id", "community_id"],
            ["exchange.id", "exchange.community_id"],
            name="step_of_an_exchange",
        ),
        sa.ForeignKeyConstraint(
            ["by_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="step_by_a_member",
        ),
        sa.Index("exchange_steps", "exchange_id", "id"),
    )
