"""Sheets of paper: their numbers, and the lines printed on them, in an order that stays."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.errors import NotFound
from timebank.core.errors import Refused
from timebank.core.text import name_or_number
from timebank.core.text import unaccented
from timebank.domain.rota import reading
from timebank.domain.rota.locking import lock_event
from timebank.domain.rota.occasions import Occasion
from timebank.models import Event
from timebank.models import PaperSheet

MOST_LETTERS = 4
MOST_SHEETS = 20  # of one date
NO_LETTERS = "TS"  # for a title without a Latin letter: time sheet
_WRITTEN = re.compile(r"([A-Z]{1,4})[\s.\-–_/]*([0-9]{1,6})")

# Numbers count up by their letters. ON CONFLICT: somebody printed another date a moment before.
NUMBER = sa.text("""
INSERT INTO paper_sheet (community_id, series_id, event_id, number, lines, printed_at, printed_by,
                         created_at)
SELECT :community_id, :series_id, :event_id,
       :letters || '-' || lpad(
         (coalesce(max(split_part(number, '-', 2)::bigint), 0) + 1)::text, 4, '0'),
       '[]', :now, :by, :now
  FROM paper_sheet
 WHERE community_id = :community_id AND split_part(number, '-', 1) = :letters
ON CONFLICT ON CONSTRAINT one_paper_sheet_per_number DO NOTHING
RETURNING id
""")
MOST_RIVALS = 50

PRINTED = sa.text("""
SELECT line.number, s.id AS slot_id, r.name AS job, s.starts_at, s.ends_at, c.id AS claim_id,
       coalesce(c.held_as, p.full_name) AS name,
       c.state = 'held' AS is_held
  FROM paper_sheet sheet
 CROSS JOIN jsonb_array_elements(sheet.lines) WITH ORDINALITY AS line(ids, number)
  JOIN slot s ON s.id = (line.ids ->> 0)::bigint AND s.event_id = sheet.event_id
  JOIN role r ON r.id = s.role_id
  LEFT JOIN claim c ON c.id = (line.ids ->> 1)::bigint AND c.slot_id = s.id
  LEFT JOIN profile p ON p.person_id = c.person_id
 WHERE sheet.id = :sheet_id
 ORDER BY line.number
""")


class TooManySheets(Refused):
    """That date has 20 sheets already. Print one of them again."""


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line of a sheet: a place on the rota. `name` is None where it is to be written on."""

    number: int
    slot_id: int
    job: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    claim_id: int | None
    name: str | None
    is_held: bool


def letters_of(title: str) -> str:
    """Give the letters of a sheet's number: "Danson Saturday Stroll" is DS."""
    words = [word for word in re.split("[^a-z]+", unaccented(title)) if word]
    if not words:
        return NO_LETTERS
    return ("".join(word[0] for word in words[:2]) if words[1:] else words[0][:2]).upper()


def read_number(text: str) -> str | None:
    """Read a number as somebody typed it: "ds 412" is DS-0412; None: it can be none of ours."""
    found = _WRITTEN.fullmatch(unaccented(text).strip().upper())
    return f"{found[1]}-{int(found[2]):04d}" if found else None


def sheet_to_print(
    session: Session, *, occasion: Occasion, by: int, now: dt.datetime
) -> PaperSheet:
    """Find the newest sheet of a date, or number its first; printing again makes no second.

    Its lines follow the rota until the date begins. Then the paper lies in the park, and stays.
    """
    lock_event(session, occasion.event_id)
    found = session.scalar(
        sa.select(PaperSheet)
        .where(PaperSheet.event_id == occasion.event_id)
        .order_by(PaperSheet.id.desc())
        .limit(1)
    )
    if found is None:
        return another_sheet(session, occasion=occasion, by=by, now=now)
    if now < occasion.starts_at:
        _lay(session, found, by=by, now=now)
    return found


def another_sheet(
    session: Session, *, occasion: Occasion, by: int, now: dt.datetime, number: str | None = None
) -> PaperSheet:
    """Make one more sheet of a date, under the next number; or under the one that stands on it.

    Raises:
        TooManySheets: As it says.
    """
    lock_event(session, occasion.event_id)
    if len(sheets_of(session, event_id=occasion.event_id)) >= MOST_SHEETS:
        raise TooManySheets
    sheet = _as_written(session, occasion, number, by, now) if number else None
    sheet = sheet or session.get_one(PaperSheet, _next_number(session, occasion, by, now))
    _lay(session, sheet, by=by, now=now)
    return sheet


def _as_written(
    session: Session, occasion: Occasion, number: str, by: int, now: dt.datetime
) -> PaperSheet:
    sheet = PaperSheet(
        community_id=occasion.community_id,
        series_id=_series_of(session, occasion),
        event_id=occasion.event_id,
        number=number,
        lines=[],
        printed_at=now,
        printed_by=by,
        created_at=now,
    )
    session.add(sheet)
    session.flush()
    return sheet


def _next_number(session: Session, occasion: Occasion, by: int, now: dt.datetime) -> int:
    values = {
        "community_id": occasion.community_id,
        "series_id": _series_of(session, occasion),
        "event_id": occasion.event_id,
        "letters": letters_of(occasion.title),
        "by": by,
        "now": now,
    }
    for _ in range(MOST_RIVALS):
        made = session.scalar(NUMBER, values)
        if made is not None:
            return int(made)
    raise TooManySheets


def _series_of(session: Session, occasion: Occasion) -> int:
    return session.get_one(Event, occasion.event_id).series_id


def _lay(session: Session, sheet: PaperSheet, *, by: int, now: dt.datetime) -> None:
    """Lay the rota out on a sheet: by job, then by place."""
    jobs = reading.jobs_of_event(session, event_id=sheet.event_id)
    sheet.lines = [list(line) for line in _places(jobs)]
    sheet.printed_at = now
    sheet.printed_by = by
    session.flush()


def _places(jobs: list[reading.Job]) -> Iterator[tuple[int, int | None]]:
    for job in jobs:
        for taker in (*job.takers, *[None] * job.free):
            yield job.slot_id, taker.claim_id if taker else None


def printed_lines(session: Session, *, sheet: PaperSheet) -> list[PrintedLine]:
    """Read what stands on a sheet, with the public names of those who were printed on it."""
    rows = session.execute(PRINTED, {"sheet_id": sheet.id}).mappings()
    return [
        PrintedLine(
            **{
                **row,
                "name": name_or_number(row["name"]) if row["claim_id"] else None,
                "is_held": bool(row["is_held"]),
            }
        )
        for row in rows
    ]


def sheets_of(session: Session, *, event_id: int) -> list[PaperSheet]:
    """Read the sheets of a date, the first printed first."""
    return list(
        session.scalars(
            sa.select(PaperSheet).where(PaperSheet.event_id == event_id).order_by(PaperSheet.id)
        )
    )


def find_sheet(session: Session, *, event_id: int, number: str) -> PaperSheet:
    """Find a sheet of a date by its number.

    Raises:
        NotFound: It has no such sheet.
    """
    found = session.scalar(
        sa.select(PaperSheet).where(PaperSheet.event_id == event_id, PaperSheet.number == number)
    )
    if found is None:
        raise NotFound
    return found


def whose_number(session: Session, *, community_id: int, number: str) -> PaperSheet | None:
    """Find which sheet of the community bears a number."""
    return session.scalar(
        sa.select(PaperSheet).where(
            PaperSheet.community_id == community_id, PaperSheet.number == number
        )
    )
