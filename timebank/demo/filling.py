"""Fill an empty database with the made-up borough."""

from __future__ import annotations

import datetime as dt
import random

import sqlalchemy as sa
from sqlalchemy.orm import Session

from timebank.demo.board import write_board
from timebank.demo.dates import write_series
from timebank.demo.diary import Diary
from timebank.demo.helping import write_helping
from timebank.demo.history import History
from timebank.demo.mails import write_choices
from timebank.demo.people import settle
from timebank.demo.thanks import write_thanks
from timebank.demo.training import train
from timebank.domain import ledger
from timebank.domain.rota import reminders


def fill(session: Session, *, seed: int, now: dt.datetime) -> None:
    """Write 320 neighbours, 28 groups, fourteen series, half a year of hours, a board, thanks.

    One acts for another, and somebody would like to join.

    Everything is dated around `now`; nobody is owed mail about the past.
    """
    rng = random.Random(seed)  # noqa: S311 - made-up people, not secrets
    borough = settle(session, rng, now)
    plans = write_series(session, borough, now)
    holders = train(session, borough, now)
    Diary(borough, plans, holders, rng, now).write(session)
    session.execute(sa.text("ANALYZE"))  # or PostgreSQL plans the rest for empty tables
    History(session, borough, rng, now).write()
    write_board(session, borough, seed=seed, now=now)
    write_thanks(session, borough, seed=seed, now=now)
    write_helping(session, borough, now=now)
    write_choices(session, borough, now=now)
    reminders.plan_due(session, now=now)
    ledger.reconcile(session, now=now)
