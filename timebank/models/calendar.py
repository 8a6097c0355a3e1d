"""Calendar addresses that people carry: one token a person and kind, kept as its hash only."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key


class Feed(Base):
    """The private address of one membership's turns, `/me/<token>.ics`."""

    __tablename__ = "feed"

    id: Mapped[Key]
    membership_id: Mapped[int]
    community_id: Mapped[int]
    token_hash: Mapped[bytes]
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[dt.datetime | None]
    last_fetched_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.UniqueConstraint("token_hash", name="one_feed_per_token"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="feed_of_a_member",
        ),
        sa.Index(
            "one_live_feed_per_membership",
            "membership_id",
            unique=True,
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
    )
