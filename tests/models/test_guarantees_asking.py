"""Limits of checks, standing turns, waiting lists, handovers, calls for help, spreadsheets."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update

HERE = {"community_id": ":bexley"}
QUALIFICATION = {**HERE, "name": "'DBS check'", "kind": "'check'"}
HAS = {
    **HERE,
    "membership_id": ":sam",
    "qualification_id": ":aid",
    "valid_from": "date '2027-01-01'",
    "given_by": ":nadia",
}
ASKS = {**HERE, "role_id": ":marshal_role", "qualification_id": ":aid"}
PAIR = {
    "first_role_id": ":marshal_role",
    "second_role_id": ":sweep_role",
    "series_id": ":stroll",
    "rule": "'never'",
}
STANDING = {
    **HERE,
    "series_id": ":stroll",
    "role_id": ":marshal_role",
    "membership_id": ":sam",
    "from_on": "date '2027-05-01'",
    "made_by": ":sam",
}
WAITING = {**HERE, "slot_id": ":tail_walker", "membership_id": ":bela"}
HANDOVER = {**HERE, "claim_id": ":packing"}
APPEAL = {
    **HERE,
    "series_id": ":stroll",
    "event_id": ":next_walk",
    "made_by": ":nadia",
}
ASK = {
    **HERE,
    "appeal_id": ":appeal",
    "membership_id": ":ama",
    "slot_id": ":marshal",
    "wave": "1",
    "because": "'did_this'",
    "asked_at": "now()",
}
SHEET = {**HERE, "series_id": ":stroll", "made_by": ":nadia", "cells": "'[]'"}
ENDED = {"ended_at": "now()"}


def limits(table, row, *broken):
    """One attack for each (rule, what, changed columns)."""
    return [Attack(rule, what, insert(table, row, **changed)) for rule, what, changed in broken]


QUALIFICATIONS = [
    *limits(
        "qualification",
        QUALIFICATION,
        ("qualification_name", "no name", {"name": "''"}),
        ("qualification_name", "61 letters", {"name": "repeat('x', 61)"}),
        ("qualification_about", "301 letters", {"about": "repeat('x', 301)"}),
        ("qualification_kind", "an unknown kind", {"kind": "'rumour'"}),
        ("qualification_lasts", "good for no time", {"lasts_months": "0"}),
        ("qualification_lasts", "longer than ten years", {"lasts_months": "121"}),
        ("qualification_shadow_turns", "learnt in no turn", {"shadow_turns": "0"}),
        ("qualification_community_id_fkey", "no such community", {"community_id": "-1"}),
        ("one_qualification_per_name", "the same name in capitals", {"name": "'FIRST AID'"}),
    ),
    *limits(
        "member_qualification",
        HAS,
        ("qualified_for_a_while", "out before it begins", {"expires_on": "date '2027-01-01'"}),
        ("qualified_member", "another community's member", {"membership_id": ":chi"}),
        ("qualified_for_something", "no such thing", {"qualification_id": "-1"}),
        ("qualified_by_a_member", "given by a stranger", {"given_by": ":chi"}),
        ("qualified_once", "had already", {"membership_id": ":bela"}),
    ),
    *limits(
        "role_qualification",
        ASKS,
        ("qualification_for_a_role", "another community's job", {"role_id": ":tea_role"}),
        ("role_asks_for_a_qualification", "no such thing", {"qualification_id": "-1"}),
    ),
    Attack(
        "role_qualification_pkey",
        "asked for twice",
        insert("role_qualification", ASKS),
        insert("role_qualification", ASKS),
    ),
]

PAIRS = [
    *limits(
        "role_pair",
        PAIR,
        ("role_pair_rule", "an unknown rule", {"rule": "'sometimes'"}),
        (
            "role_pair_in_order",
            "the other way round",
            {"first_role_id": ":sweep_role", "second_role_id": ":marshal_role"},
        ),
        ("first_of_a_pair", "no such job", {"first_role_id": "-1"}),
        ("second_of_a_pair", "another series' job", {"second_role_id": ":stall"}),
        ("role_pair_pkey", "two rules for one pair", {"second_role_id": ":tokens_role"}),
    ),
]

STANDING_TURNS = limits(
    "standing_turn",
    STANDING,
    ("standing_turn_nth", "the sixth Saturday", {"nth": "6"}),
    ("standing_turn_turn", "turn 0", {"turn": "0"}),
    ("standing_turn_span", "ends before it begins", {"until_on": "date '2027-04-30'"}),
    (
        "standing_turn_of_a_series",
        "another community's series",
        {"community_id": ":ashford", "membership_id": ":chi", "made_by": ":chi"},
    ),
    ("standing_turn_of_a_role", "another series' job", {"role_id": ":stall"}),
    ("standing_turn_of_a_member", "another community's member", {"membership_id": ":chi"}),
    ("standing_turn_by_a_member", "made by a stranger", {"made_by": ":chi"}),
    ("one_standing_turn_per_job", "stood for already", {"membership_id": ":bela"}),
)

WAITING_LISTS = [
    *limits(
        "waiting",
        WAITING,
        ("waiting_state", "an unknown state", {"state": "'dreaming'", **ENDED}),
        ("offer_names_its_place", "an offer of nothing", {"state": "'offered'"}),
        ("waiting_has_an_end", "waiting, and over", ENDED),
        ("waiting_has_an_end", "left, and not over", {"state": "'left'"}),
        ("waiting_for_a_slot", "another community's job", {"slot_id": ":tea"}),
        ("waiting_of_a_member", "another community's member", {"membership_id": ":chi"}),
        ("waiting_offered_a_claim", "no such place", {"claim_id": "-1"}),
        ("one_wait_per_slot", "waiting already", {"membership_id": ":nadia"}),
    ),
    Attack(
        "one_offer_per_claim",
        "one place offered to two",
        insert("waiting", WAITING, claim_id=":hold"),
        update("waiting", "claim_id = :hold", "wait"),
    ),
]

HANDOVERS = limits(
    "handover",
    HANDOVER,
    ("handover_state", "an unknown state", {"state": "'lost'", **ENDED}),
    ("handover_names_its_heir", "taken by nobody", {"state": "'taken'", **ENDED}),
    ("handover_names_its_heir", "open, and taken", {"became_claim_id": ":turn"}),
    ("handover_has_an_end", "open, and over", ENDED),
    ("handover_has_an_end", "declined, and not over", {"state": "'declined'"}),
    ("handover_of_a_claim", "no such turn", {"claim_id": "-1"}),
    (
        "handover_became_a_claim",
        "became no such turn",
        {"state": "'taken'", "became_claim_id": "-1", **ENDED},
    ),
    ("handover_to_a_member", "to a stranger", {"to_membership_id": ":chi"}),
    ("one_open_handover_per_claim", "on offer already", {"claim_id": ":turn"}),
)

APPEALS = [
    *limits(
        "appeal",
        APPEAL,
        ("appeal_end", "an unknown end", {"ended_because": "'rain'", **ENDED}),
        ("appeal_message", "501 letters", {"message": "repeat('x', 501)"}),
        ("appeal_says_why_it_ended", "over for no reason", ENDED),
        (
            "appeal_says_why_it_ended",
            "over, and about to ask on",
            {"ended_because": "'filled'", "next_wave_at": "now()", **ENDED},
        ),
        ("appeal_for_an_event", "another series' date", {"series_id": ":fair"}),
        ("appeal_for_a_slot", "no such job", {"slot_id": "-1"}),
        ("appeal_by_a_member", "made by a stranger", {"made_by": ":chi"}),
        ("one_open_appeal_per_event", "called for help already", {"event_id": ":walk"}),
    ),
    *limits(
        "appeal_ask",
        ASK,
        ("appeal_ask_because", "an unknown reason", {"because": "'why_not'"}),
        ("appeal_ask_answer", "an unknown answer", {"answer": "'hm'", "answered_at": "now()"}),
        ("appeal_ask_wave", "wave 0", {"wave": "0"}),
        ("appeal_ask_answered", "an answer at no time", {"answer": "'yes'"}),
        ("appeal_ask_answered", "no, and a turn", {"claim_id": ":turn"}),
        ("ask_of_an_appeal", "no such call", {"appeal_id": "-1"}),
        ("ask_of_a_member", "another community's member", {"membership_id": ":chi"}),
        ("ask_about_a_slot", "another community's job", {"slot_id": ":tea"}),
        (
            "ask_became_a_claim",
            "became no such turn",
            {"answer": "'yes'", "answered_at": "now()", "claim_id": "-1"},
        ),
        ("asked_once", "asked already", {"membership_id": ":sam"}),
    ),
]

SHEETS = limits(
    "rota_import",
    SHEET,
    ("rota_import_file_name", "201 letters", {"file_name": "repeat('x', 201)"}),
    ("rota_import_undone_after_written", "undone, never written", {"undone_at": "now()"}),
    ("rota_import_into_a_series", "another community's series", {"series_id": ":ashford_series"}),
    ("rota_import_by_a_member", "made by a stranger", {"made_by": ":chi"}),
)

ATTACKS = [
    *QUALIFICATIONS,
    *PAIRS,
    *STANDING_TURNS,
    *WAITING_LISTS,
    *HANDOVERS,
    *APPEALS,
    *SHEETS,
]

LEGAL = [
    legal("another qualification", insert("qualification", QUALIFICATION)),
    legal("first aid for Sam too", insert("member_qualification", HAS)),
    legal(
        "first aid renewed",
        insert("member_qualification", HAS, membership_id=":bela"),
        first=update("member_qualification", "revoked_at = now()", "bela_aid"),
    ),
    legal("two jobs that never go together", insert("role_pair", PAIR)),
    legal("Sam stands for marshal too", insert("standing_turn", STANDING, nth="1")),
    legal(
        "Bela stands for it again",
        insert("standing_turn", STANDING, membership_id=":bela"),
        first=update("standing_turn", "ended_at = now()", "standing"),
    ),
    legal("Bela waits behind Nadia", insert("waiting", WAITING)),
    legal("another turn handed on", insert("handover", HANDOVER, to_membership_id=":sam")),
    legal("a call for one job", insert("appeal", APPEAL, slot_id=":next_marshal")),
    legal("Ama asked too", insert("appeal_ask", ASK)),
    legal("another spreadsheet", insert("rota_import", SHEET)),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
