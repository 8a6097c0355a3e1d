"""The books prove themselves: what was found and repaired stays, and a seal only goes on."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import Effect
from tests.attacks import delete
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update
from timebank.domain.ledger.proving import FAULTS

HEAD = f"'{'a' * 64}'"
READ_ONLY = update("account", "read_only_since = now()", "bela_account")
PROOF = {
    "community_id": ":bexley",
    "kind": "'whole'",
    "ran_at": "now()",
    "transfers": "1",
    **dict.fromkeys(FAULTS, "0"),
}
DIFFERENCE = {
    "community_id": ":bexley",
    "reconciliation_id": ":proof",
    "account_id": ":sam_account",
    "stored": "5",
    "summed": "0",
    "since_transfer_id": "0",
}
REPAIR = {
    "community_id": ":bexley",
    "account_id": ":bela_account",
    "stored": "0",
    "summed": "0",
    "reason": "'A slip of the operator'",
    "by": "'Ama'",
}
MARK = {
    "community_id": ":ashford",
    "upto_id": "9",
    "entries": "9",
    "head": HEAD,
    "marked_at": "now()",
}
NIGHT = {"community_id": ":bexley", "day": "date '2027-04-27'", "entries": "9", "head": HEAD}

PROOFS = [
    Attack("reconciliation_kind", "of another kind", insert("reconciliation", PROOF, kind="'x'")),
    Attack(
        "reconciliation_community_id_fkey",
        "of no community",
        insert("reconciliation", PROOF, community_id="-1"),
    ),
    Attack("difference_is_one", "none", insert("balance_difference", DIFFERENCE, summed="5")),
    Attack(
        "one_difference_per_proof_and_account",
        "twice",
        insert("balance_difference", DIFFERENCE, account_id=":bela_account"),
    ),
    Attack(
        "difference_of_a_proof",
        "no proof",
        insert("balance_difference", DIFFERENCE, reconciliation_id="-1"),
    ),
    Attack(
        "difference_of_an_account",
        "another community's account",
        insert("balance_difference", DIFFERENCE, account_id=":chi_account"),
    ),
    Attack(
        "balance_difference_immutable",
        "talked down",
        update("balance_difference", "stored = 1", "difference"),
    ),
    Attack(
        "balance_difference_immutable",
        "taken out",
        delete("balance_difference", "difference"),
    ),
]

REPAIRS = [
    Attack(
        "read_only_ends_by_repair",
        "opened by hand",
        update("account", "read_only_since = NULL", "bela_account"),
        first=READ_ONLY,
    ),
    Attack(
        "read_only_ends_by_repair",
        "dated anew",
        update("account", "read_only_since = now() + interval '1 day'", "bela_account"),
        first=READ_ONLY,
    ),
    Attack("repair_needs_a_difference", "nothing to repair", insert("balance_repair", REPAIR)),
    Attack(
        "repair_reason", "without", insert("balance_repair", REPAIR, reason="''"), first=READ_ONLY
    ),
    Attack(
        "repair_reason",
        "201 letters",
        insert("balance_repair", REPAIR, reason="repeat('x', 201)"),
        first=READ_ONLY,
    ),
    Attack(
        "repair_by_somebody",
        "by nobody",
        insert("balance_repair", REPAIR, by="''"),
        first=READ_ONLY,
    ),
    Attack(
        "repair_of_an_account",
        "under another community's name",
        insert("balance_repair", REPAIR, community_id=":ashford"),
        first=READ_ONLY,
    ),
    Attack(
        "balance_repair_immutable",
        "another reason afterwards",
        update("balance_repair", "reason = 'x'", "repair"),
    ),
    Attack(
        "balance_repair_immutable", "hushed up", "DELETE FROM balance_repair WHERE id = :repair"
    ),
]

MARKS = [
    Attack("ledger_mark_pkey", "a second", insert("ledger_mark", MARK, community_id=":bexley")),
    Attack(
        "ledger_mark_community_id_fkey",
        "of no community",
        insert("ledger_mark", MARK, community_id="-1"),
    ),
    Attack("ledger_mark_figures", "no head", insert("ledger_mark", MARK, head="'x'")),
    Attack("ledger_mark_figures", "one too many", insert("ledger_mark", MARK, entries="10")),
    Attack(
        "ledger_mark_goes_on",
        "taken back",
        "UPDATE ledger_mark SET upto_id = upto_id - 1 WHERE community_id = :bexley",
    ),
    Attack(
        "ledger_mark_goes_on",
        "fewer entries",
        "UPDATE ledger_mark SET entries = entries - 1 WHERE community_id = :bexley",
    ),
    Attack(
        "account_mark_pkey",
        "a second",
        "INSERT INTO account_mark VALUES (:bela_account, 0)",
        first="INSERT INTO account_mark VALUES (:bela_account, 5)",
    ),
    Attack(
        "account_mark_account_id_fkey", "of no account", "INSERT INTO account_mark VALUES (-1, 0)"
    ),
    Attack(
        "ledger_head_pkey",
        "a second for the night",
        insert("ledger_head", NIGHT, day="date '2027-04-26'"),
    ),
    Attack(
        "ledger_head_community_id_fkey",
        "of no community",
        insert("ledger_head", NIGHT, community_id="-1"),
    ),
    Attack("ledger_head_figures", "no head", insert("ledger_head", NIGHT, head="'x'")),
    Attack("ledger_head_figures", "less than none", insert("ledger_head", NIGHT, entries="-1")),
    Attack(
        "ledger_head_immutable",
        "another head afterwards",
        "UPDATE ledger_head SET head = repeat('a', 64) WHERE community_id = :bexley",
    ),
    Attack(
        "ledger_head_immutable",
        "a night that never was",
        "DELETE FROM ledger_head WHERE community_id = :bexley",
    ),
]

ATTACKS = [*PROOFS, *REPAIRS, *MARKS]

EFFECTS = [
    Effect(
        "balance_repair_applies",
        "the account is open again",
        insert("balance_repair", REPAIR),
        "SELECT read_only_since IS NULL FROM account WHERE id = :bela_account",
        first=READ_ONLY,
    ),
]

LEGAL = [
    legal("another proof", insert("reconciliation", PROOF, kind="'latest'")),
    legal("another account that differs", insert("balance_difference", DIFFERENCE)),
    legal("an account made read-only", READ_ONLY),
    legal("a read-only pot renamed", update("account", "name = 'Tea'", "pot"),
          first=update("account", "read_only_since = now()", "pot")),
    legal("a repair of a read-only account", insert("balance_repair", REPAIR), first=READ_ONLY),
    legal("another community's mark", insert("ledger_mark", MARK)),
    legal(
        "a mark that goes on",
        "UPDATE ledger_mark SET upto_id = upto_id + 1, entries = entries + 1",
    ),
    legal("the next night", insert("ledger_head", NIGHT)),
]  # fmt: skip


@pytest.mark.parametrize("effect", EFFECTS, ids=str)
def test_the_database_answers_with(town, effect):
    assert town.changed(effect)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED


@pytest.mark.parametrize("fault", FAULTS)
def test_books_with_a_fault_are_never_proved(town, fault):
    with town.engine.connect() as connection:
        town.run(connection, insert("reconciliation", PROOF))
        town.run(connection, insert("reconciliation", PROOF, **{fault: "1"}))
        proofs = town.ask(
            connection,
            "SELECT array_agg(proved ORDER BY id) FROM reconciliation WHERE id > :proof",
        )
    assert proofs == [True, False]
