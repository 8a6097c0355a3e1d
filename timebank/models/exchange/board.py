"""Offers and asks: help that neighbours can give, and help that they want.

Both are one table. They say the same things, are found by one search, end in the same ways, and an
exchange grows from either: only the words on the page differ, and `kind` says which.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import choice
from timebank.models.types import one_of

MOST_OPEN = 20


class PostKind(enum.StrEnum):
    """An ask wants help, an offer gives it. Asks come first, also by the alphabet."""

    ASK = "ask"
    OFFER = "offer"


class Category(enum.StrEnum):
    """What kind of help it is; the same list everywhere, so that figures can be compared."""

    HOME = "home"
    GARDEN = "garden"
    LIFTS = "lifts"
    SHOPPING = "shopping"
    ERRANDS = "errands"
    COMPANY = "company"
    COOKING = "cooking"
    COMPUTERS = "computers"
    PAPERWORK = "paperwork"
    REPAIRS = "repairs"
    LEARNING = "learning"
    CRAFTS_MUSIC = "crafts_music"
    WALKS_TRIPS = "walks_trips"
    PETS = "pets"
    GROUP = "group"
    OTHER = "other"


class PostState(enum.StrEnum):
    """Where an offer or ask stands. Only an open one is on the board.

    `matched`: somebody has agreed to it. `done`: it happened. `withdrawn`: taken down by hand.
    `expired`: lapsed, after a nudge that nobody answered.
    """

    OPEN = "open"
    MATCHED = "matched"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Post(Base):
    """An offer or an ask of one member, perhaps written down for them by a coordinator.

    Attributes:
        membership_id: Who gives or wants the help.
        created_by: Who wrote it down: themselves, or a coordinator at the telephone.
        title: What it is, in a line.
        words: What they would do together.
        area: The name of a part of the place, never an address: it has no figures.
        when_words: When it suits them, in their words.
        place: Which of the twenty open ones a member may have.
        expires_on: The last day that it stands on the board.
        nudged_on: When they were told that it is about to lapse: at least a week before it does.
        intent: The page it was written on, so that a second tap finds the first.
        search: Its words without accents, for finding it.
    """

    __tablename__ = "post"

    id: Mapped[Key]
    community_id: Mapped[int]
    kind: Mapped[PostKind] = mapped_column(choice(PostKind))
    category: Mapped[Category] = mapped_column(choice(Category))
    membership_id: Mapped[int]
    created_by: Mapped[int]
    title: Mapped[str]
    words: Mapped[str] = mapped_column(server_default="")
    area: Mapped[str]
    when_words: Mapped[str] = mapped_column(server_default="")
    state: Mapped[PostState] = mapped_column(choice(PostState), server_default="open")
    place: Mapped[int] = mapped_column(sa.SmallInteger)
    expires_on: Mapped[dt.date]
    nudged_on: Mapped[dt.date | None]
    intent: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]
    ended_at: Mapped[dt.datetime | None]
    search: Mapped[str] = mapped_column(
        TSVECTOR, sa.Computed("post_words(title, category, words)", persisted=True), deferred=True
    )

    __table_args__ = (
        one_of("kind", PostKind, "post_kind"),
        one_of("category", Category, "post_category"),
        one_of("state", PostState, "post_state"),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 80", name="post_title"),
        sa.CheckConstraint("char_length(words) <= 1000", name="post_words_length"),
        sa.CheckConstraint(
            "char_length(area) BETWEEN 1 AND 40 AND area !~ '[0-9]'", name="post_area"
        ),
        sa.CheckConstraint("char_length(when_words) <= 120", name="post_when"),
        sa.CheckConstraint(f"place BETWEEN 1 AND {MOST_OPEN}", name="post_place"),
        sa.CheckConstraint(
            "(state IN ('done', 'withdrawn', 'expired')) = (ended_at IS NOT NULL)",
            name="post_has_an_end",
        ),
        sa.CheckConstraint(
            "state <> 'expired' OR nudged_on IS NOT NULL AND nudged_on <= expires_on - 7",
            name="post_lapses_after_a_nudge",
        ),
        sa.UniqueConstraint("id", "community_id", name="post_in_community"),
        sa.UniqueConstraint("id", "membership_id", name="post_of_its_member"),
        sa.UniqueConstraint("created_by", "intent", name="same_post_once"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="post_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["created_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="post_by_a_member",
        ),
        sa.Index(
            "twenty_open_posts",
            "membership_id",
            "place",
            unique=True,
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index(
            "post_board",
            "community_id",
            "kind",
            "id",
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index("post_by_membership", "membership_id", "id"),
        sa.Index("post_search", "search", postgresql_using="gin"),
    )
