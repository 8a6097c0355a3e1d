"""What a job works with: settings, a database engine, and how patient to be.

A worker process binds them once, before its first job; each job runs in a child that inherits
them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.adapters.mail import TIMEOUT_SECONDS
from timebank.core.settings import Settings
from timebank.db import CONNECTION_LIMITS

CONNECT_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patient delivery is.

    A lease outlasts the process of a job: 90 seconds, and 90 more until it is killed for certain.
    A job outlasts the slowest answer of a mail server and a database that is restarted meanwhile.

    Attributes:
        lease: How long one worker has a notice to itself.
        back_off: How long a notice waits after a try that did not work, and the longest that all
            mail rests.
        rest: How long all mail rests when the mail server is away, the first time.
        drain: How long one job goes on to take notices.
        smtp_seconds: How long to wait for each answer of the mail server.
        note: How long to try to write down what became of a message, while the database is away.
    """

    lease: dt.timedelta = dt.timedelta(seconds=240)
    back_off: dt.timedelta = dt.timedelta(seconds=300)
    rest: dt.timedelta = dt.timedelta(seconds=5)
    drain: dt.timedelta = dt.timedelta(seconds=20)
    smtp_seconds: float = TIMEOUT_SECONDS
    note: dt.timedelta = dt.timedelta(seconds=30)


@dataclass(slots=True)
class Tools:
    """What the jobs of this process work with.

    Attributes:
        stopping: Set when the process was asked to stop: finish what you hold, take no more.
        was_away: Whether the mail server may be noted as away. True at the start: an earlier
            process may have noted it.
        texts_rest_until: Until when this process leaves a text gateway alone that was away, by the
            monotonic clock.
    """

    settings: Settings
    engine: sa.Engine
    pace: Pace
    stopping: bool = False
    was_away: bool = True
    texts_rest_until: float = 0.0

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session that commits at the end, and undoes everything when something raises."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def forget_connections(self) -> None:
        """Let go of what a parent process opened, without closing it under the parent."""
        self.engine.dispose(close=False)

    def stop(self) -> None:
        """Ask the job that runs to end soon."""
        self.stopping = True


_bound: list[Tools] = []


def open_tools(settings: Settings, *, pace: Pace | None = None) -> Tools:
    """Get tools ready; nothing is connected yet."""
    engine = sa.create_engine(
        settings.database_url,
        pool_size=2,  # what delivery keeps at hand, and one beside it
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,  # a failed statement is logged, and must not tell who is who
        connect_args={"options": CONNECTION_LIMITS, "connect_timeout": CONNECT_SECONDS},
    )
    return Tools(settings=settings, engine=engine, pace=pace or Pace())


def bind(tools: Tools) -> None:
    """Give the jobs of this process their tools."""
    _bound[:] = [tools]


def current() -> Tools:
    """Get the tools of this process.

    Raises:
        LookupError: When none were bound.
    """
    if not _bound:
        raise LookupError("no tools: bind() them before the first job")
    return _bound[0]
