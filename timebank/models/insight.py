"""What a community has told others about itself."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt


class PublishedMonth(Base):
    """The figures of a month as they were published, for ever: numbers only, nobody's name."""

    __tablename__ = "published_month"

    community_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    month: Mapped[dt.date] = mapped_column(primary_key=True)
    figures: Mapped[dict[str, int]] = mapped_column(JSONB)
    published_by: Mapped[int]
    published_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.CheckConstraint("extract(day FROM month) = 1", name="month_by_its_first_day"),
        sa.ForeignKeyConstraint(
            ["published_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="month_published_by_a_member",
        ),
    )
