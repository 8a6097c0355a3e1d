"""The rota as a table for a spreadsheet, as the import reads it."""

from __future__ import annotations

from timebank.domain.rota import grid
from timebank.domain.rota.spreadsheets import writing
from timebank.web.rota.roster import title_of


def table_of(read: grid.Grid, zone: str) -> str:
    """Write a grid as CSV: names as the rota shows them, those still to say yes with a mark."""
    dates = [
        writing.DateToWrite(date.occurs_on, date.reason or "", is_cancelled=date.is_cancelled)
        for date in read.dates
    ]
    return writing.write_table(dates, [_job(row, zone) for row in read.rows])


def _job(row: grid.GridRow, zone: str) -> writing.JobToWrite:
    """Write a job with as many lines as the date that has most of it wants."""
    jobs = [job for job in row.cells if job]
    return writing.JobToWrite(
        title_of(row, zone),
        needed=max(job.needed for job in jobs),
        places=max(job.places for job in jobs),
        people=tuple(_people(job) for job in row.cells),
    )


def _people(job: grid.GridJob | None) -> tuple[writing.PersonToWrite, ...]:
    takers = job.takers if job else ()
    return tuple(
        writing.PersonToWrite(taker.name, is_pencilled=taker.held_for is not None)
        for taker in takers
    )
