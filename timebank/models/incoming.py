"""Foreign calendars: a group's own that came in, and when somebody is busy by their own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key


class CalendarImport(Base):
    """A group's calendar on its way into events; nothing of it stands before `written_at`.

    Attributes:
        source: The name of the file, or the host of the address; never the address, which may be
            a private one.
        found: The events as they were read, until they are taken in or forgotten.
        wrote: Numbers of what was made, and what of it stayed after an undo.
    """

    __tablename__ = "calendar_import"

    id: Mapped[Key]
    community_id: Mapped[int]
    group_id: Mapped[int]
    made_by: Mapped[int]
    source: Mapped[str] = mapped_column(server_default="")
    found: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    wrote: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sa.text("'{}'"))
    created_at: Mapped[CreatedAt]
    written_at: Mapped[dt.datetime | None]
    undone_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint("char_length(source) <= 200", name="calendar_import_source"),
        sa.CheckConstraint(
            "(found IS NULL) = (written_at IS NOT NULL)", name="calendar_import_is_forgotten"
        ),
        sa.CheckConstraint(
            "undone_at IS NULL OR written_at IS NOT NULL",
            name="calendar_import_undone_after_written",
        ),
        sa.UniqueConstraint("id", "community_id", "group_id", name="calendar_import_of_a_group"),
        sa.ForeignKeyConstraint(
            ["group_id", "community_id"],
            ["community_group.id", "community_group.community_id"],
            name="calendar_import_into_a_group",
        ),
        sa.ForeignKeyConstraint(
            ["made_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="calendar_import_by_a_member",
        ),
    )


class ImportedEntry(Base):
    """An entry of a group's own calendar that is an event here: it isn't taken in twice.

    Attributes:
        digest: SHA-256 of the name that its calendar gave it.
    """

    __tablename__ = "imported_entry"

    group_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    community_id: Mapped[int]
    series_id: Mapped[int] = mapped_column(index=True)
    import_id: Mapped[int]

    __table_args__ = (
        sa.CheckConstraint("octet_length(digest) = 32", name="imported_entry_digest"),
        sa.ForeignKeyConstraint(
            ["import_id", "community_id", "group_id"],
            [
                "calendar_import.id",
                "calendar_import.community_id",
                "calendar_import.group_id",
            ],
            name="entry_of_an_import",
        ),
        sa.ForeignKeyConstraint(
            ["series_id", "community_id"],
            ["series.id", "series.community_id"],
            name="entry_is_a_series",
        ),
    )


class BusyCalendar(Base):
    """The address of somebody's own calendar, which tells us when they are busy and nothing else.

    Attributes:
        address: Private: it is asked, and never shown again.
        etag: Of what was read last, so that it need not be sent again.
        asked_at: When we last asked; `read_at`: when we last understood an answer.
    """

    __tablename__ = "busy_calendar"

    membership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    community_id: Mapped[int]
    address: Mapped[str]
    etag: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[CreatedAt]
    asked_at: Mapped[dt.datetime | None]
    read_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint("char_length(address) BETWEEN 1 AND 1100", name="busy_address"),
        sa.CheckConstraint("char_length(etag) <= 200", name="busy_etag"),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="busy_calendar_of_a_member",
        ),
        sa.Index("busy_calendar_by_turn", sa.text("asked_at NULLS FIRST")),
    )


class BusySpan(Base):
    """A span of time in which somebody is busy: from when until when, and nothing more."""

    __tablename__ = "busy_span"

    membership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    starts_at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    ends_at: Mapped[dt.datetime]

    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="busy_span_in_order"),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["busy_calendar.membership_id"],
            name="busy_span_of_a_calendar",
            ondelete="CASCADE",
        ),
    )
