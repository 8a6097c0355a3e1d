"""Transfers: one row, once, for ever; hours for a turn that was done, once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import Effect
from tests.attacks import answer_of
from tests.attacks import delete
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

GIFT = {
    "idempotency_key": "gen_random_uuid()",
    "community_id": ":bexley",
    "debit_id": ":bela_account",
    "credit_id": ":sam_account",
    "minutes": "60",
    "kind": "'gift'",
    "happened_on": "date '2027-04-26'",
    "created_by": ":bela",
}
EARN = {
    **GIFT,
    "debit_id": ":commons",
    "credit_id": ":ama_account",
    "minutes": "90",
    "kind": "'earn'",
    "claim_id": ":unpaid",
    "revision": "0",
    "created_by": ":nadia",
}
FOR_DONE = {"claim_id": ":done", "credit_id": ":bela_account"}
FOR_MISTAKE = {"claim_id": ":mistake", "credit_id": ":sam_account"}
REVERSAL = {
    **GIFT,
    "debit_id": ":sam_account",
    "credit_id": ":bela_account",
    "minutes": "30",
    "kind": "'reversal'",
    "reverses_id": ":gift",
    "created_by": ":nadia",
}
EVERYTHING = "600 + (SELECT balance FROM account WHERE id = :bela_account)"

SHAPE = [
    *[
        Attack(
            "minutes_range",
            f"{minutes} minutes",
            insert("transfer", GIFT, minutes=minutes),
            first=update("account", "floor = -9999", "bela_account"),
        )
        for minutes in ("0", "-5", "1441", "0.4")
    ],
    Attack(
        "two_accounts",
        "from oneself to oneself",
        insert("transfer", GIFT, credit_id=":bela_account"),
    ),
    Attack("transfer_kind", "an unknown kind", insert("transfer", GIFT, kind="'fee'")),
    Attack("transfer_reason", "an empty reason", insert("transfer", GIFT, reason="''")),
    Attack("transfer_reason", "201 letters", insert("transfer", GIFT, reason="repeat('x', 201)")),
    Attack(
        "same_intent_once",
        "a form sent twice",
        insert(
            "transfer",
            GIFT,
            idempotency_key="(SELECT idempotency_key FROM transfer WHERE id = :gift)",
        ),
    ),
    Attack(
        "debit_here",
        "from another community's account",
        insert("transfer", GIFT, debit_id=":ashford_commons"),
    ),
    Attack(
        "debit_here",
        "a payer deleted",
        delete("account", "ama_account"),
        first=insert("transfer", GIFT, debit_id=":ama_account"),
    ),
    Attack(
        "credit_here",
        "to another community's account",
        insert("transfer", GIFT, credit_id=":chi_account"),
    ),
    Attack(
        "credit_here",
        "a receiver deleted",
        delete("account", "pot"),
        first=insert("transfer", GIFT, credit_id=":pot"),
    ),
    Attack(
        "created_by_a_member", "written by a stranger", insert("transfer", GIFT, created_by=":chi")
    ),
]

EARNS = [
    Attack(
        "earn_needs_attended_claim", "hours for nothing", insert("transfer", EARN, claim_id="NULL")
    ),
    Attack(
        "earn_names_its_claim",
        "an earn without revision",
        insert("transfer", EARN, revision="NULL"),
    ),
    Attack(
        "earn_names_its_claim", "an earn as a correction", insert("transfer", EARN, revision="1")
    ),
    Attack(
        "earn_names_its_claim",
        "a gift that names a turn",
        insert("transfer", GIFT, claim_id=":done"),
    ),
    Attack("one_earn_per_claim", "a second earn", insert("transfer", {**EARN, **FOR_DONE})),
    Attack(
        "one_earn_per_claim",
        "a second earn, after the first was reversed",
        insert("transfer", {**EARN, **FOR_MISTAKE}),
    ),
    Attack(
        "one_earn_per_claim",
        "the same correction twice",
        insert("transfer", {**EARN, **FOR_MISTAKE}, kind="'adjust'", revision="1"),
        first=insert("transfer", {**EARN, **FOR_MISTAKE}, kind="'adjust'", revision="1"),
    ),
    *[
        Attack(
            "earn_needs_attended_claim",
            f"hours for {what}",
            insert("transfer", EARN, claim_id=f":{claim}", credit_id=f":{whose}_account"),
        )
        for what, claim, whose in [
            ("a turn still to come", "turn", "bela"),
            ("a hold", "hold", "sam"),
            ("a withdrawn turn", "gone", "nadia"),
            ("a missed turn", "absent", "nadia"),
            ("somebody else's turn", "unpaid", "sam"),
        ]
    ],
    Attack(
        "earn_needs_attended_claim",
        "hours for a turn, to the pot",
        insert("transfer", EARN, credit_id=":pot"),
    ),
    Attack("earn_needs_attended_claim", "no such turn", insert("transfer", EARN, claim_id="-1")),
    Attack(
        "nobody_confirms_own_hours",
        "one's own turn",
        insert("transfer", EARN, created_by=":ama"),
    ),
    Attack(
        "earn_is_paid_by_the_community",
        "hours out of a neighbour's account",
        insert("transfer", EARN, debit_id=":bela_account"),
    ),
    Attack(
        "adjust_after_reversal",
        "a correction beside the standing earn",
        insert("transfer", {**EARN, **FOR_DONE}, kind="'adjust'", revision="1"),
    ),
    Attack(
        "adjust_after_reversal",
        "a correction that skips one",
        insert("transfer", {**EARN, **FOR_MISTAKE}, kind="'adjust'", revision="2"),
    ),
    Attack(
        "adjust_after_reversal",
        "a correction before the earn",
        insert("transfer", EARN, kind="'adjust'", revision="-1"),
    ),
]

REVERSALS = [
    Attack(
        "reversal_names_its_original",
        "of nothing",
        insert("transfer", REVERSAL, reverses_id="NULL"),
    ),
    Attack(
        "reversal_names_its_original",
        "a gift that undoes another",
        insert("transfer", REVERSAL, kind="'gift'"),
    ),
    Attack("reversal_mirrors_original", "of less", insert("transfer", REVERSAL, minutes="29")),
    Attack(
        "reversal_mirrors_original",
        "at somebody else's cost",
        insert("transfer", REVERSAL, debit_id=":ama_account"),
    ),
    Attack(
        "reversal_mirrors_original",
        "in the same direction",
        insert("transfer", REVERSAL, debit_id=":bela_account", credit_id=":sam_account"),
    ),
    Attack(
        "reversal_mirrors_original",
        "of a reversal",
        insert(
            "transfer",
            REVERSAL,
            debit_id=":commons",
            credit_id=":sam_account",
            minutes="90",
            reverses_id=":undone",
        ),
    ),
    Attack(
        "one_reversal_per_transfer",
        "twice",
        insert("transfer", REVERSAL),
        first=insert("transfer", REVERSAL),
    ),
]

FLOORS = [
    Attack(
        "balance_floor",
        "one minute more than there is",
        insert("transfer", GIFT, minutes=f"1 + {EVERYTHING}"),
    ),
    Attack(
        "balance_floor",
        "an empty pot that gives",
        insert("transfer", GIFT, debit_id=":pot"),
    ),
    Attack(
        "balance_floor",
        "hours earned from an empty pot",
        insert("transfer", EARN, debit_id=":pot"),
    ),
]

FOR_EVER = [
    Attack("transfer_immutable", "changed", update("transfer", "minutes = 1", "gift")),
    Attack("transfer_immutable", "another reason", update("transfer", "reason = 'x'", "gift")),
    Attack("transfer_immutable", "deleted", delete("transfer", "gift")),
    Attack("transfer_no_truncate", "all of them deleted", "TRUNCATE transfer"),
    Attack("transfer_no_truncate", "with the accounts", "TRUNCATE account CASCADE"),
]

ATTACKS = [*SHAPE, *EARNS, *REVERSALS, *FLOORS, *FOR_EVER]

LEGAL = [
    legal(
        "a whole day",
        insert("transfer", GIFT, minutes="1440"),
        update("account", "floor = -9999", "bela_account"),
    ),
    legal("all there is, down to the floor", insert("transfer", GIFT, minutes=EVERYTHING)),
    legal("the hours of a turn", insert("transfer", EARN)),
    legal(
        "a correction after the reversal",
        insert("transfer", {**EARN, **FOR_MISTAKE}, kind="'adjust'", revision="1"),
    ),
    legal("a reversal", insert("transfer", REVERSAL)),
    legal(
        "a reversal of hours that are spent, below the floor",
        insert(
            "transfer",
            REVERSAL,
            debit_id=":bela_account",
            credit_id=":commons",
            minutes="90",
            reverses_id=":earned",
        ),
        first=insert("transfer", GIFT, minutes=EVERYTHING),
    ),
    legal(
        "hours out of a pot that has some",
        insert("transfer", EARN, debit_id=":pot"),
        insert("transfer", GIFT, credit_id=":pot", minutes="90"),
    ),
]

EFFECTS = [
    Effect(
        "transfer_apply",
        "a gift moves the balances",
        insert("transfer", GIFT),
        "SELECT balance FROM account WHERE id = :sam_account",
    ),
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


def test_a_transfer_moves_both_balances_and_the_sum_stays_zero(town):
    balances = (
        "SELECT array_agg(balance ORDER BY id = :bela_account DESC) FROM account"
        " WHERE id IN (:bela_account, :sam_account)"
    )
    with town.engine.connect() as connection:
        bela, sam = town.ask(connection, balances)
        town.run(connection, insert("transfer", GIFT))
        assert town.ask(connection, balances) == [bela - 60, sam + 60]
        assert town.ask(connection, "SELECT sum(balance) FROM account") == 0


def test_somebody_below_the_floor_can_be_credited_and_cannot_give(town):
    spent = insert("transfer", GIFT, minutes=EVERYTHING)
    taken_back = insert(
        "transfer",
        REVERSAL,
        debit_id=":bela_account",
        credit_id=":commons",
        minutes="90",
        reverses_id=":earned",
    )
    balance = "SELECT balance FROM account WHERE id = :bela_account"
    with town.engine.connect() as connection:
        town.run(connection, spent)
        town.run(connection, taken_back)
        assert town.ask(connection, balance) == -690
        town.run(connection, insert("transfer", REVERSAL))
        assert town.ask(connection, balance) == -660
        with pytest.raises(sa.exc.IntegrityError) as refusal:
            town.run(connection, insert("transfer", GIFT, minutes="1"))
    assert answer_of(refusal.value) == "balance_floor"


def test_minutes_are_whole(town):
    """PostgreSQL rounds a fraction on its way into the column; the form refuses it before."""
    stored = "SELECT minutes FROM transfer ORDER BY id DESC LIMIT 1"
    with town.engine.connect() as connection:
        town.run(connection, insert("transfer", GIFT, minutes="1.5"))
        assert town.ask(connection, stored) == 2


def test_more_minutes_than_an_integer_holds_are_refused(town):
    assert (
        town.answer(legal("2^63", insert("transfer", GIFT, minutes="9223372036854775807")))
        == "22003"
    )
