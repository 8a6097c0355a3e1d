"""A rota that came from a spreadsheet: what was pasted, what was decided, whether it stands."""

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


class RotaImport(Base):
    """One spreadsheet on its way into a series; nothing of it stands before `written_at`.

    Attributes:
        cells: The table as rows of text cells.
        choices: What the organiser chose where it was doubtful, by question.
        wrote: What was written besides claims, to be undone with them.
    """

    __tablename__ = "rota_import"

    id: Mapped[Key]
    community_id: Mapped[int]
    series_id: Mapped[int]
    made_by: Mapped[int]
    file_name: Mapped[str] = mapped_column(server_default="")
    cells: Mapped[list[list[str]]] = mapped_column(JSONB)
    choices: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sa.text("'{}'"))
    wrote: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=sa.text("'{}'"))
    created_at: Mapped[CreatedAt]
    written_at: Mapped[dt.datetime | None]
    undone_at: Mapped[dt.datetime | None]

    __table_args__ = (
        sa.CheckConstraint("char_length(file_name) <= 200", name="rota_import_file_name"),
        sa.CheckConstraint(
            "undone_at IS NULL OR written_at IS NOT NULL", name="rota_import_undone_after_written"
        ),
        sa.UniqueConstraint("id", "community_id", name="rota_import_in_community"),
        sa.ForeignKeyConstraint(
            ["series_id", "community_id"],
            ["series.id", "series.community_id"],
            name="rota_import_into_a_series",
        ),
        sa.ForeignKeyConstraint(
            ["made_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="rota_import_by_a_member",
        ),
    )
