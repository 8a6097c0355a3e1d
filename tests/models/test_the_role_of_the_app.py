"""Direct SQL as the application's own role: what it must not do to the books, it cannot.

Refused by a missing right (42501) or, where the application needs the right, by a rule's name. The
attacks in test_guarantees_transfers and _accounts are tried as this role as well.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import answer_of
from tests.attacks import insert
from tests.models import test_guarantees_accounts as accounts
from tests.models import test_guarantees_books as books
from tests.models import test_guarantees_transfers as transfers

NO_RIGHT = "42501"
FOR_EVER = (
    "transfer",
    "batch",
    "limit_change",
    "reconciliation",
    "balance_difference",
    "balance_repair",
    "ledger_head",
    "ledger_mark",
    "account_mark",
    "alembic_version",
)

WRITES = [
    *[Attack(NO_RIGHT, f"delete from {table}", f"DELETE FROM {table}") for table in FOR_EVER],  # noqa: S608
    Attack(NO_RIGHT, "delete turns", "DELETE FROM claim"),
    Attack(NO_RIGHT, "become an operator", insert("operator", {"person_id": ":ama_person"})),
    Attack(NO_RIGHT, "dismiss the operators", "DELETE FROM operator"),
    Attack(NO_RIGHT, "rewrite who decided", "UPDATE notice_decision SET decided_by = 1"),
    Attack(NO_RIGHT, "delete exchanges", "DELETE FROM exchange"),
    Attack(NO_RIGHT, "delete what was said about one", "DELETE FROM exchange_step"),
    Attack(NO_RIGHT, "rewrite who said it", "UPDATE exchange_step SET by_id = :sam"),
    *[
        Attack(NO_RIGHT, f"change a transfer: {change}", f"UPDATE transfer SET {change}")  # noqa: S608
        for change in (
            "minutes = 1",
            "kind = 'gift'",
            "credit_id = :ama_account",
            "happened_on = now()",
            "created_by = :sam",
            "claim_id = NULL",
        )
    ],
    *[
        Attack(NO_RIGHT, f"change an account: {change}", f"UPDATE account SET {change}")  # noqa: S608
        for change in (
            "balance = 0",
            "balance = balance + 60",
            "floor = -9999",
            "soft_floor = NULL",
            "ceiling = NULL",
            "membership_id = :sam",
            "kind = 'pot'",
            "community_id = :ashford",
        )
    ],
    Attack(NO_RIGHT, "rewrite a batch", "UPDATE batch SET title = 'x'"),
    Attack(NO_RIGHT, "rewrite a proof", "UPDATE reconciliation SET balance_sum = 0"),
    Attack(NO_RIGHT, "talk a difference down", "UPDATE balance_difference SET stored = 0"),
    Attack(NO_RIGHT, "publish another head", "UPDATE ledger_head SET head = repeat('a', 64)"),
    Attack(NO_RIGHT, "repair a balance", insert("balance_repair", books.REPAIR)),
    Attack(
        "read_only_ends_by_repair",
        "open an account",
        "UPDATE account SET read_only_since = NULL",
        first="UPDATE account SET read_only_since = now() WHERE id = :bela_account",
    ),
    Attack(NO_RIGHT, "rewrite a memo", "UPDATE memo SET words = 'x'"),
    Attack(NO_RIGHT, "rewrite why limits changed", "UPDATE limit_change SET reason = 'x'"),
    *[
        Attack(NO_RIGHT, f"empty {table}", f"TRUNCATE {table} CASCADE")
        for table in ("transfer", "account", "claim", "person")
    ],
    *[
        Attack(NO_RIGHT, what, sql)
        for what, sql in {
            "switch the rules off": "SET session_replication_role = replica",
            "switch one rule off": "ALTER TABLE transfer DISABLE TRIGGER transfer_check",
            "drop a rule": "ALTER TABLE transfer DROP CONSTRAINT minutes_range",
            "drop the books": "DROP TABLE transfer CASCADE",
            "replace a rule": "CREATE OR REPLACE FUNCTION transfer_check() RETURNS trigger"
            " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "read the server's files": "COPY transfer TO '/tmp/books'",
            "own the books": "ALTER TABLE transfer OWNER TO timebank_app",
        }.items()
    ],
]
FORGERIES = [
    attack
    for module in (accounts, transfers)
    for attack in module.ATTACKS
    if attack.sql.startswith("INSERT") and attack.first.startswith(("SELECT", "INSERT"))
]


def answer(town, attack):
    with town.engine.connect() as connection:
        connection.execute(sa.text("SET LOCAL ROLE timebank_app"))
        town.run(connection, attack.first)
        try:
            town.run(connection, attack.sql)
            connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
        except sa.exc.DBAPIError as error:
            return answer_of(error)
    return ALLOWED


def test_there_are_enough_of_them():
    assert len(WRITES) >= 30
    assert len(FORGERIES) >= 30


@pytest.mark.parametrize("attack", [*WRITES, *FORGERIES], ids=str)
def test_the_role_of_the_app_is_refused(town, attack):
    assert answer(town, attack) == attack.rule


def test_the_role_of_the_app_may_add_to_the_books(town):
    gift = Attack(ALLOWED, "a gift", insert("transfer", transfers.GIFT))
    assert answer(town, gift) == ALLOWED


def test_every_connection_of_the_app_takes_the_role(engine):
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT current_user")) == "timebank_app"
