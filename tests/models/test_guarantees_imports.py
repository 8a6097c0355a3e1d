"""Imported entries: a whole bank's in one statement, each account moved once by their sum."""

from __future__ import annotations

import pytest

from tests.attacks import Attack
from tests.attacks import Effect
from tests.attacks import insert
from tests.models.test_guarantees_transfers import GIFT

IMPORTED = {**GIFT, "kind": "'imported'", "batch_id": ":batch", "created_by": ":nadia"}
EFFECTS = [
    Effect(
        "transfer_apply",
        "an imported entry moves the balances",
        insert("transfer", IMPORTED),
        "SELECT balance FROM account WHERE id = :sam_account",
    ),
]
ATTACKS: list[Attack] = []
MANY = f"""
INSERT INTO transfer ({", ".join(IMPORTED)})
SELECT {", ".join(IMPORTED.values())} FROM generate_series(1, 3)
"""  # noqa: S608
BALANCES = """
SELECT array_agg(balance ORDER BY id = :bela_account DESC) FROM account
 WHERE id IN (:bela_account, :sam_account)
"""


@pytest.mark.parametrize("effect", EFFECTS, ids=str)
def test_the_database_answers_with(town, effect):
    assert town.changed(effect)


@pytest.mark.parametrize(("sql", "minutes"), [(insert("transfer", IMPORTED), 60), (MANY, 180)])
def test_imported_entries_move_both_balances_once(town, sql, minutes):
    with town.engine.connect() as connection:
        bela, sam = town.ask(connection, BALANCES)
        town.run(connection, sql)
        assert town.ask(connection, BALANCES) == [bela - minutes, sam + minutes]
        assert town.ask(connection, "SELECT sum(balance) FROM account") == 0
        assert town.ask(connection, "SELECT count(*) FROM transfer WHERE kind = 'imported'") == (
            minutes // 60
        )


def test_another_entry_beside_imported_ones_moves_by_itself(town):
    with town.engine.connect() as connection:
        bela, sam = town.ask(connection, BALANCES)
        rows = ", ".join(
            f"({', '.join({**IMPORTED, 'kind': kind}.values())})"
            for kind in ("'imported'", "'share'", "'imported'")
        )
        town.run(connection, f"INSERT INTO transfer ({', '.join(IMPORTED)}) VALUES {rows}")  # noqa: S608
        assert town.ask(connection, BALANCES) == [bela - 180, sam + 180]
