"""Neighbours writing to each other about an offer or ask, without an address of either.

A conversation has two sides: the owner of the post, and one other member. What belongs to a side
says `by_owner` or `of_owner`, so that a third person can't have a part in it.
"""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key


class Conversation(Base):
    """What two members write to each other about one post; the second time is the same one."""

    __tablename__ = "conversation"

    id: Mapped[Key]
    community_id: Mapped[int]
    post_id: Mapped[int]
    owner_id: Mapped[int]
    other_id: Mapped[int]
    begun_by_owner: Mapped[bool]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.CheckConstraint("owner_id <> other_id", name="conversation_of_two"),
        sa.UniqueConstraint("id", "community_id", name="conversation_in_community"),
        sa.UniqueConstraint("post_id", "other_id", name="one_conversation_per_neighbour"),
        sa.ForeignKeyConstraint(
            ["post_id", "community_id"],
            ["post.id", "post.community_id"],
            name="conversation_about_a_post",
        ),
        sa.ForeignKeyConstraint(
            ["post_id", "owner_id"],
            ["post.id", "post.membership_id"],
            name="conversation_with_the_owner",
        ),
        sa.ForeignKeyConstraint(
            ["other_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="conversation_with_a_member",
        ),
        sa.Index("conversation_by_owner", "owner_id", "created_at"),
        sa.Index("conversation_by_other", "other_id", "created_at"),
    )


class Message(Base):
    """What one side wrote; `written_by` is a coordinator where they said it on the telephone."""

    __tablename__ = "message"

    id: Mapped[Key]
    community_id: Mapped[int]
    conversation_id: Mapped[int] = mapped_column(index=True)
    by_owner: Mapped[bool]
    written_by: Mapped[int]
    words: Mapped[str]
    intent: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.CheckConstraint("char_length(words) BETWEEN 1 AND 1000", name="message_words"),
        sa.UniqueConstraint("written_by", "intent", name="same_message_once"),
        sa.ForeignKeyConstraint(
            ["conversation_id", "community_id"],
            ["conversation.id", "conversation.community_id"],
            name="message_in_a_conversation",
        ),
        sa.ForeignKeyConstraint(
            ["written_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="message_by_a_member",
        ),
        sa.Index("message_by_writer", "written_by", "created_at"),
    )


class Ring(Base):
    """One side waits to be rung by a coordinator: they have no e-mail, or like it better so."""

    __tablename__ = "ring"

    id: Mapped[Key]
    community_id: Mapped[int]
    conversation_id: Mapped[int]
    of_owner: Mapped[bool]
    created_at: Mapped[CreatedAt]
    rung_at: Mapped[dt.datetime | None]
    rung_by: Mapped[int | None]

    __table_args__ = (
        sa.CheckConstraint("num_nulls(rung_at, rung_by) IN (0, 2)", name="ring_says_who_rang"),
        sa.ForeignKeyConstraint(
            ["conversation_id", "community_id"],
            ["conversation.id", "conversation.community_id"],
            name="ring_about_a_conversation",
        ),
        sa.ForeignKeyConstraint(
            ["rung_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="rung_by_a_member",
        ),
        sa.Index(
            "one_open_ring_per_side",
            "conversation_id",
            "of_owner",
            unique=True,
            postgresql_where=sa.text("rung_at IS NULL"),
        ),
        sa.Index(
            "ring_waiting",
            "community_id",
            "id",
            postgresql_where=sa.text("rung_at IS NULL"),
        ),
    )


class Block(Base):
    """A member who doesn't want to hear from another: no message of theirs arrives any more."""

    __tablename__ = "block"

    id: Mapped[Key]
    community_id: Mapped[int]
    by_id: Mapped[int]
    against_id: Mapped[int]
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint("by_id <> against_id", name="block_of_two"),
        sa.ForeignKeyConstraint(
            ["by_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="block_by_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["against_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="block_against_a_member",
        ),
        sa.Index(
            "one_block_per_pair",
            "by_id",
            "against_id",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )


class Report(Base):
    """One side tells the coordinators that something in a conversation isn't right.

    As often as they like: each is looked into by itself. The same words again are the same report,
    while it waits; words that were erased (empty) are nobody's to compare.
    """

    __tablename__ = "report"

    id: Mapped[Key]
    community_id: Mapped[int]
    conversation_id: Mapped[int]
    by_owner: Mapped[bool]
    words: Mapped[str]
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[dt.datetime | None]
    settled_by: Mapped[int | None]

    __table_args__ = (
        sa.CheckConstraint("char_length(words) <= 500", name="report_words"),
        sa.CheckConstraint(
            "num_nulls(settled_at, settled_by) IN (0, 2)", name="report_says_who_settled_it"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id", "community_id"],
            ["conversation.id", "conversation.community_id"],
            name="report_about_a_conversation",
        ),
        sa.ForeignKeyConstraint(
            ["settled_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="report_settled_by_a_member",
        ),
        sa.Index(
            "same_open_report_once",
            "conversation_id",
            "by_owner",
            "words",
            unique=True,
            postgresql_where=sa.text("settled_at IS NULL AND words <> ''"),
        ),
    )
