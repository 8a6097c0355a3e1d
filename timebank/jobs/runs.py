"""Every run of a job leaves a row; those of killed processes are ended, old ones forgotten."""

from __future__ import annotations

import datetime as dt
import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rq.timeouts import JobTimeoutException
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import SQLAlchemyError

from timebank.adapters import queue
from timebank.core.works import QueueName
from timebank.domain.operations import runs
from timebank.jobs import tools
from timebank.jobs.tools import Tools
from timebank.models import RunOutcome

log = logging.getLogger(__name__)

OURS = Path(__file__).resolve().parents[1]
MARGIN_SECONDS = 15  # beyond the moment at which the worker kills a job that won't end


def recorded(
    function: str, work: Callable[[], Any], *, queue_name: QueueName, lasts_seconds: int
) -> Any:  # noqa: ANN401 - what the job gives back
    """Run a job, and write down when it began and how it ended.

    A number that it gives back is how many it handled.
    """
    mine = tools.current()
    killed_after = lasts_seconds + queue.KILLED_AFTER_SECONDS + MARGIN_SECONDS
    with mine.session() as session:
        run_id = runs.begin(
            session,
            function=function.removeprefix(queue.PREFIX),
            queue=queue_name,
            lasts=dt.timedelta(seconds=killed_after),
        )
    try:
        found = work()
    except BaseException as error:
        _end(mine, run_id, RunOutcome.FAILED, error=what_broke(error))
        raise
    handled = found if isinstance(found, int) and not isinstance(found, bool) else None
    _end(mine, run_id, RunOutcome.STOPPED if mine.stopping else RunOutcome.DONE, handled=handled)
    return found


def tidy() -> int:
    """End the runs whose processes were killed, and forget those of last week -> how many died."""
    with tools.current().session() as session:
        buried = runs.bury(session)
        runs.forget(session)
    if buried:
        log.warning("%s runs of jobs were killed: see /operations.", buried)
    return buried


def what_broke(error: BaseException) -> str:
    """Say in one line what broke and where; never in the error's words: they may name people."""
    if isinstance(error, JobTimeoutException):
        what = "took longer than it may"
    elif isinstance(error, DBAPIError) and error.orig is not None:
        rule = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        parts = [type(error.orig).__name__, getattr(error.orig, "sqlstate", None), rule]
        what = " ".join(part for part in parts if part)
    else:
        what = type(error).__name__
    return f"{what}{_where(error)}"


def _where(error: BaseException) -> str:
    """Name the last line of our own program that it came through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(OURS) and path != Path(__file__):
            return f" in {path.relative_to(OURS)}:{frame.lineno}"
    return ""


def _end(
    mine: Tools,
    run_id: int,
    outcome: RunOutcome,
    *,
    error: str | None = None,
    handled: int | None = None,
) -> None:
    """Write down the end; with the database away the run counts as dead, and the job is done."""
    with suppress(SQLAlchemyError), mine.session() as session:
        runs.end(session, run_id=run_id, outcome=outcome, error=error, handled=handled)
