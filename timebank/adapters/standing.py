"""What stands in the database and is not well: jobs that broke, late mail, unproved books."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from timebank.core import clock
from timebank.core.health import Part
from timebank.domain.operations import reading

if TYPE_CHECKING:
    import sqlalchemy as sa

    from timebank.domain.operations.reading import Books
    from timebank.domain.operations.reading import Mail
    from timebank.domain.operations.reading import Run

PROVED_WITHIN = dt.timedelta(hours=26)  # every night, and a late one


def check_standing(engine: sa.Engine) -> list[Part]:
    """Look at the jobs' latest runs, the messages that wait, and the proofs of the books."""
    try:
        with Session(engine) as session:
            runs = reading.latest_runs(session)
            mail = reading.read_mail(session)
            books = reading.read_books(session)
    except SQLAlchemyError as error:
        problem = f"{str(error).splitlines()[0].rstrip('.')}. Check the database."
        return [Part(name, ok=False, problem=problem) for name in ("jobs", "waiting", "books")]
    now = clock.now()
    return [_jobs(list(runs.values()), now), _waiting(mail), _books(books, now)]


def _jobs(runs: list[Run], now: dt.datetime) -> Part:
    """A job that has not run for a week is gone, or has another name: its last run stays."""
    broken = [
        f"{run.function} {run.outcome} ({run.error})"
        for run in runs
        if run.is_broken and run.started_at > now - reading.WEEK
    ]
    if not broken:
        return Part("jobs", ok=True)
    return Part("jobs", ok=False, problem=f"At its last run {'; '.join(broken)}.")


def _waiting(mail: Mail) -> Part:
    if mail.oldest_seconds is None or not mail.is_late:
        return Part("waiting", ok=True)
    minutes = int(mail.oldest_seconds // 60)
    problem = f"{mail.due} messages wait, the oldest for {minutes} minutes: look at the mail."
    return Part("waiting", ok=False, problem=problem)


def _books(books: list[Books], now: dt.datetime) -> Part:
    """Books that were never proved are those of a community founded today."""
    wrong = [one.community for one in books if one.is_wrong]
    old = [one.community for one in books if one.ran_at and one.ran_at < now - PROVED_WITHIN]
    if wrong:
        problem = f"They do not add up in {', '.join(wrong)}: see /books/differences."
        return Part("books", ok=False, problem=problem)
    if old:
        problem = f"Not proved since yesterday in {', '.join(old)}: run `timebank reconcile`."
        return Part("books", ok=False, problem=problem)
    return Part("books", ok=True)
