"""The database that tests share one after another: nothing of one reaches the next."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from tests import builders
from tests.databases import Database
from tests.databases import connect

TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
NUMBERS = "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"
WHICH = "SELECT oid FROM pg_database WHERE datname = current_database()"

Ask = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture
def ask(database: Database) -> Ask:
    """Ask the database as it is now, on a connection that is closed at once."""

    def run(sql: str) -> list[tuple[object, ...]]:
        with connect(database.url) as connection:
            answer = connection.execute(sql)
            return answer.fetchall() if answer.description else []

    return run


@pytest.fixture(autouse=True)
def begun(database: Database) -> None:
    database.begin()


def filled(ask: Ask) -> set[object]:
    """The tables that hold something."""
    return {name for (name,) in ask(TABLES) if ask(f"SELECT 1 FROM {name} LIMIT 1")}  # noqa: S608


def write(database: Database) -> None:
    with Session(sa.create_engine(database.url)) as session:
        builders.a_walk(session)
        session.commit()
        session.get_bind().dispose()


def test_rows_are_gone_and_numbers_begin_anew(database: Database, ask: Ask) -> None:
    numbers, which = ask(NUMBERS), ask(WHICH)
    write(database)
    assert {"person", "event", "slot"} < filled(ask)
    assert ask(NUMBERS) != numbers
    database.begin()
    assert filled(ask) == {"alembic_version"}
    assert ask(NUMBERS) == numbers
    assert ask(WHICH) == which  # and it is the same database


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE claim ADD COLUMN colour text",
        "ALTER TABLE transfer DROP CONSTRAINT transfer_claim_id_fkey",
        "DROP TRIGGER claim_no_truncate ON claim",
        "ALTER TABLE claim DISABLE TRIGGER claim_no_truncate",
        "CREATE OR REPLACE FUNCTION refuse_as(name text) RETURNS void LANGUAGE sql AS ''",
        "DROP INDEX one_live_claim_per_person",
        "GRANT DELETE ON transfer TO timebank_app",
        "CREATE TABLE extra ()",
        "UPDATE alembic_version SET version_num = 'another'",
        "DELETE FROM alembic_version",
        "INSERT INTO person (erased_at) VALUES (now())",
    ],
)
def test_what_a_test_did_to_the_schema_is_undone(
    database: Database, ask: Ask, change: str
) -> None:
    shape, which = ask(database._ask_shape), ask(WHICH)
    ask(change)
    is_untouched = ask(database._ask_shape) == shape
    database.begin()
    assert (ask(WHICH) == which) == is_untouched == change.startswith("INSERT")


def test_one_that_has_grown_is_made_anew(database: Database, ask: Ask) -> None:
    which = ask(WHICH)
    ask("INSERT INTO person (erased_at) SELECT now() FROM generate_series(1, 500)")
    database.begin()
    assert ask(WHICH) != which


def test_whoever_is_still_connected_is_sent_away(database: Database) -> None:
    with connect(database.url) as stranger:
        stranger.execute("BEGIN; LOCK TABLE claim")
        database.begin()
        with pytest.raises(psycopg.OperationalError):
            stranger.execute("SELECT 1")


def test_who_left_a_transaction_open_does_not_hold_up_the_next(
    database: Database, ask: Ask
) -> None:
    which = ask(WHICH)
    engine = database.engines.create(database.url)
    connection = engine.connect()
    connection.exec_driver_sql("LOCK TABLE claim")
    database.begin()
    assert ask(WHICH) != which
    with pytest.raises(sa.exc.OperationalError):
        connection.exec_driver_sql("SELECT 1")
    connection.close()


def test_each_who_asks_within_a_test_has_an_engine_of_their_own(database: Database) -> None:
    first, second = (database.engines.create(database.url) for _ in range(2))
    assert first is not second
    database.begin()
    assert database.engines.create(database.url) is first
