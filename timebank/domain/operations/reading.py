"""What there is to see of the works in the database: a handful of statements, however much.

The page, the metrics and `timebank doctor` all read these. Ages and counts are the database's:
its clock decides what is due (`timebank.domain.notices.delivery`). Nothing here names anybody but
`troubled`, which is for the operator's page alone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.core.text import public_name
from timebank.core.works import QueueName
from timebank.domain.notices import watching
from timebank.domain.notices.delivery import TAKES_NO_MAIL
from timebank.models import NoticeState
from timebank.models import RunOutcome

WEEK = dt.timedelta(days=7)
LATE = dt.timedelta(minutes=15)
MOST_COUNTED = 10_000  # of what waits: beyond that the exact figure helps nobody
TROUBLED = 50
BROKEN = 20

MAIL = sa.text("""
WITH due AS MATERIALIZED (
  SELECT FROM notice
   WHERE state IN ('pending', 'leased', 'handover') AND expires_at > now()
     AND (not_before <= now() OR due_at IS NOT NULL)
   LIMIT :most),
sent AS MATERIALIZED (
  SELECT greatest(extract(epoch FROM sent_at - coalesce(due_at, not_before)), 0) AS waited
    FROM notice WHERE sent_at > now() - interval '1 day'
     AND (way IS NULL OR way NOT IN ('letter', 'voice'))),  -- paper takes its time
gone AS MATERIALIZED (
  SELECT state FROM notice
   WHERE state IN ('failed', 'expired', 'uncertain') AND not_before > now() - :week)
SELECT (SELECT count(*) FROM due) AS due,
       (SELECT count(*) FROM sent) AS sent,
       (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY waited) FROM sent) AS half,
       (SELECT max(waited) FROM sent) AS longest,
       (SELECT count(*) FROM gone WHERE state = 'failed') AS failed,
       (SELECT count(*) FROM gone WHERE state = 'expired') AS expired,
       (SELECT count(*) FROM notice WHERE state = 'uncertain') AS uncertain
""")

TROUBLE = sa.text("""
SELECT n.id, n.kind, n.state, coalesce(n.due_at, n.not_before) AS due_at, n.last_error,
       n.expires_at > now() AS is_worth, c.name AS community, p.full_name
  FROM notice n JOIN community c ON c.id = n.community_id
  LEFT JOIN profile p ON p.person_id = n.person_id
 WHERE n.state = 'uncertain'
    OR n.state = 'failed' AND n.not_before > now() - :week
       AND n.last_error IS DISTINCT FROM :takes_no_mail
 ORDER BY n.state = 'uncertain' DESC, n.not_before DESC LIMIT :most
""")

# From job to job along the index: a week has a hundred thousand runs, and thirty jobs.
LATEST = sa.text("""
WITH RECURSIVE latest AS (
  (SELECT * FROM job_run ORDER BY function, id DESC LIMIT 1)
  UNION ALL
  SELECT next.*
    FROM latest CROSS JOIN LATERAL (
      SELECT * FROM job_run j WHERE j.function > latest.function
       ORDER BY function, id DESC LIMIT 1) next)
SELECT function, queue, started_at, ended_at, outcome, error, handled FROM latest
 ORDER BY function
""")

BROKE = sa.text("""
SELECT function, queue, started_at, ended_at, outcome, error, handled
  FROM job_run
 WHERE outcome IN ('failed', 'died') AND started_at > now() - :week
 ORDER BY id DESC LIMIT :most
""")

OUTCOMES = sa.text("""
SELECT function, outcome, count(*) AS runs, coalesce(sum(handled), 0) AS handled
  FROM job_run WHERE outcome IS NOT NULL AND started_at > now() - :week
 GROUP BY function, outcome ORDER BY function, outcome
""")

BOOKS = sa.text("""
SELECT c.name, r.ran_at, r.proved
  FROM community c
  LEFT JOIN LATERAL (
    SELECT ran_at, proved FROM reconciliation
     WHERE community_id = c.id ORDER BY ran_at DESC, id DESC LIMIT 1) r ON true
 ORDER BY c.name, c.id
