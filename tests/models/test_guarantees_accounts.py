"""Accounts: one holder for ever, and a balance that only transfers move."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import delete
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

POT = {"community_id": ":bexley", "kind": "'pot'", "name": "'Raffle'", "floor": "0"}
MEMBER = {
    "community_id": ":ashford",
    "kind": "'member'",
    "membership_id": ":bela_there",
    "floor": "-600",
}
GIFT = {
    "idempotency_key": "gen_random_uuid()",
    "community_id": ":bexley",
    "debit_id": ":ama_account",
    "credit_id": ":sam_account",
    "minutes": "60",
    "kind": "'gift'",
    "happened_on": "date '2027-04-26'",
    "created_by": ":ama",
}

SHAPE = [
    Attack("account_kind", "an unknown kind", insert("account", POT, kind="'bank'", name="NULL")),
    Attack(
        "member_account_has_membership",
        "a member's account of nobody",
        insert("account", POT, kind="'member'", name="NULL"),
    ),
    Attack("pot_has_a_name", "a pot without a name", insert("account", POT, name="NULL")),
    Attack("pot_has_a_name", "a pot with an empty name", insert("account", POT, name="''")),
    Attack("pot_has_a_name", "81 letters", insert("account", POT, name="repeat('x', 81)")),
    Attack(
        "pot_has_a_name",
        "a name on a member's account",
        update("account", "name = 'Bela'", "bela_account"),
    ),
    Attack(
        "only_the_community_has_no_floor",
        "a pot without end",
        insert("account", POT, floor="NULL"),
    ),
    Attack("account_floor", "a floor above zero", insert("account", POT, floor="1")),
    Attack(
        "account_community_id_fkey",
        "no such community",
        insert("account", POT, community_id="-1"),
    ),
    Attack(
        "account_of_a_member",
        "another community's member",
        insert("account", MEMBER, community_id=":bexley"),
        first="DELETE FROM account WHERE membership_id = :bela_there",
    ),
    Attack(
        "account_of_a_group",
        "another community's group",
        insert("account", POT, group_id=":ashford_group"),
    ),
    Attack("one_account_per_membership", "a second account", insert("account", MEMBER)),
    Attack(
        "one_community_account",
        "a second source of hours",
        insert("account", POT, kind="'community'", name="NULL", floor="NULL"),
    ),
]

OWNERS = [
    Attack(
        "account_keeps_its_owner",
        "handed to somebody else",
        update("account", "membership_id = :nadia", "bela_account"),
        first=delete("account", "nadia_account"),
    ),
    Attack(
        "account_keeps_its_owner",
        "a member's account turned into a pot",
        update("account", "kind = 'pot', membership_id = NULL, name = 'x'", "bela_account"),
    ),
    Attack(
        "account_keeps_its_owner",
        "moved to another community",
        update("account", "community_id = :ashford, group_id = NULL", "pot"),
    ),
    Attack(
        "membership_keeps_its_owner",
        "handed to somebody else, with its hours",
        update("membership", "person_id = :sam_person", "bela_there"),
    ),
    Attack(
        "membership_keeps_its_owner",
        "moved to another community",
        update("membership", "community_id = :ashford", "sam"),
    ),
]

BALANCES = [
    Attack("account_starts_at_zero", "a gift at birth", insert("account", POT, balance="60")),
    Attack("account_starts_at_zero", "a debt at birth", insert("account", POT, balance="-60")),
    Attack(
        "balance_only_by_transfer",
        "written by hand",
        update("account", "balance = balance + 60", "bela_account"),
    ),
    Attack(
        "balance_only_by_transfer",
        "two written by hand, so that the sum stays zero",
        "UPDATE account SET balance = -balance WHERE id IN (:bela_account, :commons)",
    ),
    Attack(
        "floor_not_above_balance",
        "raised above the balance",
        update("account", "floor = -1", "ama_account"),
        first=insert("transfer", GIFT),
    ),
    Attack(
        "floor_not_above_balance",
        "a first floor, for the source of hours",
        update("account", "floor = -1", "commons"),
    ),
]

ATTACKS = [*SHAPE, *OWNERS, *BALANCES]

LEGAL = [
    legal("a pot of nobody in particular", insert("account", POT)),
    legal("a lower floor", update("account", "floor = -900", "bela_account")),
    legal("a higher floor, below the balance", update("account", "floor = -1", "bela_account")),
    legal("a pot renamed", update("account", "name = 'Tea money'", "pot")),
    legal("an account that never moved, deleted", delete("account", "nadia_account")),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
