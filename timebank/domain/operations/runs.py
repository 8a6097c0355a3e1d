"""Write down each run of a job: what, when, how long, how it ended.

Most runs of a job that is looked for every minute find nothing to do. Of those only each job's
latest is kept: it says that the job lives, and a hundred thousand more a week would say no more.
Every run that did something, failed, was stopped or died stays for a week.

Times here are the database's own: a run may be begun by one machine and buried by another.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.works import QueueName
from timebank.models import RunOutcome

KEPT_FOR = dt.timedelta(days=7)
LONGEST_ERROR = 200

BEGIN = sa.text("""
INSERT INTO job_run (function, queue, lasts_until)
VALUES (:function, :queue, now() + :lasts) RETURNING id
""")

# A clear end is better than none: a run that was thought dead may still come to it. A clock that
# was put back meanwhile makes no run end before it began.
END = sa.text("""
UPDATE job_run
   SET ended_at = greatest(started_at, clock_timestamp()), outcome = :outcome, error = :error,
       handled = :handled
 WHERE id = :run_id AND (ended_at IS NULL OR outcome = 'died')
RETURNING function
""")

FORGET_IDLE = sa.text("""
DELETE FROM job_run
 WHERE function = :function AND id < :run_id AND outcome = 'done' AND coalesce(handled, 0) = 0
""")

BURY = sa.text("""
UPDATE job_run
   SET ended_at = greatest(started_at, now()), outcome = 'died',
       error = 'killed, or its end could not be written down'
 WHERE ended_at IS NULL AND lasts_until < now()
""")

FORGET_OLD = sa.text("""
DELETE FROM job_run r
 WHERE r.started_at < now() - :kept AND r.ended_at IS NOT NULL
   AND EXISTS (SELECT FROM job_run l WHERE l.function = r.function AND l.id > r.id)
""")


def begin(session: Session, *, function: str, queue: QueueName, lasts: dt.timedelta) -> int:
    """Write down that a job begins -> the number of its run.

    Args:
        lasts: After how long its process has been killed for certain.
    """
    values = {"function": function, "queue": queue.value, "lasts": lasts}
    return session.execute(BEGIN, values).scalar_one()  # type: ignore[no-any-return]


def end(
    session: Session,
    *,
    run_id: int,
    outcome: RunOutcome,
    error: str | None = None,
    handled: int | None = None,
) -> None:
    """Write down how a run ended; one that found nothing replaces those before it."""
    values = {
        "run_id": run_id,
        "outcome": outcome.value,
        "error": _one_line(error),
        "handled": handled,
    }
    function = session.scalar(END, values)
    if function and outcome is RunOutcome.DONE and not handled:
        session.execute(FORGET_IDLE, {"function": function, "run_id": run_id})


def bury(session: Session) -> int:
    """End the runs whose processes were killed -> how many."""
    return session.execute(BURY).rowcount  # type: ignore[attr-defined, no-any-return]


def forget(session: Session) -> int:
    """Delete what is older than a week; each job's latest run stays -> how many."""
    return session.execute(FORGET_OLD, {"kept": KEPT_FOR}).rowcount  # type: ignore[attr-defined, no-any-return]


def _one_line(error: str | None) -> str | None:
    return " ".join(error.split())[:LONGEST_ERROR] or "?" if error is not None else None