""")

ZONES = sa.text("SELECT DISTINCT timezone FROM community ORDER BY timezone")

# The table of addresses that bounced, where the database has one.
HAS_SUPPRESSED = sa.text("SELECT to_regclass('mail_suppression') IS NOT NULL")
SUPPRESSED = sa.text(
    "SELECT count(*) FROM mail_suppression WHERE since IS NOT NULL AND lifted_at IS NULL"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """How the messages are getting on.

    Attributes:
        due: How many should be sent by now, or were put back; counted up to ten thousand.
        oldest_seconds: How long the oldest of them has been due; None: none is.
        sent: How many were taken by the mail server within a day.
        half_seconds: Half of those waited no longer than this; None: there were none.
        longest_seconds: The one that waited longest.
        failed: How many the mail server refused for good within a week.
        expired: How many became too late to tell within a week.
        uncertain: Of how many nobody knows whether they arrived, however old.
    """

    due: int
    oldest_seconds: float | None
    sent: int
    half_seconds: float | None
    longest_seconds: float | None
    failed: int
    expired: int
    uncertain: int

    @property
    def is_late(self) -> bool:
        """Whether the oldest has been due for longer than a busy quarter of an hour explains."""
        return self.oldest_seconds is not None and self.oldest_seconds > LATE.total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubled:
    """A message that did not go its way; `name` is a public name, empty for nobody any more."""

    id: int
    kind: str
    state: NoticeState
    due_at: dt.datetime
    why: str
    community: str
    name: str
    is_worth_sending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of a job; without an outcome it is still going on."""

    function: str
    queue: QueueName
    started_at: dt.datetime
    ended_at: dt.datetime | None
    outcome: RunOutcome | None
    error: str | None
    handled: int | None

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it goes on."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None

    @property
    def is_broken(self) -> bool:
        """Whether it failed or died."""
        return self.outcome in {RunOutcome.FAILED, RunOutcome.DIED}


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How often the runs of one job ended one way within a week, and how many that handled."""

    function: str
    outcome: RunOutcome
    runs: int
    handled: int


@dataclass(frozen=True, slots=True)
class Books:
    """The latest proof of one community's books; None: they were never proved."""

    community: str
    ran_at: dt.datetime | None
    is_proved: bool

    @property
    def is_wrong(self) -> bool:
        """Whether they did not add up."""
        return self.ran_at is not None and not self.is_proved


def read_mail(session: Session) -> Mail:
    """Tell how the messages are getting on, in two statements."""
    oldest = watching.oldest_pending(session)
    row = session.execute(MAIL, {"most": MOST_COUNTED, "week": WEEK}).one()
    return Mail(
        due=row.due,
        oldest_seconds=oldest.waits.total_seconds() if oldest else None,
        sent=row.sent,
        half_seconds=_seconds(row.half),
        longest_seconds=_seconds(row.longest),
        failed=row.failed,
        expired=row.expired,
        uncertain=row.uncertain,
    )


def troubled(session: Session) -> list[Troubled]:
    """List the messages in doubt, then the refused ones of a week; the latest fifty.

    Those to addresses that take no mail are left out: their people are rung.
    """
    values = {"most": TROUBLED, "week": WEEK, "takes_no_mail": TAKES_NO_MAIL}
    return [
        Troubled(
            id=row.id,
            kind=row.kind,
            state=NoticeState(row.state),
            due_at=row.due_at,
            why=row.last_error or "",
            community=row.community,
            name=public_name(row.full_name) if row.full_name else "",
            is_worth_sending=row.state == NoticeState.UNCERTAIN and row.is_worth,
        )
        for row in session.execute(TROUBLE, values)
    ]


def latest_runs(session: Session) -> dict[str, Run]:
    """Give each job's latest run, by its short name."""
    return {row.function: _run(row) for row in session.execute(LATEST)}


def broken_runs(session: Session) -> list[Run]:
    """List the runs of a week that failed or died, the latest first."""
    return [_run(row) for row in session.execute(BROKE, {"most": BROKEN, "week": WEEK})]


def outcomes(session: Session) -> list[Outcomes]:
    """Count how the runs of a week ended, job by job."""
    return [
        Outcomes(row.function, RunOutcome(row.outcome), row.runs, row.handled)
        for row in session.execute(OUTCOMES, {"week": WEEK})
    ]


def read_books(session: Session) -> list[Books]:
    """Give the latest proof of every community's books."""
    return [Books(row.name, row.ran_at, bool(row.proved)) for row in session.execute(BOOKS)]


def zones(session: Session) -> list[str]:
    """Name the time zones in which there are communities."""
    return list(session.scalars(ZONES))


def suppressed_addresses(session: Session) -> int | None:
    """Count the addresses nothing is sent to any more; None where none are kept."""
    if not session.scalar(HAS_SUPPRESSED):
        return None
    return int(session.scalar(SUPPRESSED) or 0)


def _run(row: sa.Row[tuple[object, ...]]) -> Run:
    return Run(
        function=row.function,
        queue=QueueName(row.queue),
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=RunOutcome(row.outcome) if row.outcome else None,
        error=row.error,
        handled=row.handled,
    )


def _seconds(figure: float | None) -> float | None:
    return float(figure) if figure is not None else None
