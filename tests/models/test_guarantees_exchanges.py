"""Exchanges: between two, in one chain of states, and with the hours where the books have them."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import delete
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update
from tests.models.test_guarantees_transfers import GIFT
from tests.models.test_guarantees_transfers import THANKS

EXCHANGE = {
    "community_id": ":bexley",
    "helper_id": ":sam",
    "helped_id": ":bela",
    "payer_id": ":bela_account",
    "what": "'A lift'",
    "minutes": "60",
    "state": "'agreed'",
    "created_by": ":bela",
}
FOR_A_GROUP = {"helped_id": "NULL", "payer_id": ":pot", "created_by": ":nadia"}
DONE = {"happened_on": "date '2027-04-26'", "thanked_at": "now()"}
STEP = {
    "community_id": ":bexley",
    "exchange_id": ":favour",
    "step": "'agreed'",
    "by_id": ":bela",
    "key": "gen_random_uuid()",
}
MIRROR = {
    **GIFT,
    "debit_id": ":sam_account",
    "credit_id": ":bela_account",
    "minutes": "30",
    "kind": "'reversal'",
    "reverses_id": ":hemmed",
    "created_by": ":nadia",
}
TAKEN_BACK = insert("transfer", MIRROR)
FAVOUR_THANKED = insert("transfer", THANKS)


def limits(table, row, *broken):
    """One attack for each (rule, what, changed columns)."""
    return [Attack(rule, what, insert(table, row, **changed)) for rule, what, changed in broken]


def state(name, to, **changes):
    """Move an exchange to a state."""
    more = "".join(f", {column} = {value}" for column, value in changes.items())
    return update("exchange", f"state = '{to}'{more}", name)


EXCHANGES = [
    *limits(
        "exchange",
        EXCHANGE,
        ("exchange_state", "an unknown state", {**DONE, "state": "'paid'"}),
        ("exchange_what", "about nothing", {"what": "''"}),
        ("exchange_what", "121 letters", {"what": "repeat('x', 121)"}),
        ("exchange_minutes", "no time at all", {"minutes": "0"}),
        ("exchange_minutes", "a day and a minute", {"minutes": "1441"}),
        ("exchange_of_two", "with oneself", {"helper_id": ":bela"}),
        ("exchange_helper_is_a_member", "helped by a stranger", {"helper_id": ":chi"}),
        ("exchange_of_a_post", "about an ask that there isn't", {"post_id": "-1"}),
        ("exchange_by_a_member", "written down by a stranger", {"created_by": ":chi"}),
        ("exchange_is_paid_by_its_side", "another pays", {"payer_id": ":ama_account"}),
        ("exchange_is_paid_by_its_side", "the community pays", {"payer_id": ":commons"}),
        (
            "exchange_is_paid_by_its_side",
            "a member pays for nobody",
            {**FOR_A_GROUP, "payer_id": ":nadia_account"},
        ),
        ("exchange_is_paid_by_its_side", "a pot pays for a member", {"payer_id": ":pot"}),
        ("exchange_begins", "called off from the start", {"state": "'cancelled'"}),
        ("exchange_begins", "corrected from the start", {"revision": "1"}),
        ("thanked_exchange_has_a_day", "agreed, and over", DONE),
        (
            "exchange_state_follows_the_books",
            "thanked for, nothing moved",
            {**DONE, "state": "'thanked'"},
        ),
    ),
    Attack(
        "exchange_helped_is_a_member",
        "a stranger is helped",
        insert("exchange", EXCHANGE, helped_id=":chi", payer_id=":chi_account"),
    ),
    Attack(
        "exchange_payer_here",
        "another community's pot pays",
        insert(
            "exchange",
            {**EXCHANGE, **FOR_A_GROUP},
            payer_id="(SELECT max(id) FROM account WHERE kind = 'pot')",
        ),
    ),
    Attack(
        "thanked_exchange_has_a_day",
        "thanked for on no day",
        update("exchange", "happened_on = NULL", "hemming"),
    ),
    Attack("exchange_revision", "before the first", update("exchange", "revision = -1", "favour")),
    Attack(
        "exchange_keeps_its_sides",
        "another helps",
        update("exchange", "helper_id = :ama", "favour"),
    ),
    Attack(
        "exchange_keeps_its_sides",
        "another is helped",
        update("exchange", "helped_id = :ama", "favour"),
    ),
    Attack(
        "exchange_keeps_its_sides", "another pays", update("exchange", "payer_id = :pot", "favour")
    ),
    Attack("exchange_stays", "deleted", delete("exchange", "favour")),
]

CHAIN = [
    *[
        Attack("exchange_state_order", f"{name} to {to}", sql, first)
        for name, to, sql, first in [
            ("agreed", "settled", state("favour", "settled", **DONE), "SELECT 1"),
            ("settled", "thanked", state("hemming", "thanked"), state("hemming", "settled")),
            ("stands", "undone", state("hemming", "undone"), state("hemming", "stands")),
            (
                "cancelled",
                "settled",
                state("favour", "settled", **DONE),
                state("favour", "cancelled"),
            ),
            ("disputed", "thanked", state("hemming", "thanked"), state("hemming", "disputed")),
            ("cancelled", "agreed", state("favour", "agreed"), state("favour", "cancelled")),
        ]
    ],
    Attack(
        "exchange_state_follows_the_books", "undone, nothing came back", state("hemming", "undone")
    ),
    Attack(
        "exchange_state_follows_the_books",
        "agreed, thanked for in the books, and cancelled",
        state("favour", "cancelled"),
        FAVOUR_THANKED,
    ),
    Attack(
        "exchange_state_follows_the_books",
        "it stands, though it was taken back",
        state("hemming", "stands"),
        TAKEN_BACK,
    ),
]

STEPS = [
    *limits(
        "exchange_step",
        STEP,
        ("exchange_step_kind", "an unknown step", {"step": "'paid'"}),
        ("exchange_step_words", "no words", {"words": "''"}),
        ("exchange_step_words", "501 letters", {"words": "repeat('x', 501)"}),
        ("exchange_step_minutes", "less than no time", {"minutes": "-1"}),
        ("exchange_step_minutes", "more than a day", {"minutes": "1441"}),
        ("exchange_step_has_a_doer", "by nobody", {"by_id": "NULL"}),
        ("exchange_step_has_a_doer", "it stands by somebody", {"step": "'stands'"}),
        ("step_by_a_member", "by a stranger", {"by_id": ":chi"}),
        (
            "step_of_an_exchange",
            "of another community",
            {"community_id": ":ashford", "by_id": ":chi"},
        ),
        ("same_step_once", "twice", {"key": "(SELECT key FROM exchange_step WHERE id = :said)"}),
    ),
    Attack("exchange_step_stays", "rewritten", update("exchange_step", "words = 'x'", "said")),
    Attack("exchange_step_stays", "by another", update("exchange_step", "by_id = :sam", "said")),
    Attack("exchange_step_stays", "deleted", delete("exchange_step", "said")),
]

HOURS = [
    Attack(
        "exchange_here",
        "thanks for nothing there is",
        insert("transfer", THANKS, exchange_id="-1"),
    ),
    Attack(
        "thanks_follow_the_exchange",
        "hours to another",
        insert("transfer", THANKS, credit_id=":nadia_account"),
    ),
    Attack(
        "thanks_follow_the_exchange",
        "hours from another",
        insert("transfer", THANKS, debit_id=":ama_account", created_by=":ama"),
    ),
    Attack(
        "thanks_follow_the_exchange",
        "for another exchange",
        insert("transfer", THANKS, exchange_id=":for_a_group"),
    ),
]

ATTACKS = [*EXCHANGES, *CHAIN, *STEPS, *HOURS]

LEGAL = [
    legal("an agreement", insert("exchange", EXCHANGE)),
    legal("about an ask", insert("exchange", EXCHANGE, post_id=":lawn")),
    legal("a group is helped", insert("exchange", {**EXCHANGE, **FOR_A_GROUP})),
    legal("thanked for", FAVOUR_THANKED, state("favour", "thanked", **DONE)),
    legal("undone", state("hemming", "undone"), TAKEN_BACK),
    legal("settled", state("hemming", "settled"), state("hemming", "disputed")),
    legal("settled unasked", state("hemming", "settled")),
    legal("not right after all", state("hemming", "disputed"), state("hemming", "stands")),
    legal("settled wrongly", state("hemming", "disputed"), state("hemming", "settled")),
    legal("words erased", update("exchange_step", "words = NULL", "said")),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("action", LEGAL, ids=str)
def test_the_database_allows(town, action):
    assert town.answer(action) == ALLOWED
