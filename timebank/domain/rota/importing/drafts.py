"""Keep a spreadsheet's cells beside a series, and read them again as they were read at first."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm import defer

from timebank.core import clock
from timebank.core.csv_tables import Cell
from timebank.core.csv_tables import Table
from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.domain import events
from timebank.domain.rota.spreadsheets.records import Understood
from timebank.domain.rota.spreadsheets.understanding import understand
from timebank.models import Community
from timebank.models import Frequency
from timebank.models import Membership
from timebank.models import RotaImport
from timebank.models import Series
from timebank.models import SeriesState

LONGEST_FILE_NAME = 200
MOST_SHOWN = 5
HAS_WEEKDAY = {Frequency.WEEKLY, Frequency.FORTNIGHTLY, Frequency.MONTHLY}


class PublishFirst(Refused):
    """Publish this event first. Then bring its rota."""


def start(
    session: Session,
    *,
    series: Series,
    table: Table,
    file_name: str,
    by: Membership,
    now: dt.datetime,
) -> RotaImport:
    """Keep a spreadsheet that can be read as a rota; nothing of it is written yet.

    Raises:
        NotFound: `by` does not run the group.
        PublishFirst: The series has no dates yet.
        NoDates, NoJobs, TooManyPeople, TooManyTurns, TooPuzzling: See `understand`.
    """
    events.require_organiser(
        session, group_id=series.group_id, community_id=series.community_id, by=by
    )
    if series.state is not SeriesState.PUBLISHED:
        raise PublishFirst
    facts = asdict(table)
    rows = facts.pop("rows")
    facts["shortened"] = [[cell.row, cell.column] for cell in table.shortened]
    made = RotaImport(
        community_id=series.community_id,
        series_id=series.id,
        made_by=by.id,
        file_name=file_name[:LONGEST_FILE_NAME],
        cells=[list(row) for row in rows],
        choices={"file": facts, "answers": {}},
        wrote={},
        created_at=now,
    )
    read_again(session, made=made, series=series)
    session.add(made)
    session.flush()
    return made


def find(session: Session, *, series: Series, import_id: int) -> RotaImport:
    """Find what was brought for a series.

    Raises:
        NotFound: Nothing was, under this number.
    """
    made = session.scalars(
        sa.select(RotaImport).where(RotaImport.id == import_id, RotaImport.series_id == series.id)
    ).one_or_none()
    if made is None:
        raise NotFound
    return made


def taken_in(session: Session, *, series: Series) -> list[RotaImport]:
    """Read what was taken in for a series and stands, the newest first."""
    found = session.scalars(
        sa.select(RotaImport)
        .options(defer(RotaImport.cells), defer(RotaImport.wrote))
        .where(
            RotaImport.series_id == series.id,
            RotaImport.written_at.is_not(None),
            RotaImport.undone_at.is_(None),
        )
        .order_by(RotaImport.written_at.desc(), RotaImport.id.desc())
        .limit(MOST_SHOWN)
    )
    return list(found)


def lock(session: Session, made: RotaImport) -> None:
    """Queue up at an import: a second tap finds what the first has done."""
    session.refresh(made, with_for_update=True)


def read_again(session: Session, *, made: RotaImport, series: Series) -> Understood:
    """Read the cells as on the day they came: years are guessed near that day.

    Raises:
        The refusals of `understand`.
    """
    timezone = session.get_one(Community, series.community_id).timezone
    facts = dict(made.choices["file"])
    facts["shortened"] = tuple(Cell(*place) for place in facts["shortened"])
    return understand(
        Table(rows=tuple(map(tuple, made.cells)), **facts),
        today=clock.local_date(made.created_at, timezone),
        weekday=series.first_on.weekday() if series.frequency in HAS_WEEKDAY else None,
    )
