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
BROUGHT = {"debit_id": ":opening", "kind": "'opening'"}
THANKS = {**GIFT, "kind": "'thanks'", "exchange_id": ":favour", "revision": "0"}
SHARE = {**GIFT, "kind": "'share'", "batch_id": ":batch"}
MEMO = {"transfer_id": ":earned", "words": "'Well done'"}
BATCH = {
    "idempotency_key": "gen_random_uuid()",
    "community_id": ":bexley",
    "kind": "'class'",
    "title": "'Bread'",
    "happened_on": "date '2027-04-26'",
    "created_by": ":nadia",
}
LOW = {
    "community_id": ":bexley",
    "account_id": ":bela_account",
    "floor": "-9999",
    "reason": "'To see how low'",
    "created_by": ":nadia",
}
DEEP = insert("limit_change", LOW)
FIRST_THANKS = insert("transfer", THANKS)
EVERYTHING = "600 + (SELECT balance FROM account WHERE id = :bela_account)"

SHAPE = [
    *[
        Attack(
            "minutes_range",
            f"{minutes} minutes",
            insert("transfer", GIFT, minutes=minutes),
        )
        for minutes in ("0", "-5", "0.4")
    ],
    *[
        Attack(
            "minutes_range",
            f"a day and a minute, as {row['kind']}",
            insert("transfer", row, minutes="1441"),
            first=DEEP,
        )
        for row in (EARN, THANKS, SHARE)
    ],
    Attack(
        "minutes_range",
        "ten thousand hours and a minute",
        insert("transfer", {**GIFT, **BROUGHT}, minutes="600001"),
    ),
    Attack(
        "two_accounts",
        "from oneself to oneself",
        insert("transfer", GIFT, credit_id=":bela_account"),
    ),
    Attack("transfer_kind", "an unknown kind", insert("transfer", GIFT, kind="'fee'")),
    Attack("memo_words", "no words", insert("memo", MEMO, words="''")),
    Attack("memo_words", "201 letters", insert("memo", MEMO, words="repeat('x', 201)")),
    Attack("memo_pkey", "a second memo", insert("memo", MEMO, transfer_id=":gift")),
    Attack("memo_transfer_id_fkey", "about nothing", insert("memo", MEMO, transfer_id="-1")),
    Attack("memo_stays_or_goes", "rewritten", "UPDATE memo SET words = 'x'"),
    Attack("batch_kind", "an unknown kind", insert("batch", BATCH, kind="'raffle'")),
    Attack("batch_kind", "a sheet: turns name it", insert("batch", BATCH, kind="'paper_sheet'")),
    Attack("batch_title", "an empty title", insert("batch", BATCH, title="''")),
    Attack("batch_title", "121 letters", insert("batch", BATCH, title="repeat('x', 121)")),
    Attack("batch_by_a_member", "by a stranger", insert("batch", BATCH, created_by=":chi")),
    Attack(
        "same_batch_once",
        "a form sent twice",
        insert(
            "batch", BATCH, idempotency_key="(SELECT idempotency_key FROM batch WHERE id = :batch)"
        ),
    ),
    Attack("batch_immutable", "another title", update("batch", "title = 'x'", "batch")),
    Attack("batch_immutable", "deleted", delete("batch", "batch")),
    Attack(
        "batch_here",
        "another community's batch",
        insert("transfer", GIFT, batch_id="(SELECT max(id) FROM batch)"),
        first=insert("batch", BATCH, community_id=":ashford", created_by=":chi"),
    ),
    Attack("share_belongs_to_a_batch", "alone", insert("transfer", SHARE, batch_id="NULL")),
    Attack(
        "share_belongs_to_a_batch",
        "of other books, alone",
        insert("transfer", SHARE, kind="'imported'", batch_id="NULL"),
    ),
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
        delete("account", "nadia_account"),
        first=insert("transfer", GIFT, debit_id=":nadia_account"),
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
            insert(
                "transfer",
                EARN,
                claim_id=f":{claim}",
                credit_id=f":{whose}_account",
                created_by=":ama",
            ),
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

KINDS = [
    *[
        Attack(
            "nobody_confirms_own_hours",
            f"one's own {row['kind']}",
            insert("transfer", row, created_by=":sam"),
        )
        for row in (GIFT, THANKS, SHARE)
    ],
    *[
        Attack(
            "thanks_name_their_exchange",
            what,
            insert("transfer", THANKS, **changes),
        )
        for what, changes in {
            "thanks for nothing": {"exchange_id": "NULL"},
            "without revision": {"revision": "NULL"},
            "before the first": {"revision": "-1"},
            "a gift that names an exchange": {"kind": "'gift'", "revision": "NULL"},
            "a gift that has a revision": {"kind": "'gift'", "exchange_id": "NULL"},
        }.items()
    ],
    Attack(
        "thanks_name_their_exchange",
        "an earn that names an exchange",
        insert("transfer", EARN, exchange_id="1"),
    ),
    Attack("one_thanks_per_exchange", "thanked twice", FIRST_THANKS, first=FIRST_THANKS),
    Attack(
        "thanks_again_after_reversal",
        "a correction beside the standing thanks",
        insert("transfer", THANKS, revision="1"),
        first=FIRST_THANKS,
    ),
    Attack(
        "thanks_go_to_a_neighbour",
        "a pot is thanked",
        insert("transfer", THANKS, credit_id=":pot"),
    ),
    Attack(
        "thanks_go_to_a_neighbour",
        "the community thanks",
        insert("transfer", THANKS, debit_id=":commons"),
    ),
    Attack(
        "top_up_from_a_pot",
        "from a neighbour",
        insert("transfer", GIFT, kind="'top_up'"),
    ),
    Attack(
        "top_up_from_a_pot",
        "from a cause",
        insert("transfer", GIFT, kind="'top_up'", debit_id=":cause"),
        first=insert("transfer", GIFT, credit_id=":cause"),
    ),
    Attack(
        "opening_uses_the_opening_account",
        "brought forward from a neighbour",
        insert("transfer", GIFT, kind="'opening'"),
    ),
    Attack(
        "opening_uses_the_opening_account",
        "a gift out of hours brought forward",
        insert("transfer", GIFT, debit_id=":opening"),
    ),
    Attack(
        "closing_leaves_nothing",
        "half of what there is",
        insert("transfer", GIFT, kind="'closing'", credit_id=":pot", minutes="1"),
    ),
    Attack(
        "balance_ceiling",
        "more than may be held",
        insert("transfer", GIFT),
        first=insert("limit_change", LOW, account_id=":sam_account", floor="-600", ceiling="89"),
    ),
    *[
        Attack(
            "account_is_closed",
            f"{row['kind']} to somebody who has gone",
            insert("transfer", row, credit_id=":nadia_account", created_by=":ama"),
            first=update("account", "closed_at = now()", "nadia_account"),
        )
        for row in (GIFT, THANKS, SHARE)
    ],
    Attack(
        "account_is_closed",
        "from somebody who has gone",
        insert("transfer", GIFT, debit_id=":nadia_account"),
        first=update("account", "closed_at = now()", "nadia_account"),
    ),
    *[
        Attack(
            "account_is_read_only",
            f"{row['kind']} where the books differ",
            insert("transfer", row),
            first=update("account", "read_only_since = now()", "sam_account"),
        )
        for row in (GIFT, THANKS, SHARE, REVERSAL)
    ],
]

FOR_EVER = [
    Attack("transfer_immutable", "changed", update("transfer", "minutes = 1", "gift")),
    Attack("transfer_immutable", "another day", update("transfer", "happened_on = now()", "gift")),
    Attack("transfer_immutable", "deleted", delete("transfer", "undone")),
    Attack("transfer_no_truncate", "all of them deleted", "TRUNCATE transfer CASCADE"),
    Attack("transfer_no_truncate", "with the accounts", "TRUNCATE account CASCADE"),
]

ATTACKS = [*SHAPE, *EARNS, *REVERSALS, *FLOORS, *KINDS, *FOR_EVER]

LEGAL = [
    legal("a whole day", insert("transfer", THANKS, minutes="1440"), DEEP),
    legal("a gift of more than a day", insert("transfer", GIFT, minutes="1441"), DEEP),
    legal("hours brought forward", insert("transfer", {**GIFT, **BROUGHT}, minutes="2490")),
    legal(
        "a debt brought forward, below the floor",
        insert(
            "transfer",
            {**GIFT, **BROUGHT},
            debit_id=":sam_account",
            credit_id=":opening",
            minutes="900",
        ),
    ),
    legal(
        "an entry of other books", insert("transfer", SHARE, kind="'imported'", created_by=":sam")
    ),
    legal("a share of an occasion", insert("transfer", SHARE)),
    legal(
        "thanks from a pot",
        insert("transfer", THANKS, debit_id=":pot", exchange_id=":for_a_group", minutes="30"),
        insert("transfer", GIFT, credit_id=":pot"),
    ),
    legal(
        "a member topped up",
        insert("transfer", GIFT, kind="'top_up'", debit_id=":pot", minutes="30"),
        insert("transfer", GIFT, credit_id=":pot"),
    ),
    legal(
        "all there is, when somebody goes",
        insert("transfer", GIFT, kind="'closing'", credit_id=":pot", minutes="30"),
    ),
    legal(
        "a debt taken over by the community",
        insert(
            "transfer",
            GIFT,
            kind="'closing'",
            debit_id=":commons",
            credit_id=":ama_account",
            created_by=":ama",
        ),
        insert("transfer", GIFT, debit_id=":ama_account"),
    ),
    legal(
        "a turn that was done before somebody went",
        insert("transfer", EARN),
        update("account", "closed_at = now()", "ama_account"),
    ),
    legal("a memo erased", "DELETE FROM memo WHERE transfer_id = :gift"),
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
        "transfer_opens_books",
        "whoever seals the books waits for who writes",
        insert("transfer", GIFT),
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        " AND objid = 7042027",
    ),
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
