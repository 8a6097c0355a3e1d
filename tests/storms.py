"""Many people at once: each in a thread and a transaction of their own, all let go together."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from timebank.core.errors import TimebankError

Work = Callable[[Session], object]
DONE = "done"


class Storm:
    """A crowd of threads. Works of one `answers` call start at the same moment."""

    def __init__(self, engine: sa.Engine, *, crowd: int = 50):
        self.engine = engine
        self.pool = ThreadPoolExecutor(crowd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pool.shutdown()

    def answers(self, works: Sequence[Work]) -> Counter[str]:
        """Do all works at once -> how often each answer came.

        "done", a refusal by its class, or the database's error by its own: a deadlock is named
        DeadlockDetected, and no test expects one.
        """
        gate = threading.Barrier(len(works))
        return Counter(self.pool.map(lambda work: self._answer(work, gate), works))

    def _answer(self, work: Work, gate: threading.Barrier) -> str:
        with Session(self.engine) as session:
            session.connection()
            gate.wait(timeout=30)
            try:
                work(session)
                session.commit()
            except TimebankError as refusal:
                return type(refusal).__name__
            except sa.exc.DBAPIError as error:
                return error.orig.diag.constraint_name or type(error.orig).__name__
            return DONE


def a_crowd(session: Session, community, size: int):
    """Neighbours by number."""
    return [builders.a_member(session, community, f"N{number} Crowd") for number in range(size)]


def slots_by_date(session: Session, walk: builders.Walk, *, dates: int, places: int):
    """A slot with so many places on each of the next dates of the walk."""
    role = builders.a_role(session, walk.series, name="Barista", places=places, position=9)
    return [
        builders.a_slot(
            session,
            builders.an_event(session, walk.series, walk.event.occurs_on + dt.timedelta(week * 7)),
            role,
        )
        for week in range(1, dates + 1)
    ]
