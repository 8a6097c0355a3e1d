"""Paper: a numbered sign-in sheet of a date, and where each line typed up from it went."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.db import Base
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import Small
from timebank.models.types import choice
from timebank.models.types import one_of


class LineOutcome(enum.StrEnum):
    """What became of a line of a sheet.

    `counted`: the turn it names is down as done from it (or waits for another pair of eyes).
    `there`: its hours were in before. `double`: the same turn as a line above. `not_here`: the
    sheet says that they didn't come. `left_out`: an organiser said so. `refused`: a rule did.
    """

    COUNTED = "counted"
    THERE = "there"
    DOUBLE = "double"
    NOT_HERE = "not_here"
    LEFT_OUT = "left_out"
    REFUSED = "refused"


class PaperSheet(Base):
    """A sheet of paper of one date, known by its number ("DS-0412"), unique in the community.

    Attributes:
        lines: What is printed on it, in order: [slot, claim] a line, claim null where it is to
            be written on. Numbers only: whose names they are is read from the turns.
        printed_at: When the lines were last laid out; after the start of the date they stay.
    """

    __tablename__ = "paper_sheet"

    id: Mapped[Key]
    community_id: Mapped[int]
    series_id: Mapped[int]
    event_id: Mapped[int]
    number: Mapped[str]
    lines: Mapped[list[list[int | None]]] = mapped_column(JSONB)
    printed_at: Mapped[dt.datetime]
    printed_by: Mapped[int]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        sa.CheckConstraint("number ~ '^[A-Z]{1,4}-[0-9]{4,8}$'", name="paper_sheet_number"),
        sa.UniqueConstraint("community_id", "number", name="one_paper_sheet_per_number"),
        sa.UniqueConstraint("id", "community_id", name="paper_sheet_in_community"),
        sa.ForeignKeyConstraint(
            ["event_id", "community_id", "series_id"],
            ["event.id", "event.community_id", "event.series_id"],
            name="paper_sheet_of_an_event",
        ),
        sa.ForeignKeyConstraint(
            ["printed_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="paper_sheet_printed_by_a_member",
        ),
        sa.Index("paper_sheet_by_event", "event_id"),
    )


class PaperSheetDraft(Base):
    """What somebody has typed up from a sheet and not yet found right; it goes when it is written.

    Attributes:
        rows: The lines as typed.
        facts: How they were read: the file's name, its letters, whether its columns were guessed.
    """

    __tablename__ = "paper_sheet_draft"

    sheet_id: Mapped[int] = mapped_column(primary_key=True)
    typed_by: Mapped[int] = mapped_column(primary_key=True)
    community_id: Mapped[int]
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    typed_at: Mapped[dt.datetime]

    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["sheet_id", "community_id"],
            ["paper_sheet.id", "paper_sheet.community_id"],
            name="draft_of_a_paper_sheet",
        ),
        sa.ForeignKeyConstraint(
            ["typed_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="paper_sheet_typed_by_a_member",
        ),
    )


class PaperSheetLine(Base):
    """One line of a sheet that was typed up, and the turn it stands behind.

    Attributes:
        number: The line on the paper (or in the file), and `part` which name of it, from 1.
        written: The line as somebody wrote it; None once its person is erased.
        membership_id: Whom it was taken for, whatever became of it; None: nobody we know.
        claim_id: The turn that it counts for, or that was there before.
        because: The sentence of the rule that refused it.
    """

    __tablename__ = "paper_sheet_line"

    sheet_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[Small] = mapped_column(primary_key=True)
    part: Mapped[Small] = mapped_column(primary_key=True, server_default="1")
    community_id: Mapped[int]
    written: Mapped[str | None]
    membership_id: Mapped[int | None]
    claim_id: Mapped[int | None]
    outcome: Mapped[LineOutcome] = mapped_column(choice(LineOutcome))
    because: Mapped[str | None]
    entered_by: Mapped[int]
    entered_at: Mapped[dt.datetime]

    __table_args__ = (
        one_of("outcome", LineOutcome, "paper_sheet_line_outcome"),
        sa.CheckConstraint(
            "number BETWEEN 1 AND 32000 AND part BETWEEN 1 AND 20", name="paper_sheet_line_number"
        ),
        sa.CheckConstraint(
            "char_length(written) BETWEEN 1 AND 300", name="paper_sheet_line_written"
        ),
        sa.CheckConstraint(
            "outcome NOT IN ('counted', 'there') OR claim_id IS NOT NULL",
            name="counted_line_names_its_turn",
        ),
        sa.CheckConstraint(
            "(outcome = 'refused') = (because IS NOT NULL)"
            " AND char_length(because) BETWEEN 1 AND 300",
            name="refused_line_says_why",
        ),
        sa.ForeignKeyConstraint(
            ["sheet_id", "community_id"],
            ["paper_sheet.id", "paper_sheet.community_id"],
            name="line_of_a_paper_sheet",
        ),
        sa.ForeignKeyConstraint(
            ["claim_id", "community_id"],
            ["claim.id", "claim.community_id"],
            name="paper_sheet_line_counts_a_turn",
        ),
        sa.ForeignKeyConstraint(
            ["membership_id", "community_id"],
            ["membership.id", "membership.community_id"],
            name="paper_sheet_line_of_a_member",
        ),
        sa.ForeignKeyConstraint(
            ["entered_by", "community_id"],
            ["membership.id", "membership.community_id"],
            name="paper_sheet_line_entered_by_a_member",
        ),
        sa.Index(
            "one_sheet_line_per_turn",
            "claim_id",
            unique=True,
            postgresql_where=sa.text("outcome = 'counted'"),
        ),
        sa.Index("paper_sheet_line_by_claim", "claim_id"),
        sa.Index("paper_sheet_line_by_member", "membership_id"),
    )
