"""Accounts: one holder for ever, and a balance that only transfers move."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import Effect
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

LIMITS = {
    "community_id": ":bexley",
    "account_id": ":bela_account",
    "floor": "-900",
    "soft_floor": "-300",
    "ceiling": "6000",
    "reason": "'She asked'",
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
        "only_issuers_have_no_floor",
        "a pot without end",
        insert("account", POT, floor="NULL"),
    ),
    Attack("account_ceiling", "a ceiling below zero", insert("account", POT, ceiling="-1")),
    Attack("account_soft_floor", "a kind word too late", insert("account", POT, soft_floor="-1")),
    Attack(
        "account_soft_floor", "a kind word to the rich", insert("account", POT, soft_floor="1")
    ),
    Attack("pot_says_what_it_is_for", "in no words", insert("account", POT, about="''")),
    Attack("pot_says_what_it_is_for", "501", insert("account", POT, about="repeat('x', 501)")),
    Attack(
        "pot_says_what_it_is_for",
        "on a member's account",
        update("account", "about = 'For me'", "bela_account"),
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
    Attack(
        "one_opening_account",
        "a second source of hours brought forward",
        insert("account", POT, kind="'opening'", name="NULL", floor="NULL"),
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
        insert("limit_change", LIMITS, account_id=":ama_account", floor="-1", soft_floor="NULL"),
        first=insert("transfer", GIFT),
    ),
    Attack(
        "floor_not_above_balance",
        "a first floor, for the source of hours",
        insert("limit_change", LIMITS, account_id=":commons", floor="-1", soft_floor="NULL"),
    ),
    Attack(
        "limits_only_by_a_change",
        "a lower floor by hand",
        update("account", "floor = -900", "bela_account"),
    ),
    Attack(
        "limits_only_by_a_change",
        "a kind word by hand",
        update("account", "soft_floor = -60", "bela_account"),
    ),
    Attack(
        "limits_only_by_a_change",
        "a ceiling by hand",
        update("account", "ceiling = 60", "bela_account"),
    ),
    Attack(
        "account_closes_empty",
        "closed with hours in it",
        update("account", "closed_at = now()", "bela_account"),
    ),
]

CHANGES = [
    Attack("limit_change_reason", "without", insert("limit_change", LIMITS, reason="''")),
    Attack(
        "limit_change_reason", "201", insert("limit_change", LIMITS, reason="repeat('x', 201)")
    ),
    Attack(
        "limit_change_of_an_account",
        "of another community's",
        insert("limit_change", LIMITS, account_id=":chi_account"),
    ),
    Attack(
        "limit_change_by_a_member",
        "by a stranger",
        insert("limit_change", LIMITS, created_by=":chi"),
    ),
    Attack("limit_change_immutable", "rewritten", update("limit_change", "floor = -1", "limits")),
    Attack("limit_change_immutable", "deleted", delete("limit_change", "limits")),
]

POLICY = {
    "community_id": ":bexley",
    "pot_id": ":pot",
    "minutes": "120",
    "most_a_year": "2",
    "words": "'When somebody has been ill'",
    "changed_by": ":ama",
}
DECIDED = insert("top_up_policy", POLICY)

POLICIES = [
    *[
        Attack(rule, f"{column} of {value}", insert("top_up_policy", POLICY, **{column: value}))
        for rule, column, value in [
            ("top_up_minutes", "minutes", "14"),
            ("top_up_minutes", "minutes", "1441"),
            ("top_up_most_a_year", "most_a_year", "0"),
            ("top_up_most_a_year", "most_a_year", "13"),
            ("top_up_words", "words", "''"),
            ("top_up_words", "words", "repeat('x', 501)"),
            ("top_up_from_here", "pot_id", ":chi_account"),
            ("top_up_policy_by_a_member", "changed_by", ":chi"),
        ]
    ],
    Attack("top_up_policy_pkey", "two policies", DECIDED, first=DECIDED),
]

ATTACKS = [*SHAPE, *OWNERS, *BALANCES, *CHANGES, *POLICIES]

EFFECTS = [
    Effect(
        "limit_change_applies",
        "the account follows",
        insert("limit_change", LIMITS),
        "SELECT (floor, soft_floor, ceiling)::text FROM account WHERE id = :bela_account",
    ),
]

LEGAL = [
    legal("a pot of nobody in particular", insert("account", POT)),
    legal("a cause", insert("account", POT, kind="'cause'", about="'Soup for all'")),
    legal("a lower floor", insert("limit_change", LIMITS)),
    legal(
        "a higher floor, below the balance",
        insert("limit_change", LIMITS, floor="-1", soft_floor="NULL"),
    ),
    legal("an empty account closed", update("account", "closed_at = now()", "nadia_account")),
    legal("a pot renamed", update("account", "name = 'Tea money'", "pot")),
    legal("an account that never moved, deleted", delete("account", "nadia_account")),
]


@pytest.mark.parametrize("effect", EFFECTS, ids=str)
def test_the_database_answers_with(town, effect):
    assert town.changed(effect)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
