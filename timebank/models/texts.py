"""Text messages: whose mobile numbers they go to, and what they cost, month by month."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import Small

MOST_WRONG_CODES = 5
E164 = r"number ~ '^\+[1-9][0-9]{6,14}$'"


class TextNumber(Base):
    """The mobile number on which a member is texted: they typed its code, or agreed by word.

    Attributes:
        number: As E.164 writes it, such as +447700900123.
        proven_at: When its code was typed in.
        agreed_with: The coordinator to whom they said that they agree to texts; None: they did it
            themselves.
    """

    __tablename__ = "text_number"

    membership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    community_id: Mapped[int]
    number: Mapped[str]
    proven_at: Mapped[dt.datetime | None]
    agreed_with: Mapped[int | None]
    agreed_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint(E164, name="text_number_e164"),
        sa.CheckConstraint(
            "num_nulls(agreed_with, agreed_at) IN (0, 2)"
            " AND num_nonnulls(proven_at, agreed_at) >= 1",
            name="text_number_is_theirs",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="text_number_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["agreed_with", "community_id"],
            ["membership.id", "membership.community_id"],
            name="texts_agreed_with_a_member",
        ),
    )


class TextCode(Base):
    """A wish to be texted: its code is derived from `nonce`, never stored.

    Attributes:
        wrong_codes: How many were typed that are not it; after the fifth it is void.
    """

    __tablename__ = "text_code"

    id: Mapped[Key]
    membership_id: Mapped[int] = mapped_column(index=True)
    community_id: Mapped[int]
    number: Mapped[str]
    nonce: Mapped[uuid.UUID] = mapped_column(server_default=sa.text("gen_random_uuid()"))
    wrong_codes: Mapped[Small] = mapped_column(server_default="0")
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint(E164, name="text_code_e164"),
        sa.CheckConstraint(
            f"wrong_codes BETWEEN 0 AND {MOST_WRONG_CODES}", name="text_code_wrong_codes"
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="text_code_of_a_member",
        ),
        sa.Index("text_code_by_number", "number", "created_at"),
    )


class TextMonth(Base):
    """What text messages have cost in a month, in pence: never more than the limit.

    Attributes:
        month: Its first day, by universal time.
        most_pence: The limit as the operator sets it, and never below what is spent.
    """

    __tablename__ = "text_month"

    month: Mapped[dt.date] = mapped_column(primary_key=True)
    most_pence: Mapped[Decimal] = mapped_column(sa.Numeric(12, 3))
    spent_pence: Mapped[Decimal] = mapped_column(sa.Numeric(12, 3), server_default="0")

    __table_args__ = (
        sa.CheckConstraint("extract(day FROM month) = 1", name="text_month_first"),
        sa.CheckConstraint(
            "spent_pence >= 0 AND spent_pence <= most_pence", name="text_month_within_limit"
        ),
    )


class TextSent(Base):
    """The price of one text message, put aside before it goes; given back where it did not.

    Attributes:
        handed_at: When its message passed the fence.
        returned_at: When it was given back; None: it is spent.
    """

    __tablename__ = "text_sent"

    id: Mapped[Key]
    month: Mapped[dt.date] = mapped_column(
        sa.ForeignKey("text_month.month", name="text_of_a_month"), index=True
    )
    notice_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("notice.id", name="text_of_a_notice", ondelete="SET NULL"), index=True
    )
    parts: Mapped[Small]
    pence: Mapped[Decimal] = mapped_column(sa.Numeric(12, 3))
    created_at: Mapped[CreatedAt]
    handed_at: Mapped[dt.datetime | None]
    returned_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint("parts BETWEEN 1 AND 2 AND pence > 0", name="text_sent_price"),
        sa.Index(
            "text_sent_put_aside",
            "created_at",
            postgresql_where=sa.text("handed_at IS NULL AND returned_at IS NULL"),
        ),
    )
