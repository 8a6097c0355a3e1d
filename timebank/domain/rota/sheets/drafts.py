"""What somebody typed from a sheet is kept until it is found right, for nobody but them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from timebank.core.csv_tables import Table
from timebank.core.errors import Refused
from timebank.core.text import fold
from timebank.domain.rota.sheets import rows as lines
from timebank.domain.rota.sheets.paper import PrintedLine
from timebank.domain.rota.sheets.paper import printed_lines
from timebank.domain.rota.sheets.rows import MOST_LINES
from timebank.domain.rota.sheets.rows import Row
from timebank.models import PaperSheet
from timebank.models import PaperSheetDraft

LONGEST_FILE_NAME = 200
MOST_BYTES = 1_000_000


class NothingTyped(Refused):
    """Nobody is down as here. Tick who came, or write when."""


class SheetTooBig(Refused):
    """That is more than 1 MB. Copy the lines of the sheet alone and paste them."""


@dataclass(frozen=True, slots=True)
class HowRead:
    """How typed lines came about, for the page to tell.

    Attributes:
        encoding: Named where the letters of a file had to be guessed; else empty.
        is_guessed: Its columns were taken in the usual order, for want of headings.
        titles: What stood above the headings and was left out.
    """

    file_name: str = ""
    encoding: str = ""
    is_guessed: bool = False
    has_open_quote: bool = False
    titles: tuple[str, ...] = ()


def keep_table(
    session: Session,
    *,
    sheet: PaperSheet,
    table: Table,
    file_name: str,
    by: int,
    now: dt.datetime,
) -> None:
    """Keep a pasted or uploaded sheet that can be read.

    Raises:
        NoLines, TooManyLines: As they say.
    """
    found = lines.read_rows(table)
    how = HowRead(
        file_name=file_name[:LONGEST_FILE_NAME],
        encoding=table.encoding if table.is_encoding_guessed else "",
        is_guessed=found.is_guessed,
        has_open_quote=table.has_open_quote,
        titles=found.titles,
    )
    _keep(session, sheet, found.rows, how=how, by=by, now=now)


def keep_rows(
    session: Session, *, sheet: PaperSheet, rows: Iterable[Row], by: int, now: dt.datetime
) -> None:
    """Keep the lines of the batch screen; a name left as printed means whose turn it was.

    Raises:
        NothingTyped: Nobody came.
    """
    typed = [row for row in rows if not row.is_blank]
    if not any(row.says_they_came is not False for row in typed):
        raise NothingTyped
    printed = {line.number: line for line in printed_lines(session, sheet=sheet)}
    named = [replace(row, claim_id=_whose(row, printed.get(row.number))) for row in typed]
    _keep(session, sheet, named[:MOST_LINES], how=HowRead(), by=by, now=now)


def _whose(row: Row, line: PrintedLine | None) -> int | None:
    is_as_printed = line is not None and line.name and fold(line.name) == fold(row.name)
    return line.claim_id if line and is_as_printed else None


def _keep(
    session: Session,
    sheet: PaperSheet,
    rows: Iterable[Row],
    *,
    how: HowRead,
    by: int,
    now: dt.datetime,
) -> None:
    kept = {
        "rows": lines.to_json(rows),
        "facts": {
            "file_name": how.file_name,
            "encoding": how.encoding,
            "is_guessed": how.is_guessed,
            "has_open_quote": how.has_open_quote,
            "titles": list(how.titles),
        },
        "typed_at": now,
    }
    session.execute(
        insert(PaperSheetDraft)
        .values(sheet_id=sheet.id, typed_by=by, community_id=sheet.community_id, **kept)
        .on_conflict_do_update(constraint="paper_sheet_draft_pkey", set_=kept)
    )


def find(session: Session, *, sheet: PaperSheet, by: int) -> PaperSheetDraft | None:
    """Find what somebody typed from a sheet and did not finish."""
    return session.get(PaperSheetDraft, (sheet.id, by), populate_existing=True)


def rows_of(draft: PaperSheetDraft) -> tuple[Row, ...]:
    """Give the lines of a draft."""
    return lines.from_json(draft.rows)


def how_read(draft: PaperSheetDraft) -> HowRead:
    """Tell how they were read."""
    return HowRead(**{**draft.facts, "titles": tuple(draft.facts["titles"])})


def drop(session: Session, *, draft: PaperSheetDraft) -> None:
    """Let a draft go: it is written."""
    session.execute(
        sa.delete(PaperSheetDraft).where(
            PaperSheetDraft.sheet_id == draft.sheet_id,
            PaperSheetDraft.typed_by == draft.typed_by,
        )
    )
