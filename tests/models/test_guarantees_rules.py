"""The rules at claim time, and two jobs at once: the database refuses by the rule's own name."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import Effect
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import of_slot
from tests.attacks import update
from tests.models.test_guarantees_claims import BELA
from tests.models.test_guarantees_claims import CLAIM
from tests.models.test_guarantees_claims import NADIA
from tests.models.test_guarantees_claims import WITHDRAW
from tests.models.test_guarantees_transfers import EARN

OF_MARSHALS = "UPDATE role SET {} WHERE id = :marshal_role"
PAIR = {
    "first_role_id": ":marshal_role",
    "second_role_id": ":sweep_role",
    "series_id": ":stroll",
    "rule": "'never'",
}
ASKS = {
    "role_id": ":marshal_role",
    "qualification_id": ":aid",
    "community_id": ":bexley",
}
SWEEPING = insert("claim", {**CLAIM, **BELA, **of_slot("sweep")}, place="1")
STALL = {**CLAIM, **of_slot("stall_slot"), "place": "1"}
DOUBLE = {**CLAIM, **BELA, **of_slot("tokens"), "place": "1", "beside_id": ":turn"}
CAMERA = {**DOUBLE, **of_slot("camera")}
DOUBLED = "SELECT id FROM claim WHERE beside_id IS NOT NULL"

RULES = [
    Attack(
        "old_enough",
        "nobody knows how old",
        insert("claim", CLAIM),
        OF_MARSHALS.format("minimum_age = 18"),
    ),
    Attack(
        "qualified",
        "without first aid",
        insert("claim", CLAIM),
        insert("role_qualification", ASKS),
    ),
    Attack(
        "jobs_that_combine", "two jobs that never go together", SWEEPING, insert("role_pair", PAIR)
    ),
    Attack(
        "time_to_take_part", "walking while marshalling", insert("claim", CLAIM, takes_part="true")
    ),
    Attack(
        "time_between_turns",
        "five minutes to get to the fair",
        insert("claim", STALL),
        insert("claim", CLAIM),
    ),
    Attack(
        "turns_a_week", "a second turn in a week", SWEEPING, "UPDATE series SET most_a_week = 1"
    ),
    Attack(
        "open_by_now",
        "months too early",
        insert("claim", CLAIM),
        OF_MARSHALS.format("opens_hours_before = 24"),
    ),
    Attack(
        "kept_for_newcomers",
        "not the first turn",
        insert("claim", CLAIM),
        OF_MARSHALS.format("newcomer_places = 1"),
    ),
    Attack(
        "job_on_the_rota",
        "a job taken off its date",
        insert("claim", {**CLAIM, **of_slot("next_marshal")}),
        update("slot", "closed_at = now()", "next_marshal"),
    ),
]

DOUBLES = [
    Attack(
        "no_overlapping_doubles",
        "three jobs at once",
        insert("claim", CAMERA),
        insert("claim", DOUBLE),
    ),
    Attack(
        "beside_an_own_turn",
        "beside somebody else's turn",
        insert("claim", CLAIM, **of_slot("tokens"), beside_id=":turn"),
    ),
    Attack(
        "double_begins_allowed",
        "jobs that don't go together",
        insert("claim", DOUBLE),
        "DELETE FROM role_pair",
    ),
    Attack(
        "double_begins_allowed",
        "beside a turn that was given back",
        insert("claim", {**DOUBLE, **NADIA}, beside_id=":gone"),
    ),
    Attack(
        "double_begins_allowed",
        "longer than the turn it is beside",
        insert("claim", DOUBLE),
        update("slot", "ends_at = ends_at + interval '1 hour'", "tokens"),
    ),
    Attack(
        "double_stays_allowed",
        "made longer than the turn it is beside",
        update("slot", "ends_at = ends_at + interval '1 hour'", "tokens"),
        insert("claim", DOUBLE),
    ),
    Attack(
        "double_is_chosen_at_first",
        "put beside another turn afterwards",
        update("claim", "beside_id = :turn", "packing"),
    ),
    Attack(
        "double_earns_nothing",
        "the same hour twice",
        insert(
            "transfer",
            EARN,
            credit_id=":bela_account",
            claim_id=f"({DOUBLED})",
        ),
        insert("claim", DOUBLE, state="'attended'"),
    ),
]

DATES = [
    Attack(
        "closed_job_is_empty",
        "a job that somebody has",
        update("slot", "closed_at = now()", "marshal"),
    ),
    Attack(
        "skipped_date_is_empty",
        "a date that somebody has a turn on",
        update("event", "state = 'skipped', sequence = sequence + 1", "walk"),
    ),
]

ATTACKS = [*RULES, *DOUBLES, *DATES]

OVERRULED = {"overruled_by": ":nadia", "overruled_because": "'We know her'"}
LEGAL = [
    *[
        legal(
            f"overruled: {attack.what}",
            attack.sql.replace(
                "INSERT INTO claim (", "INSERT INTO claim (overruled_by, overruled_because, "
            ).replace("VALUES (", "VALUES (:nadia, 'We know her', "),
            attack.first,
        )
        for attack in RULES
        if attack.rule != "job_on_the_rota"
    ],
    legal("two jobs at once that go together", insert("claim", DOUBLE)),
    legal(
        "another double, once the first is over",
        insert("claim", CAMERA),
        first=insert("claim", DOUBLE, state="'missed'"),
    ),
    legal(
        "old enough",
        insert("claim", {**CLAIM, **BELA, **of_slot("sweep")}, place="1"),
        first="UPDATE profile SET age_at_least = 20, age_said_on = date '2020-01-01'",
    ),
    legal("a job without anybody taken off", update("slot", "closed_at = now()", "next_marshal")),
    legal(
        "a date without turns left out",
        update("event", "state = 'skipped', sequence = sequence + 1", "next_walk"),
    ),
    legal(
        "somebody who is here, whatever the rule",
        insert("claim", CLAIM, arrived_at="now()", arrived_by=":nadia"),
        first=OF_MARSHALS.format("minimum_age = 18"),
    ),
]

VERSION = "SELECT version FROM series WHERE id = :stroll"
EFFECTS = [
    Effect(
        "a_double_stands_alone",
        "the longer turn is given back",
        update("claim", WITHDRAW, "turn"),
        "SELECT count(*) FROM claim WHERE beside_id IS NOT NULL",
        insert("claim", DOUBLE),
    ),
    Effect("role_pair_touches_series", "two jobs go together", insert("role_pair", PAIR), VERSION),
    Effect("role_pair_touches_series", "two jobs no longer do", "DELETE FROM role_pair", VERSION),
    Effect(
        "role_qualification_touches_series",
        "a job asks for first aid",
        insert("role_qualification", ASKS),
        VERSION,
    ),
    Effect(
        "qualification_touches_series",
        "first aid gets another name",
        update("qualification", "name = 'Aid'", "aid"),
        VERSION,
        insert("role_qualification", ASKS),
    ),
    Effect(
        "handover_touches_event",
        "a turn is taken back",
        update("handover", "state = 'taken_back', ended_at = now()", "handover"),
        "SELECT version FROM event WHERE id = :walk",
    ),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED


@pytest.mark.parametrize("effect", EFFECTS, ids=str)
def test_the_database_answers_with(town, effect):
    assert town.changed(effect)
