"""A member list that came in with hours brought forward, and what each of its lines became."""

from __future__ import annotations

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import Key
from timebank.models.types import choice
from timebank.models.types import one_of


class LineFate(enum.StrEnum):
    """What became of a line.

    Attributes:
        NEW: Somebody new.
        KNOWN: A member already.
        BACK: Somebody who had left, and is back.
        SAME: The person of a line above.
        OUT: Left out.
    """

    NEW = "new"
    KNOWN = "known"
    BACK = "back"
    SAME = "same"
    OUT = "out"


class MemberList(Base):
    """A member list: kept for a day to be looked through, then taken in and forgotten.

    Attributes:
        digest: SHA-256 of its cells, which tells the same list again.
        cells: Rows of text, until it is taken in: names and addresses belong in `profile` alone.
        batch_id: The hours that came with it; None: there were none.
    """

    __tablename__ = "member_list"

    id: Mapped[Key]
    community_id: Mapped[int]
    made_by: Mapped[int]
    file_name: Mapped[str] = mapped_column(server_default="")
    digest: Mapped[bytes]
    cells: Mapped[list[list[str]] | None] = mapped_column(JSONB(none_as_null=True))
    made_at: Mapped[dt.datetime]
    written_at: Mapped[dt.datetime | None]
    undone_at: Mapped[dt.datetime | None]
    batch_id: Mapped[int | None]

    __table_args__ = (
        sa.CheckConstraint("char_length(file_name) <= 200", name="member_list_file_name"),
        sa.CheckConstraint("octet_length(digest) = 32", name="member_list_digest"),
        sa.CheckConstraint(
            "(cells IS NULL) = (written_at IS NOT NULL)", name="member_list_is_forgotten"
        ),
        sa.CheckConstraint(
            "written_at IS NOT NULL OR num_nonnulls(undone_at, batch_id) = 0",
            name="member_list_undone_after_written",
        ),
        sa.UniqueConstraint("id", "community_id", name="member_list_in_community"),
        sa.ForeignKeyConstraint(
            ["made_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="member_list_by_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["batch_id", "community_id"],
            ["batch.id", "batch.community_id"],
            name="member_list_brought_hours",
        ),
    )


class MemberListLine(Base):
    """What a line became, by the number that spreadsheets give its row; no names.

    `membership_id` is None where it is nobody, and after an undo that removed them; `transfer_id`
    is the entry that brought its hours forward.
    """

    __tablename__ = "member_list_line"

    list_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    community_id: Mapped[int]
    fate: Mapped[LineFate] = mapped_column(choice(LineFate))
    membership_id: Mapped[int | None] = mapped_column(index=True)
    transfer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("transfer.id"))

    __table_args__ = (
        one_of("fate", LineFate, "member_list_line_fate"),
        sa.CheckConstraint("number > 0", name="member_list_line_number"),
        sa.CheckConstraint(
            "fate <> 'out' OR num_nonnulls(membership_id, transfer_id) = 0",
            name="member_list_line_left_out",
        ),
        sa.UniqueConstraint("transfer_id", name="one_line_per_transfer"),
        sa.ForeignKeyConstraint(
            ["list_id", "community_id"],
            ["member_list.id", "member_list.community_id"],
            name="line_of_a_member_list",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="line_is_a_member",
        ),
    )
