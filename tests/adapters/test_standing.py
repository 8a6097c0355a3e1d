"""What `timebank doctor` says of jobs, messages that wait, and the books."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.notices import owe
from timebank.adapters.standing import check_standing
from timebank.core import clock
from timebank.core.health import Part
from timebank.core.works import QueueName
from timebank.domain import ledger
from timebank.domain.operations import runs
from timebank.models import JobRun
from timebank.models import RunOutcome

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def walk(session: Session):
    walk = builders.a_walk(session)
    session.commit()
    return walk


def told(engine: sa.Engine) -> dict[str, str]:
    return {part.name: part.problem for part in check_standing(engine) if not part.ok}


def ended(session: Session, outcome: RunOutcome, error: str | None = None) -> None:
    number = runs.begin(session, function="a.b", queue=QueueName.BOOKS, lasts=MINUTE)
    runs.end(session, run_id=number, outcome=outcome, error=error, handled=1)
    session.commit()


def test_installation_of_today_is_well(engine, walk):
    assert check_standing(engine) == [Part(name, ok=True) for name in ("jobs", "waiting", "books")]


def test_job_is_told_of_until_it_ends_well(engine, session, walk):
    ended(session, RunOutcome.FAILED, "ValueError in jobs/x.py:3")
    assert told(engine) == {"jobs": "At its last run a.b failed (ValueError in jobs/x.py:3)."}
    ended(session, RunOutcome.STOPPED)
    assert told(engine) == {}


def test_job_that_is_gone_is_told_of_for_a_week(engine, session, walk):
    ended(session, RunOutcome.FAILED, "ValueError in jobs/x.py:3")
    for days, names in ((6, {"jobs"}), (8, set())):
        at = clock.now() - dt.timedelta(days=days)
        session.execute(sa.update(JobRun).values(started_at=at, ended_at=at))
        session.commit()
        assert set(told(engine)) == names


def test_messages_that_wait_a_quarter_of_an_hour_are_told_of(engine, session, walk):
    owe(session, walk.bela, due_in=-14 * MINUTE)
    assert told(engine) == {}
    owe(session, walk.bela, due_in=-40 * MINUTE)
    assert told(engine) == {
        "waiting": "2 messages wait, the oldest for 40 minutes: look at the mail."
    }


def test_books_that_were_not_proved_last_night_are_told_of(engine, session, walk):
    ledger.reconcile(session, now=clock.now() - dt.timedelta(hours=27))
    session.commit()
    assert told(engine) == {
        "books": "Not proved since yesterday in Bexley: run `timebank reconcile`."
    }
    ledger.reconcile(session, now=clock.now())
    session.commit()
    assert told(engine) == {}


def test_books_that_do_not_add_up_are_told_of(engine, owner, session, walk):
    account = builders.account_of(session, walk.bela).id
    session.commit()
    with owner.begin() as connection:
        connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        connection.execute(sa.text("UPDATE account SET balance = 5 WHERE id = :i"), {"i": account})
    ledger.reconcile(session, now=clock.now())
    session.commit()
    assert told(engine) == {"books": "They do not add up in Bexley: see /books/differences."}
