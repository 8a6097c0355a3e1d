"""What the operator of an installation looks at: runs of jobs, decisions, and who that is."""

from __future__ import annotations

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from timebank.core.works import QueueName
from timebank.db import Base
from timebank.models.notices import NoticeState
from timebank.models.types import CreatedAt
from timebank.models.types import Key
from timebank.models.types import choice
from timebank.models.types import one_of


class RunOutcome(enum.StrEnum):
    """How a run of a job ended.

    `stopped`: its process was asked to stop, and it ended at the next good place. `died`: nobody
    heard how it ended; its process was killed.
    """

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    DIED = "died"


class JobRun(Base):
    """One run of a job: what, when, how long, how it ended.

    Of runs that were done and handled nothing only each job's latest is kept. `error` names what
    broke and where in the program, never what it was about.

    Attributes:
        function: The job, without the package: `claims.lapse_holds`.
        lasts_until: When its process has been killed for certain, if it has not ended.
        handled: How many it did something about; None: it doesn't say.
    """

    __tablename__ = "job_run"

    id: Mapped[Key]
    function: Mapped[str]
    queue: Mapped[QueueName] = mapped_column(choice(QueueName))
    started_at: Mapped[CreatedAt]
    lasts_until: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    outcome: Mapped[RunOutcome | None] = mapped_column(choice(RunOutcome))
    error: Mapped[str | None]
    handled: Mapped[int | None] = mapped_column(sa.Integer)

    __table_args__ = (
        one_of("queue", QueueName, "job_run_queue"),
        one_of("outcome", RunOutcome, "job_run_outcome"),
        sa.CheckConstraint("function ~ '^[a-z_]+[.][a-z_]+$'", name="job_run_function"),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="job_run_ends_somehow"),
        sa.CheckConstraint(
            "ended_at >= started_at AND lasts_until > started_at", name="job_run_ends_afterwards"
        ),
        sa.CheckConstraint(
            "(error IS NOT NULL) = (coalesce(outcome, '') IN ('failed', 'died'))",
            name="job_run_says_what_broke",
        ),
        sa.CheckConstraint("error ~ '^[^\\n]{1,200}$'", name="job_run_error"),
        sa.CheckConstraint("handled >= 0", name="job_run_handled"),
        sa.Index("job_run_log", "function", sa.text("id DESC")),
        sa.Index("job_run_day", "started_at"),
        sa.Index(
            "job_run_idle",
            "function",
            postgresql_where=sa.text("outcome = 'done' AND coalesce(handled, 0) = 0"),
        ),
        sa.Index(
            "job_run_broken",
            sa.text("id DESC"),
            postgresql_where=sa.text("outcome IN ('failed', 'died')"),
        ),
        sa.Index("job_run_open", "lasts_until", postgresql_where=sa.text("ended_at IS NULL")),
    )


class Operator(Base):
    """A person who looks after the installation itself, whatever communities live on it.

    Goes with their profile when they are erased.
    """

    __tablename__ = "operator"

    person_id: Mapped[int] = mapped_column(
        sa.ForeignKey("profile.person_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    named_at: Mapped[CreatedAt]


class Decision(enum.StrEnum):
    """What an operator decided about a notice: send it again, or leave it as it is."""

    SEND_AGAIN = "send_again"
    PUT_AWAY = "put_away"


class NoticeDecision(Base):
    """That an operator decided about a notice that did not go its way, who and when.

    Attributes:
        was: Where the notice stood before.
    """

    __tablename__ = "notice_decision"

    id: Mapped[Key]
    notice_id: Mapped[int] = mapped_column(
        sa.ForeignKey("notice.id", ondelete="CASCADE"), index=True
    )
    decision: Mapped[Decision] = mapped_column(choice(Decision))
    was: Mapped[NoticeState] = mapped_column(choice(NoticeState))
    decided_by: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        one_of("decision", Decision, "notice_decision_kind"),
        sa.CheckConstraint(
            "was = 'uncertain' OR was = 'failed' AND decision = 'put_away'",
            name="only_uncertain_is_sent_again",
        ),
    )
