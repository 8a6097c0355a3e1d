"""Who holds minutes, how far their balance may go, and every change of that."""

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


class AccountKind(enum.StrEnum):
    """Who holds an account.

    A member; the community, which issues earned hours; a pot that a group or the community
    spends; a cause that hours are given to; or the books before these, whose hours were brought
    forward (`opening`).
    """

    MEMBER = "member"
    COMMUNITY = "community"
    POT = "pot"
    CAUSE = "cause"
    OPENING = "opening"


class Account(Base):
    """A holder of minutes. `balance` is credits minus debits, moved by transfers only (a trigger).

    Attributes:
        about: What a pot or a cause is for, as everybody reads it.
        floor: The lowest balance, in minutes, that somebody may choose to leave; a correction and
            hours brought forward may go below. None: the two that issue hours.
        soft_floor: From this balance down there is a kind word, and a coordinator rings.
        ceiling: The highest balance that a gift may leave; hours earned or thanked may pass it.
        closed_at: Nothing more goes in or out but turns done and corrections.
        read_only_since: The proof found a difference: nothing moves until it is repaired.
    """

    __tablename__ = "account"

    id: Mapped[Key]
    community_id: Mapped[int] = mapped_column(sa.ForeignKey("community.id"))
    kind: Mapped[AccountKind] = mapped_column(choice(AccountKind))
    membership_id: Mapped[int | None]
    group_id: Mapped[int | None]
    name: Mapped[str | None]
    about: Mapped[str | None]
    floor: Mapped[int | None] = mapped_column(sa.Integer)
    soft_floor: Mapped[int | None] = mapped_column(sa.Integer)
    ceiling: Mapped[int | None] = mapped_column(sa.Integer)
    balance: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    closed_at: Mapped[dt.datetime | None]
    read_only_since: Mapped[dt.datetime | None]

    __table_args__ = (
        one_of("kind", AccountKind, "account_kind"),
        sa.CheckConstraint(
            "(kind = 'member') = (membership_id IS NOT NULL)", name="member_account_has_membership"
        ),
        sa.CheckConstraint(
            "(kind IN ('pot', 'cause')) = (name IS NOT NULL)"
            " AND char_length(name) BETWEEN 1 AND 80 AND (kind = 'pot' OR group_id IS NULL)",
            name="pot_has_a_name",
        ),
        sa.CheckConstraint(
            "about IS NULL OR char_length(about) BETWEEN 1 AND 500 AND kind IN ('pot', 'cause')",
            name="pot_says_what_it_is_for",
        ),
        sa.CheckConstraint(
            "kind IN ('community', 'opening') OR floor IS NOT NULL",
            name="only_issuers_have_no_floor",
        ),
        sa.CheckConstraint("floor <= 0", name="account_floor"),
        sa.CheckConstraint("soft_floor BETWEEN floor AND 0", name="account_soft_floor"),
        sa.CheckConstraint("ceiling >= 0", name="account_ceiling"),
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
        sa.Index(
            "one_opening_account",
            "community_id",
            unique=True,
            postgresql_where=sa.text("kind = 'opening'"),
        ),
    )


class LimitChange(Base):
    """New limits of an account, in minutes, and why: the only way that they change (a trigger)."""

    __tablename__ = "limit_change"

    id: Mapped[Key]
    community_id: Mapped[int]
    account_id: Mapped[int]
    floor: Mapped[int | None] = mapped_column(sa.Integer)
    soft_floor: Mapped[int | None] = mapped_column(sa.Integer)
    ceiling: Mapped[int | None] = mapped_column(sa.Integer)
    reason: Mapped[str]
    created_by: Mapped[int]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.CheckConstraint("char_length(reason) BETWEEN 1 AND 200", name="limit_change_reason"),
        sa.ForeignKeyConstraint(
            ["account_id", "community_id"],
            ["account.id", "account.community_id"],
            name="limit_change_of_an_account",
        ),
        sa.ForeignKeyConstraint(
            ["created_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="limit_change_by_a_member",
        ),
        sa.Index("limit_change_log", "account_id", "id"),
    )


class TopUpPolicy(Base):
    """What a community has decided about helping members who are low, in its own words.

    Attributes:
        minutes: How much one top-up is.
        most_a_year: How many a member may have in twelve months.
    """

    __tablename__ = "top_up_policy"

    community_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    pot_id: Mapped[int]
    minutes: Mapped[int] = mapped_column(sa.Integer)
    most_a_year: Mapped[int] = mapped_column(sa.SmallInteger)
    words: Mapped[str]
    changed_by: Mapped[int]
    changed_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.CheckConstraint("minutes BETWEEN 15 AND 1440", name="top_up_minutes"),
        sa.CheckConstraint("most_a_year BETWEEN 1 AND 12", name="top_up_most_a_year"),
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 500", name="top_up_words"),
        sa.ForeignKeyConstraint(
            ["pot_id", "community_id"],
            ["account.id", "account.community_id"],
            name="top_up_from_here",
        ),
        sa.ForeignKeyConstraint(
            ["changed_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="top_up_policy_by_a_member",
        ),
    )
